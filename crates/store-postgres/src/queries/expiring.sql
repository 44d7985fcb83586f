-- Executions in the order of their ids, with what says whether they have expired.
SELECT id, flow, status, completed_at, created_at, tenant
FROM executions
WHERE $1 IS NULL OR id > $1
ORDER BY id
LIMIT $2;
