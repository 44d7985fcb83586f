SELECT flow, tenant, version, document, created_at, note
FROM flow_versions
