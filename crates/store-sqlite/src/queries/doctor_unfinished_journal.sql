SELECT executions.id, 0
FROM executions
LEFT JOIN journals ON journals.execution = executions.number
WHERE executions.status IN ('completed', 'failed', 'cancelled') AND journals.is_final IS NOT 1;
