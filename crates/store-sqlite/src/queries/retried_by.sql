SELECT id
FROM (
    SELECT id
    FROM executions
    WHERE retry_of IS NOT NULL AND retry_of = ?1 AND tenant = ?2
    ORDER BY id DESC
    LIMIT ?3
)
ORDER BY id;
