-- Small documents that people keep: names for filters, and what they noted about failures.
CREATE TABLE notes (
    tenant BLOB NOT NULL,
    kind TEXT NOT NULL,
    -- Whose it is alone; zeros for one of the whole tenant.
    owner BLOB NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (tenant, kind, owner, name)
) STRICT, WITHOUT ROWID;
