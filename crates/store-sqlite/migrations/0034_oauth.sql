-- What a secret is: `value`, or `oauth2`, whose value is an access token.
ALTER TABLE secrets ADD COLUMN kind TEXT NOT NULL DEFAULT 'value';
-- What OAuth2 secrets have obtained.
CREATE TABLE oauth_tokens (
    tenant BLOB NOT NULL,
    name TEXT NOT NULL,
    generation INTEGER NOT NULL,
    -- Both NULL: there are no tokens.
    data_key BLOB,
    sealed BLOB,
    obtained_at INTEGER,
    expires_at INTEGER,
    needs_connection INTEGER NOT NULL,
    error TEXT,
    -- Who asks for others, and until when nobody else does.
    claim BLOB,
    claimed_until INTEGER,
    PRIMARY KEY (tenant, name)
) STRICT, WITHOUT ROWID;
-- Authorizations that somebody has begun.
CREATE TABLE oauth_authorizations (
    -- A hash of the state that the provider sends back.
    hash BLOB PRIMARY KEY NOT NULL,
    tenant BLOB NOT NULL,
    name TEXT NOT NULL,
    data_key BLOB NOT NULL,
    sealed BLOB NOT NULL,
    created_by TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
