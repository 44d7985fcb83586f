-- What is stored of an execution beside the tail, its journal included.
SELECT
    journals.seq,
    journals.records
FROM executions
LEFT JOIN journals ON journals.execution = executions.number
WHERE executions.id = ?1;
