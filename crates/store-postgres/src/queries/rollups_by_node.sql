-- The primary key leads from each flow to the next, and to its hours, so the counters between them are not read.
WITH RECURSIVE counted (flow) AS (
    (
        SELECT flow
        FROM rollups
        WHERE tenant = $1 AND ($2 IS NULL OR flow = $2)
        ORDER BY flow
        LIMIT 1
    )
    UNION ALL
    SELECT (
        SELECT rollups.flow
        FROM rollups
        WHERE rollups.tenant = $1 AND rollups.flow > counted.flow
        ORDER BY rollups.flow
        LIMIT 1
    )
    FROM counted
    WHERE counted.flow IS NOT NULL AND $2 IS NULL
)
-- A sum that does not fit an integer is the largest one.
SELECT
    counted.flow,
    of_flow.node,
    of_flow.metric,
    of_flow.value,
    of_flow.least
FROM counted
CROSS JOIN LATERAL (
    SELECT
        node,
        metric,
        least(sum(greatest(value, 0)), 9223372036854775807)::bigint AS value,
        min(value) AS least
    FROM rollups
    WHERE tenant = $1 AND flow = counted.flow AND hour >= $3 AND hour < $4
    GROUP BY node, metric
) AS of_flow
ORDER BY counted.flow, of_flow.node COLLATE "C", of_flow.metric COLLATE "C";
