SELECT agent, tenant, version, document, created_at
FROM agent_versions
