-- Fills the table of a test: of ten executions, eight completed, one failed, and one waits for a decision.
INSERT INTO executions (
    id, tenant, flow, flow_version, status, retrying, recovered, context_id, triggered_by, error_class, fingerprint,
    fingerprint_message, created_at, completed_at, total_nodes, completed_nodes, failed_nodes, attempts, waits_for, shares_slot, shown
)
SELECT
    lpad(n::text, 32, '0')::uuid, '00000000-0000-0000-0000-000000000000', lpad((n % 3)::text, 32, '0')::uuid, 1,
    CASE n % 10 WHEN 8 THEN 'failed' WHEN 9 THEN 'paused' ELSE 'completed' END,
    n % 10 = 9, false, 'order-' || n, 'api',
    CASE n % 10 WHEN 8 THEN 'timeout' END,
    CASE n % 10 WHEN 8 THEN 'print-' || n % 7 END,
    CASE n % 10 WHEN 8 THEN 'no answer' END,
    n,
    CASE n % 10 WHEN 9 THEN NULL ELSE n END,
    1, 0, 0, 1,
    CASE n % 10 WHEN 9 THEN 'decision' END,
    false,
    1
FROM generate_series(0, $1 - 1) AS n;
