-- Executions that no other one started: lists show these alone, and a map can have thousands of children.
CREATE INDEX executions_roots ON executions (id) WHERE parent IS NULL;
DROP INDEX executions_by_flow;
CREATE INDEX executions_by_flow ON executions (flow, parent, id);

-- The counters of lists are those of these alone, too.
UPDATE execution_counts
SET value = value - (
    SELECT count(*)
    FROM executions
    WHERE parent IS NOT NULL
    AND completed_at IS NOT NULL
    AND executions.tenant = execution_counts.tenant
    AND executions.flow = execution_counts.flow
    AND executions.status = execution_counts.status
);
