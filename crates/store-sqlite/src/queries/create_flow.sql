INSERT INTO flows (id, tenant, version, status, name, category, is_template, is_scheduled, webhook_path, folder, created_at, updated_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12);
