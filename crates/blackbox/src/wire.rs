//! HTTP by hand, for requests that no decent client would send.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawAnswer {
    /// The status; `None` if the connection ended without an answer.
    pub status: Option<u16>,
    /// Head and body, as they came.
    pub text: String,
}

/// Sends `parts` over one connection, `pause` between them, and reads the answer's head and what follows at once.
///
/// A response that arrives before everything is sent ends the sending. There is no status if the peer closes the connection.
///
/// # Panics
/// If there is no connection, or no answer and no end `within` that time.
pub async fn raw(
    address: SocketAddr,
    parts: impl IntoIterator<Item = Vec<u8>>,
    pause: Duration,
    within: Duration,
) -> RawAnswer {
    let exchange = async {
        let mut stream = TcpStream::connect(address).await.expect("the server takes connections");
        let mut received = Vec::new();
        for part in parts {
            if stream.write_all(&part).await.is_err() {
                break;
            }
            if !pause.is_zero() && timeout(pause, read_more(&mut stream, &mut received)).await.is_ok() {
                break;
            }
        }
        while !is_complete(&received) && read_more(&mut stream, &mut received).await {}
        received
    };
    let received = timeout(within, exchange).await.unwrap_or_else(|_| panic!("no answer within {within:?}"));
    let text = String::from_utf8_lossy(&received).into_owned();
    let status = text.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)?.parse().ok());
    RawAnswer { status, text }
}

async fn read_more(stream: &mut TcpStream, received: &mut Vec<u8>) -> bool {
    matches!(stream.read_buf(received).await, Ok(1..))
}

fn is_complete(received: &[u8]) -> bool {
    let text = String::from_utf8_lossy(received);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = header(head, "content-length").and_then(|value| value.parse::<usize>().ok());
    length.is_some_and(|length| body.len() >= length)
}

/// Returns the value of a header in `head`, whatever its case.
pub(crate) fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let line = |line: &'a str| {
        let (key, value) = line.split_once(':')?;
        key.eq_ignore_ascii_case(name).then_some(value.trim())
    };
    head.lines().find_map(line)
}
