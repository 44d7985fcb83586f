-- Executions with long records, how many they have, and the number of the last one. Those that were deleted are left out.
SELECT execution, count(*), max(seq)
FROM long_records
WHERE execution NOT IN (SELECT execution FROM deleted_executions)
GROUP BY execution;
