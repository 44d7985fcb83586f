//! More work than there are file descriptors.

use std::time::Duration;

use serde_json::json;
use steadflow_blackbox::{Peer, Setup, Workplace, flow, http, node};

const SOON: Duration = Duration::from_secs(30);
const EXECUTIONS: usize = 300;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_beyond_the_open_files_wait_their_turn_and_the_server_goes_on_answering() {
    let (workplace, peer) = (Workplace::new(), Peer::start().await);
    let few_files = ["prlimit", "--nofile=256:256"];
    let server = Setup::new(&workplace).wrapped_by(few_files).start().await;
    let flow = server.api().create_flow(&flow("Many", &[http("call", &peer.url("/slow/200"))], &[])).await;

    let mut started = Vec::new();
    for _ in 0..EXECUTIONS {
        started.push(server.api().start(&flow, json!({})).await);
    }
    let under_way = peer.calls().len();
    server.api().get("flows").await.expect(200);

    assert!(under_way < EXECUTIONS, "the calls ended before all had begun, which shows nothing");
    for id in &started {
        let execution = server.api().finished(id, SOON).await;
        assert_eq!(execution["status"], "completed", "{execution}");
        assert_eq!(node(&execution, "call")["attempts"].as_array().map(Vec::len), Some(1));
    }
    assert_eq!(peer.calls().len(), EXECUTIONS);
}
