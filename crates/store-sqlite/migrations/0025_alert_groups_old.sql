-- What is deleted of groups is found without looking at the others.
CREATE INDEX alert_groups_old ON alert_groups (last_at) WHERE count = 0;
