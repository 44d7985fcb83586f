-- A long record of an execution that was deleted; NULL where none is left. `octet_length` does not read the text.
SELECT deleted_executions.execution, long_records.number, octet_length(long_records.record)
FROM deleted_executions
LEFT JOIN long_records ON long_records.execution = deleted_executions.execution
LIMIT 1;
