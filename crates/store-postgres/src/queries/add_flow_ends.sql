-- A sum that does not fit an integer is the largest one.
INSERT INTO flow_ends (minute, tenant, flow, lane, executions, completed)
SELECT minute, tenant, flow, $1, executions, completed
FROM unnest($2, $3, $4, $5, $6) AS added (minute, tenant, flow, executions, completed)
ON CONFLICT (minute, tenant, flow, lane) DO UPDATE SET
    executions = least(flow_ends.executions, 9223372036854775807 - excluded.executions) + excluded.executions,
    completed = least(flow_ends.completed, 9223372036854775807 - excluded.completed) + excluded.completed;
