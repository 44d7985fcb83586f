//! More than there is memory for.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};
use steadflow_blackbox::{Api, Peer, Server, Setup, Victim, Workplace, eventually, flow, http, scaled};
use tokio::task::JoinSet;

const MEBIBYTE: usize = 1024 * 1024;
const SOON: Duration = Duration::from_secs(60);
/// How many clients start executions at once.
const CLIENTS: usize = 32;

/// A server with room for few executions: 1 GiB of memory holds 4,096 of them, and 64 MiB of their data. A flow may have
/// half of it.
async fn small_server(workplace: &Workplace) -> Server {
    Setup::new(workplace).wrapped_by(["prlimit", "--as=1073741824"]).start().await
}

/// Starts executions until as many were refused, and returns how many were accepted.
async fn start_until_refused(api: &Api, path: &str, body: &Value, refusals: usize) -> Vec<String> {
    let mut clients = JoinSet::new();
    for _ in 0..CLIENTS {
        let (api, path, body) = (api.clone(), path.to_owned(), body.clone());
        clients.spawn(async move {
            let (mut accepted, mut refused) = (Vec::new(), 0);
            while refused < refusals {
                let answer = api.call(Method::POST, &path, &[], Some(&body)).await.expect("an answer");
                match answer.status {
                    201 => accepted.push(answer.body["execution_id"].as_str().expect("an id").to_owned()),
                    503 => {
                        refused += 1;
                        assert!(answer.headers.contains_key("retry-after"), "{}", answer.body);
                        assert!(answer.body["detail"].as_str().is_some_and(|text| text.contains("memory")));
                    }
                    status => panic!("{status}: {}", answer.body),
                }
            }
            accepted
        });
    }
    clients.join_all().await.into_iter().flatten().collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn executions_beyond_the_memory_are_refused_before_they_are_accepted() {
    let (workplace, peer) = (Workplace::new(), Peer::start().await);
    let server = small_server(&workplace).await;
    let hanging = flow("Hanging", &[http("call", &peer.url("/hang/always"))], &[]);
    let hanging = server.api().create_flow(&hanging).await;
    let path = format!("flows/{hanging}/execute");

    let accepted = start_until_refused(server.api(), &path, &json!({}), scaled(3, 50)).await;

    let memory = server.resources().resident_peak / MEBIBYTE as u64;
    eprintln!("{} executions were accepted; the server took {memory} MiB at most", accepted.len());
    assert!(accepted.len() > 1_000, "only {} were accepted", accepted.len());
    let victim = Victim::new(&server).await;
    victim.withstands("a flow that has all the executions that it may", async {}).await;
    for id in accepted.iter().take(10) {
        server.api().post(&format!("executions/{id}/cancel"), &json!({})).await.expect(200);
    }
    eventually("there is room again", SOON, async || {
        let answer = server.api().post(&path, &json!({})).await;
        (answer.status == 201).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_data_of_executions_counts_and_none_is_lost() {
    let (workplace, peer) = (Workplace::new(), Peer::start().await);
    let server = small_server(&workplace).await;
    let hanging = flow("Hanging", &[http("call", &peer.url("/hang/always"))], &[]);
    let hanging = server.api().create_flow(&hanging).await;
    let body = json!({ "trigger_data": { "text": "x".repeat(MEBIBYTE) } });

    let accepted =
        start_until_refused(server.api(), &format!("flows/{hanging}/execute"), &body, scaled(1, 10)).await;

    let memory = server.resources().resident_peak / MEBIBYTE as u64;
    eprintln!("{} executions were accepted; the server took {memory} MiB at most", accepted.len());
    assert!(accepted.len() > 5, "only {} were accepted", accepted.len());
    for id in &accepted {
        assert_eq!(server.api().execution(id).await["status"], "running");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn large_documents_at_once_wait_for_each_other() {
    let workplace = Workplace::new();
    let server = Setup::new(&workplace).with_limited_memory().start().await;
    let victim = Victim::new(&server).await;
    // As many values as a document may have, and nearly as long as it may be.
    let numbers =
        format!(r#"{{"name":"x","flow_definition":{{"nodes":[{}1]}}}}"#, "1234567,".repeat(490_000));

    let attack = async {
        let mut clients = JoinSet::new();
        for _ in 0..scaled(3, 100) {
            let (client, body) = (reqwest::Client::new(), numbers.clone());
            let url = format!("http://{}/api/v1/studio/flows/validate", server.address());
            clients.spawn(async move {
                let request = client.post(url).header("content-type", "application/json").body(body);
                request.send().await.map(|answer| answer.status().as_u16())
            });
        }
        clients.join_all().await
    };
    let began = Instant::now();
    let answers = victim.withstands("large documents", attack).await;

    let memory = server.resources().resident_peak / MEBIBYTE as u64;
    eprintln!("{} documents in {:.1?}; the server took {memory} MiB at most", answers.len(), began.elapsed());
    for answer in answers {
        let status = answer.expect("an answer");
        assert!(matches!(status, 200 | 422 | 503), "{status}");
    }
}
