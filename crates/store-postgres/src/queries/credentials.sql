-- What credentials stand for now; rows of who is gone or disabled, or whose tenant is, are not in it.
SELECT api_keys.hash, principals.tenant, principals.id, 'key', api_keys.prefix, api_keys.role, principals.role,
    principals.grants, api_keys.folders, api_keys.flows, api_keys.networks, api_keys.expires_at, api_keys.used_at
FROM api_keys
JOIN principals ON principals.id = api_keys.principal
LEFT JOIN tenants ON tenants.id = principals.tenant
WHERE api_keys.hash = ANY($1)
    AND principals.disabled_at IS NULL
    AND (tenants.id IS NOT NULL OR principals.tenant = $2)
    AND tenants.disabled_at IS NULL
UNION ALL
SELECT sign_ins.hash, principals.tenant, principals.id, 'user', principals.email, principals.role, principals.role,
    principals.grants, NULL, NULL, NULL, sign_ins.expires_at, sign_ins.used_at
FROM sign_ins
JOIN principals ON principals.id = sign_ins.principal
LEFT JOIN tenants ON tenants.id = principals.tenant
WHERE sign_ins.hash = ANY($1)
    AND principals.disabled_at IS NULL
    AND (tenants.id IS NOT NULL OR principals.tenant = $2)
    AND tenants.disabled_at IS NULL
