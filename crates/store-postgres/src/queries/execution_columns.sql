id, tenant, flow, flow_version, status, retrying, recovered, current_node, context_id, context_type,
triggered_by, retry_of, error_message, error_class, fingerprint, fingerprint_node, fingerprint_class,
fingerprint_message, created_at, started_at, completed_at, total_nodes, completed_nodes, failed_nodes,
attempts, waits_for, waits_until, parent, shares_slot, parent_node, item_index, forked_from, queue
