INSERT INTO journals (execution, seq, is_final, records) VALUES (?1, ?2, ?3, ?4)
ON CONFLICT DO UPDATE SET seq = excluded.seq, is_final = excluded.is_final, records = excluded.records;
