-- Which node of its parent started an execution, and for which item or iteration.
ALTER TABLE executions ADD COLUMN parent_node TEXT;
ALTER TABLE executions ADD COLUMN item_index INTEGER;

DROP INDEX executions_children;
-- Of one node in the order of the items, and of one item the oldest first.
CREATE INDEX executions_children ON executions (parent, parent_node, item_index, created_at, id) WHERE parent IS NOT NULL;
