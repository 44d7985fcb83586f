SELECT tail.execution_id, tail.seq
FROM tail
JOIN executions ON executions.id = tail.execution_id
JOIN journals ON journals.execution = executions.number
WHERE journals.is_final AND tail.seq > journals.seq;
