-- All items behind the number ?1, oldest first, each with whether its execution has ended.
SELECT
    inbox.number,
    inbox.execution_id,
    inbox.tenant,
    inbox.input,
    inbox.created_at,
    executions.completed_at IS NOT NULL
FROM inbox
LEFT JOIN executions ON executions.id = inbox.execution_id
WHERE inbox.number > ?1
ORDER BY inbox.number;
