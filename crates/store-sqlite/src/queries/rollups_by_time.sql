-- In the order of the primary key. To group by bucket, SQLite would sort them first, which takes twice as long as this.
SELECT
    hour,
    node,
    metric,
    value
FROM rollups
WHERE tenant = ?1
    AND flow = ?2
    AND hour >= ?3
    AND hour < ?4;
