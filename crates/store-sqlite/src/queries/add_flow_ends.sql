INSERT INTO flow_ends (minute, tenant, flow, executions, completed) VALUES (?1, ?2, ?3, ?4, ?5)
ON CONFLICT DO UPDATE SET executions = executions + excluded.executions, completed = completed + excluded.completed;
