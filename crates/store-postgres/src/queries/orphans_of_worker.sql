-- Makes orphans of what the worker of epoch $1 drove. What it once drove and does not any more may still have records in its tail: its
-- row says so. A row of its tail that could not be read may have had a further record of each execution of which nothing came after it:
-- those are nobody's, as are all whose records are in journals alone.
WITH unreadable AS (SELECT max(sequence) AS sequence FROM tail WHERE worker = $1)
INSERT INTO orphans (execution, format)
SELECT known.execution, greatest(max(known.format), max(workers.format))
FROM (
    SELECT orphan_records.execution, orphan_records.sequence, coalesce(executions.format, 0) AS format
    FROM orphan_records
    LEFT JOIN executions ON executions.id = orphan_records.execution
    WHERE orphan_records.worker = $1
        AND (executions.id IS NULL OR (executions.owner = $1 AND executions.completed_at IS NULL))
    UNION ALL
    SELECT id, 0, format FROM executions WHERE owner = $1 AND completed_at IS NULL
) AS known, unreadable, workers
WHERE workers.epoch = $1
GROUP BY known.execution, unreadable.sequence
HAVING unreadable.sequence IS NULL OR max(known.sequence) > unreadable.sequence
ON CONFLICT (execution) DO NOTHING;
