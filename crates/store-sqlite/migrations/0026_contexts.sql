-- Lists of one context read no other executions. Those without one are not in it, so that they cost nothing.
CREATE INDEX executions_context ON executions (context_id, id) WHERE context_id IS NOT NULL;
