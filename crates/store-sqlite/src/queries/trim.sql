DELETE FROM tail WHERE worker IN (SELECT worker FROM tail_workers) AND sequence < ?1;
