-- Long records that do not begin with their own number, and references to blobs that name none.
SELECT execution, seq
FROM long_records
WHERE CASE
    WHEN NOT json_valid(record) THEN TRUE
    WHEN json_type(record) = 'object' THEN json_extract(record, '$.blob') IS NULL OR json_extract(record, '$.bytes') IS NULL
    ELSE json_extract(record, '$[0]') IS NOT seq
END;
