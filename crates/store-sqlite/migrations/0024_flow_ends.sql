-- How many executions of a flow ended in which minute, for a day: what success rates are computed from.
CREATE TABLE flow_ends (
    -- The minute's first microsecond.
    minute INTEGER NOT NULL,
    tenant BLOB NOT NULL,
    flow BLOB NOT NULL,
    executions INTEGER NOT NULL,
    completed INTEGER NOT NULL,
    PRIMARY KEY (minute, tenant, flow)
) STRICT, WITHOUT ROWID;
