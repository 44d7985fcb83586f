-- Where an execution stands among those of its flow that wait to start: a JSON object with its key, its priority, and when it
-- may start. Null where nothing but the moment of its acceptance counts.
ALTER TABLE executions ADD COLUMN queue TEXT;
