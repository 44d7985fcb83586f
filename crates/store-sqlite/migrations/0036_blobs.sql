-- Executions that were deleted, and whose blobs are to be. A record in a blob has a reference in `long_records`: a JSON object
-- with the SHA-256 and the length of the record.
CREATE TABLE deleted_blobs (
    execution BLOB PRIMARY KEY NOT NULL
) STRICT, WITHOUT ROWID;

-- As before, and one row for each record that is in a blob: its kind is `in_blob`, and its body the reference.
DROP VIEW events;
CREATE VIEW events AS
WITH records AS (
    SELECT
        executions.id AS execution_id,
        executions.tenant AS tenant,
        executions.flow AS flow,
        executions.flow_version AS flow_version,
        place.key + 1 AS seq,
        coalesce(place.value, long_records.record) AS record
    FROM executions
    JOIN journals ON journals.execution = executions.number
    JOIN json_each(journals.records) AS place
    LEFT JOIN long_records
        ON place.value IS NULL AND long_records.execution = executions.id AND long_records.seq = place.key + 1
)
SELECT
    records.execution_id,
    records.tenant,
    records.flow,
    records.flow_version,
    coalesce(records.record ->> 0, records.seq) AS seq,
    coalesce(event.key, 0) AS position,
    records.record ->> 1 AS at,
    CASE
        WHEN event.key IS NULL THEN 'in_blob'
        WHEN event.type = 'text' THEN event.value
        ELSE (SELECT key FROM json_each(event.value))
    END AS kind,
    CASE
        WHEN event.key IS NULL THEN records.record
        WHEN event.type = 'text' THEN NULL
        ELSE (SELECT value FROM json_each(event.value))
    END AS body
FROM records
LEFT JOIN json_each(records.record, '$[2]') AS event
WHERE event.key IS NOT NULL OR substr(records.record, 1, 1) = '{';
