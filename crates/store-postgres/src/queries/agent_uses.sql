SELECT agent, least(sum(calls), 9223372036854775807)::bigint AS calls, max(last_used_at) AS last_used_at
FROM agent_uses
WHERE tenant = $1 AND agent = ANY($2)
GROUP BY agent;
