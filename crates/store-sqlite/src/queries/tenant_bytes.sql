-- Executions in the order of their ids, with how many bytes they take. `octet_length` does not read the text.
SELECT
    executions.id,
    executions.tenant,
    coalesce(octet_length(journals.records), 0) + (
        SELECT coalesce(sum(octet_length(record)), 0) FROM long_records WHERE execution = executions.id
    )
FROM executions
LEFT JOIN journals ON journals.execution = executions.number
WHERE executions.id > ?1
ORDER BY executions.id
LIMIT ?2;
