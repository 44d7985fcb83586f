-- A sum that does not fit an integer is the largest one.
INSERT INTO rollups (tenant, flow, hour, node, metric, lane, value)
SELECT tenant, flow, hour, node, metric, $1, value
FROM unnest($2, $3, $4, $5, $6, $7) AS added (tenant, flow, hour, node, metric, value)
ON CONFLICT (tenant, flow, hour, node, metric, lane) DO UPDATE SET
    value = least(rollups.value, 9223372036854775807 - excluded.value) + excluded.value;
