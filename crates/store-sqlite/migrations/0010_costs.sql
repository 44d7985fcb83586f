-- What calls of models cost: what ended executions add up to, by hour. It stays when a flow or an agent is deleted, because
-- it was paid.
CREATE TABLE costs (
    tenant BLOB NOT NULL,
    -- The hour's first microsecond.
    hour INTEGER NOT NULL,
    flow BLOB NOT NULL,
    -- Empty where the agent is not known.
    agent BLOB NOT NULL,
    -- Empty where the model is not known.
    model TEXT NOT NULL,
    -- Empty where the prices name none.
    currency TEXT NOT NULL,
    calls INTEGER NOT NULL,
    unpriced_calls INTEGER NOT NULL,
    input_tokens INTEGER NOT NULL,
    cached_input_tokens INTEGER NOT NULL,
    cache_write_tokens INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL,
    tokens_lost INTEGER NOT NULL,
    cost REAL NOT NULL,
    cost_lost REAL NOT NULL,
    PRIMARY KEY (tenant, hour, flow, agent, model, currency)
) STRICT, WITHOUT ROWID;
