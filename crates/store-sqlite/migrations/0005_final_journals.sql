CREATE TRIGGER final_journals_never_change BEFORE UPDATE ON journals
WHEN OLD.is_final
BEGIN
    SELECT RAISE(ABORT, 'the journal of an execution that has ended never changes');
END;
