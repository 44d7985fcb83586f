//! Files that were written for these tests, with what maps and what does not.

use steadflow_import::{Source, import};

use crate::{check, shown};

fn imported(name: &str, from: Source) -> String {
    let path = format!("{}/tests/files/{name}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read(path).expect("it has this form");
    let imported = import(&text, None, "file").expect("it has this form");
    check(&imported);
    assert_eq!(imported.report.source, from);
    shown(&imported)
}

#[test]
fn a_webhook_of_n8n_with_requests_and_branches() {
    let text = imported("orders.n8n.json", Source::N8n);

    assert!(!text.contains("k-4711") && !text.contains("secret-of-a-run"), "credentials are left out");
    insta::assert_snapshot!("orders", text);
}

#[test]
fn a_schedule_of_n8n_with_lists_loops_and_a_model() {
    insta::assert_snapshot!("report", imported("report.n8n.json", Source::N8n));
}

#[test]
fn a_state_machine_with_paths() {
    insta::assert_snapshot!("claims", imported("claims.asl.json", Source::StepFunctions));
}

#[test]
fn a_state_machine_with_jsonata() {
    insta::assert_snapshot!("poll", imported("poll.asl.json", Source::StepFunctions));
}

#[test]
fn a_workflow_of_dify() {
    insta::assert_snapshot!("digest", imported("digest.dify.yml", Source::Dify));
}
