-- The execution whose node started this one. Until now, only kinds of nodes for tests started others, so no row needs it.
ALTER TABLE executions ADD COLUMN parent BLOB;

CREATE INDEX executions_children ON executions (parent, id) WHERE parent IS NOT NULL;
