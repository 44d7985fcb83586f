-- Where flows are, such as `billing/refunds`; NULL is the top.
ALTER TABLE flows ADD COLUMN folder TEXT;
CREATE INDEX flows_in_folders ON flows (tenant, folder);
