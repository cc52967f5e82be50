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
)
