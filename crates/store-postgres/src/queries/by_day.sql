-- Keeps journals and long records by day from now on. What there is stays where it is, which becomes the place of all that is of no day.
-- The statement that a database may lack comes first.
CREATE TABLE journals_by_day (LIKE journals INCLUDING ALL) PARTITION BY RANGE (execution);
ALTER TABLE journals RENAME TO journals_rest;
ALTER TABLE journals_by_day RENAME TO journals;
ALTER TABLE journals ATTACH PARTITION journals_rest DEFAULT;
CREATE TABLE long_records_by_day (LIKE long_records INCLUDING ALL) PARTITION BY RANGE (execution);
ALTER TABLE long_records RENAME TO long_records_rest;
ALTER TABLE long_records_by_day RENAME TO long_records;
ALTER TABLE long_records ATTACH PARTITION long_records_rest DEFAULT;
