-- Deletes what the worker of epoch $1 has left of executions that it did not drive any more.
DELETE FROM orphan_records
USING executions
WHERE executions.id = orphan_records.execution
    AND orphan_records.worker = $1
    AND (executions.completed_at IS NOT NULL OR executions.owner IS DISTINCT FROM $1);
