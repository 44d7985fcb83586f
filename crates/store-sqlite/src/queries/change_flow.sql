UPDATE flows
SET version = ?2, status = ?3, name = ?4, category = ?5, is_template = ?6, is_scheduled = ?7, updated_at = ?8
WHERE id = ?1;
