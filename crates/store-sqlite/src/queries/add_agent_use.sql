INSERT INTO agent_uses (tenant, agent, calls, last_used_at) VALUES (?1, ?2, ?3, ?4)
ON CONFLICT DO UPDATE SET
    calls = calls + excluded.calls,
    last_used_at = max(last_used_at, excluded.last_used_at);
