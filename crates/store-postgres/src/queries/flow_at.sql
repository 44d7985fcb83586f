-- The active flow at the path of a webhook or else, of those that are paused, the newest.
SELECT tenant, id
FROM flows
WHERE webhook_path = $1 AND status IN ('active', 'paused')
ORDER BY status = 'active' DESC, id DESC
LIMIT 1;
