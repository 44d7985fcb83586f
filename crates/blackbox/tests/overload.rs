//! More work than there are file descriptors.

use std::io::Write;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::json;
use steadflow_blackbox::{Api, Peer, Setup, Workplace, flow, http, node};

const SOON: Duration = Duration::from_secs(30);
const EXECUTIONS: usize = 300;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_beyond_the_open_files_wait_their_turn_and_the_server_goes_on_answering() {
    let (workplace, peer) = (Workplace::new(), Peer::start().await);
    let few_files = ["prlimit", "--nofile=256:256"];
    let server = Setup::new(&workplace).wrapped_by(few_files).start().await;
    let flow = server.api().create_flow(&flow("Many", &[http("call", &peer.url("/slow/500"))], &[])).await;

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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_never_finish_a_request_make_room_for_those_that_do() {
    let workplace = Workplace::new();
    let few_files = ["prlimit", "--nofile=256:256"];
    let server = Setup::new(&workplace).wrapped_by(few_files).start().await;
    let mut slow = Vec::new();

    for _ in 0..4 {
        // More than the server has room for.
        for _ in 0..100 {
            let mut connection =
                TcpStream::connect(server.address()).expect("the kernel accepts connections");
            // What was closed before is what the test is about.
            let _ = connection.write_all(b"GET /healthz HTTP/1.1\r\nHost: local");
            slow.push(connection);
        }
        let asked = Instant::now();
        Api::new(server.address()).get("/healthz").await.expect(200);
        assert!(asked.elapsed() < Duration::from_secs(1), "it took {:?}", asked.elapsed());
    }
}
