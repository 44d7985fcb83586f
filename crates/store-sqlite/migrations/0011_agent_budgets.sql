-- What is drawn from the budgets of agents, by day: nothing is sent that is not drawn before.
CREATE TABLE agent_budgets (
    -- Days since 1970-01-01, of UTC.
    day INTEGER NOT NULL,
    tenant BLOB NOT NULL,
    agent BLOB NOT NULL,
    tokens INTEGER NOT NULL,
    cost REAL NOT NULL,
    PRIMARY KEY (day, tenant, agent)
) STRICT, WITHOUT ROWID;
