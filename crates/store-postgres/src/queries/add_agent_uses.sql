-- A sum that does not fit an integer is the largest one.
INSERT INTO agent_uses (tenant, agent, lane, calls, last_used_at)
SELECT tenant, agent, $1, calls, last_used_at
FROM unnest($2, $3, $4, $5) AS added (tenant, agent, calls, last_used_at)
ON CONFLICT (tenant, agent, lane) DO UPDATE SET
    calls = least(agent_uses.calls, 9223372036854775807 - excluded.calls) + excluded.calls,
    last_used_at = greatest(agent_uses.last_used_at, excluded.last_used_at);
