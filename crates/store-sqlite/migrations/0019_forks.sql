-- Executions that are made of others, from a node on.
ALTER TABLE executions ADD COLUMN forked_from BLOB;
CREATE INDEX executions_forks ON executions (forked_from, id) WHERE forked_from IS NOT NULL;
