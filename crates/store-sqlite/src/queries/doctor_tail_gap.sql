-- Above what its journal covers, an execution's records stand in the tail in order and without a gap.
SELECT execution_id, seq
FROM (
    SELECT
        tail.execution_id,
        tail.seq,
        coalesce(journals.seq, 0) AS covered,
        row_number() OVER (PARTITION BY tail.execution_id ORDER BY tail.pos) AS nth
    FROM tail
    LEFT JOIN executions ON executions.id = tail.execution_id
    LEFT JOIN journals ON journals.execution = executions.number
    WHERE tail.seq > coalesce(journals.seq, 0)
)
WHERE seq <> covered + nth;
