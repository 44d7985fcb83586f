SELECT worker, sequence, entries, records
FROM tail
WHERE sequence >= ?1
ORDER BY sequence;
