-- The primary key leads from each flow to the next, so the counters between them are not read.
WITH RECURSIVE counted (flow) AS (
    SELECT min(flow)
    FROM rollups
    WHERE tenant = ?1
    UNION ALL
    SELECT (SELECT min(rollups.flow) FROM rollups WHERE rollups.tenant = ?1 AND rollups.flow > counted.flow)
    FROM counted
    WHERE counted.flow IS NOT NULL
)
SELECT flow
FROM counted
WHERE flow IS NOT NULL;
