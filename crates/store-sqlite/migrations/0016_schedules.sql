-- Flows that start by themselves, and for which moment they do next.
ALTER TABLE flows ADD COLUMN is_scheduled INTEGER NOT NULL DEFAULT 0;
CREATE INDEX flows_scheduled ON flows (id) WHERE is_scheduled = 1;

CREATE TABLE schedules (
    flow BLOB NOT NULL,
    node TEXT NOT NULL,
    tenant BLOB NOT NULL,
    -- What the moments follow from.
    rule TEXT NOT NULL,
    next_at INTEGER,
    -- The moment that is being started for.
    starting_at INTEGER,
    -- The execution of that, or the last one.
    execution BLOB,
    last_at INTEGER,
    error TEXT,
    PRIMARY KEY (flow, node)
) STRICT, WITHOUT ROWID;
