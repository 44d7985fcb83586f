INSERT INTO executions (
    number, id, tenant, flow, flow_version, status, retrying, recovered, current_node, context_id, context_type,
    triggered_by, retry_of, error_message, error_class, fingerprint, fingerprint_node, fingerprint_class,
    fingerprint_message, created_at, started_at, completed_at, total_nodes, completed_nodes, failed_nodes,
    attempts, waits_for, waits_until, owner_epoch, wake_at, parent, shares_slot, parent_node,
    item_index, forked_from, queue
) VALUES (
    ?36, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22,
    ?23, ?24, ?25, ?26, ?27, ?28, ?29, ?30,
    ?31, ?32, ?33, ?34, ?35
);
