-- Executions that use the slot of one above them, and the item or iteration that the execution of a body runs for.
ALTER TABLE executions ADD COLUMN shares_slot INTEGER;

ALTER TABLE executions ADD COLUMN item INTEGER;
