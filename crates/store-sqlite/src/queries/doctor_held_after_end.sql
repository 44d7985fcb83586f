SELECT id, 0
FROM executions
WHERE status IN ('completed', 'failed', 'cancelled') AND (owner_epoch IS NOT NULL OR wake_at IS NOT NULL);
