-- What is stored of an execution beside the tail.
SELECT
    executions.number,
    executions.completed_at IS NOT NULL,
    executions.owner_epoch IS NOT NULL,
    coalesce(journals.seq, 0)
FROM executions
LEFT JOIN journals ON journals.execution = executions.number
WHERE executions.id = ?1;
