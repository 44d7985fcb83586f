SELECT id, 0
FROM executions
WHERE (status IN ('completed', 'failed', 'cancelled')) <> (completed_at IS NOT NULL);
