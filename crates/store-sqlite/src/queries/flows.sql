SELECT
    flows.id,
    flows.tenant,
    flows.version,
    flows.status,
    flow_versions.document,
    flows.name,
    flows.category,
    flows.is_template,
    flows.is_scheduled,
    flows.webhook_path,
    flows.folder,
    flows.created_at,
    flows.updated_at
FROM flows
LEFT JOIN flow_versions ON flow_versions.flow = flows.id AND flow_versions.version = flows.version
