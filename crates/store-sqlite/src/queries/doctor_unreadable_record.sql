-- Long records that do not begin with their own number.
SELECT execution, seq
FROM long_records
WHERE CASE WHEN json_valid(record) THEN json_extract(record, '$[0]') IS NOT seq ELSE TRUE END;
