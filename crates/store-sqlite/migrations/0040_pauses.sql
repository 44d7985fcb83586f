-- Tenants of which everything is paused, or was until a moment ago: then what was paused is being resumed.
CREATE TABLE pauses (
    tenant BLOB PRIMARY KEY NOT NULL,
    paused_at INTEGER NOT NULL,
    -- Actors as JSON.
    paused_by TEXT NOT NULL,
    reason TEXT,
    resumed_at INTEGER,
    resumed_by TEXT
) STRICT, WITHOUT ROWID;
