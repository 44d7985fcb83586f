-- Where flows are, such as `billing/refunds`; NULL is the top.
ALTER TABLE flows ADD COLUMN folder TEXT;
CREATE INDEX flows_in_folders ON flows (tenant, folder);
-- Roles in folders, as JSON; NULL for none.
ALTER TABLE principals ADD COLUMN grants TEXT;
-- The folders that a key is limited to, as JSON; NULL for no limit.
ALTER TABLE api_keys ADD COLUMN folders TEXT;
