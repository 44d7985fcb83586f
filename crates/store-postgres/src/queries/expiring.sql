-- Executions in the order of their ids, with what says whether they have expired and how long their journals are.
SELECT
    next.id,
    next.flow,
    next.status,
    next.completed_at,
    next.created_at,
    coalesce(octet_length(journals.records), 0)::bigint
FROM (
    SELECT id, flow, status, completed_at, created_at
    FROM executions
    WHERE $1 IS NULL OR id > $1
    ORDER BY id
    LIMIT $2
) AS next
LEFT JOIN journals ON journals.execution = next.id
ORDER BY next.id;
