-- Records of 4 KiB or more, each written once, with its commit. The tail has only its entry, with a length of 0, and the
-- journal has `null` in its place. The key is an index of its own: SQLite reads whole rows to compare keys of a table
-- without row IDs.
CREATE TABLE long_records (
    number INTEGER PRIMARY KEY,
    -- The id of an execution, which may not have a row yet.
    execution BLOB NOT NULL,
    seq INTEGER NOT NULL,
    -- A JSON array of number, time and events.
    record TEXT NOT NULL,
    UNIQUE (execution, seq)
) STRICT;

CREATE TRIGGER long_records_never_change BEFORE UPDATE ON long_records
BEGIN
    SELECT RAISE(ABORT, 'a long record never changes');
END;

-- Executions that were deleted while long records of them are left, which are deleted in steps.
CREATE TABLE deleted_executions (
    execution BLOB PRIMARY KEY NOT NULL
) STRICT, WITHOUT ROWID;

-- Every event of every stored journal: one row each, in the order in which they happened. `kind` is the event's name,
-- `body` its fields as JSON. What is only in the tail so far is not in here.
DROP VIEW events;
CREATE VIEW events AS
WITH records AS (
    SELECT
        executions.id AS execution_id,
        executions.tenant AS tenant,
        executions.flow AS flow,
        executions.flow_version AS flow_version,
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
    records.record ->> 0 AS seq,
    event.key AS position,
    records.record ->> 1 AS at,
    CASE event.type WHEN 'text' THEN event.value ELSE (SELECT key FROM json_each(event.value)) END AS kind,
    CASE event.type WHEN 'text' THEN NULL ELSE (SELECT value FROM json_each(event.value)) END AS body
FROM records
JOIN json_each(records.record, '$[2]') AS event;
