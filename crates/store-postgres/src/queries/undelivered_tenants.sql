-- The tenants that have events which are not delivered. Each step goes on in the index behind the tenant before, so that it
-- costs nothing how many events one has.
WITH RECURSIVE tenants (tenant) AS (
    (SELECT tenant FROM received_events WHERE NOT is_delivered ORDER BY tenant LIMIT 1)
    UNION ALL
    SELECT (
        SELECT tenant FROM received_events
        WHERE NOT is_delivered AND tenant > tenants.tenant ORDER BY tenant LIMIT 1
    )
    FROM tenants WHERE tenants.tenant IS NOT NULL
)
SELECT tenant FROM tenants WHERE tenant IS NOT NULL;
