-- Sums that do not fit an integer are the largest one, as `total` never overflows.
SELECT
    node,
    metric,
    CAST(total(max(value, 0)) AS INTEGER) AS value,
    min(value) AS least
FROM rollups
WHERE tenant = ?1
    AND flow = ?2
    AND hour >= ?3
    AND hour < ?4
GROUP BY node, metric;
