-- The first schema.
--
-- Ids are UUIDs as BLOBs of 16 bytes, times are integer microseconds since 1970 in UTC, JSON is compact text.
-- Every row has a tenant. Nothing here is to be written by hand while a server uses the file; reading is welcome.

-- What was decided, in the order in which it was committed: the truth about everything that has not ended. One record
-- is one row. Rows that a journal covers are deleted in passing. There is no index on purpose: a decision costs one
-- append.
CREATE TABLE tail (
    pos INTEGER PRIMARY KEY,
    execution_id BLOB NOT NULL,
    seq INTEGER NOT NULL,
    record TEXT NOT NULL
) STRICT;

-- Executions as people see them. A row of one that has not ended may be behind the tail.
CREATE TABLE executions (
    -- In the order in which rows were first shown. It never leaves the database.
    number INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE,
    tenant BLOB NOT NULL,
    flow BLOB NOT NULL,
    flow_version INTEGER NOT NULL,
    status TEXT NOT NULL,
    retrying INTEGER NOT NULL,
    recovered INTEGER NOT NULL,
    current_node TEXT,
    context_id TEXT,
    context_type TEXT,
    triggered_by TEXT NOT NULL,
    retry_of BLOB,
    error_message TEXT,
    error_class TEXT,
    -- What failures like this one have in common.
    fingerprint TEXT,
    fingerprint_node TEXT,
    fingerprint_class TEXT,
    fingerprint_message TEXT,
    created_at INTEGER NOT NULL,
    started_at INTEGER,
    completed_at INTEGER,
    total_nodes INTEGER NOT NULL,
    completed_nodes INTEGER NOT NULL,
    failed_nodes INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    -- The worker that drives it; NULL when it is parked or has ended.
    owner_epoch INTEGER,
    -- When a parked one is due; NULL if only a signal or a free slot brings it back.
    wake_at INTEGER
) STRICT;

CREATE INDEX executions_by_flow ON executions (flow, id);

-- Most executions complete. Lists of any other status are short, and so is their index.
CREATE INDEX executions_by_status ON executions (status, id) WHERE status <> 'completed';

CREATE INDEX executions_unfinished ON executions (flow, started_at) WHERE status IN ('pending', 'running', 'paused');

CREATE INDEX executions_owned ON executions (owner_epoch) WHERE owner_epoch IS NOT NULL;

CREATE INDEX executions_due ON executions (wake_at, id) WHERE wake_at IS NOT NULL;

CREATE INDEX executions_alike ON executions (fingerprint, flow, tenant, id, completed_at) WHERE fingerprint IS NOT NULL;

CREATE INDEX executions_retries ON executions (retry_of, id) WHERE retry_of IS NOT NULL;

CREATE TRIGGER finished_executions_never_change BEFORE UPDATE ON executions
WHEN OLD.status IN ('completed', 'failed', 'cancelled')
BEGIN
    SELECT RAISE(ABORT, 'an execution that has ended never changes');
END;

-- All records of an execution up to `seq`, as one JSON array: of those that have ended or are parked, and of those that
-- live long.
CREATE TABLE journals (
    -- The `number` of its row in `executions`.
    execution INTEGER PRIMARY KEY,
    seq INTEGER NOT NULL,
    -- Whether the execution has ended.
    is_final INTEGER NOT NULL,
    records TEXT NOT NULL
) STRICT;

CREATE TRIGGER final_journals_never_change BEFORE UPDATE ON journals
WHEN OLD.is_final
BEGIN
    SELECT RAISE(ABORT, 'the journal of an execution that has ended never changes');
END;

-- How many executions of a flow ended how. What has not ended is counted from `executions`.
CREATE TABLE execution_counts (
    tenant BLOB NOT NULL,
    flow BLOB NOT NULL,
    status TEXT NOT NULL,
    value INTEGER NOT NULL,
    PRIMARY KEY (tenant, flow, status)
) STRICT, WITHOUT ROWID;

-- Analytics: what ended executions add up to, by hour.
CREATE TABLE rollups (
    tenant BLOB NOT NULL,
    flow BLOB NOT NULL,
    -- The hour's first microsecond.
    hour INTEGER NOT NULL,
    -- Empty for the flow as a whole.
    node TEXT NOT NULL,
    metric TEXT NOT NULL,
    value INTEGER NOT NULL,
    PRIMARY KEY (tenant, flow, hour, node, metric)
) STRICT, WITHOUT ROWID;

CREATE TABLE flows (
    id BLOB PRIMARY KEY NOT NULL,
    tenant BLOB NOT NULL,
    -- The number of the current version.
    version INTEGER NOT NULL,
    status TEXT NOT NULL,
    name TEXT NOT NULL,
    category TEXT,
    is_template INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The documents. A version never changes: executions are pinned to it.
CREATE TABLE flow_versions (
    flow BLOB NOT NULL,
    version INTEGER NOT NULL,
    tenant BLOB NOT NULL,
    document TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (flow, version)
) STRICT;

CREATE TRIGGER flow_versions_never_change BEFORE UPDATE ON flow_versions
BEGIN
    SELECT RAISE(ABORT, 'a version of a flow never changes');
END;

CREATE TABLE agents (
    id BLOB PRIMARY KEY NOT NULL,
    tenant BLOB NOT NULL,
    document TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

-- How much agents were called by executions that have ended.
CREATE TABLE agent_uses (
    tenant BLOB NOT NULL,
    agent BLOB NOT NULL,
    calls INTEGER NOT NULL,
    last_used_at INTEGER NOT NULL,
    PRIMARY KEY (tenant, agent)
) STRICT, WITHOUT ROWID;

-- What makes a repeated call happen once. Rows stand in the order of their first use, so the oldest are found at once.
CREATE TABLE idempotency_keys (
    number INTEGER PRIMARY KEY,
    tenant BLOB NOT NULL,
    key TEXT NOT NULL,
    execution_id BLOB NOT NULL,
    request_hash BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (tenant, key)
) STRICT;

-- The incarnations that may write. A fenced one has no row; its epoch is never given again.
CREATE TABLE workers (
    epoch INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    lease_until INTEGER NOT NULL
) STRICT;

-- Every event of every stored journal: one row each, in the order in which they happened. `kind` is the event's name,
-- `body` its fields as JSON. What is only in the tail so far is not in here.
CREATE VIEW events AS
SELECT
    executions.id AS execution_id,
    executions.tenant AS tenant,
    executions.flow AS flow,
    executions.flow_version AS flow_version,
    record.value ->> 0 AS seq,
    event.key AS position,
    record.value ->> 1 AS at,
    CASE event.type WHEN 'text' THEN event.value ELSE (SELECT key FROM json_each(event.value)) END AS kind,
    CASE event.type WHEN 'text' THEN NULL ELSE (SELECT value FROM json_each(event.value)) END AS body
FROM executions
JOIN journals ON journals.execution = executions.number
JOIN json_each(journals.records) AS record
JOIN json_each(record.value, '$[2]') AS event;

-- Every attempt of every stored journal. `status` is completed, failed, released (stopped by a shutdown, which does not
-- count), running, or cancelled: under way when its execution ended. `retry_attempt` is 0 for the first attempt.
CREATE VIEW attempts AS
WITH steps AS (
    SELECT
        *,
        body ->> 'node' AS node_index,
        lead(kind) OVER following AS end_kind,
        lead(at) OVER following AS end_at,
        lead(body) OVER following AS end_body
    FROM events
    WHERE kind IN ('attempt_started', 'attempt_failed', 'attempt_released', 'node_completed')
    WINDOW following AS (PARTITION BY execution_id, body ->> 'node' ORDER BY seq, position)
)
SELECT
    steps.execution_id,
    steps.tenant,
    steps.node_index,
    flow_versions.document ->> ('$.flow_definition.nodes[' || steps.node_index || '].id') AS node_id,
    steps.body ->> 'attempt' AS attempt,
    (steps.body ->> 'attempt') - 1 AS retry_attempt,
    CASE
        WHEN end_kind = 'attempt_failed' THEN 'failed'
        WHEN end_kind = 'attempt_released' THEN 'released'
        WHEN end_kind = 'node_completed' THEN 'completed'
        WHEN executions.completed_at IS NOT NULL THEN 'cancelled'
        ELSE 'running'
    END AS status,
    steps.at AS started_at,
    coalesce(end_at, executions.completed_at) AS ended_at,
    end_body ->> 'class' AS error_class,
    end_body ->> 'message' AS error_message
FROM steps
JOIN executions ON executions.id = steps.execution_id
LEFT JOIN flow_versions ON flow_versions.flow = steps.flow AND flow_versions.version = steps.flow_version
WHERE steps.kind = 'attempt_started';

-- Every node of every execution with a stored journal, started or not, as far as its flow version is still there.
-- `retry_attempt` is the number of its last attempt less one, and 0 before the first.
CREATE VIEW node_executions AS
WITH steps AS (
    SELECT
        execution_id,
        body ->> 'node' AS node_index,
        max(CASE kind WHEN 'attempt_started' THEN body ->> 'attempt' END) AS attempts,
        min(at) AS started_at,
        max(CASE WHEN kind IN ('node_completed', 'node_failed', 'node_skipped') THEN at END) AS ended_at,
        max(CASE kind WHEN 'node_completed' THEN 'completed' WHEN 'node_failed' THEN 'failed'
            WHEN 'node_skipped' THEN 'skipped' END) AS end_status,
        max(CASE kind WHEN 'node_completed' THEN body -> 'output' END) AS output,
        max(CASE kind WHEN 'attempt_failed' THEN body ->> 'message' END) AS error_message
    FROM events
    WHERE body ->> 'node' IS NOT NULL
    GROUP BY execution_id, body ->> 'node'
)
SELECT
    executions.id AS execution_id,
    executions.tenant,
    node.key AS node_index,
    node.value ->> 'id' AS node_id,
    CASE
        WHEN steps.end_status IS NOT NULL THEN steps.end_status
        WHEN executions.completed_at IS NOT NULL THEN 'cancelled'
        WHEN steps.node_index IS NULL THEN 'pending'
        ELSE 'running'
    END AS status,
    coalesce(steps.attempts - 1, 0) AS retry_attempt,
    steps.started_at,
    steps.ended_at,
    steps.output,
    CASE steps.end_status WHEN 'failed' THEN steps.error_message END AS error_message
FROM executions
JOIN journals ON journals.execution = executions.number
JOIN flow_versions ON flow_versions.flow = executions.flow AND flow_versions.version = executions.flow_version
JOIN json_each(flow_versions.document, '$.flow_definition.nodes') AS node
LEFT JOIN steps ON steps.execution_id = executions.id AND steps.node_index = node.key;
