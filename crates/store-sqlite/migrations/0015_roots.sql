-- Lists of a flow show the executions that no other one started, and a map can have thousands of children of the same flow.
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
