SELECT id, tenant, document, created_at, updated_at
FROM agents
WHERE tenant = ?1 AND (?2 IS NULL OR id < ?2)
ORDER BY id DESC
LIMIT ?3;
