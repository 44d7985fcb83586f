SELECT agents.id, agents.tenant, agents.version, agent_versions.document, agents.created_at, agents.updated_at
FROM agents
LEFT JOIN agent_versions ON agent_versions.agent = agents.id AND agent_versions.version = agents.version
