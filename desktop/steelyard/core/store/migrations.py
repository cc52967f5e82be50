"""The ledger's schema, one numbered step after another; a step that has shipped is never edited."""

from __future__ import annotations

MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE comparisons (
        id TEXT PRIMARY KEY,
        started_at TEXT NOT NULL,
        title TEXT NOT NULL,
        schedule TEXT NOT NULL,
        system TEXT NOT NULL,
        targets TEXT NOT NULL,          -- JSON array of names, in column order
        turns INTEGER NOT NULL DEFAULT 1,
        not_comparable TEXT NOT NULL DEFAULT '[]'
    ) STRICT;
    CREATE INDEX comparisons_by_time ON comparisons (started_at DESC);

    CREATE TABLE runs (
        id TEXT PRIMARY KEY,
        comparison_id TEXT REFERENCES comparisons (id),
        turn INTEGER NOT NULL,
        position INTEGER NOT NULL,
        started_at TEXT NOT NULL,
        target TEXT NOT NULL,
        kind TEXT NOT NULL,
        model TEXT NOT NULL,
        class TEXT,
        finish_reason TEXT,             -- NULL while it runs
        usd_pico INTEGER,               -- NULL: unknown
        prompt_tokens INTEGER,
        completion_tokens INTEGER,
        messages TEXT NOT NULL,         -- JSON: what was asked
        text TEXT NOT NULL DEFAULT '',
        reasoning TEXT,
        document TEXT NOT NULL,         -- JSON: the RUN without its text, with the price that was used
        times TEXT                      -- JSON: raw stamps of the last attempt, microseconds
    ) STRICT;
    CREATE INDEX runs_by_time ON runs (started_at);
    CREATE INDEX runs_by_comparison ON runs (comparison_id, turn, position);
    CREATE INDEX runs_unfinished ON runs (id) WHERE finish_reason IS NULL;
    """,
    """
    CREATE TABLE downloads (
        id TEXT PRIMARY KEY,
        position INTEGER NOT NULL,
        document TEXT NOT NULL          -- JSON: DownloadJob
    ) STRICT;

    CREATE TABLE weights_files (        -- what is known of files on disk, in the state that the keys name
        path TEXT PRIMARY KEY,
        size_bytes INTEGER NOT NULL,
        mtime_ns INTEGER NOT NULL,
        inode INTEGER NOT NULL,
        sha256 TEXT,                    -- NULL: not hashed in this state
        is_ours INTEGER NOT NULL,       -- 1: Steelyard downloaded it, and may delete it
        reference TEXT                  -- the hash that the hub named when it was downloaded
    ) STRICT;

    CREATE TABLE fit_loads (            -- predicted against measured memory, one row per load
        loaded_at TEXT NOT NULL,
        backend TEXT NOT NULL,
        driver TEXT NOT NULL,
        build TEXT NOT NULL,
        weights TEXT NOT NULL,
        predicted_bytes INTEGER NOT NULL,
        measured_bytes INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX fit_loads_by_backend ON fit_loads (backend, driver, loaded_at DESC);
    """,
    """
    -- Figures that lists and charts need by the thousand. The index holds them all, by the view's own
    -- expressions, so that no document is read for them; nor is any rewritten here.
    CREATE VIEW run_figures AS SELECT
        rowid AS number, started_at, target, finish_reason, completion_tokens,
        CASE WHEN json_valid(document) THEN CAST(document ->> '$.timing.ttft_ms' AS REAL) END
            AS ttft_ms,
        CASE WHEN json_valid(document) THEN CAST(document ->> '$.timing.e2e_ms' AS REAL) END
            AS e2e_ms,
        CASE WHEN json_valid(document) THEN CAST(document ->> '$.timing.itl_p50_ms' AS REAL) END
            AS itl_p50_ms,
        CASE WHEN json_valid(document) THEN CAST(document ->> '$.timing.itl_p95_ms' AS REAL) END
            AS itl_p95_ms,
        CASE WHEN json_valid(document) THEN CAST(document ->> '$.energy.joules' AS REAL) END
            AS joules,
        CASE WHEN json_valid(document) THEN CAST(document ->> '$.state.cold' AS INTEGER) END
            AS is_cold
        FROM runs WHERE finish_reason IS NOT NULL;
    CREATE INDEX runs_figures ON runs (
        started_at, target, finish_reason, completion_tokens,
        CASE WHEN json_valid(document) THEN CAST(document ->> '$.timing.ttft_ms' AS REAL) END,
        CASE WHEN json_valid(document) THEN CAST(document ->> '$.timing.e2e_ms' AS REAL) END,
        CASE WHEN json_valid(document) THEN CAST(document ->> '$.timing.itl_p50_ms' AS REAL) END,
        CASE WHEN json_valid(document) THEN CAST(document ->> '$.timing.itl_p95_ms' AS REAL) END,
        CASE WHEN json_valid(document) THEN CAST(document ->> '$.energy.joules' AS REAL) END,
        CASE WHEN json_valid(document) THEN CAST(document ->> '$.state.cold' AS INTEGER) END
    ) WHERE finish_reason IS NOT NULL;

    CREATE TABLE run_details (          -- what went out and how it was served, for the inspector
        run_id TEXT PRIMARY KEY REFERENCES runs (id) ON DELETE CASCADE,
        sent TEXT,                      -- the request's body, keys removed
        templated TEXT,                 -- the prompt as the engine's template made it
        samplers TEXT NOT NULL,         -- JSON array, in the engine's order
        server TEXT,
        command TEXT,
        power TEXT NOT NULL             -- JSON array of PowerPoint
    ) STRICT;

    CREATE TABLE history_minutes (      -- telemetry older than an hour
        minute INTEGER PRIMARY KEY,     -- minutes since 1970
        document TEXT NOT NULL          -- JSON: key of the series to [mean, peak, seconds]
    ) STRICT;

    CREATE TABLE history_labels (       -- what a series was called when it was last seen
        key TEXT PRIMARY KEY,
        label TEXT NOT NULL
    ) STRICT;

    CREATE TABLE markers (
        id TEXT PRIMARY KEY,
        at REAL NOT NULL,
        document TEXT NOT NULL          -- JSON: Marker
    ) STRICT;
    CREATE INDEX markers_by_time ON markers (at);

    CREATE TABLE spend_told (           -- alerts of a calendar month that were given
        month TEXT NOT NULL,
        step_usd REAL NOT NULL,
        PRIMARY KEY (month, step_usd)
    ) STRICT;
    """,
    """
    ALTER TABLE comparisons ADD COLUMN plan TEXT;               -- JSON: ComparisonPlan; NULL in older ones
    ALTER TABLE comparisons ADD COLUMN is_starred INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE comparisons ADD COLUMN tags TEXT NOT NULL DEFAULT '[]';     -- JSON array of words
    ALTER TABLE comparisons ADD COLUMN ballot_id TEXT;
    ALTER TABLE runs ADD COLUMN is_pinned INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE runs ADD COLUMN case_number INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE runs ADD COLUMN repeat_number INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE run_details ADD COLUMN profile TEXT;            -- JSON: the LaunchProfile that was in force

    -- What the history is searched for: title, tags, targets, prompts and answers of a comparison.
    CREATE VIRTUAL TABLE comparison_words USING fts5 (comparison_id UNINDEXED, words);
    INSERT INTO comparison_words (comparison_words, rank) VALUES ('secure-delete', 1);
    INSERT INTO comparison_words (comparison_id, words)
        SELECT id, title || ' ' || targets || ' ' || coalesce(
            (SELECT group_concat(text, ' ') FROM runs WHERE comparison_id = comparisons.id), '')
        FROM comparisons;

    CREATE TABLE attachments (          -- data of images that went with a prompt, once for all messages
        sha256 TEXT PRIMARY KEY,
        data TEXT NOT NULL              -- base64
    ) STRICT;

    CREATE TABLE prompts (              -- the user's library
        id TEXT PRIMARY KEY,
        kind TEXT NOT NULL,             -- prompt | system
        name TEXT NOT NULL,
        text TEXT NOT NULL,
        updated_at TEXT NOT NULL
    ) STRICT;

    CREATE TABLE ballots (              -- series of blind votes
        id TEXT PRIMARY KEY,
        started_at TEXT NOT NULL,
        title TEXT NOT NULL,
        targets TEXT NOT NULL,          -- JSON array of names
        seed INTEGER NOT NULL,
        planned_share REAL NOT NULL,
        is_peeked INTEGER NOT NULL DEFAULT 0
    ) STRICT;

    CREATE TABLE votes (                -- a pair that was drawn, and what became of it; runs may be deleted
        id TEXT PRIMARY KEY,
        ballot_id TEXT NOT NULL REFERENCES ballots (id),
        number INTEGER NOT NULL,
        comparison_id TEXT NOT NULL,
        case_number INTEGER NOT NULL,
        prompt_key TEXT NOT NULL,       -- the same for votes on the same prompt
        left_run TEXT NOT NULL,
        right_run TEXT NOT NULL,
        left_target TEXT NOT NULL,
        right_target TEXT NOT NULL,
        drawn_at TEXT NOT NULL,
        voted_at TEXT,
        choice TEXT,                    -- a | b | tie | both_bad
        state TEXT NOT NULL             -- drawn | voted | skipped | withdrawn
    ) STRICT;
    CREATE INDEX votes_by_ballot ON votes (ballot_id, number);
    CREATE INDEX votes_by_comparison ON votes (comparison_id);
    """,
    """
    -- So that what was spent since a moment is read without the runs themselves.
    CREATE INDEX runs_by_spend ON runs (started_at, finish_reason, usd_pico);

    -- What finished runs used and cost, in sums, so that years of them are read at once: by local day, and by
    -- quarter of an hour in UTC (every zone's midnight is at one: the days can be made from them again).
    -- Triggers write them with a run's end, whoever writes that. Money is exact: whole dollars, and whole
    -- pico-dollars besides (below 10^12 of each run), since one sum of pico-dollars ends at 9.2 million USD.
    CREATE TABLE cost_sums (
        span TEXT NOT NULL,             -- day | quarter
        slot TEXT NOT NULL,             -- 2026-11-22 | 2026-11-22T08:45
        target TEXT NOT NULL,
        kind TEXT NOT NULL,
        model TEXT NOT NULL,
        class TEXT NOT NULL,            -- '': none
        is_workload INTEGER NOT NULL,   -- 0: bench, tune, and all but one of the runs of a compared prompt
        runs INTEGER NOT NULL,
        failed INTEGER NOT NULL,
        unpriced INTEGER NOT NULL,      -- runs with tokens, but without money
        without_full INTEGER NOT NULL,  -- local runs with tokens, but without an all-in figure
        paid_runs INTEGER NOT NULL,     -- runs in paid: those of an API with a price
        paid_usd INTEGER NOT NULL,
        paid_pico INTEGER NOT NULL,
        marginal_runs INTEGER NOT NULL,
        marginal_usd INTEGER NOT NULL,
        marginal_pico INTEGER NOT NULL,
        full_runs INTEGER NOT NULL,
        full_usd INTEGER NOT NULL,
        full_pico INTEGER NOT NULL,
        prompt_tokens INTEGER NOT NULL,
        cached_tokens INTEGER NOT NULL,
        cache_write_tokens INTEGER NOT NULL,
        completion_tokens INTEGER NOT NULL,
        reasoning_tokens INTEGER NOT NULL,
        metered_runs INTEGER NOT NULL,
        joules REAL NOT NULL,
        busy_ms REAL NOT NULL,
        PRIMARY KEY (span, slot, target, kind, model, class, is_workload)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE cost_zone (            -- whose midnights the days have
        zone TEXT NOT NULL
    ) STRICT;

    -- A run is counted by putting its number in here. Amounts are read as the text they are: SQLite's own
    -- numbers would round them. What no run can have (more than 10^12 tokens or dollars) counts nothing, so
    -- that no sum overflows. Flattened into one, the steps would be taken ten times as often.
    CREATE VIEW counted_runs AS SELECT rowid AS number FROM runs WHERE finish_reason IS NOT NULL;
    CREATE TRIGGER run_is_counted INSTEAD OF INSERT ON counted_runs BEGIN
        INSERT INTO cost_sums
            SELECT span, slot, target, kind, model, class, is_workload, runs, failed, unpriced, without_full,
                paid_runs, paid_usd, paid_pico, marginal_runs, marginal_usd, marginal_pico,
                full_runs, full_usd, full_pico, prompt_tokens, cached_tokens, cache_write_tokens,
                completion_tokens, reasoning_tokens, metered_runs, joules, busy_ms
            FROM (
            WITH told AS (
                SELECT started_at, target, kind, model, coalesce(class, '') AS class,
                    position, repeat_number, finish_reason, usd_pico,
                    iif(prompt_tokens BETWEEN 1 AND 1000000000000, prompt_tokens, 0) AS prompt_tokens,
                    iif(completion_tokens BETWEEN 1 AND 1000000000000, completion_tokens, 0)
                        AS completion_tokens,
                    iif(json_valid(document), document, '{}') AS document
                FROM runs WHERE rowid = NEW.number
            ), read AS MATERIALIZED (
                SELECT *,
                    coalesce(document ->> '$.route', '') AS route,
                    coalesce(CAST(document ->> '$.usage.cached_tokens' AS INTEGER), 0) AS cached,
                    coalesce(CAST(document ->> '$.usage.cache_write_tokens' AS INTEGER), 0) AS written,
                    coalesce(CAST(document ->> '$.usage.reasoning_tokens' AS INTEGER), 0) AS reasoning,
                    coalesce(CAST(document ->> '$.timing.e2e_ms' AS REAL), 0.0) AS e2e_ms,
                    CAST(document ->> '$.energy.joules' AS REAL) AS joules,
                    iif(kind = 'local', document ->> '$.cost.marginal_usd', NULL) AS marginal,
                    iif(kind = 'local', document ->> '$.cost.full_usd', NULL) AS full
                FROM told
            ), checked AS MATERIALIZED (
                SELECT *,
                    kind = 'api' AND usd_pico IS NOT NULL AS is_paid,
                    coalesce(marginal GLOB '[0-9]*' AND marginal NOT GLOB '*[^0-9.]*'
                        AND CAST(marginal AS INTEGER) <= 1000000000000, 0) AS has_marginal,
                    coalesce(full GLOB '[0-9]*' AND full NOT GLOB '*[^0-9.]*'
                        AND CAST(full AS INTEGER) <= 1000000000000, 0) AS has_full,
                    coalesce(joules BETWEEN 0 AND 1e15, 0) AS is_metered,
                    prompt_tokens + completion_tokens > 0 AS is_used
                FROM read
            ), counted AS (
                SELECT
                    coalesce(date(started_at, 'localtime'), '') AS day,
                    substr(started_at, 1, 14)
                        || substr('00153045', 1 + 2 * (CAST(substr(started_at, 15, 2) AS INTEGER) / 15), 2)
                        AS quarter,
                    target, kind, model, class,
                    route NOT IN ('bench', 'tune') AND position = 0 AND repeat_number = 0 AS is_workload,
                    1 AS runs,
                    finish_reason IN ('error', 'interrupted') AS failed,
                    is_used AND NOT iif(kind = 'local', has_marginal OR has_full, is_paid) AS unpriced,
                    is_used AND kind = 'local' AND NOT has_full AS without_full,
                    is_paid AS paid_runs,
                    iif(is_paid, usd_pico / 1000000000000, 0) AS paid_usd,
                    iif(is_paid, usd_pico % 1000000000000, 0) AS paid_pico,
                    has_marginal AS marginal_runs,
                    iif(has_marginal, CAST(marginal AS INTEGER), 0) AS marginal_usd,
                    iif(has_marginal AND instr(marginal, '.'), CAST(substr(
                        substr(marginal, instr(marginal, '.') + 1) || '000000000000', 1, 12) AS INTEGER), 0)
                        AS marginal_pico,
                    has_full AS full_runs,
                    iif(has_full, CAST(full AS INTEGER), 0) AS full_usd,
                    iif(has_full AND instr(full, '.'), CAST(substr(
                        substr(full, instr(full, '.') + 1) || '000000000000', 1, 12) AS INTEGER), 0)
                        AS full_pico,
                    prompt_tokens,
                    max(0, min(cached, prompt_tokens)) AS cached_tokens,
                    max(0, min(written, prompt_tokens)) AS cache_write_tokens,
                    completion_tokens,
                    max(0, min(reasoning, completion_tokens)) AS reasoning_tokens,
                    is_metered AS metered_runs,
                    iif(is_metered, joules, 0.0) AS joules,
                    iif(e2e_ms BETWEEN 0 AND 1e12, e2e_ms, 0.0) AS busy_ms
                FROM checked
            )
            SELECT span, iif(span = 'day', day, quarter) AS slot, counted.*
            FROM counted, (SELECT 'day' AS span UNION ALL SELECT 'quarter')
            ) WHERE true
            ON CONFLICT DO UPDATE SET
                runs = runs + excluded.runs,
                failed = failed + excluded.failed,
                unpriced = unpriced + excluded.unpriced,
                without_full = without_full + excluded.without_full,
                paid_runs = paid_runs + excluded.paid_runs,
                paid_usd = paid_usd + excluded.paid_usd,
                paid_pico = paid_pico + excluded.paid_pico,
                marginal_runs = marginal_runs + excluded.marginal_runs,
                marginal_usd = marginal_usd + excluded.marginal_usd,
                marginal_pico = marginal_pico + excluded.marginal_pico,
                full_runs = full_runs + excluded.full_runs,
                full_usd = full_usd + excluded.full_usd,
                full_pico = full_pico + excluded.full_pico,
                prompt_tokens = prompt_tokens + excluded.prompt_tokens,
                cached_tokens = cached_tokens + excluded.cached_tokens,
                cache_write_tokens = cache_write_tokens + excluded.cache_write_tokens,
                completion_tokens = completion_tokens + excluded.completion_tokens,
                reasoning_tokens = reasoning_tokens + excluded.reasoning_tokens,
                metered_runs = metered_runs + excluded.metered_runs,
                joules = joules + excluded.joules,
                busy_ms = busy_ms + excluded.busy_ms;
    END;
    CREATE TRIGGER run_ended AFTER UPDATE OF finish_reason ON runs
        WHEN OLD.finish_reason IS NULL AND NEW.finish_reason IS NOT NULL BEGIN
        INSERT INTO counted_runs VALUES (NEW.rowid);
    END;
    CREATE TRIGGER run_came_ended AFTER INSERT ON runs WHEN NEW.finish_reason IS NOT NULL BEGIN
        INSERT INTO counted_runs VALUES (NEW.rowid);
    END;
    INSERT INTO counted_runs SELECT number FROM counted_runs;

    CREATE TABLE cost_scenarios (
        id TEXT PRIMARY KEY,
        name TEXT NOT NULL,
        document TEXT NOT NULL,         -- JSON: CostScenario
        updated_at TEXT NOT NULL
    ) STRICT;

    CREATE TABLE decisions (            -- dated verdicts
        id TEXT PRIMARY KEY,
        number INTEGER NOT NULL,        -- counts within a title
        at TEXT NOT NULL,
        title TEXT NOT NULL,
        document TEXT NOT NULL          -- JSON: Decision
    ) STRICT;
    CREATE INDEX decisions_by_time ON decisions (at DESC);

    CREATE TABLE reviews_told (         -- reminders that were given, by decision
        decision_id TEXT PRIMARY KEY REFERENCES decisions (id) ON DELETE CASCADE,
        told_at TEXT NOT NULL
    ) STRICT;
    """,
)
