-- Parked executions that are due before ?1, from behind the one that is due at ?2 with the id ?3 on; at most ?4.
SELECT wake_at, id
FROM executions
WHERE wake_at IS NOT NULL
    AND wake_at < ?1
    AND (wake_at, id) > (?2, ?3)
ORDER BY wake_at, id
LIMIT ?4;
