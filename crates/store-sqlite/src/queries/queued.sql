SELECT created_at, id, flow, shares_slot, queue, tenant
FROM executions
WHERE status <> 'completed'
    AND status = 'pending'
    AND owner_epoch IS NULL
    AND (?1 IS NULL OR (created_at, id) > (?1, ?2))
ORDER BY created_at, id
LIMIT ?3;
