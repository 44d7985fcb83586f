INSERT INTO idempotency_keys (tenant, key, execution_id, request_hash, created_at) VALUES (?1, ?2, ?3, ?4, ?5)
ON CONFLICT (tenant, key) DO NOTHING;
