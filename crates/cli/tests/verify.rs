//! `steadflow verify`.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::{Folder, Server, flow};

/// A folder with the database of a server on which two flows were made.
fn used() -> Folder {
    let folder = Folder::new();
    let document = flow(&[json!({ "id": "a", "type": "action", "action": "echo", "input": {} })]);
    let server = Server::start(&folder, &[]);
    for _ in 0..2 {
        post(&server, "/api/v1/studio/flows", &document);
    }
    assert_eq!(server.stop("TERM").0, Some(0));
    folder
}

fn post(server: &Server, path: &str, body: &Value) {
    let (host, body) = (server.base.trim_start_matches("http://"), body.to_string());
    let mut stream = TcpStream::connect(host).expect("it listens");
    write!(
        stream,
        "POST {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .expect("it is sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it is answered");
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
}

fn change(folder: &Path, sql: &str) {
    let database = rusqlite::Connection::open(folder.join("steadflow.db")).expect("it opens");
    database.execute_batch(sql).expect("it is changed");
}

/// The end of the log, as it is said.
fn head(said: &str) -> String {
    said.trim_end().rsplit(' ').next().unwrap_or_default().to_owned()
}

#[test]
fn a_log_that_nobody_has_changed_is_whole_also_as_a_file() {
    let folder = used();

    let checked = folder.run(&["verify"]).expect(0);
    let exported = folder.run(&["verify", "--export"]).expect(0);
    folder.write("audit.jsonl", &exported.stdout);
    let of_file =
        folder.run(&["verify", "--file", "audit.jsonl", "--head", &head(&checked.stderr)]).expect(0);

    assert!(checked.stderr.contains("nothing was changed; the log ends with 4:"), "{}", checked.stderr);
    let as_json = folder.run(&["verify", "--json"]).expect(0).stdout;
    let as_json: Value = serde_json::from_str(&as_json).expect("it is JSON and nothing else");

    let tenant = "00000000-0000-0000-0000-000000000000";
    let said = json!([{ "tenant": tenant, "unchanged": true, "head": head(&checked.stderr), "error": null }]);
    assert_eq!(as_json, said);
    assert_eq!(exported.stdout.lines().count(), 4);
    assert_eq!(of_file.stderr, checked.stderr);
}

#[test]
fn what_was_changed_or_taken_out_is_named() {
    for (sql, said) in [
        (
            "UPDATE audit SET entry = replace(entry, 'create', 'delete') WHERE number = 2",
            "entry 2, or one before",
        ),
        ("DELETE FROM audit WHERE number = 3", "after entry 2 comes entry 4"),
        ("DELETE FROM audit WHERE number = 1", "after entry 0 comes entry 2"),
    ] {
        let folder = used();
        change(
            folder.path(),
            &format!("DROP TRIGGER audit_is_not_changed; DROP TRIGGER audit_is_not_deleted; {sql}"),
        );

        let run = folder.run(&["verify"]).expect(1);

        assert!(run.stderr.contains(said), "{sql}: {}", run.stderr);
    }
}

#[test]
fn an_end_that_was_cut_off_is_found_by_who_has_noted_it() {
    let folder = used();
    let noted = head(&folder.run(&["verify"]).expect(0).stderr);
    change(folder.path(), "DROP TRIGGER audit_is_not_deleted; DELETE FROM audit WHERE number > 2");

    let unnoted = folder.run(&["verify"]).expect(0);
    let run = folder.run(&["verify", "--head", &noted]).expect(1);
    let other = folder.run(&["verify", "--head", &format!("2:{}", "0".repeat(64))]).expect(1);

    assert!(unnoted.stderr.contains("ends with 2:"), "{}", unnoted.stderr);
    assert!(run.stderr.contains("ends with entry 2, before entry 4 that was noted"), "{}", run.stderr);
    assert!(other.stderr.contains("entry 2 is another one than what was noted"), "{}", other.stderr);
    folder.run(&["verify", "--head", "x"]).expect(1);
}

#[test]
fn the_database_itself_refuses_to_change_the_log() {
    let folder = used();
    let database = rusqlite::Connection::open(folder.path().join("steadflow.db")).unwrap();

    for sql in ["UPDATE audit SET entry = ''", "DELETE FROM audit"] {
        let refused = database.execute(sql, []).unwrap_err().to_string();
        assert!(refused.contains("the audit log is not"), "{refused}");
    }
}
