//! What steers a terminal is printed as its code, wherever it comes from.

use serde_json::{Value, json};

use crate::support::{Folder, Server, flow};

/// Clears the screen, ends the line, rings, sets the title and reverses the text.
const HOSTILE: &str = "A\u{1b}[2J\r\nB\u{7}\u{9b}1m\u{202e}C\u{2066}\u{200f}";
const SHOWN: &str = r"A\u{1b}[2J\u{d}\u{a}B\u{7}\u{9b}1m\u{202e}C\u{2066}\u{200f}";

/// Returns a flow with this name and one node with this action.
fn document(name: &str, action: &str, input: &Value) -> Value {
    let mut document =
        flow(&[json!({ "id": "a", "type": "action", "action": action, "input": input, "retry_count": 0 })]);
    document["name"] = json!(name);
    document
}

#[track_caller]
fn assert_harmless(text: &str) {
    let steers = |char: char| {
        char != '\n' && (char.is_control() || matches!(char, '\u{200f}' | '\u{202e}' | '\u{2066}'))
    };
    assert!(!text.contains(steers), "{text:?}");
}

#[test]
fn messages_of_a_server_are_escaped() {
    let folder = Folder::new();
    folder.write("fails.json", document("Review", "fail", &json!({ "message": HOSTILE })));
    let ran = folder.run(&["run", "fails.json", "--database", "sqlite:steadflow.db"]).expect(1);
    let server = Server::start(&folder, &[]);

    let list = server.executions(&folder, &["list"]).expect(0).stdout;
    let rows = server.executions(&folder, &["--json", "list"]).expect(0).json();
    let id = rows[0]["id"].as_str().expect("a row has an id");
    let show = server.executions(&folder, &["show", id]).expect(0).stdout;
    let watch = server.executions(&folder, &["watch", id]).expect(1).stdout;

    for text in [&ran.stdout, &ran.stderr, &list, &show, &watch] {
        assert_harmless(text);
    }
    assert!(ran.stderr.contains(SHOWN), "{}", ran.stderr);
    assert!(show.contains(SHOWN), "{show}");
    assert_eq!(list.lines().count(), 4, "{list}");
    assert!(rows[0]["error_message"].as_str().is_some_and(|text| text.ends_with(HOSTILE)), "{rows}");
}

#[test]
fn results_are_escaped_only_where_they_are_shown() {
    let folder = Folder::new();
    let bidi = "\u{202e}\u{9b}";
    folder.write("flow.json", document("Review", "echo", &json!({ "a": bidi })));

    let piped = folder.run(&["run", "flow.json", "--database", "sqlite:steadflow.db"]).expect(0);
    let server = Server::start(&folder, &[]);
    let rows = server.executions(&folder, &["--json", "list"]).expect(0).json();
    let show = server.executions(&folder, &["show", rows[0]["id"].as_str().unwrap()]).expect(0).stdout;

    assert_eq!(piped.json(), json!({ "a": bidi }));
    assert!(show.ends_with("\nresult: {\"a\":\"\\u202e\\u009b\"}\n"), "{show}");
}

#[test]
fn faults_of_documents_are_escaped() {
    let folder = Folder::new();
    let mut broken = document("Review", "echo", &json!({}));
    broken["flow_definition"]["nodes"][0]["type"] = json!(HOSTILE);
    folder.write("flow.json", json!({ "flow": broken, HOSTILE: 1 }));

    let validated = folder.run(&["validate", "flow.json"]).expect(2);
    let ran = folder.run(&["run", "flow.json"]).expect(2);

    for text in [&validated.stdout, &ran.stderr] {
        assert_harmless(text);
        assert!(text.contains(&format!("unknown key `{SHOWN}`")), "{text}");
    }
}
