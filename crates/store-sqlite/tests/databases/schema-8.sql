-- What the server of schema 8 left behind when it was killed: executions with long records that run, are parked and have
-- finished. Values of 4,200 equal characters are written as expressions.
BEGIN TRANSACTION;
CREATE TABLE agent_uses (
    tenant BLOB NOT NULL,
    agent BLOB NOT NULL,
    calls INTEGER NOT NULL,
    last_used_at INTEGER NOT NULL,
    PRIMARY KEY (tenant, agent)
) STRICT, WITHOUT ROWID;
CREATE TABLE agent_versions (
    agent BLOB NOT NULL,
    version INTEGER NOT NULL,
    tenant BLOB NOT NULL,
    document TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (agent, version)
) STRICT;
CREATE TABLE agents (
    id BLOB PRIMARY KEY NOT NULL,
    tenant BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
, version INTEGER NOT NULL DEFAULT 1) STRICT;
CREATE TABLE execution_counts (
    tenant BLOB NOT NULL,
    flow BLOB NOT NULL,
    status TEXT NOT NULL,
    value INTEGER NOT NULL,
    PRIMARY KEY (tenant, flow, status)
) STRICT, WITHOUT ROWID;
INSERT INTO "execution_counts" VALUES(X'00000000000000000000000000000000',X'01A21DF73F7C76949384DB7CC1DEEC85','completed',1);
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
, waits_for TEXT, waits_until INTEGER, parent BLOB) STRICT;
INSERT INTO "executions" VALUES(1,X'01A21DF7405671A5876344E8C8041AEF',X'00000000000000000000000000000000',X'01A21DF73F7C76949384DB7CC1DEEC85',1,'completed',0,0,NULL,NULL,NULL,'api',NULL,NULL,NULL,NULL,NULL,NULL,NULL,1795799072854610,1795799072854610,1795799072861638,2,2,0,2,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "executions" VALUES(2,X'01A21DF7405C749C847C23CF586B8AFC',X'00000000000000000000000000000000',X'01A21DF73FDA74DC80A606355B0E140A',1,'running',0,0,'b',NULL,NULL,'api',NULL,NULL,NULL,NULL,NULL,NULL,NULL,1795799072860542,1795799072860542,NULL,2,1,0,1,NULL,1795889072867020,'delay',1795889072867020,NULL);
INSERT INTO "executions" VALUES(3,X'01A21DF7406177E798D6C8FC650E8DC6',X'00000000000000000000000000000000',X'01A21DF7400A742DA65D72880C94E93A',1,'running',0,0,'c',NULL,NULL,'api',NULL,NULL,NULL,NULL,NULL,NULL,NULL,1795799072865514,1795799072865514,NULL,3,2,0,3,1,NULL,NULL,NULL,NULL);
INSERT INTO "executions" VALUES(4,X'01A21DF745E175C7ACE24697DD020002',X'00000000000000000000000000000000',X'01A21DF7403075FB837739320E17FFB2',1,'running',0,0,'c',NULL,NULL,'api',NULL,NULL,NULL,NULL,NULL,NULL,NULL,1795799074273600,1795799074273600,NULL,3,2,0,3,1,NULL,NULL,NULL,NULL);
CREATE TABLE flow_versions (
    flow BLOB NOT NULL,
    version INTEGER NOT NULL,
    tenant BLOB NOT NULL,
    document TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (flow, version)
) STRICT;
INSERT INTO "flow_versions" VALUES(X'01A21DF73F7C76949384DB7CC1DEEC85',1,X'00000000000000000000000000000000','{"format":1,"name":"Finished","description":"","category":null,"tags":[],"is_template":false,"retry_on_failure":false,"retry_count":0,"timeout_seconds":null,"max_concurrent_executions":null,"context_id_template":null,"context_type_default":null,"flow_definition":{"nodes":[{"id":"a","type":"action","action":"http_request","input":{"method":"GET","url":"http://127.0.0.1:44063/now"}},{"id":"b","type":"action","action":"echo","input":1}],"edges":[{"from":"a","to":"b"}]}}',1795799072636973);
INSERT INTO "flow_versions" VALUES(X'01A21DF73FDA74DC80A606355B0E140A',1,X'00000000000000000000000000000000','{"format":1,"name":"Parked","description":"","category":null,"tags":[],"is_template":false,"retry_on_failure":false,"retry_count":0,"timeout_seconds":null,"max_concurrent_executions":null,"context_id_template":null,"context_type_default":null,"flow_definition":{"nodes":[{"id":"a","type":"action","action":"http_request","input":{"method":"GET","url":"http://127.0.0.1:44063/now"}},{"id":"b","type":"delay","delay_seconds":90000}],"edges":[{"from":"a","to":"b"}]}}',1795799072730919);
INSERT INTO "flow_versions" VALUES(X'01A21DF7400A742DA65D72880C94E93A',1,X'00000000000000000000000000000000','{"format":1,"name":"Running since","description":"","category":null,"tags":[],"is_template":false,"retry_on_failure":false,"retry_count":0,"timeout_seconds":null,"max_concurrent_executions":null,"context_id_template":null,"context_type_default":null,"flow_definition":{"nodes":[{"id":"a","type":"action","action":"transform","input":"${trigger_data}"},{"id":"b","type":"action","action":"http_request","input":{"method":"GET","url":"http://127.0.0.1:44063/later"}},{"id":"c","type":"action","action":"http_request","input":{"method":"GET","url":"http://127.0.0.1:44063/hang"}}],"edges":[{"from":"a","to":"b"},{"from":"b","to":"c"}]}}',1795799072779527);
INSERT INTO "flow_versions" VALUES(X'01A21DF7403075FB837739320E17FFB2',1,X'00000000000000000000000000000000','{"format":1,"name":"Running","description":"","category":null,"tags":[],"is_template":false,"retry_on_failure":false,"retry_count":0,"timeout_seconds":null,"max_concurrent_executions":null,"context_id_template":null,"context_type_default":null,"flow_definition":{"nodes":[{"id":"a","type":"action","action":"transform","input":"${trigger_data}"},{"id":"b","type":"action","action":"http_request","input":{"method":"GET","url":"http://127.0.0.1:44063/now"}},{"id":"c","type":"action","action":"http_request","input":{"method":"GET","url":"http://127.0.0.1:44063/hang"}}],"edges":[{"from":"a","to":"b"},{"from":"b","to":"c"}]}}',1795799072816814);
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
INSERT INTO "flows" VALUES(X'01A21DF73F7C76949384DB7CC1DEEC85',X'00000000000000000000000000000000',1,'draft','Finished',NULL,0,1795799072636973,1795799072636973);
INSERT INTO "flows" VALUES(X'01A21DF73FDA74DC80A606355B0E140A',X'00000000000000000000000000000000',1,'draft','Parked',NULL,0,1795799072730919,1795799072730919);
INSERT INTO "flows" VALUES(X'01A21DF7400A742DA65D72880C94E93A',X'00000000000000000000000000000000',1,'draft','Running since',NULL,0,1795799072779527,1795799072779527);
INSERT INTO "flows" VALUES(X'01A21DF7403075FB837739320E17FFB2',X'00000000000000000000000000000000',1,'draft','Running',NULL,0,1795799072816814,1795799072816814);
CREATE TABLE idempotency_keys (
    number INTEGER PRIMARY KEY,
    tenant BLOB NOT NULL,
    key TEXT NOT NULL,
    execution_id BLOB NOT NULL,
    request_hash BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (tenant, key)
) STRICT;
CREATE TABLE inbox (
    -- In the order in which they were sent. Never given again, so that a number names one input for ever.
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    -- It may not exist yet.
    execution_id BLOB NOT NULL,
    tenant BLOB NOT NULL,
    -- JSON.
    input TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE TABLE journals (
    -- The `number` of its row in `executions`.
    execution INTEGER PRIMARY KEY,
    seq INTEGER NOT NULL,
    -- Whether the execution has ended.
    is_final INTEGER NOT NULL,
    records TEXT NOT NULL
) STRICT;
INSERT INTO "journals" VALUES(1,3,1,'[[1,1795799072854610,[{"accepted":{"tenant":"00000000-0000-0000-0000-000000000000","flow":"01a21df7-3f7c-7694-9384-db7cc1deec85","version":1,"trigger_data":"' || replace(printf('%4200s', ''), ' ', 'x') || '","triggered_by":"api","actor":{"kind":"user"},"worker":"vm"}},"started",{"attempt_started":{"node":0,"attempt":1}}]],[2,1795799072860370,[{"node_completed":{"node":0,"output":{"status":200,"headers":{"server":"BaseHTTP/0.6 Python/3.11.7","date":"Fri, 27 Nov 2026 17:04:32 GMT","content-type":"application/json","content-length":"4202"},"body":"' || replace(printf('%4200s', ''), ' ', 'y') || '"}}},{"attempt_started":{"node":1,"attempt":1}}]],[3,1795799072861638,[{"node_completed":{"node":1,"output":1}},{"finished":{"status":"completed"}}]]]');
INSERT INTO "journals" VALUES(2,2,0,'[[1,1795799072860542,[{"accepted":{"tenant":"00000000-0000-0000-0000-000000000000","flow":"01a21df7-3fda-74dc-80a6-06355b0e140a","version":1,"trigger_data":"' || replace(printf('%4200s', ''), ' ', 'x') || '","triggered_by":"api","actor":{"kind":"user"},"worker":"vm"}},"started",{"attempt_started":{"node":0,"attempt":1}}]],[2,1795799072867020,[{"node_completed":{"node":0,"output":{"status":200,"headers":{"server":"BaseHTTP/0.6 Python/3.11.7","date":"Fri, 27 Nov 2026 17:04:32 GMT","content-type":"application/json","content-length":"4202"},"body":"' || replace(printf('%4200s', ''), ' ', 'y') || '"}}},{"node_waiting":{"node":1,"wait":{"delay":{"until":1795889072867020}}}}]]]');
INSERT INTO "journals" VALUES(3,1,0,'[[1,1795799072865514,[{"accepted":{"tenant":"00000000-0000-0000-0000-000000000000","flow":"01a21df7-400a-742d-a65d-72880c94e93a","version":1,"trigger_data":"' || replace(printf('%4200s', ''), ' ', 'x') || '","triggered_by":"api","actor":{"kind":"user"},"worker":"vm"}},"started",{"node_completed":{"node":0,"output":"' || replace(printf('%4200s', ''), ' ', 'x') || '"}},{"attempt_started":{"node":1,"attempt":1}}]]]');
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
INSERT INTO "rollups" VALUES(X'00000000000000000000000000000000',X'01A21DF73F7C76949384DB7CC1DEEC85',1795798800000000,'','at_once',1);
INSERT INTO "rollups" VALUES(X'00000000000000000000000000000000',X'01A21DF73F7C76949384DB7CC1DEEC85',1795798800000000,'','duration_ms',7);
INSERT INTO "rollups" VALUES(X'00000000000000000000000000000000',X'01A21DF73F7C76949384DB7CC1DEEC85',1795798800000000,'a','at_once',1);
INSERT INTO "rollups" VALUES(X'00000000000000000000000000000000',X'01A21DF73F7C76949384DB7CC1DEEC85',1795798800000000,'a','duration_ms',5);
INSERT INTO "rollups" VALUES(X'00000000000000000000000000000000',X'01A21DF73F7C76949384DB7CC1DEEC85',1795798800000000,'b','at_once',1);
INSERT INTO "rollups" VALUES(X'00000000000000000000000000000000',X'01A21DF73F7C76949384DB7CC1DEEC85',1795798800000000,'b','duration_ms',1);
CREATE TABLE schema_migrations (
    number INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    -- SHA-256 of the migration's text.
    checksum BLOB NOT NULL,
    applied_at INTEGER NOT NULL
) STRICT;
INSERT INTO "schema_migrations" VALUES(1,'initial',X'044C2DFE25D0822424643EB09C0A901446B23EC1A3EC21ECED3E41BCBAAEF0A2',1795799072363000);
INSERT INTO "schema_migrations" VALUES(2,'standstill',X'3C9E6B9C97699D7675833EAE23EA859F11B66F08369C43BE361750182FDBB890',1795799072376000);
INSERT INTO "schema_migrations" VALUES(3,'inbox_and_agent_versions',X'45CB1648BD82263C55CB0CA0799142E3C7CB6400D6C7CBE906844FD9CA064E67',1795799072396000);
INSERT INTO "schema_migrations" VALUES(4,'batches',X'DCAD23E71AC8E8A314F2770814653251F0E9EFAE0E88BEEC21E4082505A2710C',1795799072397000);
INSERT INTO "schema_migrations" VALUES(5,'final_journals',X'9EDC85F39958868C809349528B98042FEE450DC6E0487D1A27AD8B97531625C1',1795799072397000);
INSERT INTO "schema_migrations" VALUES(6,'unfinished',X'F4CDC0AF09E5CE689188C586D3D67E21D20DA7FBD4E964CB4B2F959E8D661A1C',1795799072397000);
INSERT INTO "schema_migrations" VALUES(7,'waiting',X'C22CB953392374B2BB2708334951E07599791C6220C859E7D89FD1CE8A3D459A',1795799072397000);
INSERT INTO "schema_migrations" VALUES(8,'parents',X'286EC6FF9BF1F5B853523FEA1D486ABE59A86E7D7387D0F10B4552977055A560',1795799072398000);
CREATE TABLE tail (
    -- In the order in which they were committed.
    sequence INTEGER PRIMARY KEY,
    -- The epoch of the worker that wrote it.
    worker INTEGER NOT NULL,
    -- For each record the id of its execution (16 bytes), its number (8), its length (4) and its CRC-32 (4), as
    -- little-endian numbers; then the CRC-32 (4) of worker, sequence and all of that.
    entries BLOB NOT NULL,
    -- The records, one behind the other: each a JSON array of number, time and events.
    records BLOB NOT NULL
) STRICT;
INSERT INTO "tail" VALUES(1,1,X'01A21DF7405671A5876344E8C8041AEF010000000000000079110000F9038398C563A47C',CAST('[1,1795799072854610,[{"accepted":{"tenant":"00000000-0000-0000-0000-000000000000","flow":"01a21df7-3f7c-7694-9384-db7cc1deec85","version":1,"trigger_data":"' || replace(printf('%4200s', ''), ' ', 'x') || '","triggered_by":"api","actor":{"kind":"user"},"worker":"vm"}},"started",{"attempt_started":{"node":0,"attempt":1}}]]' AS BLOB));
INSERT INTO "tail" VALUES(2,1,X'01A21DF7405671A5876344E8C8041AEF02000000000000007C110000DA8E986FFD4DB5E6',CAST('[2,1795799072860370,[{"node_completed":{"node":0,"output":{"status":200,"headers":{"server":"BaseHTTP/0.6 Python/3.11.7","date":"Fri, 27 Nov 2026 17:04:32 GMT","content-type":"application/json","content-length":"4202"},"body":"' || replace(printf('%4200s', ''), ' ', 'y') || '"}}},{"attempt_started":{"node":1,"attempt":1}}]]' AS BLOB));
INSERT INTO "tail" VALUES(3,1,X'01A21DF7405C749C847C23CF586B8AFC010000000000000079110000276B0D5725820EF5',CAST('[1,1795799072860542,[{"accepted":{"tenant":"00000000-0000-0000-0000-000000000000","flow":"01a21df7-3fda-74dc-80a6-06355b0e140a","version":1,"trigger_data":"' || replace(printf('%4200s', ''), ' ', 'x') || '","triggered_by":"api","actor":{"kind":"user"},"worker":"vm"}},"started",{"attempt_started":{"node":0,"attempt":1}}]]' AS BLOB));
INSERT INTO "tail" VALUES(4,1,X'01A21DF7406177E798D6C8FC650E8DC601000000000000000B220000BF606A367A9A8472',CAST('[1,1795799072865514,[{"accepted":{"tenant":"00000000-0000-0000-0000-000000000000","flow":"01a21df7-400a-742d-a65d-72880c94e93a","version":1,"trigger_data":"' || replace(printf('%4200s', ''), ' ', 'x') || '","triggered_by":"api","actor":{"kind":"user"},"worker":"vm"}},"started",{"node_completed":{"node":0,"output":"' || replace(printf('%4200s', ''), ' ', 'x') || '"}},{"attempt_started":{"node":1,"attempt":1}}]]' AS BLOB));
INSERT INTO "tail" VALUES(5,1,X'01A21DF745E175C7ACE24697DD02000201000000000000000B220000F739C2F37D06DC26',CAST('[1,1795799074273600,[{"accepted":{"tenant":"00000000-0000-0000-0000-000000000000","flow":"01a21df7-4030-75fb-8377-39320e17ffb2","version":1,"trigger_data":"' || replace(printf('%4200s', ''), ' ', 'x') || '","triggered_by":"api","actor":{"kind":"user"},"worker":"vm"}},"started",{"node_completed":{"node":0,"output":"' || replace(printf('%4200s', ''), ' ', 'x') || '"}},{"attempt_started":{"node":1,"attempt":1}}]]' AS BLOB));
INSERT INTO "tail" VALUES(6,1,X'01A21DF745E175C7ACE24697DD02000202000000000000007C110000454358A587D80DFD',CAST('[2,1795799074311084,[{"node_completed":{"node":1,"output":{"status":200,"headers":{"server":"BaseHTTP/0.6 Python/3.11.7","date":"Fri, 27 Nov 2026 17:04:34 GMT","content-type":"application/json","content-length":"4202"},"body":"' || replace(printf('%4200s', ''), ' ', 'y') || '"}}},{"attempt_started":{"node":2,"attempt":1}}]]' AS BLOB));
INSERT INTO "tail" VALUES(7,1,X'01A21DF7406177E798D6C8FC650E8DC602000000000000007C110000BBA2D60E1535D533',CAST('[2,1795799074474174,[{"node_completed":{"node":1,"output":{"status":200,"headers":{"server":"BaseHTTP/0.6 Python/3.11.7","date":"Fri, 27 Nov 2026 17:04:34 GMT","content-type":"application/json","content-length":"4202"},"body":"' || replace(printf('%4200s', ''), ' ', 'y') || '"}}},{"attempt_started":{"node":2,"attempt":1}}]]' AS BLOB));
CREATE TABLE workers (
    epoch INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    lease_until INTEGER NOT NULL
) STRICT;
INSERT INTO "workers" VALUES(1,'vm',1795799087460253);
CREATE INDEX executions_by_flow ON executions (flow, id);
CREATE INDEX executions_by_status ON executions (status, id) WHERE status <> 'completed';
CREATE INDEX executions_owned ON executions (owner_epoch) WHERE owner_epoch IS NOT NULL;
CREATE INDEX executions_due ON executions (wake_at, id) WHERE wake_at IS NOT NULL;
CREATE INDEX executions_alike ON executions (fingerprint, flow, tenant, id, completed_at) WHERE fingerprint IS NOT NULL;
CREATE INDEX executions_retries ON executions (retry_of, id) WHERE retry_of IS NOT NULL;
CREATE TRIGGER flow_versions_never_change BEFORE UPDATE ON flow_versions
BEGIN
    SELECT RAISE(ABORT, 'a version of a flow never changes');
END;
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
CREATE INDEX inbox_by_execution ON inbox (execution_id);
CREATE TRIGGER agent_versions_never_change BEFORE UPDATE ON agent_versions
BEGIN
    SELECT RAISE(ABORT, 'a version of an agent never changes');
END;
CREATE TRIGGER final_journals_never_change BEFORE UPDATE ON journals
WHEN OLD.is_final
BEGIN
    SELECT RAISE(ABORT, 'the journal of an execution that has ended never changes');
END;
CREATE INDEX executions_unfinished ON executions (flow, started_at) WHERE completed_at IS NULL;
CREATE TRIGGER finished_executions_never_change BEFORE UPDATE ON executions
WHEN OLD.completed_at IS NOT NULL
BEGIN
    SELECT RAISE(ABORT, 'an execution that has ended never changes');
END;
CREATE INDEX executions_waiting ON executions (waits_for, id) WHERE waits_for IS NOT NULL;
CREATE INDEX executions_retrying ON executions (id) WHERE retrying = 1;
CREATE INDEX executions_children ON executions (parent, id) WHERE parent IS NOT NULL;
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('workers',1);
COMMIT;
