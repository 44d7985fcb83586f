-- The inner query reads the index alone; one execution of each group then says what they have in common.
SELECT
    newest.id,
    alike.flow,
    newest.fingerprint,
    newest.fingerprint_node,
    newest.fingerprint_class,
    newest.fingerprint_message,
    newest.error_message,
    alike.count,
    alike.first_seen,
    alike.last_seen
FROM (
    SELECT
        fingerprint,
        flow,
        count(*) AS count,
        min(completed_at) AS first_seen,
        max(completed_at) AS last_seen
    FROM executions
    WHERE fingerprint IS NOT NULL
        AND completed_at IS NOT NULL
        AND tenant = $1
        AND ($2 IS NULL OR flow = $2)
        AND ($3 IS NULL OR completed_at >= $3)
        AND ($4 IS NULL OR completed_at < $4)
        AND ($6 IS NULL OR flow IN (
            SELECT flows.id
            FROM flows
            JOIN unnest($6) AS folders (prefix) ON starts_with(flows.folder || '/', folders.prefix)
            WHERE flows.tenant = $1
        ))
    GROUP BY fingerprint, flow
    ORDER BY count DESC, last_seen DESC
    LIMIT $5
) AS alike
CROSS JOIN LATERAL (
    SELECT *
    FROM executions
    WHERE executions.fingerprint = alike.fingerprint
        AND executions.flow = alike.flow
        AND executions.completed_at IS NOT NULL
        AND executions.tenant = $1
        AND ($3 IS NULL OR executions.completed_at >= $3)
        AND ($4 IS NULL OR executions.completed_at < $4)
    ORDER BY executions.id DESC
    LIMIT 1
) AS newest
ORDER BY alike.count DESC, alike.last_seen DESC;
