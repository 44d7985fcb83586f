//! Flows whose calls hang.

use std::time::Duration;

use serde_json::{Value, json};
use steadflow_blackbox::{Peer, Setup, Victim, Workplace, eventually, flow, http, scaled};

const SOON: Duration = Duration::from_secs(20);
/// How many calls the server makes at once with 512 files.
const CALLS_MAX: usize = (512 - 128) / 4;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_of_one_execution_that_hang_leave_room_for_those_of_others() {
    let (workplace, peer) = (Workplace::new(), Peer::start().await);
    let few = ["prlimit", "--nofile=512:512", "--as=4294967296"];
    let server = Setup::new(&workplace).wrapped_by(few).start().await;
    let hangs = |at| http(&format!("n{at}"), &peer.url("/hang/always"));
    let hanging: Vec<Value> = (0..CALLS_MAX * 3).map(hangs).collect();
    let hanging = server.api().create_flow(&flow("Hanging", &hanging, &[])).await;
    let other = flow("Other", &[http("call", &peer.url("/ok"))], &[]);
    let other = server.api().create_flow(&other).await;
    let victim = Victim::new(&server).await;

    let attack = async {
        let execution = server.api().start(&hanging, json!({})).await;
        eventually("half of the calls hang", SOON, async || {
            (peer.calls_of(&execution).len() >= CALLS_MAX / 2).then_some(())
        })
        .await;
        for _ in 0..scaled(20, 200) {
            let call = server.api().start(&other, json!({})).await;
            let ended = server.api().finished(&call, Duration::from_secs(5)).await;
            assert_eq!(ended["status"], "completed", "{ended}");
        }
        server.api().post(&format!("executions/{execution}/cancel"), &json!({})).await;
        peer.calls_of(&execution).len()
    };
    let hanging = victim.withstands("calls that hang", attack).await;

    assert_eq!(hanging, CALLS_MAX / 2, "one flow holds half of the calls");
}
