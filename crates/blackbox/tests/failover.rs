//! A failover to a standby that lacks the last commits of its primary.

use std::time::Duration;

use serde_json::{Value, json};
use steadflow_blackbox::{
    Peer, Postgres, Setup, Workplace, echo, eventually, flow, http, node, retries, with,
};

const SOON: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_failover_has_lost_is_said_and_nothing_else_goes_on_from_it() {
    let primary = Postgres::start(100);
    let standby = primary.standby();
    let workplace = Workplace::new();
    let setup =
        Setup::new(&workplace).database(primary.url_with(&standby)).arguments(["--lease-seconds", "3"]);
    let mut server = setup.start().await;
    let (api, peer) = (server.api().clone(), Peer::start().await);
    let slow = with(http("call", &peer.url("/slow/8000")), &retries(3, 0.05));
    let slow =
        api.create_flow(&flow("Slow", &[slow, echo("after", json!({ "n": 1 }))], &[("call", "after")])).await;
    let hangs = api.create_flow(&flow("Hangs", &[http("call", &peer.url("/hang/9"))], &[])).await;
    let quick = api.create_flow(&flow("Quick", &[echo("a", json!({ "n": 1 }))], &[])).await;

    let kept = api.start(&slow, json!({})).await;
    api.until(&kept, "its call is under way", SOON, |execution| {
        node(execution, "call")["status"] == "running"
    })
    .await;
    let count = |server: &Postgres| server.ask("SELECT pg_current_wal_flush_lsn() - '0/0'");
    let written = count(&primary);
    eventually("the standby has what is written", SOON, async || {
        let replayed = standby.ask("SELECT pg_last_wal_replay_lsn() - '0/0'");
        (replayed.parse::<u64>().ok()? >= written.parse::<u64>().ok()?).then_some(())
    })
    .await;
    standby.fall_behind();
    eventually("it follows no longer", SOON, async || {
        (primary.ask("SELECT count(*) FROM pg_stat_replication") == "0").then_some(())
    })
    .await;
    let mut lost = Vec::new();
    for _ in 0..3 {
        let execution = api.start(&hangs, json!({})).await;
        api.until(&execution, "its call is under way", SOON, |execution| {
            node(execution, "call")["status"] == "running"
        })
        .await;
        lost.push(execution);
    }
    let done = api.start(&quick, json!({})).await;
    assert_eq!(api.finished(&done, SOON).await["status"], "completed");
    lost.push(done);

    primary.crash();
    standby.promote();

    eventually("the server says what is missing", SOON, async || {
        let log = server.log();
        lost.iter().all(|id| log.contains(id)).then_some(())
    })
    .await;
    assert!(server.log().contains("has gone back in time"), "{}", server.log());
    assert!(!server.log().contains(&kept), "it is not missing");
    let after = eventually("it works again", SOON, async || {
        let answer = api.post(&format!("flows/{quick}/execute"), &json!({})).await;
        answer.body["execution_id"].as_str().map(ToOwned::to_owned)
    })
    .await;
    assert_eq!(api.finished(&after, SOON).await["status"], "completed");
    let kept = api.finished(&kept, SOON + SOON).await;
    assert_eq!(kept["status"], "completed", "{kept}");
    for id in &lost {
        let answer = api.call(reqwest::Method::GET, &format!("executions/{id}"), &[], None::<&Value>).await;
        assert_eq!(answer.expect("an answer").status, 404, "{id}");
    }
    // Their calls were stopped.
    let calls = peer.calls();
    let of_lost: Vec<_> =
        calls.iter().filter(|call| lost.iter().any(|id| call.key.starts_with(id.as_str()))).collect();
    assert!(of_lost.iter().all(|call| call.abandoned_at.is_some()), "{of_lost:?}");
    assert_eq!(of_lost.len(), 3, "each was made once");
    server.stop().await;
}
