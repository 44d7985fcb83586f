SELECT id, owner_epoch
FROM executions
WHERE owner_epoch IS NOT NULL AND wake_at IS NOT NULL AND status IN ('pending', 'running', 'paused');
