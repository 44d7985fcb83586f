//! Load over HTTP: so many clients, each of which sends a request, waits for its answer, and sends the next.
//!
//! Takes an [`Order`] in JSON as its only argument and prints a [`Report`] in JSON. Each client has one connection. Clients
//! stop sending after `seconds`, and what is under way then is waited for and counts.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::{Request, Uri};
use hyper_util::rt::TokioIo;
use serde::{Deserialize, Serialize};
use tokio::net::TcpStream;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// What to send.
#[derive(Debug, Deserialize)]
struct Order {
    /// Where to post; loopback.
    url: String,
    /// JSON to post. `{id}` in it becomes a number of its own in each request.
    body: String,
    /// Clients.
    concurrency: usize,
    /// For how long requests are sent; without end if zero.
    seconds: f64,
    /// How many requests are sent; without end if zero.
    count: u64,
    /// How long one answer may take, in seconds.
    patience: f64,
    /// Text that each answer must hold.
    expect: String,
    /// Whether the report has the answers.
    keep: bool,
}

/// What came of it.
#[derive(Debug, Default, Serialize)]
struct Report {
    /// From the first request to the last answer.
    seconds: f64,
    /// From each request to its answer, where it was as expected.
    latencies_ms: Vec<f64>,
    /// Those answers, if asked for.
    answers: Vec<String>,
    /// What went wrong, once per request.
    errors: Vec<String>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let order: Order = serde_json::from_str(&std::env::args().nth(1).ok_or("the order is missing")?)?;
    let order = Arc::new(order);
    let next = Arc::new(AtomicU64::new(0));
    let mut connections = Vec::new();
    for _ in 0..order.concurrency {
        connections.push(connect(&order.url).await?);
    }
    let began = Instant::now();
    let clients: Vec<_> = connections
        .into_iter()
        .map(|connection| tokio::spawn(client(connection, Arc::clone(&order), Arc::clone(&next), began)))
        .collect();
    let mut report = Report::default();
    for client in clients {
        let part = client.await?;
        report.latencies_ms.extend(part.latencies_ms);
        report.answers.extend(part.answers);
        report.errors.extend(part.errors);
    }
    report.seconds = began.elapsed().as_secs_f64();
    serde_json::to_writer(std::io::stdout(), &report)?;
    Ok(())
}

async fn connect(url: &str) -> Result<SendRequest<Full<Bytes>>> {
    let uri: Uri = url.parse()?;
    let stream = TcpStream::connect(uri.authority().ok_or("the URL has no authority")?.as_str()).await?;
    stream.set_nodelay(true)?;
    let (sender, connection) = handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    Ok(sender)
}

/// Sends until the time or the requests are used up, or the connection breaks.
async fn client(
    mut connection: SendRequest<Full<Bytes>>,
    order: Arc<Order>,
    next: Arc<AtomicU64>,
    began: Instant,
) -> Report {
    let mut report = Report::default();
    while order.seconds == 0.0 || began.elapsed().as_secs_f64() < order.seconds {
        let id = next.fetch_add(1, Ordering::Relaxed);
        if order.count > 0 && id >= order.count {
            break;
        }
        let sent = Instant::now();
        let answer =
            tokio::time::timeout(Duration::from_secs_f64(order.patience), send(&mut connection, &order, id));
        match answer.await.unwrap_or_else(|_| Err("no answer in time".into())) {
            Ok(answer) => {
                report.latencies_ms.push(sent.elapsed().as_secs_f64() * 1_000.0);
                if order.keep {
                    report.answers.push(answer);
                }
            }
            Err(error) => {
                report.errors.push(error.to_string());
                break;
            }
        }
    }
    report
}

async fn send(connection: &mut SendRequest<Full<Bytes>>, order: &Order, id: u64) -> Result<String> {
    let uri: Uri = order.url.parse()?;
    let host = uri.authority().ok_or("the URL has no authority")?.as_str();
    let request = Request::post(uri.path_and_query().map_or("/", |path| path.as_str()))
        .header("host", host)
        .header("content-type", "application/json")
        .body(Full::from(order.body.replace("{id}", &id.to_string())))?;
    connection.ready().await?;
    let answer = connection.send_request(request).await?;
    let status = answer.status();
    let body = answer.into_body().collect().await?.to_bytes();
    let text = String::from_utf8_lossy(&body).into_owned();
    if status.is_success() && text.contains(&order.expect) {
        Ok(text)
    } else {
        Err(format!("{status}: {}", text.chars().take(200).collect::<String>()).into())
    }
}
