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
SELECT
    of_flow.hour,
    of_flow.is_of_node,
    of_flow.metric,
    of_flow.value
FROM counted
CROSS JOIN LATERAL (
    SELECT
        hour,
        node <> '' AS is_of_node,
        metric,
        least(sum(value), 9223372036854775807)::bigint AS value
    FROM rollups
    WHERE tenant = $1 AND flow = counted.flow AND hour >= $3 AND hour < $4 AND value >= 0
    GROUP BY hour, is_of_node, metric
) AS of_flow;
