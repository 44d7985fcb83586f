//! A database that is moved to the other store while much is under way: all of it goes on, and nothing is done twice.

use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use steadflow_blackbox::{Api, Postgres, Run, Setup, UnderWay, Workplace, echo, flow, run, steadflow};

const SOON: Duration = Duration::from_secs(60);

fn file(workplace: &Workplace, name: &str) -> String {
    format!("sqlite:{}", workplace.path().join(name).display())
}

fn moves(workplace: &Workplace, from: &str, to: &str) -> Run {
    let moved = run(workplace.path(), &["move", from, to]);
    assert_eq!(moved.code, Some(0), "{}{}", moved.stdout, moved.stderr);
    moved
}

/// What is stored and does not change while executions go on.
async fn stored(api: &Api, underway: &UnderWay) -> Vec<Value> {
    let mut all = vec![api.execution(&underway.done).await];
    for path in ["flows", "schedules", "alerts", "webhooks", "events/received", "failures"] {
        all.push(api.get(path).await.expect(200));
    }
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_that_is_under_way_goes_on_after_a_move_to_postgresql() {
    let (workplace, elsewhere, database) = (Workplace::new(), Workplace::new(), Postgres::start(60));
    let mut server = Setup::new(&workplace).start().await;
    let underway = UnderWay::start(server.api()).await;
    let key = [("Idempotency-Key", "once")];
    let path = format!("flows/{}/execute", underway.flow);
    let started =
        server.api().call(reqwest::Method::POST, &path, &key, Some(&json!({}))).await.expect("an answer");
    let started = started.expect(201)["execution_id"].clone();
    let before = stored(server.api(), &underway).await;

    server.kill();
    let (from, to) = (file(&workplace, "steadflow.db"), database.url());
    let dry = run(workplace.path(), &["move", &from, &to, "--dry-run"]);
    assert_eq!(
        (dry.code, database.ask("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")),
        (Some(0), "0".into())
    );
    let moved = moves(&workplace, &from, &to);
    let refused = Setup::new(&workplace).start_in_vain().await;
    let mut server = Setup::new(&elsewhere).database(to).start().await;

    assert!(refused.stderr.contains("was moved to postgres://steadflow@"), "{}", refused.stderr);
    let parts = |text: &str| -> Vec<String> {
        let words = |line: &str| {
            line.split_whitespace()
                .enumerate()
                .filter(|(at, _)| *at != 3)
                .map(|(_, word)| word.to_owned() + " ")
                .collect()
        };
        text.lines().map(words).collect()
    };
    assert_eq!(parts(&dry.stdout), parts(&moved.stdout), "the same rows with the same hashes");
    assert_eq!(stored(server.api(), &underway).await, before);
    let again =
        server.api().call(reqwest::Method::POST, &path, &key, Some(&json!({}))).await.expect("an answer");
    assert_eq!(again.body["execution_id"], started);
    underway.ends(server.api()).await;
    server.stop().await;
    assert_eq!(server.doctor().code, Some(0), "{}", server.doctor().stdout);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_that_is_under_way_goes_on_after_a_move_to_sqlite() {
    let (workplace, elsewhere, database) = (Workplace::new(), Workplace::new(), Postgres::start(60));
    let lease = ["--lease-seconds", "3"];
    let mut server = Setup::new(&elsewhere).database(database.url()).arguments(lease).start().await;
    let underway = UnderWay::start(server.api()).await;
    let before = stored(server.api(), &underway).await;

    let to = file(&workplace, "steadflow.db");
    let refused = run(workplace.path(), &["move", &database.url(), &to]);
    server.stop().await;
    moves(&workplace, &database.url(), &to);
    let mut server = Setup::new(&workplace).start().await;

    assert_eq!(refused.code, Some(1));
    assert!(refused.stderr.contains("is in use by"), "{}", refused.stderr);
    assert_eq!(stored(server.api(), &underway).await, before);
    underway.ends(server.api()).await;
    server.stop().await;
    assert_eq!(server.doctor().code, Some(0), "{}", server.doctor().stdout);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_move_that_is_killed_leaves_nothing_that_can_be_used_by_half() {
    let (workplace, elsewhere, database) = (Workplace::new(), Workplace::new(), Postgres::start(60));
    let (from, to) = (file(&workplace, "steadflow.db"), database.url());
    let mut server = Setup::new(&workplace).start().await;
    let chain = server.api().create_flow(&flow("Chain", &[echo("a", json!({}))], &[])).await;
    let execution = server.api().start(&chain, json!({})).await;
    server.api().finished(&execution, SOON).await;
    server.kill();
    assert_eq!(run(workplace.path(), &["doctor", "--database", &to]).code, Some(0), "it makes the schema");

    let lock = database.lock("journals").await;
    let mut moving = Command::new(steadflow())
        .args(["move", &from, &to])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the binary starts");
    database.is_waited_for().await;
    moving.kill().expect("a child can be killed");
    moving.wait().expect("a killed child ends");
    database.unlock(lock);

    let served = Setup::new(&elsewhere).database(to.clone()).start_in_vain().await;
    let again = run(workplace.path(), &["move", &from, &to]);
    for refused in [&served, &again] {
        assert_eq!(refused.code, Some(1));
        assert!(
            refused.stderr.contains("a move to it has not finished; drop it, make it again"),
            "{}",
            refused.stderr
        );
    }
    server.restart().await;
    assert_eq!(server.api().execution(&execution).await["status"], "completed", "the source is as it was");
    server.stop().await;
    database.ask("DROP SCHEMA public CASCADE; CREATE SCHEMA public");
    moves(&workplace, &from, &to);
    let mut server = Setup::new(&elsewhere).database(to).start().await;
    assert_eq!(server.api().execution(&execution).await["status"], "completed");
    server.stop().await;
}
