-- Keys that encrypt the secrets of a tenant. Each is encrypted itself, with the master key, which is not in the database.
CREATE TABLE data_keys (
    id BLOB PRIMARY KEY NOT NULL,
    tenant BLOB NOT NULL,
    -- Which master key: the beginning of a hash of it.
    master TEXT NOT NULL,
    sealed BLOB NOT NULL,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE secrets (
    tenant BLOB NOT NULL,
    name TEXT NOT NULL,
    data_key BLOB NOT NULL,
    -- The nonce, and the value, encrypted.
    sealed BLOB NOT NULL,
    -- Separated by commas. Empty: it is sent nowhere, as those that verify calls of webhooks.
    hosts TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    PRIMARY KEY (tenant, name)
) STRICT, WITHOUT ROWID;
