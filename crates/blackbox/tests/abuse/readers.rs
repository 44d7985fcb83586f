//! Clients that ask for much, all at once, and read it slowly or not at all.

use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use steadflow_blackbox::{Api, Server, Setup, Victim, Workplace, echo, eventually, flow, scaled};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::sleep;

const MEBIBYTE: u64 = 1024 * 1024;
/// How long an execution may take to end.
const ENDS_WITHIN: Duration = Duration::from_secs(60);
/// How long after its beginning an answer that nobody reads has ended, on a machine that is busy.
const CUT_OFF_WITHIN: Duration = Duration::from_secs(40);
/// Where attacks come from.
const HERE: Ipv4Addr = Ipv4Addr::LOCALHOST;
/// An address of others.
const ELSEWHERE: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

/// Nodes one after the other, each of which passes a value on.
fn chain(name: &str, count: usize, value: &Value) -> Value {
    let ids: Vec<String> = (0..count).map(|at| format!("n{at}")).collect();
    let nodes: Vec<Value> = ids.iter().map(|id| echo(id, value.clone())).collect();
    let edges: Vec<(&str, &str)> = ids.windows(2).map(|pair| (&*pair[0], &*pair[1])).collect();
    flow(name, &nodes, &edges)
}

/// Runs so many executions that each hold nearly as much data as one may, and returns their ids.
async fn large_executions(api: &Api, count: usize) -> Vec<String> {
    let flow = api.create_flow(&chain("Large", 7, &json!("${trigger_data}"))).await;
    let mut ids = Vec::new();
    for _ in 0..count {
        let id = api.start(&flow, json!("x".repeat(1_000_000))).await;
        let ended = api.finished(&id, ENDS_WITHIN).await;
        assert_eq!(ended["status"], "completed", "{}", ended["error_message"]);
        ids.push(id);
    }
    ids
}

/// Sends a request for `path` on a connection of its own, reads the first byte of the answer and no more.
async fn ask_without_reading(server: &Server, path: &str) -> TcpStream {
    let mut connection = TcpStream::connect(server.address()).await.expect("the server accepts connections");
    let request = format!("GET /api/v1/studio/{path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
    connection.write_all(request.as_bytes()).await.expect("the request is sent");
    connection.read_u8().await.expect("an answer comes");
    connection
}

/// Sends a request as [`ask_without_reading`] does. If it gets what it asks for, it reads nothing of it or a byte a second,
/// until the server ends that, and returns how long it took.
async fn read_slowly(
    server: &Server,
    path: &str,
    reads_bytes: bool,
) -> Option<impl Future<Output = Duration> + use<>> {
    let mut connection = ask_without_reading(server, path).await;
    let mut status = [0; "TTP/1.1 200".len()];
    connection.read_exact(&mut status).await.expect("an answer begins with its status");
    let began = Instant::now();
    status.ends_with(b"200").then_some(async move {
        while !is_cut_off(&connection).await && began.elapsed() < CUT_OFF_WITHIN * 2 {
            sleep(Duration::from_secs(1)).await;
            if reads_bytes && connection.read_u8().await.is_err() {
                break;
            }
        }
        began.elapsed()
    })
}

/// Reads so many bytes of an answer at 32 KiB a second.
async fn read_steadily(mut connection: TcpStream, bytes: usize) {
    let (mut part, mut left) = (vec![0; 8 * 1024], bytes);
    while left > 0 {
        let read = connection.read(&mut part).await.expect("what is read steadily comes to its end");
        assert!(read > 0, "it ended {left} bytes early");
        left = left.saturating_sub(read);
        sleep(Duration::from_millis(250)).await;
    }
}

/// Returns whether the server has reset the connection. That is also seen without reading.
async fn is_cut_off(connection: &TcpStream) -> bool {
    connection.take_error().is_ok_and(|error| error.is_some())
}

/// Asks for `path` from an address of this machine, and returns the status.
async fn status_from(server: &Server, address: Ipv4Addr, path: &str) -> u16 {
    let client = reqwest::Client::builder().local_address(IpAddr::V4(address)).build().expect("a client");
    let answer = client.get(format!("http://{}/api/v1/studio/{path}", server.address())).send().await;
    let answer = answer.expect("an answer");
    let status = answer.status().as_u16();
    answer.bytes().await.expect("all of it");
    status
}

/// Sends so many requests for each of `paths` at once, and returns the lengths of the answers that are no refusals.
async fn ask_at_once(server: &Server, paths: &[String], clients: usize) -> Vec<usize> {
    let mut asked = JoinSet::new();
    for path in paths.iter().cycle().take(clients) {
        let url = format!("http://{}/api/v1/studio/{path}", server.address());
        asked.spawn(async move {
            let request = reqwest::Client::new().get(url).header("accept-encoding", "gzip");
            let answer = request.send().await.expect("an answer");
            let status = answer.status().as_u16();
            let bytes = answer.bytes().await.expect("all of it").len();
            assert!(matches!(status, 200 | 503), "{status}");
            (status == 200).then_some(bytes)
        });
    }
    asked.join_all().await.into_iter().flatten().collect()
}

/// What the server takes more than before, at most.
struct Growth<'a> {
    server: &'a Server,
    before: u64,
    began: Instant,
}

impl<'a> Growth<'a> {
    fn of(server: &'a Server) -> Self {
        Self { server, before: server.resources().resident, began: Instant::now() }
    }

    /// Checks that it is no more than so many MiB.
    fn check(&self, what: &str, mebibytes_max: u64) {
        let peak = self.server.resources().resident_peak;
        let grown = peak.saturating_sub(self.before) / MEBIBYTE;
        eprintln!(
            "{what}: {grown} MiB more than {} MiB in {:.1?}",
            self.before / MEBIBYTE,
            self.began.elapsed()
        );
        assert!(grown <= mebibytes_max, "{what} cost {grown} MiB");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn details_of_large_executions_at_once_wait_for_each_other() {
    let workplace = Workplace::new();
    let server = Setup::new(&workplace).with_limited_memory().start().await;
    let ids = large_executions(server.api(), scaled(2, 20)).await;
    let details: Vec<String> = ids.iter().map(|id| format!("executions/{id}")).collect();
    let victim = Victim::new(&server).await;
    let growth = Growth::of(&server);

    let attack = ask_at_once(&server, &details, scaled(50, 1_000));
    let answers = victim.withstands("details of large executions", attack).await;

    growth.check("details of large executions", 600);
    assert!(!answers.is_empty() && answers.iter().all(|bytes| *bytes < 150_000), "{answers:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn journals_of_large_executions_at_once_wait_for_each_other() {
    let workplace = Workplace::new();
    let server = Setup::new(&workplace).with_limited_memory().start().await;
    let ids = large_executions(server.api(), scaled(1, 20)).await;
    let journals: Vec<String> = ids.iter().map(|id| format!("executions/{id}/journal?limit=1000")).collect();
    let victim = Victim::new(&server).await;
    let growth = Growth::of(&server);

    let attack = ask_at_once(&server, &journals, scaled(15, 600));
    victim.withstands("journals of large executions", attack).await;

    growth.check("journals of large executions", 600);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn streams_that_are_not_read_cost_little() {
    let workplace = Workplace::new();
    let server = Setup::new(&workplace).with_limited_memory().start().await;
    let ids = large_executions(server.api(), scaled(1, 10)).await;
    let wide = server.api().create_flow(&chain("Long", scaled(200, 1_000), &json!("${trigger_data}"))).await;
    let wide = server.api().start(&wide, json!("x".repeat(2_000))).await;
    server.api().finished(&wide, ENDS_WITHIN).await;
    let victim = Victim::new(&server).await;
    let growth = Growth::of(&server);

    let attack = async {
        let mut readers = Vec::new();
        for id in ids.iter().chain([&wide]).cycle().take(scaled(40, 400)) {
            readers.push(ask_without_reading(&server, &format!("executions/{id}/events")).await);
        }
        readers.push(ask_without_reading(&server, "events").await);
        readers
    };
    let readers = victim.withstands("streams that are not read", attack).await;

    growth.check("streams that are not read", 600);
    drop(readers);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn downloads_that_are_not_read_cost_what_all_readers_may() {
    let workplace = Workplace::new();
    let server = Setup::new(&workplace).with_limited_memory().start().await;
    let ids = large_executions(server.api(), scaled(1, 10)).await;
    let victim = Victim::new(&server).await;
    let growth = Growth::of(&server);

    let attack = async {
        let mut readers = Vec::new();
        for (at, id) in ids.iter().cycle().take(scaled(40, 400)).enumerate() {
            let path = format!("executions/{id}/nodes/n{}/output", at % 7);
            readers.push(ask_without_reading(&server, &path).await);
        }
        readers
    };
    let readers = victim.withstands("downloads that are not read", attack).await;

    growth.check("downloads that are not read", 600);
    drop(readers);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn large_values_and_documents_at_once_wait_for_each_other() {
    let workplace = Workplace::new();
    let server = Setup::new(&workplace).with_limited_memory().start().await;
    let ids = large_executions(server.api(), 1).await;
    let long = flow("Long", &[echo("a", json!("x".repeat(3_900_000)))], &[]);
    let long = server.api().create_flow(&long).await;
    let paths = [format!("executions/{}/nodes/n0/output", ids[0]), format!("flows/{long}")];
    let victim = Victim::new(&server).await;
    let growth = Growth::of(&server);

    let attack = ask_at_once(&server, &paths, scaled(20, 300));
    let answers = victim.withstands("large values and documents", attack).await;

    growth.check("large values and documents", 600);
    assert!(!answers.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lists_of_large_documents_at_once_wait_for_each_other() {
    let workplace = Workplace::new();
    let server = Setup::new(&workplace).with_limited_memory().start().await;
    let text = "x".repeat(scaled(1_000_000, 3_900_000));
    for at in 0..scaled(10, 200) {
        let large = flow(&format!("Large {at}"), &[echo("a", json!(text))], &[]);
        server.api().create_flow(&large).await;
    }
    let victim = Victim::new(&server).await;
    let growth = Growth::of(&server);

    let list = ["flows?limit=1000".to_owned()];
    let attack = ask_at_once(&server, &list, scaled(10, 100));
    let answers = victim.withstands("lists of large flows", attack).await;

    growth.check("lists of large flows", 600);
    assert!(!answers.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_that_nobody_reads_leave_room_for_others_and_end() {
    let workplace = Workplace::new();
    let server = Setup::new(&workplace).with_limited_memory().start().await;
    let ids = large_executions(server.api(), 1).await;
    let path = format!("executions/{}/nodes/n0/output", ids[0]);
    let victim = Victim::new(&server).await;
    let growth = Growth::of(&server);

    let attack = async {
        let steady = ask_without_reading(&server, &path).await;
        let steady = tokio::spawn(read_steadily(steady, 1_000_000));
        let mut readers = JoinSet::new();
        for at in 0..scaled(80, 400) {
            if let Some(reader) = read_slowly(&server, &path, at % 2 == 0).await {
                readers.spawn(reader);
            }
        }
        assert!((50..80).contains(&readers.len()), "{} answers are half of the room", readers.len());
        assert_eq!(status_from(&server, HERE, &path).await, 503);
        assert_eq!(status_from(&server, ELSEWHERE, &path).await, 200);
        eventually("the address gets answers again", CUT_OFF_WITHIN, async || {
            (status_from(&server, HERE, &path).await == 200).then_some(())
        })
        .await;
        steady.await.expect("it is read to its end");
        readers.join_all().await
    };
    let ends = victim.withstands("answers that nobody reads", attack).await;

    growth.check("answers that nobody reads", 600);
    eprintln!("{} answers ended within {:.1?}", ends.len(), ends.iter().max());
    assert!(ends.iter().all(|end| *end < CUT_OFF_WITHIN), "{ends:?}");
}
