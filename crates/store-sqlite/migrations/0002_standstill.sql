-- What an unfinished execution waits for (`slot`, `decision`, `retry`, `delay`), and when that is over by itself.
ALTER TABLE executions ADD COLUMN waits_for TEXT;
ALTER TABLE executions ADD COLUMN waits_until INTEGER;
