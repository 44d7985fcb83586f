//! Services that use raw TCP, for responses that an HTTP library would not send.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Responds to each connection with `bytes` and closes it.
pub(crate) async fn answering(bytes: impl Into<Vec<u8>>) -> SocketAddr {
    let bytes = bytes.into();
    listening(move |mut peer| {
        let bytes = bytes.clone();
        async move {
            read_head(&mut peer).await;
            // The client may close the connection first.
            let _ = peer.write_all(&bytes).await;
            let _ = peer.shutdown().await;
        }
    })
    .await
}

/// Responds to each connection with `beginning`, and with `rest` when that is released.
pub(crate) async fn holding(beginning: Vec<u8>, rest: Vec<u8>, release: watch::Receiver<bool>) -> SocketAddr {
    listening(move |mut peer| {
        let (beginning, rest, mut release) = (beginning.clone(), rest.clone(), release.clone());
        async move {
            read_head(&mut peer).await;
            // The client may close the connection first.
            let _ = peer.write_all(&beginning).await;
            let _ = release.wait_for(|is_released| *is_released).await;
            let _ = peer.write_all(&rest).await;
            let _ = peer.shutdown().await;
        }
    })
    .await
}

/// Answers each request with its body, as JSON.
pub(crate) async fn mirroring() -> SocketAddr {
    listening(|mut peer| async move {
        let body = read_request(&mut peer).await.body;
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        let _ = peer.write_all(&[head.into_bytes(), body].concat()).await;
        let _ = peer.shutdown().await;
    })
    .await
}

/// A request as it was received.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    /// The request line and the headers.
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

/// Answers the first request with the first of `answers` and so on, and all further ones with the last.
pub(crate) async fn scripted(answers: Vec<Vec<u8>>) -> (SocketAddr, Arc<Mutex<Vec<Received>>>) {
    let received = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&received);
    let address = listening(move |mut peer| {
        let (answers, log) = (answers.clone(), Arc::clone(&log));
        async move {
            let request = read_request(&mut peer).await;
            let number = {
                let mut log = log.lock().unwrap();
                log.push(request);
                log.len()
            };
            let _ = peer.write_all(&answers[number.min(answers.len()) - 1]).await;
            let _ = peer.shutdown().await;
        }
    })
    .await;
    (address, received)
}

pub(crate) async fn read_request(peer: &mut TcpStream) -> Received {
    let head = read_head(peer).await;
    let lower = head.to_ascii_lowercase();
    let length = lower.lines().find_map(|line| line.strip_prefix("content-length:"));
    let mut body = vec![0; length.map_or(0, |text| text.trim().parse().unwrap())];
    peer.read_exact(&mut body).await.unwrap();
    Received { head, body }
}

/// Sends `bytes` on each connection before it has received anything.
pub(crate) async fn blurting(bytes: &'static [u8]) -> SocketAddr {
    listening(move |mut peer| async move {
        let _ = peer.write_all(bytes).await;
        let _ = peer.shutdown().await;
    })
    .await
}

/// Sends `head` and then `chunk` repeatedly; counts the bytes that were sent.
pub(crate) async fn endless(head: &'static [u8], chunk: Vec<u8>) -> (SocketAddr, Arc<AtomicU64>) {
    let sent = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&sent);
    let address = listening(move |mut peer| {
        let (chunk, count) = (chunk.clone(), Arc::clone(&count));
        async move {
            read_head(&mut peer).await;
            let mut taken = peer.write_all(head).await.is_ok();
            while taken {
                taken = peer.write_all(&chunk).await.is_ok();
                count.fetch_add(chunk.len() as u64, Ordering::Relaxed);
            }
        }
    })
    .await;
    (address, sent)
}

/// Receives one request without responding, and reports when it came and when the client closed the connection.
pub(crate) async fn hanging() -> (SocketAddr, tokio::sync::mpsc::Receiver<&'static str>) {
    let (tell, notices) = tokio::sync::mpsc::channel(4);
    let address = listening(move |mut peer| {
        let tell = tell.clone();
        async move {
            read_head(&mut peer).await;
            let _ = tell.send("asked").await;
            let mut rest = [0; 64];
            while matches!(peer.read(&mut rest).await, Ok(1..)) {}
            let _ = tell.send("hung up").await;
        }
    })
    .await;
    (address, notices)
}

/// Runs `serve` for each connection.
pub(crate) async fn listening<F>(serve: impl Fn(TcpStream) -> F + Send + 'static) -> SocketAddr
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((peer, _)) = listener.accept().await {
            tokio::spawn(serve(peer));
        }
    });
    address
}

/// Returns an address without a listener.
pub(crate) async fn closed() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap()
}

/// Reads a request up to its body.
pub(crate) async fn read_head(peer: &mut TcpStream) -> String {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && matches!(peer.read(&mut byte).await, Ok(1)) {
        head.push(byte[0]);
    }
    String::from_utf8_lossy(&head).into_owned()
}
