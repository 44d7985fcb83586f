-- What the server of schema 2 left behind when it was killed: executions that run, are parked, are paused, and have
-- finished. Some payloads look like events on purpose.
BEGIN TRANSACTION;
CREATE TABLE agent_uses (
    tenant BLOB NOT NULL,
    agent BLOB NOT NULL,
    calls INTEGER NOT NULL,
    last_used_at INTEGER NOT NULL,
    PRIMARY KEY (tenant, agent)
) STRICT, WITHOUT ROWID;
CREATE TABLE agents (
    id BLOB PRIMARY KEY NOT NULL,
    tenant BLOB NOT NULL,
    document TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
INSERT INTO "agents" VALUES(X'01A2188C8E97717EBB1A05CC93D3B4B5',X'00000000000000000000000000000000','{"name":"Scorer","agent_type":"http","config":{"endpoint":"https://risk.example.org"},"skills":["score"]}',1795708194455841,1795708194455841);
CREATE TABLE execution_counts (
    tenant BLOB NOT NULL,
    flow BLOB NOT NULL,
    status TEXT NOT NULL,
    value INTEGER NOT NULL,
    PRIMARY KEY (tenant, flow, status)
) STRICT, WITHOUT ROWID;
INSERT INTO "execution_counts" VALUES(X'00000000000000000000000000000000',X'01A2188C8E7A72978A309DBFB3C55504','completed',1);
INSERT INTO "execution_counts" VALUES(X'00000000000000000000000000000000',X'01A2188C8E80779888A20CDA51E2D995','completed',1);
INSERT INTO "execution_counts" VALUES(X'00000000000000000000000000000000',X'01A2188C8E92723F833716920058AAE7','failed',1);
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
, waits_for TEXT, waits_until INTEGER) STRICT;
INSERT INTO "executions" VALUES(1,X'01A2188C8E9A71B6AC0552B32C4566DD',X'00000000000000000000000000000000',X'01A2188C8E7A72978A309DBFB3C55504',2,'completed',0,0,NULL,'vendor-1',NULL,'api',NULL,NULL,NULL,NULL,NULL,NULL,NULL,1795708194459045,1795708194459045,1795708194465014,2,2,0,2,NULL,NULL,NULL,NULL);
INSERT INTO "executions" VALUES(2,X'01A2188C8EAC7606A7566AE649EC75DD',X'00000000000000000000000000000000',X'01A2188C8E92723F833716920058AAE7',1,'failed',0,0,'fail','vendor-1',NULL,'api',NULL,'Node `fail` failed after 1 attempt: HTTP 503 Service Unavailable from 127.0.0.1:18471.','unavailable','08a1587c4ea59dd3','fail','unavailable','HTTP # Service Unavailable from #.#.#.#:#.',1795708194476840,1795708194476840,1795708194479233,1,0,1,1,NULL,NULL,NULL,NULL);
INSERT INTO "executions" VALUES(3,X'01A2188C8EB27725B93FFEAB592D1EDF',X'00000000000000000000000000000000',X'01A2188C8E80779888A20CDA51E2D995',1,'completed',0,0,NULL,'vendor-1',NULL,'api',NULL,NULL,NULL,NULL,NULL,NULL,NULL,1795708194482640,1795708194482640,1795708196487369,2,2,0,1,NULL,NULL,NULL,NULL);
INSERT INTO "executions" VALUES(4,X'01A2188C8EC1730BBBEBD7E170D098EB',X'00000000000000000000000000000000',X'01A2188C8E8270FEB8279844407C8305',1,'running',0,0,'wait','vendor-1',NULL,'api',NULL,NULL,NULL,NULL,NULL,NULL,NULL,1795708194497783,1795708194497783,NULL,3,1,0,1,NULL,2095708194498522,'delay',2095708194498522);
INSERT INTO "executions" VALUES(5,X'01A2188C8EC4730B8987CD8A1E3FE6AB',X'00000000000000000000000000000000',X'01A2188C8E8270FEB8279844407C8305',1,'paused',0,0,'wait','vendor-1',NULL,'api',NULL,NULL,NULL,NULL,NULL,NULL,NULL,1795708194500728,1795708194500728,NULL,3,1,0,1,NULL,NULL,NULL,NULL);
INSERT INTO "executions" VALUES(6,X'01A2188C9A8C70D5802A27BCEA37D5D2',X'00000000000000000000000000000000',X'01A2188C8E8575ABB59069B608190DF0',1,'running',0,0,'slow','vendor-1',NULL,'api',NULL,NULL,NULL,NULL,NULL,NULL,NULL,1795708197516252,1795708197516252,NULL,3,0,0,1,1,NULL,NULL,NULL);
CREATE TABLE flow_versions (
    flow BLOB NOT NULL,
    version INTEGER NOT NULL,
    tenant BLOB NOT NULL,
    document TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (flow, version)
) STRICT;
INSERT INTO "flow_versions" VALUES(X'01A2188C8E7A72978A309DBFB3C55504',1,X'00000000000000000000000000000000','{"name":"Finished","description":"","category":null,"tags":[],"is_template":false,"retry_on_failure":false,"retry_count":0,"timeout_seconds":null,"max_concurrent_executions":null,"context_id_template":null,"context_type_default":null,"flow_definition":{"nodes":[{"id":"a","type":"action","action":"echo","input":{"value":"${trigger_data}"}},{"id":"b","type":"action","action":"echo","input":{"value":"${trigger_data}"}}],"edges":[{"from":"a","to":"b"}]}}',1795708194426174);
INSERT INTO "flow_versions" VALUES(X'01A2188C8E7A72978A309DBFB3C55504',2,X'00000000000000000000000000000000','{"name":"Finished, changed","description":"","category":null,"tags":[],"is_template":false,"retry_on_failure":false,"retry_count":0,"timeout_seconds":null,"max_concurrent_executions":null,"context_id_template":null,"context_type_default":null,"flow_definition":{"nodes":[{"id":"a","type":"action","action":"echo","input":{"value":"${trigger_data}"}},{"id":"b","type":"action","action":"echo","input":{"value":"${trigger_data}"}}],"edges":[{"from":"a","to":"b"}]}}',1795708194429400);
INSERT INTO "flow_versions" VALUES(X'01A2188C8E80779888A20CDA51E2D995',1,X'00000000000000000000000000000000','{"name":"Paused and resumed","description":"","category":null,"tags":[],"is_template":false,"retry_on_failure":false,"retry_count":0,"timeout_seconds":null,"max_concurrent_executions":null,"context_id_template":null,"context_type_default":null,"flow_definition":{"nodes":[{"id":"wait","type":"delay","delay_seconds":2},{"id":"a","type":"action","action":"echo","input":{"value":"${trigger_data}"}}],"edges":[{"from":"wait","to":"a"}]}}',1795708194432571);
INSERT INTO "flow_versions" VALUES(X'01A2188C8E8270FEB8279844407C8305',1,X'00000000000000000000000000000000','{"name":"Parked","description":"","category":null,"tags":[],"is_template":false,"retry_on_failure":false,"retry_count":0,"timeout_seconds":null,"max_concurrent_executions":null,"context_id_template":null,"context_type_default":null,"flow_definition":{"nodes":[{"id":"a","type":"action","action":"echo","input":{"value":"${trigger_data}"}},{"id":"wait","type":"delay","delay_seconds":300000000},{"id":"b","type":"action","action":"echo","input":{"value":"${trigger_data}"}}],"edges":[{"from":"a","to":"wait"},{"from":"wait","to":"b"}]}}',1795708194434950);
INSERT INTO "flow_versions" VALUES(X'01A2188C8E8575ABB59069B608190DF0',1,X'00000000000000000000000000000000','{"name":"Running since","description":"","category":null,"tags":[],"is_template":false,"retry_on_failure":false,"retry_count":0,"timeout_seconds":null,"max_concurrent_executions":null,"context_id_template":null,"context_type_default":null,"flow_definition":{"nodes":[{"id":"slow","type":"action","action":"http_request","input":{"url":"http://127.0.0.1:18471/slow"}},{"id":"hang","type":"action","action":"http_request","input":{"url":"http://127.0.0.1:18471/hang"}},{"id":"a","type":"action","action":"echo","input":{"value":"${trigger_data}"}}],"edges":[{"from":"slow","to":"hang"},{"from":"hang","to":"a"}]}}',1795708194437244);
INSERT INTO "flow_versions" VALUES(X'01A2188C8E8C752A9182744C45ED7462',1,X'00000000000000000000000000000000','{"name":"Running","description":"","category":null,"tags":[],"is_template":false,"retry_on_failure":false,"retry_count":0,"timeout_seconds":null,"max_concurrent_executions":null,"context_id_template":null,"context_type_default":null,"flow_definition":{"nodes":[{"id":"a","type":"action","action":"echo","input":{"value":"${trigger_data}"}},{"id":"hang","type":"action","action":"http_request","input":{"url":"http://127.0.0.1:18471/hang"}},{"id":"b","type":"action","action":"echo","input":{"value":"${trigger_data}"}}],"edges":[{"from":"a","to":"hang"},{"from":"hang","to":"b"}]}}',1795708194444275);
INSERT INTO "flow_versions" VALUES(X'01A2188C8E92723F833716920058AAE7',1,X'00000000000000000000000000000000','{"name":"Failed","description":"","category":null,"tags":[],"is_template":false,"retry_on_failure":false,"retry_count":0,"timeout_seconds":null,"max_concurrent_executions":null,"context_id_template":null,"context_type_default":null,"flow_definition":{"nodes":[{"id":"fail","type":"action","action":"http_request","input":{"url":"http://127.0.0.1:18471/fail"}}],"edges":[]}}',1795708194450322);
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
INSERT INTO "flows" VALUES(X'01A2188C8E7A72978A309DBFB3C55504',X'00000000000000000000000000000000',2,'draft','Finished, changed',NULL,0,1795708194426174,1795708194429400);
INSERT INTO "flows" VALUES(X'01A2188C8E80779888A20CDA51E2D995',X'00000000000000000000000000000000',1,'draft','Paused and resumed',NULL,0,1795708194432571,1795708194432571);
INSERT INTO "flows" VALUES(X'01A2188C8E8270FEB8279844407C8305',X'00000000000000000000000000000000',1,'draft','Parked',NULL,0,1795708194434950,1795708194434950);
INSERT INTO "flows" VALUES(X'01A2188C8E8575ABB59069B608190DF0',X'00000000000000000000000000000000',1,'draft','Running since',NULL,0,1795708194437244,1795708194437244);
INSERT INTO "flows" VALUES(X'01A2188C8E8C752A9182744C45ED7462',X'00000000000000000000000000000000',1,'draft','Running',NULL,0,1795708194444275,1795708194444275);
INSERT INTO "flows" VALUES(X'01A2188C8E92723F833716920058AAE7',X'00000000000000000000000000000000',1,'draft','Failed',NULL,0,1795708194450322,1795708194450322);
CREATE TABLE idempotency_keys (
    number INTEGER PRIMARY KEY,
    tenant BLOB NOT NULL,
    key TEXT NOT NULL,
    execution_id BLOB NOT NULL,
    request_hash BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (tenant, key)
) STRICT;
INSERT INTO "idempotency_keys" VALUES(1,X'00000000000000000000000000000000','once',X'01A2188C8E9A71B6AC0552B32C4566DD',X'2E30C5749CA18EDEE7A998066CE4DE888E03E08BBBC9C104F2B488064DAEC077',1795708194458955);
CREATE TABLE journals (
    -- The `number` of its row in `executions`.
    execution INTEGER PRIMARY KEY,
    seq INTEGER NOT NULL,
    -- Whether the execution has ended.
    is_final INTEGER NOT NULL,
    records TEXT NOT NULL
) STRICT;
INSERT INTO "journals" VALUES(1,3,1,'[[1,1795708194459045,[{"accepted":{"tenant":"00000000-0000-0000-0000-000000000000","flow":"01a2188c-8e7a-7297-8a30-9dbfb3c55504","version":2,"context_id":"vendor-1","trigger_data":{"states": ["paused", "resumed"], "text": "[\"paused\"]", "nested": [[1, 2, ["paused"]]]},"triggered_by":"api","worker":"vm"}},"started",{"attempt_started":{"node":0,"attempt":1,"input":{"value":{"states": ["paused", "resumed"], "text": "[\"paused\"]", "nested": [[1, 2, ["paused"]]]}}}}]],[2,1795708194461902,[{"node_completed":{"node":0,"output":{"value":{"states": ["paused", "resumed"], "text": "[\"paused\"]", "nested": [[1, 2, ["paused"]]]}}}},{"attempt_started":{"node":1,"attempt":1,"input":{"value":{"states": ["paused", "resumed"], "text": "[\"paused\"]", "nested": [[1, 2, ["paused"]]]}}}}]],[3,1795708194465014,[{"node_completed":{"node":1,"output":{"value":{"states": ["paused", "resumed"], "text": "[\"paused\"]", "nested": [[1, 2, ["paused"]]]}}}},{"finished":{"status":"completed"}}]]]');
INSERT INTO "journals" VALUES(2,2,1,'[[1,1795708194476840,[{"accepted":{"tenant":"00000000-0000-0000-0000-000000000000","flow":"01a2188c-8e92-723f-8337-16920058aae7","version":1,"context_id":"vendor-1","trigger_data":{"states": ["paused", "resumed"], "text": "[\"paused\"]", "nested": [[1, 2, ["paused"]]]},"triggered_by":"api","worker":"vm"}},"started",{"attempt_started":{"node":0,"attempt":1}}]],[2,1795708194479233,[{"attempt_failed":{"node":0,"attempt":1,"class":"unavailable","message":"HTTP 503 Service Unavailable from 127.0.0.1:18471.","status":503}},{"node_failed":{"node":0,"not_taken":[]}},{"finished":{"status":"failed","message":"Node `fail` failed after 1 attempt: HTTP 503 Service Unavailable from 127.0.0.1:18471.","class":"unavailable","node":0}}]]]');
INSERT INTO "journals" VALUES(3,5,1,'[[1,1795708194482640,[{"accepted":{"tenant":"00000000-0000-0000-0000-000000000000","flow":"01a2188c-8e80-7798-88a2-0cda51e2d995","version":1,"context_id":"vendor-1","trigger_data":{"states": ["paused", "resumed"], "text": "[\"paused\"]", "nested": [[1, 2, ["paused"]]]},"triggered_by":"api","worker":"vm"}},"started",{"node_waiting":{"node":0,"wait":{"delay":{"until":1795708196482640}}}}]],[2,1795708194484639,["paused"]],[3,1795708194489969,["resumed"]],[4,1795708196484517,[{"node_completed":{"node":0,"output":{"waited_until":"2026-11-26T15:49:56.484517Z"}}},{"attempt_started":{"node":1,"attempt":1,"input":{"value":{"states": ["paused", "resumed"], "text": "[\"paused\"]", "nested": [[1, 2, ["paused"]]]}}}}]],[5,1795708196487369,[{"node_completed":{"node":1,"output":{"value":{"states": ["paused", "resumed"], "text": "[\"paused\"]", "nested": [[1, 2, ["paused"]]]}}}},{"finished":{"status":"completed"}}]]]');
INSERT INTO "journals" VALUES(4,2,0,'[[1,1795708194497783,[{"accepted":{"tenant":"00000000-0000-0000-0000-000000000000","flow":"01a2188c-8e82-70fe-b827-9844407c8305","version":1,"context_id":"vendor-1","trigger_data":{"states": ["paused", "resumed"], "text": "[\"paused\"]", "nested": [[1, 2, ["paused"]]]},"triggered_by":"api","worker":"vm"}},"started",{"attempt_started":{"node":0,"attempt":1,"input":{"value":{"states": ["paused", "resumed"], "text": "[\"paused\"]", "nested": [[1, 2, ["paused"]]]}}}}]],[2,1795708194498522,[{"node_completed":{"node":0,"output":{"value":{"states": ["paused", "resumed"], "text": "[\"paused\"]", "nested": [[1, 2, ["paused"]]]}}}},{"node_waiting":{"node":1,"wait":{"delay":{"until":2095708194498522}}}}]]]');
INSERT INTO "journals" VALUES(5,3,0,'[[1,1795708194500728,[{"accepted":{"tenant":"00000000-0000-0000-0000-000000000000","flow":"01a2188c-8e82-70fe-b827-9844407c8305","version":1,"context_id":"vendor-1","trigger_data":{"states": ["paused", "resumed"], "text": "[\"paused\"]", "nested": [[1, 2, ["paused"]]]},"triggered_by":"api","worker":"vm"}},"started",{"attempt_started":{"node":0,"attempt":1,"input":{"value":{"states": ["paused", "resumed"], "text": "[\"paused\"]", "nested": [[1, 2, ["paused"]]]}}}}]],[2,1795708194501604,[{"node_completed":{"node":0,"output":{"value":{"states": ["paused", "resumed"], "text": "[\"paused\"]", "nested": [[1, 2, ["paused"]]]}}}},{"node_waiting":{"node":1,"wait":{"delay":{"until":2095708194501604}}}}]],[3,1795708194511528,["paused"]]]');
INSERT INTO "journals" VALUES(6,1,0,'[[1,1795708197516252,[{"accepted":{"tenant":"00000000-0000-0000-0000-000000000000","flow":"01a2188c-8e85-75ab-b590-69b608190df0","version":1,"context_id":"vendor-1","trigger_data":{"states": ["paused", "resumed"], "text": "[\"paused\"]", "nested": [[1, 2, ["paused"]]]},"triggered_by":"api","worker":"vm"}},"started",{"attempt_started":{"node":0,"attempt":1}}]]]');
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
INSERT INTO "rollups" VALUES(X'00000000000000000000000000000000',X'01A2188C8E7A72978A309DBFB3C55504',1795705200000000,'','at_once',1);
INSERT INTO "rollups" VALUES(X'00000000000000000000000000000000',X'01A2188C8E7A72978A309DBFB3C55504',1795705200000000,'','duration_ms',5);
INSERT INTO "rollups" VALUES(X'00000000000000000000000000000000',X'01A2188C8E7A72978A309DBFB3C55504',1795705200000000,'a','at_once',1);
INSERT INTO "rollups" VALUES(X'00000000000000000000000000000000',X'01A2188C8E7A72978A309DBFB3C55504',1795705200000000,'a','duration_ms',2);
INSERT INTO "rollups" VALUES(X'00000000000000000000000000000000',X'01A2188C8E7A72978A309DBFB3C55504',1795705200000000,'b','at_once',1);
INSERT INTO "rollups" VALUES(X'00000000000000000000000000000000',X'01A2188C8E7A72978A309DBFB3C55504',1795705200000000,'b','duration_ms',3);
INSERT INTO "rollups" VALUES(X'00000000000000000000000000000000',X'01A2188C8E80779888A20CDA51E2D995',1795705200000000,'','at_once',1);
INSERT INTO "rollups" VALUES(X'00000000000000000000000000000000',X'01A2188C8E80779888A20CDA51E2D995',1795705200000000,'','duration_ms',2004);
INSERT INTO "rollups" VALUES(X'00000000000000000000000000000000',X'01A2188C8E80779888A20CDA51E2D995',1795705200000000,'a','at_once',1);
INSERT INTO "rollups" VALUES(X'00000000000000000000000000000000',X'01A2188C8E80779888A20CDA51E2D995',1795705200000000,'a','duration_ms',2);
INSERT INTO "rollups" VALUES(X'00000000000000000000000000000000',X'01A2188C8E92723F833716920058AAE7',1795705200000000,'','duration_ms',2);
INSERT INTO "rollups" VALUES(X'00000000000000000000000000000000',X'01A2188C8E92723F833716920058AAE7',1795705200000000,'','executions',1);
INSERT INTO "rollups" VALUES(X'00000000000000000000000000000000',X'01A2188C8E92723F833716920058AAE7',1795705200000000,'','exhausted',1);
INSERT INTO "rollups" VALUES(X'00000000000000000000000000000000',X'01A2188C8E92723F833716920058AAE7',1795705200000000,'','failed',1);
INSERT INTO "rollups" VALUES(X'00000000000000000000000000000000',X'01A2188C8E92723F833716920058AAE7',1795705200000000,'','failed_by:unavailable',1);
INSERT INTO "rollups" VALUES(X'00000000000000000000000000000000',X'01A2188C8E92723F833716920058AAE7',1795705200000000,'fail','attempts',1);
INSERT INTO "rollups" VALUES(X'00000000000000000000000000000000',X'01A2188C8E92723F833716920058AAE7',1795705200000000,'fail','attempts:1',1);
INSERT INTO "rollups" VALUES(X'00000000000000000000000000000000',X'01A2188C8E92723F833716920058AAE7',1795705200000000,'fail','duration_ms',2);
INSERT INTO "rollups" VALUES(X'00000000000000000000000000000000',X'01A2188C8E92723F833716920058AAE7',1795705200000000,'fail','error:unavailable',1);
INSERT INTO "rollups" VALUES(X'00000000000000000000000000000000',X'01A2188C8E92723F833716920058AAE7',1795705200000000,'fail','executions',1);
INSERT INTO "rollups" VALUES(X'00000000000000000000000000000000',X'01A2188C8E92723F833716920058AAE7',1795705200000000,'fail','exhausted',1);
INSERT INTO "rollups" VALUES(X'00000000000000000000000000000000',X'01A2188C8E92723F833716920058AAE7',1795705200000000,'fail','failed',1);
INSERT INTO "rollups" VALUES(X'00000000000000000000000000000000',X'01A2188C8E92723F833716920058AAE7',1795705200000000,'fail','failed_attempts',1);
INSERT INTO "rollups" VALUES(X'00000000000000000000000000000000',X'01A2188C8E92723F833716920058AAE7',1795705200000000,'fail','failed_attempts_ms',2);
CREATE TABLE schema_migrations (
    number INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    -- SHA-256 of the migration's text.
    checksum BLOB NOT NULL,
    applied_at INTEGER NOT NULL
) STRICT;
INSERT INTO "schema_migrations" VALUES(1,'initial',X'044C2DFE25D0822424643EB09C0A901446B23EC1A3EC21ECED3E41BCBAAEF0A2',1795708194184000);
INSERT INTO "schema_migrations" VALUES(2,'standstill',X'3C9E6B9C97699D7675833EAE23EA859F11B66F08369C43BE361750182FDBB890',1795708194185000);
CREATE TABLE tail (
    pos INTEGER PRIMARY KEY,
    execution_id BLOB NOT NULL,
    seq INTEGER NOT NULL,
    record TEXT NOT NULL
) STRICT;
INSERT INTO "tail" VALUES(1,X'01A2188C8E9A71B6AC0552B32C4566DD',1,'[1,1795708194459045,[{"accepted":{"tenant":"00000000-0000-0000-0000-000000000000","flow":"01a2188c-8e7a-7297-8a30-9dbfb3c55504","version":2,"context_id":"vendor-1","trigger_data":{"states": ["paused", "resumed"], "text": "[\"paused\"]", "nested": [[1, 2, ["paused"]]]},"triggered_by":"api","worker":"vm"}},"started",{"attempt_started":{"node":0,"attempt":1,"input":{"value":{"states": ["paused", "resumed"], "text": "[\"paused\"]", "nested": [[1, 2, ["paused"]]]}}}}]]');
INSERT INTO "tail" VALUES(2,X'01A2188C8E9A71B6AC0552B32C4566DD',2,'[2,1795708194461902,[{"node_completed":{"node":0,"output":{"value":{"states": ["paused", "resumed"], "text": "[\"paused\"]", "nested": [[1, 2, ["paused"]]]}}}},{"attempt_started":{"node":1,"attempt":1,"input":{"value":{"states": ["paused", "resumed"], "text": "[\"paused\"]", "nested": [[1, 2, ["paused"]]]}}}}]]');
INSERT INTO "tail" VALUES(3,X'01A2188C8EAC7606A7566AE649EC75DD',1,'[1,1795708194476840,[{"accepted":{"tenant":"00000000-0000-0000-0000-000000000000","flow":"01a2188c-8e92-723f-8337-16920058aae7","version":1,"context_id":"vendor-1","trigger_data":{"states": ["paused", "resumed"], "text": "[\"paused\"]", "nested": [[1, 2, ["paused"]]]},"triggered_by":"api","worker":"vm"}},"started",{"attempt_started":{"node":0,"attempt":1}}]]');
INSERT INTO "tail" VALUES(4,X'01A2188C8EB27725B93FFEAB592D1EDF',1,'[1,1795708194482640,[{"accepted":{"tenant":"00000000-0000-0000-0000-000000000000","flow":"01a2188c-8e80-7798-88a2-0cda51e2d995","version":1,"context_id":"vendor-1","trigger_data":{"states": ["paused", "resumed"], "text": "[\"paused\"]", "nested": [[1, 2, ["paused"]]]},"triggered_by":"api","worker":"vm"}},"started",{"node_waiting":{"node":0,"wait":{"delay":{"until":1795708196482640}}}}]]');
INSERT INTO "tail" VALUES(5,X'01A2188C8EB27725B93FFEAB592D1EDF',3,'[3,1795708194489969,["resumed"]]');
INSERT INTO "tail" VALUES(6,X'01A2188C8EC1730BBBEBD7E170D098EB',1,'[1,1795708194497783,[{"accepted":{"tenant":"00000000-0000-0000-0000-000000000000","flow":"01a2188c-8e82-70fe-b827-9844407c8305","version":1,"context_id":"vendor-1","trigger_data":{"states": ["paused", "resumed"], "text": "[\"paused\"]", "nested": [[1, 2, ["paused"]]]},"triggered_by":"api","worker":"vm"}},"started",{"attempt_started":{"node":0,"attempt":1,"input":{"value":{"states": ["paused", "resumed"], "text": "[\"paused\"]", "nested": [[1, 2, ["paused"]]]}}}}]]');
INSERT INTO "tail" VALUES(7,X'01A2188C8EC4730B8987CD8A1E3FE6AB',1,'[1,1795708194500728,[{"accepted":{"tenant":"00000000-0000-0000-0000-000000000000","flow":"01a2188c-8e82-70fe-b827-9844407c8305","version":1,"context_id":"vendor-1","trigger_data":{"states": ["paused", "resumed"], "text": "[\"paused\"]", "nested": [[1, 2, ["paused"]]]},"triggered_by":"api","worker":"vm"}},"started",{"attempt_started":{"node":0,"attempt":1,"input":{"value":{"states": ["paused", "resumed"], "text": "[\"paused\"]", "nested": [[1, 2, ["paused"]]]}}}}]]');
INSERT INTO "tail" VALUES(8,X'01A2188C8EB27725B93FFEAB592D1EDF',4,'[4,1795708196484517,[{"node_completed":{"node":0,"output":{"waited_until":"2026-11-26T15:49:56.484517Z"}}},{"attempt_started":{"node":1,"attempt":1,"input":{"value":{"states": ["paused", "resumed"], "text": "[\"paused\"]", "nested": [[1, 2, ["paused"]]]}}}}]]');
INSERT INTO "tail" VALUES(9,X'01A2188C9A8C70D5802A27BCEA37D5D2',1,'[1,1795708197516252,[{"accepted":{"tenant":"00000000-0000-0000-0000-000000000000","flow":"01a2188c-8e85-75ab-b590-69b608190df0","version":1,"context_id":"vendor-1","trigger_data":{"states": ["paused", "resumed"], "text": "[\"paused\"]", "nested": [[1, 2, ["paused"]]]},"triggered_by":"api","worker":"vm"}},"started",{"attempt_started":{"node":0,"attempt":1}}]]');
INSERT INTO "tail" VALUES(10,X'01A2188C9A8C70D5802A27BCEA37D5D2',2,'[2,1795708199532037,[{"node_completed":{"node":0,"output":{"status":200,"headers":{"server":"BaseHTTP/0.6 Python/3.11.7","date":"Thu, 26 Nov 2026 15:49:59 GMT","content-type":"application/json","content-length":"11"},"body":{"ok":true}}}},{"attempt_started":{"node":1,"attempt":1}}]]');
INSERT INTO "tail" VALUES(11,X'01A2188CA29471A1A388CF446A962528',1,'[1,1795708199572578,[{"accepted":{"tenant":"00000000-0000-0000-0000-000000000000","flow":"01a2188c-8e8c-752a-9182-744c45ed7462","version":1,"context_id":"vendor-1","trigger_data":{"states": ["paused", "resumed"], "text": "[\"paused\"]", "nested": [[1, 2, ["paused"]]]},"triggered_by":"api","worker":"vm"}},"started",{"attempt_started":{"node":0,"attempt":1,"input":{"value":{"states": ["paused", "resumed"], "text": "[\"paused\"]", "nested": [[1, 2, ["paused"]]]}}}}]]');
INSERT INTO "tail" VALUES(12,X'01A2188CA29471A1A388CF446A962528',2,'[2,1795708199577939,[{"node_completed":{"node":0,"output":{"value":{"states": ["paused", "resumed"], "text": "[\"paused\"]", "nested": [[1, 2, ["paused"]]]}}}},{"attempt_started":{"node":1,"attempt":1}}]]');
INSERT INTO "tail" VALUES(13,X'01A2188CA29B729A8C7BB6B2CAEE980D',1,'[1,1795708199580035,[{"accepted":{"tenant":"00000000-0000-0000-0000-000000000000","flow":"01a2188c-8e8c-752a-9182-744c45ed7462","version":1,"context_id":"vendor-1","trigger_data":{"states": ["paused", "resumed"], "text": "[\"paused\"]", "nested": [[1, 2, ["paused"]]]},"triggered_by":"api","worker":"vm"}},"started",{"attempt_started":{"node":0,"attempt":1,"input":{"value":{"states": ["paused", "resumed"], "text": "[\"paused\"]", "nested": [[1, 2, ["paused"]]]}}}}]]');
INSERT INTO "tail" VALUES(14,X'01A2188CA29B729A8C7BB6B2CAEE980D',2,'[2,1795708199581610,[{"node_completed":{"node":0,"output":{"value":{"states": ["paused", "resumed"], "text": "[\"paused\"]", "nested": [[1, 2, ["paused"]]]}}}},{"attempt_started":{"node":1,"attempt":1}}]]');
INSERT INTO "tail" VALUES(15,X'01A2188CA29B729A8C7BB6B2CAEE980D',3,'[3,1795708199584572,["paused"]]');
CREATE TABLE workers (
    epoch INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    lease_until INTEGER NOT NULL
) STRICT;
INSERT INTO "workers" VALUES(1,'vm',1795708214353295);
CREATE INDEX executions_by_flow ON executions (flow, id);
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
CREATE TRIGGER final_journals_never_change BEFORE UPDATE ON journals
WHEN OLD.is_final
BEGIN
    SELECT RAISE(ABORT, 'the journal of an execution that has ended never changes');
END;
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
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('workers',1);
COMMIT;
