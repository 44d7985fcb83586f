INSERT INTO agent_budgets (day, tenant, agent, tokens, cost) VALUES (?1, ?2, ?3, ?4, ?5)
ON CONFLICT (day, tenant, agent) DO UPDATE SET tokens = excluded.tokens, cost = excluded.cost;
