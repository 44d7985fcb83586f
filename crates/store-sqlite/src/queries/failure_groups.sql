-- The inner query reads the index alone; one execution of each group then says what they have in common.
SELECT
    alike.newest,
    alike.flow,
    executions.fingerprint,
    executions.fingerprint_node,
    executions.fingerprint_class,
    executions.fingerprint_message,
    executions.error_message,
    alike.count,
    alike.first_seen,
    alike.last_seen
FROM (
    SELECT
        fingerprint,
        flow,
        max(id) AS newest,
        count(*) AS count,
        min(completed_at) AS first_seen,
        max(completed_at) AS last_seen
    FROM executions
    WHERE fingerprint IS NOT NULL
        AND completed_at IS NOT NULL
        AND tenant = ?1
        AND (?2 IS NULL OR flow = ?2)
        AND (?3 IS NULL OR completed_at >= ?3)
        AND (?4 IS NULL OR completed_at < ?4)
        AND (?6 IS NULL OR flow IN (
            SELECT flows.id
            FROM flows
            JOIN json_each(?6) AS folders ON instr(flows.folder || '/', folders.value) = 1
            WHERE flows.tenant = ?1
        ))
    GROUP BY fingerprint, flow
    ORDER BY count DESC, last_seen DESC
    LIMIT ?5
) AS alike
JOIN executions ON executions.id = alike.newest
ORDER BY alike.count DESC, alike.last_seen DESC;
