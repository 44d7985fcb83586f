SELECT tail.worker, tail.sequence, tail.entries, tail.records
FROM tail_workers
JOIN tail ON tail.worker = tail_workers.worker AND tail.sequence >= ?1;
