-- Records are numbered from 1 without gaps: as many as the last one's number, and the last one says it, unless it is long
-- and only its place is here.
SELECT executions.id, journals.seq
FROM journals
JOIN executions ON executions.number = journals.execution
WHERE CASE
    WHEN json_valid(journals.records) THEN
        json_array_length(journals.records) <> journals.seq
        OR CASE json_type(journals.records, '$[#-1]')
            WHEN 'null' THEN FALSE
            ELSE json_extract(journals.records, '$[#-1][0]') IS NOT journals.seq
        END
    ELSE TRUE
END;
