-- The tail, a batch a row: what a worker decided while its batch before was being written. Rows that hold nothing any
-- more which a journal does not cover are deleted in passing.
CREATE TABLE tail_of_records AS SELECT pos, execution_id, seq, record FROM tail;

DROP TABLE tail;

CREATE TABLE tail (
    -- In the order in which they were committed.
    sequence INTEGER PRIMARY KEY,
    -- The epoch of the worker that wrote it.
    worker INTEGER NOT NULL,
    -- For each record the id of its execution (16 bytes), its number (8), its length (4) and its CRC-32 (4), as
    -- little-endian numbers; then the CRC-32 (4) of worker, sequence and all of that.
    entries BLOB NOT NULL,
    -- The records, one behind the other: each a JSON array of number, time and events.
    records BLOB NOT NULL
) STRICT;

-- Journals of executions that have ended are changed once, by the step that follows; the next migration makes the
-- trigger again.
DROP TRIGGER final_journals_never_change;
