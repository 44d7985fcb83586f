//! What is in the log.

use serde_json::json;

use crate::support::{Folder, Run, flow};

#[test]
fn a_host_that_comes_from_a_secret_is_in_the_log_of_no_level() {
    let folder = Folder::new();
    let input = json!({ "url": "${secrets.HOOK}" });
    folder.write(
        "flow.json",
        flow(&[json!({ "id": "a", "type": "action", "action": "http_request", "input": input })]),
    );
    for format in ["text", "json"] {
        let log = ["--log", "trace", "--log-format", format];
        let mut command = folder.command(&[&["run", "flow.json", "--secret", "HOOK"][..], &log].concat());
        command.env("STEADFLOW_SECRET_HOOK", "http://canary.hooks.invalid/canary?sig=canary");
        command.env("STEADFLOW_SECRET_HOOK_HOSTS", "*.hooks.invalid");

        let run = Run::from(command.output().expect("the binary starts")).expect(1);

        assert!(run.stderr.contains("a "), "{}", run.stderr);
        assert!(!run.stderr.contains("canary"), "{}", run.stderr);
    }
}
