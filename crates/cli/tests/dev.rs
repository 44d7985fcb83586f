//! `steadflow dev`: a server that follows a folder.

use std::io::{BufRead, BufReader};

use serde_json::{Value, json};

use crate::support::{Folder, flow, signal};

fn document(retries: u32) -> Value {
    let mut document = flow(&[json!({ "id": "a", "type": "action", "action": "echo", "input": {} })]);
    document["retry_count"] = json!(retries);
    document
}

#[test]
fn a_folder_is_followed_and_a_fault_changes_nothing() {
    let folder = Folder::new();
    std::fs::create_dir(folder.path().join("flows")).expect("a folder can be made");
    folder.write("flows/review.json", document(1));
    let mut process = folder.start(&["dev", "flows", "--no-open", "--listen", "127.0.0.1:0"]);
    let mut lines = BufReader::new(process.stderr.take().expect("it is piped")).lines();
    let mut until = |what: &str| {
        let said: Vec<String> =
            lines.by_ref().map_while(Result::ok).take_while(|line| !line.contains(what)).collect();
        assert!(process.try_wait().expect("it can be asked").is_none(), "it ended:\n{}", said.join("\n"));
        said
    };

    let started = until("created       flows/review.json  Review ");
    folder.write("flows/review.json", document(2));
    until("changed       flows/review.json  Review ");
    folder.write("flows/review.json", document(99));
    until("flows/review.json:1: /retry_count: `retry_count` must be a whole number from 0 to 10, not 99");
    until("Nothing was changed: 1 error.");
    let base = started.iter().find_map(|line| line.split_once("studio    ")).expect("its address").1;
    let list = folder.run(&["flows", "list", "--json", "--server", base]).expect(0).json();
    folder.write("flows/review.json", document(3));
    until("version 2 → 3: retry_count");
    std::fs::remove_file(folder.path().join("flows/review.json")).expect("it can be removed");
    until("flows/review.json is gone. The server keeps what it had");
    signal(process.id(), "INT");

    assert_eq!(process.wait().expect("it ends").code(), Some(0));
    assert_eq!((&list[0]["version"], &list[0]["retry_count"]), (&json!(2), &json!(2)));
    assert!(folder.path().join("flows/.steadflow/dev.db").exists());
}
