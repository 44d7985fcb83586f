-- The tenants that have events which are not delivered. Each step goes on in the index behind the tenant before, so that it
-- costs nothing how many events one has.
WITH RECURSIVE tenants (tenant) AS (
    SELECT min(tenant) FROM received_events WHERE is_delivered = 0
    UNION ALL
    SELECT (SELECT min(tenant) FROM received_events WHERE is_delivered = 0 AND tenant > tenants.tenant)
    FROM tenants WHERE tenants.tenant IS NOT NULL
)
SELECT tenant FROM tenants WHERE tenant IS NOT NULL;
