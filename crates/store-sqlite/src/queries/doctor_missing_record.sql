-- Places of long records in journals that have no text.
SELECT executions.id, place.key + 1
FROM journals
JOIN executions ON executions.number = journals.execution
JOIN json_each(CASE WHEN json_valid(journals.records) THEN journals.records ELSE '[]' END) AS place
WHERE place.value IS NULL
    AND NOT EXISTS (
        SELECT 1 FROM long_records WHERE long_records.execution = executions.id AND long_records.seq = place.key + 1
    );
