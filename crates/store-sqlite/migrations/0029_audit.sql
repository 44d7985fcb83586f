-- What was asked for and by whom, as one chain for each tenant: see `core::audit`. Nothing is changed or deleted.
CREATE TABLE audit (
    tenant BLOB NOT NULL,
    number INTEGER NOT NULL,
    entry TEXT NOT NULL,
    hash BLOB NOT NULL CHECK (length(hash) = 32),
    PRIMARY KEY (tenant, number)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit BEGIN
    SELECT raise(ABORT, 'the audit log is not changed');
END;
CREATE TRIGGER audit_is_not_deleted BEFORE DELETE ON audit BEGIN
    SELECT raise(ABORT, 'the audit log is not deleted');
END;
