-- Tenants beside the default one, which has no row.
CREATE TABLE tenants (
    id BLOB PRIMARY KEY NOT NULL,
    name TEXT NOT NULL UNIQUE,
    created_at INTEGER NOT NULL,
    -- Since when nobody of it may do anything.
    disabled_at INTEGER
) STRICT, WITHOUT ROWID;

-- Who may ask: people and service accounts, each of one tenant.
CREATE TABLE principals (
    id BLOB PRIMARY KEY NOT NULL,
    tenant BLOB NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('person', 'service')),
    name TEXT NOT NULL,
    -- Of people, in lower case.
    email TEXT,
    role TEXT NOT NULL,
    -- The hash of the password, with what it was made with; null for who signs in in another way, or not at all.
    password TEXT,
    created_at INTEGER NOT NULL,
    disabled_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX principals_email ON principals (email) WHERE email IS NOT NULL;
CREATE UNIQUE INDEX principals_service ON principals (tenant, name) WHERE kind = 'service';
CREATE INDEX principals_of_tenant ON principals (tenant, id);

-- Of a key, only its hash is stored.
CREATE TABLE api_keys (
    id BLOB PRIMARY KEY NOT NULL,
    tenant BLOB NOT NULL,
    principal BLOB NOT NULL,
    hash BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
    -- Its beginning, to tell it from others.
    prefix TEXT NOT NULL,
    name TEXT NOT NULL,
    -- It may do what this role and the principal's may.
    role TEXT NOT NULL,
    -- JSON arrays of flow ids and of networks; null: all.
    flows TEXT,
    networks TEXT,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    expires_at INTEGER,
    used_at INTEGER,
    used_from TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX api_keys_of_tenant ON api_keys (tenant, id);
CREATE INDEX api_keys_of_principal ON api_keys (principal, id);

-- Of what a browser has after somebody has signed in, only its hash is stored.
CREATE TABLE sign_ins (
    hash BLOB PRIMARY KEY NOT NULL CHECK (length(hash) = 32),
    id BLOB NOT NULL,
    tenant BLOB NOT NULL,
    principal BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    -- After which it is over, however it is used.
    expires_at INTEGER NOT NULL,
    used_at INTEGER NOT NULL,
    address TEXT,
    user_agent TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX sign_ins_of_principal ON sign_ins (principal, used_at);
CREATE INDEX sign_ins_by_end ON sign_ins (expires_at);

-- Links with which somebody becomes a member, or sets a new password: then the principal says whose.
CREATE TABLE invitations (
    hash BLOB PRIMARY KEY NOT NULL CHECK (length(hash) = 32),
    id BLOB NOT NULL,
    tenant BLOB NOT NULL,
    role TEXT NOT NULL,
    email TEXT,
    principal BLOB,
    is_first_admin INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX invitations_of_tenant ON invitations (tenant, id);
