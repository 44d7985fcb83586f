-- References to blobs, in the order of their executions and numbers. What has expired may be left over until its day is dropped.
SELECT execution, seq, record
FROM long_records
WHERE (execution, seq) > ($1, $2)
    AND octet_length(record) < 1024
    AND (
        EXISTS (SELECT 1 FROM executions WHERE id = long_records.execution)
        OR EXISTS (SELECT 1 FROM orphan_records WHERE execution = long_records.execution)
        OR EXISTS (SELECT 1 FROM tail WHERE position(uuid_send(long_records.execution) IN entries) > 0)
    )
ORDER BY execution, seq
LIMIT $3;
