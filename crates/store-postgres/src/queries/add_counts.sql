INSERT INTO execution_counts (tenant, flow, status, lane, value)
SELECT tenant, flow, status, $1, value
FROM unnest($2, $3, $4, $5) AS added (tenant, flow, status, value)
ON CONFLICT (tenant, flow, status, lane) DO UPDATE SET value = execution_counts.value + excluded.value;
