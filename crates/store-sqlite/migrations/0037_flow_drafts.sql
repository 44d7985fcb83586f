-- What somebody edits of a flow, kept with each change, with faults or without.
CREATE TABLE flow_drafts (
    flow BLOB PRIMARY KEY NOT NULL,
    tenant BLOB NOT NULL,
    -- Larger with each change.
    revision INTEGER NOT NULL,
    -- The version that it was begun from.
    base_version INTEGER NOT NULL,
    definition TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL
) STRICT;
