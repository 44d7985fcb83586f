-- Fills the table of a test: of ten executions, eight completed, one failed, and one waits for a decision.
WITH RECURSIVE numbers (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < ?1)
INSERT INTO executions (
    id, tenant, flow, flow_version, status, retrying, recovered, context_id, triggered_by, error_class, created_at,
    completed_at, total_nodes, completed_nodes, failed_nodes, attempts, waits_for
)
SELECT
    CAST(printf('%016d', n) AS BLOB), zeroblob(16), zeroblob(16), 1,
    CASE n % 10 WHEN 8 THEN 'failed' WHEN 9 THEN 'paused' ELSE 'completed' END,
    n % 10 = 9, 0, 'order-' || n, 'api',
    CASE n % 10 WHEN 8 THEN 'timeout' END,
    n,
    CASE n % 10 WHEN 9 THEN NULL ELSE n END,
    1, 0, 0, 1,
    CASE n % 10 WHEN 9 THEN 'decision' END
FROM numbers;
