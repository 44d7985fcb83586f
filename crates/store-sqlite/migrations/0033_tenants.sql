-- What is under way with a tenant.
ALTER TABLE tenants ADD COLUMN cancelling_since INTEGER;
ALTER TABLE tenants ADD COLUMN deleting_since INTEGER;

-- What tenants may use; those without a row are not limited.
CREATE TABLE tenant_quotas (
    tenant BLOB PRIMARY KEY NOT NULL,
    -- JSON: see `core::tenant`.
    quota TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- The log of a tenant is deleted with it, and only so.
DROP TRIGGER audit_is_not_deleted;
CREATE TRIGGER audit_is_not_deleted BEFORE DELETE ON audit
WHEN NOT EXISTS (SELECT 1 FROM tenants WHERE id = OLD.tenant AND deleting_since IS NOT NULL)
BEGIN
    SELECT raise(ABORT, 'the audit log is not deleted');
END;

-- Events are delivered tenant by tenant.
DROP INDEX received_events_undelivered;
CREATE INDEX received_events_undelivered ON received_events (tenant, id) WHERE is_delivered = 0;
