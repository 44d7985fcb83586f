-- What is stored of an execution beside the tail, its journal included.
SELECT
    executions.tenant,
    executions.completed_at IS NOT NULL,
    journals.seq,
    journals.records
FROM executions
LEFT JOIN journals ON journals.execution = executions.number
WHERE executions.id = ?1;
