//! What listens at every address of the network, and says who was called.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// An answer that nodes, remote agents and models can be content with.
const CONTENT: &str = r#"{"choices":[{"message":{"role":"assistant","content":"hello"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":1}}"#;

/// Listens on port 80 of all addresses. `/to?URL` is a redirect, also as `/to%3FURL`, and every other path an answer.
pub(crate) struct Witness {
    calls: Arc<Mutex<Vec<IpAddr>>>,
    task: JoinHandle<()>,
}

impl Witness {
    pub(crate) async fn start() -> Self {
        let all: [IpAddr; 2] = [Ipv6Addr::UNSPECIFIED.into(), Ipv4Addr::UNSPECIFIED.into()];
        let all = all.map(|address| SocketAddr::new(address, 80));
        let listener = TcpListener::bind(&all[..]).await.expect("the port is free in here");
        let calls = Arc::<Mutex<Vec<IpAddr>>>::default();
        let journal = Arc::clone(&calls);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let called = stream.local_addr().expect("a connection has an address").ip().to_canonical();
                // A connection is counted even if nothing is sent over it.
                journal.lock().push(called);
                tokio::spawn(respond(stream));
            }
        });
        Self { calls, task }
    }

    /// Returns which addresses were called since this was asked last, in order.
    pub(crate) fn called(&self) -> Vec<IpAddr> {
        std::mem::take(&mut self.calls.lock())
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn respond(mut stream: TcpStream) -> Option<()> {
    let mut received = Vec::new();
    while !received.windows(4).any(|end| end == b"\r\n\r\n") {
        if stream.read_buf(&mut received).await.ok()? == 0 {
            return None;
        }
    }
    let text = String::from_utf8_lossy(&received);
    let target = text.split(' ').nth(1)?;
    let (status, location) = match target.strip_prefix("/to?").or(target.strip_prefix("/to%3F")) {
        Some(url) => ("307 Temporary Redirect", format!("location: {url}\r\n")),
        None => ("200 OK", String::new()),
    };
    let length = CONTENT.len();
    // Closed, so that the next call asks for the name again.
    let answer = format!(
        "HTTP/1.1 {status}\r\n{location}content-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{CONTENT}"
    );
    stream.write_all(answer.as_bytes()).await.ok()
}
