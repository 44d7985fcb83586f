INSERT INTO agents (id, tenant, version, created_at, updated_at) VALUES (?1, ?2, ?3, ?4, ?5)
ON CONFLICT (id) DO UPDATE SET version = excluded.version, updated_at = excluded.updated_at;
