-- Inputs for executions that another process may drive, until a commit takes them in.
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

CREATE INDEX inbox_by_execution ON inbox (execution_id);

-- The documents of agents. A version never changes: executions are pinned to it.
CREATE TABLE agent_versions (
    agent BLOB NOT NULL,
    version INTEGER NOT NULL,
    tenant BLOB NOT NULL,
    document TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (agent, version)
) STRICT;

CREATE TRIGGER agent_versions_never_change BEFORE UPDATE ON agent_versions
BEGIN
    SELECT RAISE(ABORT, 'a version of an agent never changes');
END;

INSERT INTO agent_versions (agent, version, tenant, document, created_at)
SELECT id, 1, tenant, document, updated_at FROM agents;

-- The number of an agent's current version, which has its document.
ALTER TABLE agents ADD COLUMN version INTEGER NOT NULL DEFAULT 1;
ALTER TABLE agents DROP COLUMN document;
