-- Records are numbered from 1 without gaps: as many as the last one's number, and the last one says it.
SELECT executions.id, journals.seq
FROM journals
JOIN executions ON executions.number = journals.execution
WHERE CASE
    WHEN json_valid(journals.records) THEN
        json_array_length(journals.records) <> journals.seq
        OR json_extract(journals.records, '$[#-1][0]') IS NOT journals.seq
    ELSE TRUE
END;
