SELECT status, least(sum(value), 9223372036854775807)::bigint AS value
FROM execution_counts
WHERE tenant = $1 AND flow = $2
GROUP BY status
UNION ALL
SELECT status, count(*)
FROM executions
WHERE completed_at IS NULL AND parent IS NULL AND tenant = $1 AND flow = $2
GROUP BY status;
