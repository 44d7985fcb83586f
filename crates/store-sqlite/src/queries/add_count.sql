INSERT INTO execution_counts (tenant, flow, status, value) VALUES (?1, ?2, ?3, ?4)
ON CONFLICT DO UPDATE SET value = value + excluded.value;
