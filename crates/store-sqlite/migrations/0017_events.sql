-- Events from outside, in the order in which they came.
CREATE TABLE received_events (
    id BLOB PRIMARY KEY NOT NULL,
    tenant BLOB NOT NULL,
    name TEXT NOT NULL,
    correlation TEXT,
    -- What its sender calls it.
    key TEXT,
    data TEXT NOT NULL,
    at INTEGER NOT NULL,
    -- Whether all that follows from it is stored.
    is_delivered INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX received_events_undelivered ON received_events (id) WHERE is_delivered = 0;
CREATE INDEX received_events_by_name ON received_events (tenant, name, at);
CREATE INDEX received_events_by_correlation ON received_events (tenant, name, correlation, at);
CREATE INDEX received_events_by_key ON received_events (tenant, key, at) WHERE key IS NOT NULL;
CREATE INDEX received_events_by_time ON received_events (at);

-- The nodes that wait for one.
CREATE TABLE event_waits (
    execution BLOB NOT NULL,
    node INTEGER NOT NULL,
    node_id TEXT NOT NULL,
    tenant BLOB NOT NULL,
    name TEXT NOT NULL,
    correlation TEXT,
    since INTEGER NOT NULL,
    until INTEGER,
    PRIMARY KEY (execution, node)
) STRICT, WITHOUT ROWID;
CREATE INDEX event_waits_by_name ON event_waits (tenant, name, correlation, execution, node);
