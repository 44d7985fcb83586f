SELECT id
FROM executions
WHERE fingerprint = $5
    AND completed_at IS NOT NULL
    AND tenant = $1
    AND flow = $2
    AND ($3 IS NULL OR completed_at >= $3)
    AND ($4 IS NULL OR completed_at < $4)
ORDER BY id DESC
LIMIT 10;
