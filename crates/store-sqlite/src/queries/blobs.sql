-- References to blobs, in the order of their executions and numbers. `octet_length` does not read the text.
SELECT execution, seq, record
FROM long_records
WHERE (execution, seq) > (?1, ?2)
    AND octet_length(record) < ?3
    AND execution NOT IN (SELECT execution FROM deleted_executions)
ORDER BY execution, seq
LIMIT ?4;
