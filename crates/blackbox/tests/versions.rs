//! A process beside a newer version: on a schema that has more than it knows, with executions and flows that only that version can
//! read. What the newer version leaves behind is written by hand, as a process of this version finds it.

use std::time::Duration;

use serde_json::json;
use steadflow_blackbox::{Cluster, Setup, Workplace, echo, flow};

const SOON: Duration = Duration::from_secs(20);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_works_beside_a_newer_version_and_reads_nothing_as_something_else() {
    let mut cluster = Cluster::start(1).await;
    let api = cluster.servers[0].api().clone();
    let wait = json!({ "id": "wait", "type": "delay", "delay_seconds": 70 });
    let waits = api.create_flow(&flow("Waits", &[wait], &[])).await;
    let quick = api.create_flow(&flow("Quick", &[echo("a", json!({ "n": 1 }))], &[])).await;
    let saved = api.create_flow(&flow("Saved later", &[echo("a", json!({ "n": 1 }))], &[])).await;
    let parked = api.start(&waits, json!({})).await;
    api.until(&parked, "it waits", SOON, |execution| execution["status"] == "running").await;
    cluster.servers[0].stop().await;

    // The newer version has migrated, taken over what was parked, and saved a flow.
    let change = |sql: &str| cluster.database.ask(sql);
    change(
        "INSERT INTO schema_migrations (number, name, checksum, applied_at, compatible_from)
        VALUES (2, 'later', '', 0, 1)",
    );
    change("ALTER TABLE executions ADD COLUMN later bigint NOT NULL DEFAULT 7");
    change(&format!("UPDATE orphans SET format = 2 WHERE execution = '{parked}'"));
    change(&format!("UPDATE executions SET format = 2 WHERE id = '{parked}'"));
    change(&format!(
        "UPDATE flow_versions SET document = replace(document, '\"format\":1', '\"format\":9') WHERE flow = '{saved}'"
    ));
    cluster.servers[0].restart().await;

    let done = api.start(&quick, json!({})).await;
    assert_eq!(api.finished(&done, SOON).await["status"], "completed");
    let unread = api.get(&format!("executions/{parked}")).await;
    assert_eq!(unread.status, 503, "{}", unread.body);
    let refused = api.post(&format!("flows/{saved}/execute"), &json!({})).await;
    assert_eq!(refused.status, 503, "{}", refused.body);
    let log = cluster.servers[0].log();
    assert!(log.contains("ask a process of that version, or update this one"), "{log}");
    cluster.servers[0].stop().await;
    let doctor = cluster.servers[0].doctor();
    assert!(doctor.stdout.contains("1 executions that have not ended"), "{doctor:?}");

    // One that does not allow it is refused by name.
    cluster.database.ask("UPDATE schema_migrations SET compatible_from = 2 WHERE number = 2");
    let workplace = Workplace::new();
    let refused = Setup::new(&workplace).database(cluster.database.url()).start_in_vain().await;
    assert!(refused.stderr.contains("works with schemas up to"), "{}", refused.stderr);
}
