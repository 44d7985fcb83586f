//! Any JSON text in, the same text out: through the command line.

use proptest::prelude::*;
use serde_json::{Value, json};
use steadflow_any_json::{sent, written};

use crate::support::{Folder, Server};

const MIRROR: &str = r#"{"name":"F","flow_definition":{"nodes":[{"id":"a","type":"action","action":"echo","input":"${trigger_data}"}]}}"#;

proptest! {
    // Each case starts a process, or several.
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn a_run_prints_its_trigger_data(data in sent()) {
        let folder = Folder::new();
        folder.write("flow.json", MIRROR);
        folder.write("data.json", format!("\u{feff}{data}"));

        let given = folder.run(&["run", "flow.json", "--trigger", &data]).expect(0).stdout;
        let read = folder.run(&["run", "flow.json", "--trigger", "@data.json"]).expect(0).stdout;

        prop_assert_eq!(given, format!("{data}\n"));
        prop_assert_eq!(read, format!("{data}\n"));
    }

    #[test]
    fn a_run_prints_the_constants_of_its_flow(constant in written()) {
        prop_assume!(!constant.contains("${"));
        let folder = Folder::new();
        folder.write("flow.json", MIRROR.replace("\"${trigger_data}\"", &format!("[{constant}]")));

        let printed = folder.run(&["run", "flow.json"]).expect(0).stdout;

        prop_assert_eq!(printed, format!("[{constant}]\n"));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2))]

    #[test]
    fn executions_are_printed_as_the_server_says(data in prop::collection::vec(sent(), 4)) {
        let folder = Folder::new();
        folder.write("flow.json", MIRROR);
        for data in &data {
            let run = ["run", "flow.json", "--database", "sqlite:steadflow.db", "--trigger", data];
            folder.run(&run).expect(0);
        }
        let server = Server::start(&folder, &[]);

        let list: Value = server.executions(&folder, &["list", "--json"]).expect(0).json();
        let ids: Vec<&str> = list.as_array().unwrap().iter().rev().map(|row| row["id"].as_str().unwrap()).collect();

        prop_assert_eq!(ids.len(), data.len());
        for (id, data) in ids.iter().zip(&data) {
            let shown = server.executions(&folder, &["show", id, "--json"]).expect(0).stdout;
            let watched = server.executions(&folder, &["watch", id, "--json"]).expect(0).stdout;
            for key in ["trigger_data", "result"] {
                prop_assert!(shown.contains(&format!("\"{key}\":{data},")), "{} in {}", data, shown);
            }
            prop_assert_eq!(watched, shown);
        }
    }
}

#[test]
fn a_result_is_shown_with_every_digit() {
    let folder = Folder::new();
    folder.write("flow.json", MIRROR);
    let data = r#"{"id": 12345678901234567890, "price": 19.90, "much": 1E+2}"#;
    folder.run(&["run", "flow.json", "--database", "sqlite:steadflow.db", "--trigger", data]).expect(0);
    let server = Server::start(&folder, &[]);
    let id = server.executions(&folder, &["list", "--json"]).expect(0).json()[0]["id"].clone();

    let shown = server.executions(&folder, &["show", id.as_str().unwrap()]).expect(0).stdout;

    assert_ne!(id, json!(null));
    assert!(shown.ends_with(&format!("\nresult: {data}\n")), "{shown}");
}
