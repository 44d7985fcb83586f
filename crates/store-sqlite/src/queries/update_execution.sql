-- The key, whose it is and when it began stay as they are.
UPDATE executions SET
    status = ?5,
    retrying = ?6,
    recovered = ?7,
    current_node = ?8,
    error_message = ?13,
    error_class = ?14,
    fingerprint = ?15,
    fingerprint_node = ?16,
    fingerprint_class = ?17,
    fingerprint_message = ?18,
    started_at = ?20,
    completed_at = ?21,
    completed_nodes = ?23,
    failed_nodes = ?24,
    attempts = ?25,
    waits_for = ?26,
    waits_until = ?27,
    owner_epoch = ?28,
    wake_at = ?29
WHERE number = ?36;
