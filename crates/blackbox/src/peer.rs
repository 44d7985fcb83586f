//! What the flows call: a server that behaves as the path asks, and keeps a journal.
//!
//! | path | behaviour |
//! |---|---|
//! | `/ok` | answers 200 `{"ok": true}` |
//! | `/slow/MS` | the same, after so many milliseconds |
//! | `/fail/N` | 503 to the first N calls of a key |
//! | `/drop/N` | does the work of the first N calls of a key, and cuts the connection without an answer |
//! | `/hang/N` | says nothing to the first N calls of a key, until the caller goes |
//! | `/status/CODE` | answers with that status |
//! | `/echo/CODE` | answers with that status, and with the body that it was sent |
//! | `/png` | answers with an image of [`PNG`] |
//! | `/garbage` | answers with something that is not HTTP |
//! | `/half` | announces 100 bytes, sends 10 and goes |
//! | `/endless` | a body without an end |
//! | `/redirect?TO` | 302 to that address |
//! | `/throttle?TEXT` | 429 to the first call of a key, with that text as `Retry-After` |

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use parking_lot::Mutex;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::wire::header;

/// An image with one pixel.
pub const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\0\0\0\0:~\x9bU\0\0\0\nIDATx\x9cc\xf8\x0f\0\x01\x01\x01\0\xb18\xf6\x14\0\0\0\0IEND\xaeB`\x82";

/// The largest request that the peer takes; flows of these tests send less.
const REQUEST_BYTES_MAX: usize = 1024 * 1024;
/// How much of a body without an end is sent at once.
const ENDLESS_PIECE: usize = 64 * 1024;

/// One request, as it arrived.
#[derive(Clone, Debug)]
pub struct Call {
    /// When its head was complete.
    pub at: Timestamp,
    /// Path and query.
    pub path: String,
    /// `Idempotency-Key`; empty if there was none.
    pub key: String,
    /// `Steadflow-Attempt`; 0 if there was none.
    pub attempt: u32,
    /// `Traceparent`; empty if there was none.
    pub traceparent: String,
    /// `X-Deadline`.
    pub deadline: Option<String>,
    /// The request line and the headers.
    pub head: String,
    /// The body.
    pub body: String,
    /// When the caller went, if it went before it had an answer.
    pub abandoned_at: Option<Timestamp>,
}

impl Call {
    /// Returns a header by its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        header(&self.head, name)
    }
}

/// The journal.
#[derive(Debug, Default)]
struct Calls {
    all: Vec<Call>,
    /// How many there are of each key and path.
    of_key: HashMap<(String, String), usize>,
}

/// A running peer. It ends with its last handle's test.
#[derive(Debug)]
pub struct Peer {
    address: SocketAddr,
    calls: Arc<Mutex<Calls>>,
    task: JoinHandle<()>,
}

impl Peer {
    /// Starts one on loopback.
    ///
    /// # Panics
    /// If there is no port.
    pub async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("loopback has free ports");
        let address = listener.local_addr().expect("a bound socket has an address");
        let calls = Arc::<Mutex<Calls>>::default();
        let journal = Arc::clone(&calls);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&journal)));
            }
        });
        Self { address, calls, task }
    }

    /// Returns the address of `path`.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Returns all calls so far, in the order of their arrival.
    pub fn calls(&self) -> Vec<Call> {
        self.calls.lock().all.clone()
    }

    /// Returns the calls of one execution, in the order of their arrival.
    pub fn calls_of(&self, execution: &str) -> Vec<Call> {
        self.calls.lock().all.iter().filter(|call| call.key.starts_with(execution)).cloned().collect()
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(mut stream: TcpStream, calls: Arc<Mutex<Calls>>) {
    let Some((head, body)) = read_request(&mut stream).await else { return };
    let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
    let text = |name| header(&head, name).map(str::to_owned);
    let call = Call {
        at: Timestamp::now(),
        key: text("idempotency-key").unwrap_or_default(),
        attempt: text("steadflow-attempt").and_then(|number| number.parse().ok()).unwrap_or_default(),
        traceparent: text("traceparent").unwrap_or_default(),
        deadline: text("x-deadline"),
        abandoned_at: None,
        path: path.clone(),
        body,
        head,
    };
    let (index, nth) = {
        let calls = &mut *calls.lock();
        let of_key = (call.key.clone(), path.clone());
        calls.all.push(call);
        let nth = calls.of_key.entry(of_key).or_default();
        *nth += 1;
        (calls.all.len() - 1, *nth - 1)
    };
    let sent = if path.starts_with("/echo/") { calls.lock().all[index].body.clone() } else { String::new() };
    if is_abandoned(&mut stream, &path, &sent, nth).await {
        calls.lock().all[index].abandoned_at = Some(Timestamp::now());
    }
}

/// Behaves as `path` asks, for the `nth` call of its key from 0, with the body `sent`, and returns whether the caller disconnected before it had received everything.
async fn is_abandoned(stream: &mut TcpStream, path: &str, sent: &str, nth: usize) -> bool {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let mut words = path.trim_start_matches('/').split('/');
    let (word, number) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let is_early = nth < number.parse().unwrap_or(usize::MAX);
    match word {
        "ok" => send_ok(stream).await,
        "slow" => {
            sleep(Duration::from_millis(number.parse().unwrap_or_default())).await;
            send_ok(stream).await
        }
        "fail" if is_early => send(stream, "503 Service Unavailable", "", r#"{"error":"not yet"}"#).await,
        "drop" if is_early => false,
        "hang" if is_early => caller_goes(stream).await,
        "fail" | "drop" | "hang" => send_ok(stream).await,
        "status" => send(stream, &format!("{number} Status"), "", "{}").await,
        "echo" => send(stream, &format!("{number} Status"), "", sent).await,
        "png" => send_png(stream).await,
        "garbage" => stream.write_all(b"\x16\x03 no HTTP at all\r\n\r\n").await.is_err(),
        "half" => {
            let half = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{\"half\": 1";
            stream.write_all(half).await.is_err()
        }
        "endless" => send_without_end(stream).await,
        "redirect" => send(stream, "302 Found", &format!("location: {query}\r\n"), "").await,
        "throttle" if nth == 0 => {
            let after = format!("retry-after: {}\r\n", query.replace("%20", " "));
            send(stream, "429 Too Many Requests", &after, "{}").await
        }
        "throttle" => send_ok(stream).await,
        _ => send(stream, "404 Not Found", "", "{}").await,
    }
}

async fn read_request(stream: &mut TcpStream) -> Option<(String, String)> {
    let mut received = Vec::new();
    loop {
        if stream.read_buf(&mut received).await.ok()? == 0 || received.len() > REQUEST_BYTES_MAX {
            return None;
        }
        let text = String::from_utf8_lossy(&received);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length: usize = header(head, "content-length").map_or(Some(0), |text| text.parse().ok())?;
            if body.len() >= length {
                return Some((head.to_owned(), body.to_owned()));
            }
        }
    }
}

async fn send_ok(stream: &mut TcpStream) -> bool {
    send(stream, "200 OK", "", r#"{"ok": true}"#).await
}

async fn send(stream: &mut TcpStream, status: &str, headers: &str, body: &str) -> bool {
    let length = body.len();
    let head = format!("HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n");
    let text = format!("{head}connection: close\r\n{headers}\r\n{body}");
    stream.write_all(text.as_bytes()).await.is_err()
}

async fn send_png(stream: &mut TcpStream) -> bool {
    let length = PNG.len();
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: image/png\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
    );
    stream.write_all(&[head.as_bytes(), PNG].concat()).await.is_err()
}

async fn caller_goes(stream: &mut TcpStream) -> bool {
    let mut more = [0; 1024];
    while matches!(stream.read(&mut more).await, Ok(1..)) {}
    true
}

async fn send_without_end(stream: &mut TcpStream) -> bool {
    let head = b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\nconnection: close\r\n\r\n";
    if stream.write_all(head).await.is_err() {
        return true;
    }
    let piece = vec![b'x'; ENDLESS_PIECE];
    while stream.write_all(&piece).await.is_ok() {}
    true
}
