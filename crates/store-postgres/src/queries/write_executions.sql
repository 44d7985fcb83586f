-- The columns are those of `execution_columns.sql` and who drives it. Of a row that is there, whose it is and when it began stay as
-- they are. One that has ended never changes again: that fails as a number that is none, and with it the transaction, whose further
-- statements are on their way by then.
WITH written AS (
INSERT INTO executions (
    id, tenant, flow, flow_version, status, retrying, recovered, current_node, context_id, context_type,
    triggered_by, retry_of, error_message, error_class, fingerprint, fingerprint_node, fingerprint_class,
    fingerprint_message, created_at, started_at, completed_at, total_nodes, completed_nodes, failed_nodes,
    attempts, waits_for, waits_until, parent, shares_slot, parent_node, item_index, forked_from, queue,
    owner, wake_at, shown, format
)
SELECT *, $37
FROM unnest(
    $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26,
    $27, $28, $29, $30, $31, $32, $33, $34, $35, $36
)
ON CONFLICT (id) DO UPDATE SET
    status = excluded.status,
    retrying = excluded.retrying,
    recovered = excluded.recovered,
    current_node = excluded.current_node,
    error_message = excluded.error_message,
    error_class = excluded.error_class,
    fingerprint = excluded.fingerprint,
    fingerprint_node = excluded.fingerprint_node,
    fingerprint_class = excluded.fingerprint_class,
    fingerprint_message = excluded.fingerprint_message,
    started_at = excluded.started_at,
    completed_at = excluded.completed_at,
    completed_nodes = excluded.completed_nodes,
    failed_nodes = excluded.failed_nodes,
    attempts = excluded.attempts,
    waits_for = excluded.waits_for,
    waits_until = excluded.waits_until,
    owner = excluded.owner,
    wake_at = excluded.wake_at,
    shown = excluded.shown,
    format = greatest(executions.format, excluded.format)
WHERE executions.completed_at IS NULL
RETURNING 1
)
SELECT CASE count(*) WHEN cardinality($1) THEN 0 ELSE ('an execution that has ended never changes ' || count(*))::bigint END
FROM written;
