-- The index alone answers this; a group gives as many rows as there are spans in which it failed.
SELECT
    (completed_at - $6) / $7 AS span,
    count(*) AS count
FROM executions
WHERE fingerprint = $5
    AND completed_at IS NOT NULL
    AND tenant = $1
    AND flow = $2
    AND ($3 IS NULL OR completed_at >= $3)
    AND ($4 IS NULL OR completed_at < $4)
GROUP BY span;
