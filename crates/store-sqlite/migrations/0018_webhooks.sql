-- Flows that are called from outside, and where. Of all active flows, one has a path.
ALTER TABLE flows ADD COLUMN webhook_path TEXT;
CREATE INDEX flows_webhook ON flows (webhook_path) WHERE webhook_path IS NOT NULL;
CREATE UNIQUE INDEX flows_active_webhook ON flows (webhook_path) WHERE webhook_path IS NOT NULL AND status = 'active';
