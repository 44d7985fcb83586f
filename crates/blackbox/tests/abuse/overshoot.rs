//! Ten times the load that the server takes, and what remains of it.

use std::collections::BTreeSet;
use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use steadflow_blackbox::{Api, Peer, Setup, Workplace, echo, eventually, flow, http, scaled};
use tokio::task::JoinSet;
use tokio::time::Instant;

/// Clients whose work is counted before and after.
const CLIENTS: usize = 8;
/// Clients that start executions without waiting for any.
const ATTACKERS: usize = 10 * CLIENTS;
/// The time within which the server does as much as before again.
const RECOVERS_WITHIN: Duration = Duration::from_secs(60);

/// Returns how many executions end within `time`, with one at a time of each client.
async fn goodput(api: &Api, flow: &str, time: Duration) -> usize {
    let mut clients = JoinSet::new();
    let until = Instant::now() + time;
    for _ in 0..CLIENTS {
        let (api, path) = (api.clone(), format!("flows/{flow}/execute?wait=30"));
        clients.spawn(async move {
            let mut ended = 0;
            while Instant::now() < until {
                let answer = api.call(Method::POST, &path, &[], Some(&json!({}))).await;
                ended += usize::from(answer.is_ok_and(|answer| answer.status == 200));
            }
            ended
        });
    }
    clients.join_all().await.into_iter().sum()
}

/// Starts executions for so long and until one is refused, and returns those that were accepted, and how many were refused.
async fn flood(api: &Api, flow: &str, time: Duration) -> (BTreeSet<String>, usize) {
    let mut attackers = JoinSet::new();
    let until = Instant::now() + time;
    for _ in 0..ATTACKERS {
        let (api, path) = (api.clone(), format!("flows/{flow}/execute"));
        attackers.spawn(async move {
            let (mut accepted, mut refused) = (Vec::new(), 0);
            while Instant::now() < until || refused == 0 {
                let answer = api.call(Method::POST, &path, &[], Some(&json!({}))).await.expect("an answer");
                match answer.status {
                    201 => accepted.push(answer.body["execution_id"].as_str().expect("an id").to_owned()),
                    503 => {
                        refused += 1;
                        assert!(answer.headers.contains_key("retry-after"), "{}", answer.body);
                    }
                    status => panic!("{status}: {}", answer.body),
                }
            }
            (accepted, refused)
        });
    }
    let all = attackers.join_all().await;
    let refused = all.iter().map(|(_, refused)| refused).sum();
    (all.into_iter().flat_map(|(accepted, _)| accepted).collect(), refused)
}

/// Returns the executions of a flow that have completed.
async fn completed(api: &Api, flow: &str) -> BTreeSet<String> {
    let mut ids = BTreeSet::new();
    let mut path = format!("flows/{flow}/executions?status=completed&limit=1000");
    loop {
        let answer = api.call(Method::GET, &path, &[], None).await.expect("an answer");
        let next = answer.headers.get("link").and_then(|link| link.to_str().ok()?.split(['<', '>']).nth(1));
        let next = next.map(str::to_owned);
        let rows = answer.expect(200);
        let rows = rows.as_array().into_iter().flatten();
        ids.extend(rows.filter_map(|row| row["id"].as_str().map(str::to_owned)));
        match next {
            Some(next) => path = next,
            None => return ids,
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_ten_times_the_load_the_server_does_as_much_as_before_and_has_lost_nothing() {
    let (workplace, peer) = (Workplace::new(), Peer::start().await);
    // Room for 4,096 executions, of which a flow may have half, and for 240 calls of it at once.
    let little = ["prlimit", "--as=1073741824", "--nofile=2048:2048"];
    let server = Setup::new(&workplace).wrapped_by(little).start().await;
    let api = server.api();
    let work = api.create_flow(&flow("Work", &[echo("a", json!({}))], &[])).await;
    let slow = api.create_flow(&flow("Slow", &[http("call", &peer.url("/slow/2000"))], &[])).await;
    let window = Duration::from_secs(scaled(1, 5));
    let before = goodput(api, &work, window).await;

    let (accepted, refused) = flood(api, &slow, Duration::from_secs(scaled(1, 30))).await;

    let ended = Instant::now();
    // Another process of this machine may have been quicker before; `make abuse` has it to itself.
    let wanted = scaled(1, before * 9 / 10);
    let after = eventually("the server does as much as before", RECOVERS_WITHIN, async || {
        let after = goodput(api, &work, window).await;
        (after >= wanted).then_some(after)
    })
    .await;
    let (took, count) = (ended.elapsed(), accepted.len());
    eprintln!(
        "{count} accepted, {refused} refused; {before} executions before, {after} again after {took:.1?}"
    );
    eventually("all that was accepted completes", RECOVERS_WITHIN * 5, async || {
        completed(api, &slow).await.is_superset(&accepted).then_some(())
    })
    .await;
}
