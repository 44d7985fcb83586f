UPDATE flows
SET version = ?2, status = ?3, name = ?4, category = ?5, is_template = ?6, is_scheduled = ?7, webhook_path = ?8, folder = ?9, updated_at = ?10
WHERE id = ?1;
