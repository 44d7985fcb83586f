-- An execution has ended when `completed_at` says when. SQLite evaluates the condition of each partial index for each row
-- that it writes, and makes a temporary table for a list of three statuses.
DROP INDEX executions_unfinished;

CREATE INDEX executions_unfinished ON executions (flow, started_at) WHERE completed_at IS NULL;

DROP TRIGGER finished_executions_never_change;

CREATE TRIGGER finished_executions_never_change BEFORE UPDATE ON executions
WHEN OLD.completed_at IS NOT NULL
BEGIN
    SELECT RAISE(ABORT, 'an execution that has ended never changes');
END;
