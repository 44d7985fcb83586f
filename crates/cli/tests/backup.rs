//! `steadflow backup` and `steadflow restore`.

use std::os::unix::fs::PermissionsExt as _;

use serde_json::{Value, json};

use crate::support::{Folder, Server, flow};

/// A folder with the database of one execution.
fn used() -> Folder {
    let folder = Folder::new();
    folder.write("flow.json", flow(&[json!({ "id": "a", "type": "action", "action": "echo", "input": {} })]));
    folder.run(&["run", "flow.json", "--database", "sqlite:steadflow.db"]).expect(0);
    folder
}

#[test]
fn a_backup_is_private_and_becomes_a_database_again() {
    let folder = used();

    let made = folder.run(&["backup", "copy.db"]).expect(0);
    let restored = folder.run(&["restore", "copy.db", "--database", "sqlite:new.db"]).expect(0);
    let printed = |arguments: &[&str]| -> Value {
        serde_json::from_str(&folder.run(arguments).expect(0).stdout).expect("it is JSON and nothing else")
    };
    let (backup, again) = (
        printed(&["backup", "other.db", "--json"]),
        printed(&["restore", "other.db", "--database", "sqlite:other-new.db", "--json"]),
    );
    let compacted = printed(&["compact", "--database", "sqlite:other-new.db", "--json"]);

    assert!(made.stderr.contains("The master key of secrets is not in it."), "{}", made.stderr);
    assert_eq!(restored.stdout, "", "nothing is under way");
    assert_eq!((&backup["file"], &again["unfinished"]), (&json!("other.db"), &json!([])));
    let size = std::fs::metadata(folder.path().join("other.db")).unwrap().len();
    assert_eq!(backup["bytes"], size);
    assert!(again["taken_at"].as_str().is_some_and(|at| at.starts_with("20")), "{again}");
    assert!(compacted["bytes"].as_u64() <= compacted["bytes_before"].as_u64(), "{compacted}");
    assert!(restored.stderr.contains("All executions had ended."), "{}", restored.stderr);
    for name in ["copy.db", "new.db"] {
        let mode = folder.path().join(name).metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    folder.run(&["doctor", "--database", "sqlite:new.db"]).expect(0);
    let server = Server::start(&folder, &["--database", "sqlite:new.db"]);
    let listed = server.executions(&folder, &["list"]).expect(0).stdout;
    assert!(listed.contains("completed"), "{listed}");
}

#[test]
fn a_backup_is_made_of_a_database_in_use_and_stays_as_it_is() {
    let folder = used();
    let server = Server::start(&folder, &[]);

    folder.run(&["backup", "copy.db"]).expect(0);
    drop(server);
    let served = folder.run(&["serve", "--listen", "127.0.0.1:0", "--database", "sqlite:copy.db"]).expect(1);
    let examined = folder.run(&["doctor", "--database", "sqlite:copy.db"]).expect(1);

    for refused in [served, examined] {
        assert!(refused.stderr.contains("copy.db is a backup that was made at 20"), "{}", refused.stderr);
        assert!(refused.stderr.contains("`steadflow restore copy.db`"), "{}", refused.stderr);
    }
    folder.run(&["restore", "copy.db", "--database", "sqlite:new.db"]).expect(0);
}

#[test]
fn nothing_is_overwritten_and_nothing_else_is_restored() {
    let folder = used();
    folder.write("text.db", "no database");
    folder.run(&["backup", "copy.db"]).expect(0);

    for (arguments, said) in [
        (&["backup", "copy.db"] as &[&str], "copy.db is there already, and is not overwritten"),
        (&["backup", "steadflow.db"], "steadflow.db is there already"),
        (&["backup", "none/copy.db"], "cannot open none/copy.db.partial"),
        (&["backup", "new.db", "--database", "sqlite:none.db"], "There is no database at none.db."),
        (&["backup", "new.db", "--database", "sqlite:copy.db"], "copy.db is a backup"),
        (&["backup", "new.db", "--database", "sqlite:text.db"], "file is not a database"),
        (&["backup", "new.db", "--database", "postgres://u@127.0.0.1:1/x"], "`pg_dump`"),
        (&["restore", "copy.db"], "steadflow.db is there already"),
        (&["restore", "none.db", "--database", "sqlite:new.db"], "There is no backup at none.db."),
        (&["restore", "text.db", "--database", "sqlite:new.db"], "file is not a database"),
        (
            &["restore", "steadflow.db", "--database", "sqlite:new.db"],
            "and not a backup that `steadflow backup`",
        ),
    ] {
        let refused = folder.run(arguments).expect(1);
        assert!(refused.stderr.contains(said), "{arguments:?}: {}", refused.stderr);
    }
    let mut files: Vec<_> =
        std::fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().file_name()).collect();
    files.sort();
    let left = |name: &str| files.iter().any(|file| file.to_string_lossy() == name);
    assert!(
        !left("new.db") && !files.iter().any(|file| file.to_string_lossy().contains("partial")),
        "{files:?}"
    );
}

#[test]
fn a_database_that_was_moved_away_is_not_backed_up() {
    let folder = used();
    folder.run(&["move", "sqlite:steadflow.db", "sqlite:new.db"]).expect(0);

    let refused = folder.run(&["backup", "copy.db"]).expect(1);

    assert!(refused.stderr.contains("was moved to sqlite:new.db"), "{}", refused.stderr);
    assert!(!folder.path().join("copy.db").exists());
}

#[test]
fn two_commands_do_not_write_to_one_backup() {
    let folder = used();
    let partial = std::fs::File::create(folder.path().join("copy.db.partial")).unwrap();
    partial.lock().unwrap();

    let refused = folder.run(&["backup", "copy.db"]).expect(1);

    assert!(
        refused.stderr.contains("copy.db.partial is being written by another process"),
        "{}",
        refused.stderr
    );
    assert!(folder.path().join("copy.db.partial").exists(), "it is the other command's");
    drop(partial);
    // What a command leaves that was killed is taken over.
    folder.run(&["backup", "copy.db"]).expect(0);
}
