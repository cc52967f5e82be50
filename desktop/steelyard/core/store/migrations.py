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
)
