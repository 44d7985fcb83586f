-- Takes an execution that is to be deleted out of the counters of lists.
UPDATE execution_counts
SET value = execution_counts.value - 1
FROM executions
WHERE executions.number = ?1
AND executions.parent IS NULL
AND execution_counts.tenant = executions.tenant
AND execution_counts.flow = executions.flow
AND execution_counts.status = executions.status;
