-- Who people are at providers of OpenID Connect.
CREATE TABLE oidc_subjects (
    issuer TEXT NOT NULL,
    subject TEXT NOT NULL,
    tenant BLOB NOT NULL,
    principal BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    -- When the last attempt was begun that has signed them in.
    used_at INTEGER NOT NULL,
    PRIMARY KEY (issuer, subject)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX oidc_subjects_of_principal ON oidc_subjects (principal, issuer);
