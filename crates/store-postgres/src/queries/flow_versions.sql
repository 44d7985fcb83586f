SELECT flow, tenant, version, document, created_at
FROM flow_versions
