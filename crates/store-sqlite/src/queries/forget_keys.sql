-- The oldest keys have the lowest numbers: looking at the first few costs the same however many there are.
DELETE FROM idempotency_keys
WHERE number IN (SELECT number FROM idempotency_keys ORDER BY number LIMIT 1000) AND created_at < ?1;
