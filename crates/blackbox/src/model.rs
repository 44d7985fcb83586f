//! A model that thinks by a script, and the service that its tools call: one server that speaks OpenAI chat completions.
//!
//! The model asks for two tools in each turn but the last. A call can be held: the server says that it has come, and does not
//! answer it until its caller goes.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::wait::eventually;
use crate::wire::header;

/// How long a call that is held may take to come.
const COMES_WITHIN: Duration = Duration::from_secs(20);

/// A running model. It ends with its last handle's test.
#[derive(Debug)]
pub struct Model {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    task: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct State {
    /// In how many turns it answers.
    turns: usize,
    /// The bodies of all requests by their idempotency keys, in the order of arrival.
    calls: BTreeMap<String, Vec<Value>>,
    /// The end of the key of the call that is held, and whether it has come.
    held: Option<(String, bool)>,
}

impl Model {
    /// Starts one on loopback that answers in so many turns.
    ///
    /// # Panics
    /// If there is no port.
    pub async fn start(turns: usize) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("loopback has free ports");
        let address = listener.local_addr().expect("a bound socket has an address");
        let state = Arc::new(Mutex::new(State { turns, ..State::default() }));
        let shared = Arc::clone(&state);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&shared)));
            }
        });
        Self { address, state, task }
    }

    /// Returns the address of `path`.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Holds the next call with a key that ends so.
    pub fn hold(&self, end: &str) {
        self.state.lock().held = Some((end.to_owned(), false));
    }

    /// Waits until the call that is held has come. No other call is held from then on.
    ///
    /// # Panics
    /// If it does not come in time.
    pub async fn has_come(&self) {
        let has_come = || self.state.lock().held.as_ref().is_some_and(|(_, has_come)| *has_come);
        eventually("the call comes that is held", COMES_WITHIN, async || has_come().then_some(())).await;
    }

    /// Returns the bodies of the requests with each key.
    pub fn calls(&self) -> BTreeMap<String, Vec<Value>> {
        self.state.lock().calls.clone()
    }

    /// Returns what a turn uses, counted from 1: tokens sent, and answered.
    pub const fn usage(turn: usize) -> (usize, usize) {
        (100 + turn, 10 + turn)
    }
}

impl Drop for Model {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(mut stream: TcpStream, state: Arc<Mutex<State>>) {
    let Some((head, body)) = read_request(&mut stream).await else { return };
    let key = header(&head, "idempotency-key").unwrap_or_default().to_owned();
    let is_held = {
        let mut state = state.lock();
        state.calls.entry(key.clone()).or_default().push(body.clone());
        match &mut state.held {
            Some((end, has_come)) if key.ends_with(&**end) && !*has_come => {
                *has_come = true;
                true
            }
            _ => false,
        }
    };
    if is_held {
        let mut more = [0; 1024];
        while matches!(stream.read(&mut more).await, Ok(1..)) {}
        return;
    }
    let answer = if head.contains("/chat/completions ") {
        answer(&body, state.lock().turns)
    } else {
        json!({ "seen": body })
    };
    let text = answer.to_string();
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        text.len()
    );
    // A caller that was killed does not read it.
    let _ = stream.write_all(format!("{head}{text}").as_bytes()).await;
}

/// Returns the next answer of a conversation.
fn answer(body: &Value, turns: usize) -> Value {
    let messages = body["messages"].as_array().map_or(&[][..], Vec::as_slice);
    let turn = 1 + messages.iter().filter(|message| message["role"] == "assistant").count();
    let call = |number: usize| {
        let arguments = json!({ "turn": turn, "number": number }).to_string();
        json!({ "id": format!("c{turn}-{number}"), "type": "function", "function": { "name": "look", "arguments": arguments } })
    };
    let (message, reason) = if turn < turns {
        (json!({ "role": "assistant", "content": null, "tool_calls": [call(0), call(1)] }), "tool_calls")
    } else {
        (json!({ "role": "assistant", "content": "All is well." }), "stop")
    };
    let (sent, answered) = Model::usage(turn);
    json!({
        "choices": [{ "index": 0, "message": message, "finish_reason": reason }],
        "usage": { "prompt_tokens": sent, "completion_tokens": answered },
    })
}

async fn read_request(stream: &mut TcpStream) -> Option<(String, Value)> {
    let mut received = Vec::new();
    loop {
        if stream.read_buf(&mut received).await.ok()? == 0 {
            return None;
        }
        let text = String::from_utf8_lossy(&received);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length: usize = header(head, "content-length").map_or(Some(0), |text| text.parse().ok())?;
            if body.len() >= length {
                return Some((head.to_owned(), serde_json::from_str(body).unwrap_or_default()));
            }
        }
    }
}
