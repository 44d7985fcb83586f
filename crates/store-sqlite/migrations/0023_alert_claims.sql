-- Until when somebody sends a message; null while nobody does.
ALTER TABLE alert_messages ADD COLUMN claimed_until INTEGER;
CREATE INDEX alert_messages_claimed ON alert_messages (alert) WHERE claimed_until IS NOT NULL;

CREATE INDEX alert_messages_pending ON alert_messages (alert, group_name) WHERE state = 'pending';
