-- Of each group how many were retried, and how many of these have a retry that completed. The index of retries is read, and
-- for each of them the execution that it retries.
SELECT
    failed.flow,
    failed.fingerprint,
    count(DISTINCT failed.id) AS retried,
    count(DISTINCT failed.id) FILTER (WHERE retries.status = 'completed') AS recovered
FROM executions AS retries
JOIN executions AS failed ON failed.id = retries.retry_of
WHERE retries.retry_of IS NOT NULL
    AND retries.tenant = $1
    AND failed.tenant = $1
    AND failed.fingerprint IS NOT NULL
    AND failed.completed_at IS NOT NULL
    AND ($2 IS NULL OR failed.flow = $2)
    AND ($3 IS NULL OR failed.completed_at >= $3)
    AND ($4 IS NULL OR failed.completed_at < $4)
GROUP BY failed.flow, failed.fingerprint;
