-- What people want to be told of.
CREATE TABLE alerts (
    id BLOB PRIMARY KEY NOT NULL,
    tenant BLOB NOT NULL,
    document TEXT NOT NULL,
    -- From when on; null if it is switched off.
    active_since INTEGER,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What was noted, so that it is noted once.
CREATE TABLE alert_notes (
    alert BLOB NOT NULL REFERENCES alerts (id) ON DELETE CASCADE,
    key TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (alert, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX alert_notes_by_time ON alert_notes (at);

-- What has happened since the last message of a group.
CREATE TABLE alert_groups (
    alert BLOB NOT NULL REFERENCES alerts (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    count INTEGER NOT NULL,
    sample TEXT NOT NULL,
    last_at INTEGER NOT NULL,
    PRIMARY KEY (alert, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX alert_groups_counted ON alert_groups (last_at) WHERE count > 0;

-- Messages, stored before they are sent.
CREATE TABLE alert_messages (
    id BLOB PRIMARY KEY NOT NULL,
    alert BLOB NOT NULL REFERENCES alerts (id) ON DELETE CASCADE,
    group_name TEXT NOT NULL,
    sample TEXT NOT NULL,
    stands_for INTEGER NOT NULL,
    state TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    next_at INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    ended_at INTEGER,
    error TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX alert_messages_due ON alert_messages (next_at, id) WHERE state = 'pending';
CREATE INDEX alert_messages_by_alert ON alert_messages (alert, id);

-- Up to when executions that ended were looked at.
CREATE TABLE alerts_seen (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    at INTEGER NOT NULL
) STRICT;

-- Few executions are in it, so that the others end at no further cost.
CREATE INDEX executions_alerting ON executions (completed_at, id) WHERE status = 'failed' OR recovered = 1;
