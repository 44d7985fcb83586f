-- A sum that does not fit an integer is the largest one.
INSERT INTO rollups (tenant, flow, hour, node, metric, value) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
ON CONFLICT DO UPDATE SET value = min(value + excluded.value, 9223372036854775807);
