-- Executions in the order of their ids, with how many bytes they take, in blobs too: what is shorter than 1 KiB is the reference to one. `octet_length` does not read the text.
SELECT
    executions.id,
    executions.tenant,
    coalesce(octet_length(journals.records), 0) + (
        SELECT coalesce(sum(CASE WHEN octet_length(record) < 1024 AND json_valid(record) THEN record ->> 'bytes' ELSE octet_length(record) END), 0) FROM long_records WHERE execution = executions.id
    )
FROM executions
LEFT JOIN journals ON journals.execution = executions.number
WHERE executions.id > ?1
ORDER BY executions.id
LIMIT ?2;
