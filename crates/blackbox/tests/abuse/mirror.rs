//! A service that returns what it was sent, in several encodings, and does not always end well.
//!
//! The first segment of the path says what it does: `200`, `404` and `500` answer with that status, `302` leads to `200`, and
//! `cut-200` and `cut-500` close the connection before the body has ended.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use parking_lot::Mutex;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

pub(crate) struct Mirror {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

impl Mirror {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("loopback has free ports");
        let address = listener.local_addr().expect("a bound socket has an address");
        let requests = Arc::<Mutex<Vec<String>>>::default();
        let journal = Arc::clone(&requests);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answer(stream, Arc::clone(&journal)));
            }
        });
        Self { address, requests, task }
    }

    /// Returns the beginning of its URLs.
    pub(crate) fn base(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Returns all requests so far, as they arrived.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().clone()
    }
}

impl Drop for Mirror {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn answer(mut stream: TcpStream, requests: Arc<Mutex<Vec<String>>>) -> Option<()> {
    let request = read(&mut stream).await?;
    requests.lock().push(request.clone());
    let target = request.split(' ').nth(1)?.to_owned();
    let habit = target.split('/').nth(1)?;
    let status = habit.trim_start_matches("cut-");
    let location = match habit {
        "302" => format!("location: {}\r\n", target.replacen("302", "200", 1)),
        _ => String::new(),
    };
    let body = if habit == "404" { format!("not found: {request}") } else { mirrored(&request) };
    let media = if habit == "404" { "text/plain" } else { "application/json" };
    // The end of what was cut is in the middle of a secret, or behind one.
    let sent = if habit.starts_with("cut") { body.len() / 3 } else { body.len() };
    let head = format!(
        "HTTP/1.1 {status} Status\r\n{location}content-type: {media}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.ok()?;
    stream.write_all(&body.as_bytes()[..sent]).await.ok()
}

/// Reads a request with its body.
async fn read(stream: &mut TcpStream) -> Option<String> {
    let mut received = Vec::new();
    loop {
        if stream.read_buf(&mut received).await.ok()? == 0 {
            return None;
        }
        let text = String::from_utf8_lossy(&received);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let head = head.to_ascii_lowercase();
        let length =
            head.split_once("content-length:").map_or("0", |(_, rest)| rest.lines().next().unwrap_or("0"));
        if body.len() >= length.trim().parse().ok()? {
            return Some(text.into_owned());
        }
    }
}

/// Returns an answer that is good enough for a model, too.
fn mirrored(request: &str) -> String {
    let hex: String = request.bytes().map(|byte| format!("{byte:02x}")).collect();
    let percent: String = request.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let backwards: String = request.chars().rev().collect();
    let message = json!({ "role": "assistant", "content": request });
    json!({
        "message": request, "error": { "message": request.to_uppercase() }, request: request,
        "hex": hex, "base64": STANDARD.encode(request), "percent": percent, "backwards": backwards,
        "choices": [{ "message": message, "finish_reason": "stop" }],
    })
    .to_string()
}
