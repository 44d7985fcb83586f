SELECT flow, hour, node, metric, value
FROM rollups
WHERE tenant = ?1
    AND (?2 IS NULL OR flow = ?2)
    AND (?3 IS NULL OR hour >= ?3)
    AND (?4 IS NULL OR hour < ?4)
ORDER BY hour DESC, flow, node, metric
LIMIT ?5;
