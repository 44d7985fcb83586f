SELECT tail.execution_id, tail.seq
FROM tail
JOIN executions ON executions.id = tail.execution_id
JOIN journals ON journals.execution = executions.number
WHERE executions.owner_epoch IS NULL AND NOT journals.is_final AND tail.seq > journals.seq;
