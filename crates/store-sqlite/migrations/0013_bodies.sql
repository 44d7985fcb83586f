-- Executions that use the slot of one above them.
ALTER TABLE executions ADD COLUMN shares_slot INTEGER;
