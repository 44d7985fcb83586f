-- What waits and what is retried is asked for again and again, and is a small part of all.
CREATE INDEX executions_waiting ON executions (waits_for, id) WHERE waits_for IS NOT NULL;

CREATE INDEX executions_retrying ON executions (id) WHERE retrying = 1;
