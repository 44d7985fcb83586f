//! `steadflow doctor`.

use serde_json::json;

use crate::support::{Folder, Server, flow};

/// A folder with the database of one execution.
fn used() -> Folder {
    let folder = Folder::new();
    folder.write("flow.json", flow(&[json!({ "id": "a", "type": "action", "action": "echo", "input": {} })]));
    folder.run(&["run", "flow.json", "--database", "sqlite:steadflow.db"]).expect(0);
    folder
}

#[test]
fn consistent_database_has_no_findings() {
    let run = used().run(&["doctor"]).expect(0);

    assert_eq!(run.stdout, "");
    assert!(run.stderr.contains("\nsqlite:steadflow.db ("), "{}", run.stderr);
    #[cfg(target_os = "linux")]
    assert!(run.stderr.starts_with("Code nodes: the sandbox holds.\n"), "{}", run.stderr);
    assert!(run.stderr.ends_with("): 0 findings\n"), "{}", run.stderr);
}

#[test]
fn a_file_that_keeps_its_room_is_said_and_is_compacted() {
    let folder = used();
    let database = rusqlite::Connection::open(folder.path().join("steadflow.db")).unwrap();
    database.execute_batch("PRAGMA auto_vacuum = NONE; VACUUM").unwrap();
    drop(database);

    let before = folder.run(&["doctor"]).expect(0);
    let compacted = folder.run(&["compact"]).expect(0);
    let after = folder.run(&["doctor"]).expect(0);

    assert!(before.stderr.contains("`steadflow compact` changes that"), "{}", before.stderr);
    assert!(compacted.stderr.contains("bytes before, "), "{}", compacted.stderr);
    assert!(!after.stderr.contains("compact"), "{}", after.stderr);
}

#[test]
fn lost_journal_is_found() {
    let folder = used();
    let database = rusqlite::Connection::open(folder.path().join("steadflow.db")).unwrap();
    let removed = database.execute("DELETE FROM journals", []).unwrap();
    drop(database);

    let run = folder.run(&["doctor"]).expect(1);

    assert_eq!(removed, 1);
    assert!(run.stdout.contains(" has ended, but its journal is not stored whole."), "{}", run.stdout);
    let findings = run.stdout.lines().count();
    let plural = if findings == 1 { "" } else { "s" };
    assert!(run.stderr.ends_with(&format!("): {findings} finding{plural}\n")), "{}", run.stderr);
}

#[test]
fn missing_database_is_not_created() {
    let folder = Folder::new();

    let run = folder.run(&["doctor", "--database", "sqlite:lost.db"]).expect(1);

    assert_eq!(run.stderr, "steadflow: There is no database at lost.db.\n");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn file_that_is_not_a_database_is_not_changed() {
    let folder = Folder::new();
    let text = "not a database at all ".repeat(100);
    folder.write("notes.txt", &text);

    let run = folder.run(&["doctor", "--database", "sqlite:notes.txt"]).expect(1);

    insta::assert_snapshot!(run.stderr, @"steadflow: Could not open the database sqlite:notes.txt: cannot open the database notes.txt: file is not a database: Error code 26: file is not a database");
    assert_eq!(std::fs::read_to_string(folder.path().join("notes.txt")).unwrap(), text);
}

#[test]
fn database_of_a_running_server_is_refused() {
    let folder = Folder::new();
    let server = Server::start(&folder, &[]);

    let during = folder.run(&["doctor"]).expect(1);
    let (code, _) = server.stop("TERM");

    insta::assert_snapshot!(during.stderr, @"steadflow: Could not open the database sqlite:steadflow.db: the database steadflow.db is in use by another steadflow process, which holds the lock on steadflow.db.lock; stop that process, or name another database");
    assert_eq!(code, Some(0));
    folder.run(&["doctor"]).expect(0);
}

#[test]
fn other_databases_are_refused() {
    let folder = Folder::new();

    let postgres = folder.run(&["doctor", "--database", "postgres://127.0.0.1:1/x"]).expect(1);
    let path = folder.run(&["doctor", "--database", "steadflow.db"]).expect(1);

    insta::assert_snapshot!(postgres.stderr, @"steadflow: Could not open the database postgres://127.0.0.1:1/x: cannot connect to PostgreSQL at postgres://127.0.0.1:1/x: error connecting to server: Connection refused (os error 111); check that it runs, and the user, the password and the database in the URL");
    insta::assert_snapshot!(path.stderr, @"steadflow: `steadflow.db` is not the URL of a database. Use `sqlite:PATH`, such as `sqlite:steadflow.db`, or `postgres://USER:PASSWORD@HOST/DATABASE`.");
}

#[test]
fn a_running_server_says_what_is_missing() {
    let folder = Folder::new();
    let server = Server::start(&folder, &[]);
    let mut document = flow(&[
        json!({ "id": "t", "type": "trigger", "webhook": { "path": "in", "scheme": "github", "secret": "${secrets.HOOK}" } }),
        json!({ "id": "a", "type": "action", "action": "http_request",
                "input": { "url": "https://example.org", "headers": { "Authorization": "Bearer ${secrets.MISSING}" } } }),
    ]);
    document["status"] = json!("active");
    let doctor = ["doctor", "--server", &server.base];

    let good = folder.run(&doctor).expect(0);
    folder.write("flow.json", document);
    folder.run(&["apply", "flow.json", "--server", &server.base]).expect(0);
    let bad = folder.run(&doctor).expect(1);
    let listed = folder.run(&[&doctor[..], &["--json"]].concat()).expect(1).json();
    let nobody = folder.run(&["doctor", "--server", "http://127.0.0.1:1"]).expect(1);

    assert!(good.stdout.lines().all(|line| line.starts_with("ok ")), "{}", good.stdout);
    assert_eq!(good.stderr, "0 faults, 0 warnings\n");
    assert!(
        bad.stdout.contains("fault    secrets    the flow Review uses MISSING, which there is not."),
        "{}",
        bad.stdout
    );
    assert!(
        bad.stdout.contains("fault    webhooks   /hooks/in of the flow Review (active) refuses every call"),
        "{}",
        bad.stdout
    );
    assert_eq!(
        listed["faults"],
        listed["findings"].as_array().expect("a list").iter().filter(|one| one["state"] == "fault").count()
    );
    assert!(
        nobody.stdout.starts_with("fault    reached    http://127.0.0.1:1: Could not connect"),
        "{}",
        nobody.stdout
    );
}
