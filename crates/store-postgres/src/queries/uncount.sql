-- Takes deleted executions out of the counters of lists: in the lane 0, as all are added up. Where their flow was deleted meanwhile,
-- there are none.
INSERT INTO execution_counts (tenant, flow, status, lane, value)
SELECT $1, $2, $3, 0, -$4
WHERE EXISTS (SELECT 1 FROM execution_counts WHERE tenant = $1 AND flow = $2 AND status = $3)
ON CONFLICT (tenant, flow, status, lane) DO UPDATE SET value = execution_counts.value + excluded.value;
