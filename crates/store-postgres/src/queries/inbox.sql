-- Up to $2 items behind the number $1, oldest first, each with whether its execution has ended, who drives it, and whether it has a row.
SELECT
    inbox.number,
    inbox.execution,
    inbox.tenant,
    inbox.input,
    inbox.created_at,
    executions.completed_at IS NOT NULL,
    -- What only newer versions can read is as another's.
    coalesce(executions.owner, CASE WHEN executions.format > $3 THEN 0 END),
    executions.id IS NOT NULL
FROM inbox
LEFT JOIN executions ON executions.id = inbox.execution
WHERE inbox.number > $1
ORDER BY inbox.number
LIMIT $2;
