SELECT executions.id, 0
FROM executions
LEFT JOIN journals ON journals.execution = executions.number
WHERE executions.status IN ('pending', 'running', 'paused')
    AND executions.owner_epoch IS NULL
    AND journals.execution IS NULL;
