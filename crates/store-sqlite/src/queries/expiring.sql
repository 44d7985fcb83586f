-- Executions in the order of their ids, with what says whether they have expired and how long their journals are.
SELECT
    executions.number,
    executions.id,
    executions.flow,
    executions.status,
    executions.completed_at,
    executions.created_at,
    coalesce(octet_length(journals.records), 0),
    executions.tenant
FROM executions
LEFT JOIN journals ON journals.execution = executions.number
WHERE executions.id > ?1
ORDER BY executions.id
LIMIT ?2;
