//! A collector of OpenTelemetry: it takes traces over OTLP/HTTP as protobuf, and refuses the first request.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as AnyValue;
use opentelemetry_proto::tonic::trace::v1::Span as Sent;
use parking_lot::Mutex;
use prost::Message;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::wire::header;

/// A span, as it arrived.
#[derive(Clone, Debug)]
pub struct Span {
    /// 32 hexadecimal digits.
    pub trace: String,
    /// 16 hexadecimal digits.
    pub id: String,
    /// The id of its parent; empty if it has none.
    pub parent: String,
    /// Its name.
    pub name: String,
    /// When it began and ended, in nanoseconds since the epoch.
    pub time: (u64, u64),
    /// Its attributes: texts, numbers and whether something is so.
    pub attributes: BTreeMap<String, Value>,
    /// The names of its events.
    pub events: Vec<String>,
    /// Whether it failed, and what it says of that.
    pub error: Option<String>,
}

/// A running collector. It ends with its last handle's test.
#[derive(Debug)]
pub struct Collector {
    address: SocketAddr,
    spans: Arc<Mutex<Vec<Span>>>,
    task: JoinHandle<()>,
}

impl Collector {
    /// Starts one on loopback.
    ///
    /// # Panics
    /// If there is no port.
    pub async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("loopback has free ports");
        let address = listener.local_addr().expect("a bound socket has an address");
        let spans = Arc::<Mutex<Vec<Span>>>::default();
        let kept = Arc::clone(&spans);
        let task = tokio::spawn(async move {
            let mut refuses = true;
            while let Ok((stream, _)) = listener.accept().await {
                serve(stream, &kept, std::mem::take(&mut refuses)).await;
            }
        });
        Self { address, spans, task }
    }

    /// Returns where it is.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Returns the spans so far.
    pub fn spans(&self) -> Vec<Span> {
        self.spans.lock().clone()
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(mut stream: TcpStream, spans: &Mutex<Vec<Span>>, refuses: bool) {
    let Some(body) = read_request(&mut stream).await else { return };
    let status = if refuses { "503 Service Unavailable" } else { "200 OK" };
    if !refuses {
        let request = ExportTraceServiceRequest::decode(&body[..]).expect("the body is a request of OTLP");
        let scopes = request.resource_spans.into_iter().flat_map(|resource| resource.scope_spans);
        spans.lock().extend(scopes.flat_map(|scope| scope.spans).map(span));
    }
    let answer = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/x-protobuf\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
    );
    // A sender that has gone does not read it.
    let _ = stream.write_all(answer.as_bytes()).await;
}

async fn read_request(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut received = Vec::new();
    loop {
        if stream.read_buf(&mut received).await.ok()? == 0 {
            return None;
        }
        let Some(end) = received.windows(4).position(|bytes| bytes == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&received[..end]);
        let length: usize = header(&head, "content-length")?.parse().ok()?;
        if received.len() >= end + 4 + length {
            assert!(head.starts_with("POST /v1/traces "), "{head}");
            return Some(received.split_off(end + 4));
        }
    }
}

fn span(sent: Sent) -> Span {
    let attributes = sent.attributes.into_iter().map(|attribute| {
        let value = attribute.value.and_then(|value| value.value);
        (attribute.key, value.map_or(Value::Null, json_of))
    });
    let error = sent.status.filter(|status| status.code == 2).map(|status| status.message);
    Span {
        trace: hex(&sent.trace_id),
        id: hex(&sent.span_id),
        parent: hex(&sent.parent_span_id),
        name: sent.name,
        time: (sent.start_time_unix_nano, sent.end_time_unix_nano),
        attributes: attributes.collect(),
        events: sent.events.into_iter().map(|event| event.name).collect(),
        error,
    }
}

/// Returns a value; null for one that is neither a text, nor a number, nor a bool.
fn json_of(value: AnyValue) -> Value {
    match value {
        AnyValue::StringValue(text) => json!(text),
        AnyValue::BoolValue(is_so) => json!(is_so),
        AnyValue::IntValue(number) => json!(number),
        AnyValue::DoubleValue(number) => json!(number),
        AnyValue::ArrayValue(_)
        | AnyValue::KvlistValue(_)
        | AnyValue::BytesValue(_)
        | AnyValue::StringValueStrindex(_) => Value::Null,
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
