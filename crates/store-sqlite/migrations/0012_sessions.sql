-- Conversations of agents that executions share.
CREATE TABLE sessions (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant BLOB NOT NULL,
    agent BLOB NOT NULL,
    key TEXT NOT NULL,
    -- The number of the last turn.
    turns INTEGER NOT NULL,
    -- Of all turns.
    bytes INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    used_at INTEGER NOT NULL,
    -- The execution that has it, and the id of its node.
    holder BLOB,
    holder_node TEXT,
    UNIQUE (tenant, agent, key)
) STRICT;

CREATE INDEX sessions_used ON sessions (tenant, agent, used_at DESC, key);
CREATE INDEX sessions_held ON sessions (holder) WHERE holder IS NOT NULL;
CREATE INDEX sessions_free ON sessions (used_at) WHERE holder IS NULL;

-- What was asked and answered.
CREATE TABLE session_turns (
    session INTEGER NOT NULL,
    number INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    execution BLOB NOT NULL,
    node TEXT NOT NULL,
    input_tokens INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL,
    answered_at INTEGER NOT NULL,
    question TEXT NOT NULL,
    answer TEXT NOT NULL,
    PRIMARY KEY (session, number)
) STRICT;
