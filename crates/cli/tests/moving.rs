//! `steadflow move`, from a file to another one.

use serde_json::json;

use crate::support::{Folder, flow};

/// A folder with the database of one execution.
fn used() -> Folder {
    let folder = Folder::new();
    folder.write("flow.json", flow(&[json!({ "id": "a", "type": "action", "action": "echo", "input": {} })]));
    folder.run(&["run", "flow.json", "--database", "sqlite:old.db"]).expect(0);
    folder
}

#[test]
fn a_file_is_moved_and_its_parts_are_counted() {
    let folder = used();

    let dry = folder.run(&["move", "sqlite:old.db", "sqlite:new.db", "--dry-run"]).expect(0);
    assert!(!folder.path().join("new.db").exists(), "nothing is changed");
    let moved = folder.run(&["move", "sqlite:old.db", "sqlite:new.db"]).expect(0);

    let lines: Vec<&str> = moved.stdout.lines().collect();
    assert!(lines[0].starts_with("part                       rows           bytes"), "{}", lines[0]);
    let journals = lines.iter().find(|line| line.starts_with("journals ")).expect("a line for each part");
    assert_eq!(journals.split_whitespace().nth(1), Some("1"), "{journals}");
    assert_eq!(dry.stdout.lines().count(), lines.len());
    assert!(dry.stderr.contains("Nothing was changed."), "{}", dry.stderr);
    assert!(moved.stderr.contains("Serve sqlite:new.db from now on"), "{}", moved.stderr);
    folder.run(&["doctor", "--database", "sqlite:new.db"]).expect(0);
}

#[test]
fn a_file_that_was_moved_is_not_used_unless_it_is_reopened() {
    let folder = used();
    folder.run(&["move", "sqlite:old.db", "sqlite:new.db"]).expect(0);

    let used = folder.run(&["doctor", "--database", "sqlite:old.db"]).expect(1);
    let again = folder.run(&["move", "sqlite:old.db", "sqlite:third.db"]).expect(1);
    let full = folder.run(&["move", "sqlite:new.db", "sqlite:new.db"]).expect(1);
    let reopened = folder.run(&["move", "--reopen", "sqlite:old.db"]).expect(0);

    for refused in [&used, &again] {
        assert!(
            refused.stderr.contains("old.db was moved to sqlite:new.db, where its executions go on"),
            "{}",
            refused.stderr
        );
    }
    assert!(full.stderr.contains("is in use by another steadflow process"), "{}", full.stderr);
    assert!(
        reopened.stderr.contains("Never serve it beside the one that it was moved to"),
        "{}",
        reopened.stderr
    );
    folder.run(&["doctor", "--database", "sqlite:old.db"]).expect(0);
}

#[test]
fn what_cannot_be_moved_is_said() {
    let folder = used();

    let missing = folder.run(&["move", "sqlite:none.db", "sqlite:new.db"]).expect(1);
    let nowhere = folder.run(&["move", "sqlite:old.db"]).expect(2);
    let full = folder.run(&["move", "sqlite:old.db", "postgres://u:secret@127.0.0.1:1/x"]).expect(1);

    assert!(missing.stderr.contains("There is no database at none.db."), "{}", missing.stderr);
    assert!(nowhere.stderr.contains("<TO>"), "{}", nowhere.stderr);
    assert!(
        full.stderr.contains("cannot connect to PostgreSQL at postgres://u@127.0.0.1:1/x"),
        "{}",
        full.stderr
    );
    assert!(!full.stderr.contains("secret"), "{}", full.stderr);
}
