-- Those of the executions $1 that have records in a tail that is not the worker's of epoch $2.
SELECT wanted.execution
FROM UNNEST($1) AS wanted (execution)
WHERE EXISTS (SELECT 1 FROM orphan_records WHERE orphan_records.execution = wanted.execution)
    OR EXISTS (
        SELECT 1 FROM tail WHERE tail.worker <> $2 AND position(uuid_send(wanted.execution) IN tail.entries) > 0
    );
