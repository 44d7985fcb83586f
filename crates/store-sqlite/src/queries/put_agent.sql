-- Another tenant's agent is never changed.
INSERT INTO agents (id, tenant, document, created_at, updated_at) VALUES (?1, ?2, ?3, ?4, ?5)
ON CONFLICT (id) DO UPDATE SET
    document = excluded.document,
    created_at = excluded.created_at,
    updated_at = excluded.updated_at
WHERE tenant = excluded.tenant;
