INSERT INTO rollups (tenant, flow, hour, node, metric, value) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
ON CONFLICT DO UPDATE SET value = value + excluded.value;
