-- Keys of people that their devices keep, and of which only the public part is stored.
CREATE TABLE passkeys (
    id BLOB PRIMARY KEY NOT NULL,
    -- What the device calls it.
    credential BLOB NOT NULL UNIQUE,
    tenant BLOB NOT NULL,
    principal BLOB NOT NULL,
    name TEXT NOT NULL,
    public_key BLOB NOT NULL,
    counter INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    -- When the last attempt was begun that has signed the person in.
    used_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX passkeys_of_principal ON passkeys (principal, id);
