SELECT status, value
FROM execution_counts
WHERE tenant = ?1 AND flow = ?2
UNION ALL
SELECT status, count(*)
FROM executions
WHERE completed_at IS NULL AND parent IS NULL AND tenant = ?1 AND flow = ?2
GROUP BY status;
