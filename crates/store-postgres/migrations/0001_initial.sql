-- The first schema.
--
-- Times are integer microseconds since 1970 in UTC, JSON is compact text, because jsonb does not keep numbers and keys as
-- they are written. A character NUL, which a text of PostgreSQL cannot have, is stored as said in `columns.rs`.
-- Nothing here needs an extension, a sequence as an order, a trigger or a foreign key of what is written often.

-- Processes that may write. A commit locks the row of its worker, so that one whose row is gone or fenced writes nothing.
CREATE TABLE workers (
    epoch bigint PRIMARY KEY,
    -- Random. A database that goes back in time, as a standby that lacks the last commits does, gives an epoch out twice.
    incarnation uuid NOT NULL,
    name text NOT NULL,
    lease_until bigint NOT NULL,
    -- Whether another process has fenced it. Its records in the tail are moved to `orphan_records` from then on.
    is_fenced boolean NOT NULL,
    -- The format of what it writes: processes of versions that know only smaller ones take over nothing of it.
    format bigint NOT NULL
) WITH (fillfactor = 50);

-- One row: what is given out once, and never again.
CREATE TABLE counters (
    name text PRIMARY KEY,
    value bigint NOT NULL
);
-- Two of them count nothing, and are locked: `fold` by who adds up the lanes of other counters, or deletes all that a flow or agent has
-- in them; `audit` by who adds to the audit log.
INSERT INTO counters (name, value) VALUES ('epoch', 0), ('edits', 0), ('fold', 0), ('audit', 0);

-- What was decided, in the order in which a worker committed it: the truth about everything that has not ended.
CREATE TABLE tail (
    worker bigint NOT NULL,
    sequence bigint NOT NULL,
    -- As in `steadflow_store::batch`.
    entries bytea NOT NULL,
    records bytea NOT NULL,
    PRIMARY KEY (worker, sequence)
);
-- It is read only after a crash, so compressing it is wasted time.
ALTER TABLE tail ALTER COLUMN entries SET STORAGE EXTERNAL;
ALTER TABLE tail ALTER COLUMN records SET STORAGE EXTERNAL;

-- Records that were in the tail of a worker that was fenced, until another one claims their execution.
CREATE TABLE orphan_records (
    execution uuid NOT NULL,
    seq bigint NOT NULL,
    -- The worker, and the batch of its tail.
    worker bigint NOT NULL,
    sequence bigint NOT NULL,
    entry bytea NOT NULL,
    record bytea NOT NULL,
    PRIMARY KEY (execution, seq)
);
CREATE INDEX orphan_records_of_worker ON orphan_records (worker);

-- Executions of workers that were fenced, until another one claims them.
CREATE TABLE orphans (
    execution uuid PRIMARY KEY,
    -- Who claims it must know this format.
    format bigint NOT NULL DEFAULT 1
);

-- Executions as people see them. A row of one that has not ended may be behind the tail.
CREATE TABLE executions (
    id uuid PRIMARY KEY,
    tenant uuid NOT NULL,
    flow uuid NOT NULL,
    flow_version bigint NOT NULL,
    status text NOT NULL,
    retrying boolean NOT NULL,
    recovered boolean NOT NULL,
    current_node text,
    context_id text,
    context_type text,
    triggered_by text NOT NULL,
    retry_of uuid,
    forked_from uuid,
    error_message text,
    error_class text,
    -- What failures like this one have in common.
    fingerprint text,
    fingerprint_node text,
    fingerprint_class text,
    fingerprint_message text,
    created_at bigint NOT NULL,
    started_at bigint,
    completed_at bigint,
    total_nodes bigint NOT NULL,
    completed_nodes bigint NOT NULL,
    failed_nodes bigint NOT NULL,
    attempts bigint NOT NULL,
    waits_for text,
    waits_until bigint,
    -- The worker that drives it; NULL when it is parked or has ended.
    owner bigint,
    -- When a parked one is due; NULL if only a signal or a free slot brings it back.
    wake_at bigint,
    parent uuid,
    parent_node text,
    item_index bigint,
    shares_slot boolean NOT NULL,
    queue text,
    -- The number of the last record that the row shows.
    shown bigint NOT NULL,
    -- Who takes it, or reads its journal, must know this format: the largest one of those who drove it.
    format bigint NOT NULL DEFAULT 1
) WITH (fillfactor = 90);

CREATE INDEX executions_by_flow ON executions (flow, parent, id);
CREATE INDEX executions_by_status ON executions (status, id) WHERE status <> 'completed';
CREATE INDEX executions_unfinished ON executions (flow, started_at) WHERE completed_at IS NULL;
CREATE INDEX executions_owned ON executions (owner) WHERE owner IS NOT NULL;
CREATE INDEX executions_due ON executions (wake_at, id) WHERE wake_at IS NOT NULL;
CREATE INDEX executions_alike ON executions (fingerprint, flow, tenant, id, completed_at) WHERE fingerprint IS NOT NULL;
CREATE INDEX executions_retries ON executions (retry_of, id) WHERE retry_of IS NOT NULL;
CREATE INDEX executions_forks ON executions (forked_from, id) WHERE forked_from IS NOT NULL;
CREATE INDEX executions_context ON executions (context_id, id) WHERE context_id IS NOT NULL;
CREATE INDEX executions_waiting ON executions (waits_for, id) WHERE waits_for IS NOT NULL;
CREATE INDEX executions_retrying ON executions (id) WHERE retrying;
CREATE INDEX executions_children ON executions (parent, parent_node, item_index, created_at, id) WHERE parent IS NOT NULL;
CREATE INDEX executions_alerting ON executions (completed_at, id) WHERE status = 'failed' OR recovered;

-- All records of an execution up to `seq`, as one JSON array: of those that have ended or are parked, and of those that
-- live long.
CREATE TABLE journals (
    execution uuid PRIMARY KEY,
    seq bigint NOT NULL,
    records text NOT NULL
);

CREATE TABLE long_records (
    -- It may not have a row yet.
    execution uuid NOT NULL,
    seq bigint NOT NULL,
    -- A JSON array of number, time and events; or the reference to a blob: an object with the SHA-256 and the length of that.
    record text NOT NULL,
    PRIMARY KEY (execution, seq)
);

-- Executions that were deleted, and whose long records are to be.
CREATE TABLE deleted_executions (
    execution uuid PRIMARY KEY
);

-- Executions that were deleted, and whose blobs are to be.
CREATE TABLE deleted_blobs (
    execution uuid PRIMARY KEY
);

-- Counters have a row for each of several lanes, and a worker adds to those of one of its own: processes that count the same do not
-- wait for each other. It takes another lane after some batches, and those that were used are added to the lane 0: see `fold.rs`.
CREATE TABLE execution_counts (
    tenant uuid NOT NULL,
    flow uuid NOT NULL,
    status text NOT NULL,
    lane smallint NOT NULL,
    value bigint NOT NULL,
    PRIMARY KEY (tenant, flow, status, lane)
) WITH (fillfactor = 50);
CREATE INDEX execution_counts_apart ON execution_counts (lane) WHERE lane > 0;

-- Analytics: what ended executions add up to, by hour.
CREATE TABLE rollups (
    tenant uuid NOT NULL,
    flow uuid NOT NULL,
    -- The hour's first microsecond.
    hour bigint NOT NULL,
    -- Empty for the flow as a whole.
    node text NOT NULL,
    metric text NOT NULL,
    lane smallint NOT NULL,
    value bigint NOT NULL,
    PRIMARY KEY (tenant, flow, hour, node, metric, lane)
) WITH (fillfactor = 50);
CREATE INDEX rollups_apart ON rollups (lane) WHERE lane > 0;

CREATE TABLE flow_ends (
    -- The minute's first microsecond.
    minute bigint NOT NULL,
    tenant uuid NOT NULL,
    flow uuid NOT NULL,
    lane smallint NOT NULL,
    executions bigint NOT NULL,
    completed bigint NOT NULL,
    PRIMARY KEY (minute, tenant, flow, lane)
) WITH (fillfactor = 50);
CREATE INDEX flow_ends_apart ON flow_ends (lane) WHERE lane > 0;

CREATE TABLE costs (
    tenant uuid NOT NULL,
    -- The hour's first microsecond.
    hour bigint NOT NULL,
    flow uuid NOT NULL,
    -- Nil where the agent is not known.
    agent uuid NOT NULL,
    -- Empty where the model is not known.
    model text NOT NULL,
    -- Empty where the prices name none.
    currency text NOT NULL,
    lane smallint NOT NULL,
    calls bigint NOT NULL,
    unpriced_calls bigint NOT NULL,
    input_tokens bigint NOT NULL,
    cached_input_tokens bigint NOT NULL,
    cache_write_tokens bigint NOT NULL,
    output_tokens bigint NOT NULL,
    tokens_lost bigint NOT NULL,
    cost double precision NOT NULL,
    cost_lost double precision NOT NULL,
    PRIMARY KEY (tenant, hour, flow, agent, model, currency, lane)
) WITH (fillfactor = 50);
CREATE INDEX costs_apart ON costs (lane) WHERE lane > 0;

-- Flows of which executions claim slots: who starts one locks the row.
CREATE TABLE flow_slots (
    flow uuid PRIMARY KEY
);

-- The protection of agents, which all processes keep to together: `steadflow_core::protection::SharedGate` as JSON.
CREATE TABLE agent_gates (
    agent uuid PRIMARY KEY,
    gate text NOT NULL
) WITH (fillfactor = 50);

-- How much agents were called by executions that have ended.
CREATE TABLE agent_uses (
    tenant uuid NOT NULL,
    agent uuid NOT NULL,
    lane smallint NOT NULL,
    calls bigint NOT NULL,
    last_used_at bigint NOT NULL,
    PRIMARY KEY (tenant, agent, lane)
) WITH (fillfactor = 50);
CREATE INDEX agent_uses_apart ON agent_uses (lane) WHERE lane > 0;

CREATE TABLE flows (
    id uuid PRIMARY KEY,
    tenant uuid NOT NULL,
    -- The number of the current version.
    version bigint NOT NULL,
    status text NOT NULL,
    name text NOT NULL,
    category text,
    is_template boolean NOT NULL,
    is_scheduled boolean NOT NULL,
    webhook_path text,
    -- Where it is, such as `billing/refunds`; NULL is the top.
    folder text,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL
);
CREATE INDEX flows_of_tenant ON flows (tenant, id);
CREATE INDEX flows_in_folders ON flows (tenant, folder);
CREATE INDEX flows_scheduled ON flows (id) WHERE is_scheduled;
CREATE INDEX flows_webhook ON flows (webhook_path) WHERE webhook_path IS NOT NULL;
CREATE UNIQUE INDEX flows_active_webhook ON flows (webhook_path) WHERE webhook_path IS NOT NULL AND status = 'active';

-- The documents. A version never changes: executions are pinned to it.
CREATE TABLE flow_versions (
    flow uuid NOT NULL,
    version bigint NOT NULL,
    tenant uuid NOT NULL,
    document text NOT NULL,
    created_at bigint NOT NULL,
    -- What somebody has written about it when they saved it.
    note text,
    PRIMARY KEY (flow, version)
);

-- What somebody edits of a flow, kept with each change, with faults or without.
CREATE TABLE flow_drafts (
    flow uuid PRIMARY KEY,
    tenant uuid NOT NULL,
    -- Larger with each change.
    revision bigint NOT NULL,
    -- The version that it was begun from.
    base_version bigint NOT NULL,
    definition text NOT NULL,
    updated_at bigint NOT NULL,
    updated_by text NOT NULL
);

-- Tabs in which somebody has a flow open. What was not heard of for a while is deleted.
CREATE TABLE presence (
    flow uuid NOT NULL,
    tab uuid NOT NULL,
    tenant uuid NOT NULL,
    -- Who, for people to read.
    person text NOT NULL,
    seen_at bigint NOT NULL,
    PRIMARY KEY (flow, tab)
);
CREATE INDEX presence_by_time ON presence (seen_at);

CREATE TABLE agents (
    id uuid PRIMARY KEY,
    tenant uuid NOT NULL,
    version bigint NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL
);
CREATE INDEX agents_of_tenant ON agents (tenant, id);

CREATE TABLE agent_versions (
    agent uuid NOT NULL,
    version bigint NOT NULL,
    tenant uuid NOT NULL,
    document text NOT NULL,
    created_at bigint NOT NULL,
    PRIMARY KEY (agent, version)
);

-- The last edits of flows and agents, for processes that keep these in memory.
CREATE TABLE edits (
    -- From `counters`.
    number bigint PRIMARY KEY,
    tenant uuid NOT NULL,
    flow uuid,
    agent uuid
);

CREATE TABLE idempotency_keys (
    tenant uuid NOT NULL,
    key text NOT NULL,
    execution uuid NOT NULL,
    request_hash bytea NOT NULL,
    created_at bigint NOT NULL,
    PRIMARY KEY (tenant, key)
);
CREATE INDEX idempotency_keys_by_time ON idempotency_keys (created_at);

-- Inputs for executions that another process may drive.
CREATE TABLE inbox (
    -- Given out from `counters` would be one row that all processes wait for; the order of two inputs that are sent at the same
    -- time is not promised.
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- It may not exist yet.
    execution uuid NOT NULL,
    tenant uuid NOT NULL,
    -- JSON.
    input text NOT NULL,
    created_at bigint NOT NULL
);
CREATE INDEX inbox_by_execution ON inbox (execution);

CREATE TABLE agent_budgets (
    -- Days since 1970-01-01, of UTC.
    day bigint NOT NULL,
    tenant uuid NOT NULL,
    agent uuid NOT NULL,
    tokens bigint NOT NULL,
    cost double precision NOT NULL,
    PRIMARY KEY (day, tenant, agent)
);

CREATE TABLE sessions (
    tenant uuid NOT NULL,
    agent uuid NOT NULL,
    key text NOT NULL,
    -- The number of the last turn.
    turns bigint NOT NULL,
    -- Of all turns.
    bytes bigint NOT NULL,
    created_at bigint NOT NULL,
    used_at bigint NOT NULL,
    -- The execution that has it, and the id of its node.
    holder uuid,
    holder_node text,
    PRIMARY KEY (tenant, agent, key)
);
CREATE INDEX sessions_used ON sessions (tenant, agent, used_at DESC, key);
CREATE INDEX sessions_held ON sessions (holder) WHERE holder IS NOT NULL;
CREATE INDEX sessions_free ON sessions (used_at) WHERE holder IS NULL;

CREATE TABLE session_turns (
    tenant uuid NOT NULL,
    agent uuid NOT NULL,
    key text NOT NULL,
    number bigint NOT NULL,
    bytes bigint NOT NULL,
    execution uuid NOT NULL,
    node text NOT NULL,
    input_tokens bigint NOT NULL,
    output_tokens bigint NOT NULL,
    answered_at bigint NOT NULL,
    question text NOT NULL,
    answer text NOT NULL,
    PRIMARY KEY (tenant, agent, key, number)
);

-- What stands for old turns, which agents read instead of them.
CREATE TABLE session_summaries (
    tenant uuid NOT NULL,
    agent uuid NOT NULL,
    key text NOT NULL,
    -- The number of the last turn that it stands for.
    up_to bigint NOT NULL,
    bytes bigint NOT NULL,
    execution uuid NOT NULL,
    node text NOT NULL,
    written_at bigint NOT NULL,
    summary text NOT NULL,
    PRIMARY KEY (tenant, agent, key, up_to)
);

CREATE TABLE schedules (
    flow uuid NOT NULL,
    node text NOT NULL,
    tenant uuid NOT NULL,
    -- What the moments follow from.
    rule text NOT NULL,
    next_at bigint,
    -- The moment that is being started for.
    starting_at bigint,
    -- The execution of that, or the last one.
    execution uuid,
    last_at bigint,
    error text,
    PRIMARY KEY (flow, node)
);

CREATE TABLE received_events (
    id uuid PRIMARY KEY,
    tenant uuid NOT NULL,
    name text NOT NULL,
    correlation text,
    -- What its sender calls it.
    key text,
    data text NOT NULL,
    at bigint NOT NULL,
    -- Whether all that follows from it is stored.
    is_delivered boolean NOT NULL
);
CREATE INDEX received_events_undelivered ON received_events (tenant, id) WHERE NOT is_delivered;
CREATE INDEX received_events_by_name ON received_events (tenant, name, at);
CREATE INDEX received_events_by_correlation ON received_events (tenant, name, correlation, at);
CREATE INDEX received_events_by_time ON received_events (at);

-- Which event had a key last: one that is sent again at the same time to two processes is stored once.
CREATE TABLE event_keys (
    tenant uuid NOT NULL,
    key text NOT NULL,
    event uuid NOT NULL,
    at bigint NOT NULL,
    PRIMARY KEY (tenant, key)
);
CREATE INDEX event_keys_by_time ON event_keys (at);

CREATE TABLE event_waits (
    execution uuid NOT NULL,
    node bigint NOT NULL,
    node_id text NOT NULL,
    tenant uuid NOT NULL,
    name text NOT NULL,
    correlation text,
    since bigint NOT NULL,
    until bigint,
    PRIMARY KEY (execution, node)
);
CREATE INDEX event_waits_by_name ON event_waits (tenant, name, correlation, execution, node);

CREATE TABLE alerts (
    id uuid PRIMARY KEY,
    tenant uuid NOT NULL,
    document text NOT NULL,
    -- From when on; NULL if it is switched off.
    active_since bigint,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL
);

CREATE TABLE alert_notes (
    alert uuid NOT NULL REFERENCES alerts (id) ON DELETE CASCADE,
    key text NOT NULL,
    at bigint NOT NULL,
    PRIMARY KEY (alert, key)
);
CREATE INDEX alert_notes_by_time ON alert_notes (at);

CREATE TABLE alert_groups (
    alert uuid NOT NULL REFERENCES alerts (id) ON DELETE CASCADE,
    name text NOT NULL,
    count bigint NOT NULL,
    sample text NOT NULL,
    last_at bigint NOT NULL,
    PRIMARY KEY (alert, name)
);
CREATE INDEX alert_groups_counted ON alert_groups (last_at) WHERE count > 0;
CREATE INDEX alert_groups_old ON alert_groups (last_at) WHERE count = 0;

CREATE TABLE alert_messages (
    id uuid PRIMARY KEY,
    alert uuid NOT NULL REFERENCES alerts (id) ON DELETE CASCADE,
    group_name text NOT NULL,
    sample text NOT NULL,
    stands_for bigint NOT NULL,
    state text NOT NULL,
    attempts bigint NOT NULL,
    next_at bigint NOT NULL,
    created_at bigint NOT NULL,
    ended_at bigint,
    error text,
    claimed_until bigint
);
CREATE INDEX alert_messages_due ON alert_messages (next_at, id) WHERE state = 'pending';
CREATE INDEX alert_messages_by_alert ON alert_messages (alert, id);
CREATE INDEX alert_messages_claimed ON alert_messages (alert) WHERE claimed_until IS NOT NULL;
CREATE INDEX alert_messages_pending ON alert_messages (alert, group_name) WHERE state = 'pending';

CREATE TABLE alerts_seen (
    id smallint PRIMARY KEY CHECK (id = 1),
    at bigint NOT NULL
);

CREATE TABLE signing_keys (
    purpose text PRIMARY KEY,
    key bytea NOT NULL CHECK (length(key) = 32)
);

-- Tenants beside the default one, which has no row.
CREATE TABLE tenants (
    id uuid PRIMARY KEY,
    name text NOT NULL UNIQUE,
    created_at bigint NOT NULL,
    -- Since when nobody of it may do anything, and nothing of it starts.
    disabled_at bigint,
    -- Since when its executions are being cancelled, and since when it is being deleted.
    cancelling_since bigint,
    deleting_since bigint
);

-- What tenants may use; those without a row are not limited.
CREATE TABLE tenant_quotas (
    tenant uuid PRIMARY KEY,
    -- JSON: see `core::tenant`.
    quota text NOT NULL
);

-- Tenants of which everything is paused, or was until a moment ago: then what was paused is being resumed.
CREATE TABLE pauses (
    tenant uuid PRIMARY KEY,
    paused_at bigint NOT NULL,
    -- Actors as JSON.
    paused_by text NOT NULL,
    reason text,
    resumed_at bigint,
    resumed_by text
);

-- Small documents that people keep: names for filters, and what they noted about failures.
CREATE TABLE notes (
    tenant uuid NOT NULL,
    kind text NOT NULL,
    -- Whose it is alone; zeros for one of the whole tenant.
    owner uuid NOT NULL,
    name text NOT NULL,
    value text NOT NULL,
    at bigint NOT NULL,
    PRIMARY KEY (tenant, kind, owner, name)
);

-- How many starts each process has counted since it runs, of tenants whose rate is limited.
CREATE TABLE tenant_starts (
    tenant uuid NOT NULL,
    process uuid NOT NULL,
    starts bigint NOT NULL,
    at bigint NOT NULL,
    PRIMARY KEY (tenant, process)
) WITH (fillfactor = 50);

-- Who may ask: people and service accounts, each of one tenant.
CREATE TABLE principals (
    id uuid PRIMARY KEY,
    tenant uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('person', 'service')),
    name text NOT NULL,
    -- Of people, in lower case.
    email text,
    role text NOT NULL,
    -- Roles in folders, as JSON; NULL for none.
    grants text,
    -- The hash of the password, with what it was made with; NULL for who signs in in another way, or not at all.
    password text,
    created_at bigint NOT NULL,
    disabled_at bigint
);
CREATE UNIQUE INDEX principals_email ON principals (email) WHERE email IS NOT NULL;
CREATE UNIQUE INDEX principals_service ON principals (tenant, name) WHERE kind = 'service';
CREATE INDEX principals_of_tenant ON principals (tenant, id);

-- Of a key, only its hash is stored.
CREATE TABLE api_keys (
    id uuid PRIMARY KEY,
    tenant uuid NOT NULL,
    principal uuid NOT NULL,
    hash bytea NOT NULL UNIQUE CHECK (length(hash) = 32),
    -- Its beginning, to tell it from others.
    prefix text NOT NULL,
    name text NOT NULL,
    -- It may do what this role and the principal's may.
    role text NOT NULL,
    -- JSON arrays of flow ids and of networks; NULL: all.
    flows text,
    -- The folders that it is limited to, as JSON; NULL for no limit.
    folders text,
    networks text,
    created_at bigint NOT NULL,
    created_by text NOT NULL,
    expires_at bigint,
    used_at bigint,
    used_from text
);
CREATE INDEX api_keys_of_tenant ON api_keys (tenant, id);
CREATE INDEX api_keys_of_principal ON api_keys (principal, id);

-- Of what a browser has after somebody has signed in, only its hash is stored.
CREATE TABLE sign_ins (
    hash bytea PRIMARY KEY CHECK (length(hash) = 32),
    id uuid NOT NULL,
    tenant uuid NOT NULL,
    principal uuid NOT NULL,
    created_at bigint NOT NULL,
    -- After which it is over, however it is used.
    expires_at bigint NOT NULL,
    used_at bigint NOT NULL,
    address text,
    user_agent text
);
CREATE INDEX sign_ins_of_principal ON sign_ins (principal, used_at);
CREATE INDEX sign_ins_by_end ON sign_ins (expires_at);

-- Links with which somebody becomes a member, or sets a new password: then the principal says whose.
CREATE TABLE invitations (
    hash bytea PRIMARY KEY CHECK (length(hash) = 32),
    id uuid NOT NULL,
    tenant uuid NOT NULL,
    role text NOT NULL,
    email text,
    principal uuid,
    is_first_admin boolean NOT NULL,
    created_at bigint NOT NULL,
    created_by text NOT NULL,
    expires_at bigint NOT NULL,
    -- Roles in folders, as JSON.
    grants text
);
CREATE INDEX invitations_of_tenant ON invitations (tenant, id);

-- Who people are at providers of OpenID Connect.
CREATE TABLE oidc_subjects (
    issuer text NOT NULL,
    subject text NOT NULL,
    tenant uuid NOT NULL,
    principal uuid NOT NULL,
    created_at bigint NOT NULL,
    -- When the last attempt was begun that has signed them in.
    used_at bigint NOT NULL,
    PRIMARY KEY (issuer, subject)
);
CREATE UNIQUE INDEX oidc_subjects_of_principal ON oidc_subjects (principal, issuer);

-- Keys of people that their devices keep, and of which only the public part is stored.
CREATE TABLE passkeys (
    id uuid PRIMARY KEY,
    -- What the device calls it.
    credential bytea NOT NULL UNIQUE,
    tenant uuid NOT NULL,
    principal uuid NOT NULL,
    name text NOT NULL,
    public_key bytea NOT NULL,
    counter bigint NOT NULL,
    created_at bigint NOT NULL,
    -- When the last attempt was begun that has signed the person in.
    used_at bigint
);
CREATE INDEX passkeys_of_principal ON passkeys (principal, id);

-- What was asked for and by whom, as one chain for each tenant: see `core::audit`. Nothing is changed, and the log of
-- a tenant is deleted with it alone.
CREATE TABLE audit (
    tenant uuid NOT NULL,
    number bigint NOT NULL,
    entry text NOT NULL,
    hash bytea NOT NULL CHECK (length(hash) = 32),
    PRIMARY KEY (tenant, number)
);

-- Keys that encrypt the secrets of a tenant. Each is encrypted itself, with the master key, which is not in the database.
CREATE TABLE data_keys (
    id uuid PRIMARY KEY,
    tenant uuid NOT NULL,
    -- Which master key: the beginning of a hash of it.
    master text NOT NULL,
    sealed bytea NOT NULL,
    created_at bigint NOT NULL
);
CREATE TABLE secrets (
    tenant uuid NOT NULL,
    name text NOT NULL,
    -- What it is: `value`, or `oauth2`, whose value is an access token.
    kind text NOT NULL DEFAULT 'value',
    data_key uuid NOT NULL,
    -- The nonce, and the value, encrypted.
    sealed bytea NOT NULL,
    -- Separated by commas. Empty: it is sent nowhere, as those that verify calls of webhooks.
    hosts text NOT NULL,
    updated_at bigint NOT NULL,
    updated_by text NOT NULL,
    PRIMARY KEY (tenant, name)
);
-- What OAuth2 secrets have obtained.
CREATE TABLE oauth_tokens (
    tenant uuid NOT NULL,
    name text NOT NULL,
    generation bigint NOT NULL,
    -- Both NULL: there are no tokens.
    data_key uuid,
    sealed bytea,
    obtained_at bigint,
    expires_at bigint,
    needs_connection boolean NOT NULL,
    error text,
    -- Who asks for others, and until when nobody else does.
    claim uuid,
    claimed_until bigint,
    PRIMARY KEY (tenant, name)
);
-- Authorizations that somebody has begun.
CREATE TABLE oauth_authorizations (
    -- A hash of the state that the provider sends back.
    hash bytea PRIMARY KEY,
    tenant uuid NOT NULL,
    name text NOT NULL,
    data_key uuid NOT NULL,
    sealed bytea NOT NULL,
    created_by text NOT NULL,
    created_at bigint NOT NULL,
    expires_at bigint NOT NULL
);
-- Counts the changes of secrets and data keys, by which processes notice those of others.
INSERT INTO counters (name, value) VALUES ('secrets', 0);
