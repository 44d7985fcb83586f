-- Takes deleted executions out of the counters of lists: of which lane does not matter, as they are added up. Where their flow was
-- deleted meanwhile, there are none.
UPDATE execution_counts
SET value = value - $4
WHERE tenant = $1
    AND flow = $2
    AND status = $3
    AND lane = (
        SELECT min(counts.lane)
        FROM execution_counts AS counts
        WHERE counts.tenant = $1 AND counts.flow = $2 AND counts.status = $3
    );
