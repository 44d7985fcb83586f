//! A model that thinks by a script, and the service that its tools call: one server that speaks OpenAI chat completions.
//!
//! The model asks for two tools in each turn but the last, says in a summary all that the user said, and streams its answers to those who ask for that. A call can be
//! held: the server says that it has come, and does not answer it, or only by half, until its caller goes or it is released.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
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

/// How much of the answer to a call that is held is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hold {
    /// Nothing.
    Silent,
    /// The first half of its bytes.
    HalfWay,
    /// Of a stream: all up to the first piece of its text.
    FirstText,
}

#[derive(Debug, Default)]
struct State {
    /// In how many turns it answers.
    turns: usize,
    /// The names of the two tools that it asks for.
    names: [String; 2],
    /// The models that refuse each question, with the status.
    refusing: BTreeMap<String, u16>,
    /// The bodies of all requests by their idempotency keys, in the order of arrival.
    calls: BTreeMap<String, Vec<Value>>,
    /// The call that is held, if any.
    held: Option<Held>,
    /// Whether all others are, too.
    holds_all: bool,
}

#[derive(Debug)]
struct Held {
    /// How its key ends.
    end: String,
    hold: Hold,
    /// Whether it is being answered.
    is_taken: bool,
    /// Whether it has come, and as much of the answer was sent as will be.
    has_come: bool,
    /// Lets the rest be sent.
    release: Arc<Notify>,
}

impl State {
    /// Keeps a call, and returns how it is held, if it is.
    fn keep(&mut self, key: String, body: Value) -> Option<(Hold, Arc<Notify>)> {
        let held = self.held.as_mut().filter(|held| !held.is_taken && key.ends_with(&held.end));
        let hold = held.map(|held| {
            held.is_taken = true;
            (held.hold, Arc::clone(&held.release))
        });
        self.calls.entry(key).or_default().push(body);
        hold.or_else(|| self.holds_all.then(|| (Hold::Silent, Arc::default())))
    }
}

impl Model {
    /// Starts one on loopback that answers in so many turns.
    ///
    /// # Panics
    /// If there is no port.
    pub async fn start(turns: usize) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("loopback has free ports");
        let address = listener.local_addr().expect("a bound socket has an address");
        let state = Arc::new(Mutex::new(State {
            turns,
            names: ["look", "look"].map(str::to_owned),
            ..State::default()
        }));
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

    /// Asks for tools with these names in each turn.
    pub fn asks_for(&self, names: [&str; 2]) {
        self.state.lock().names = names.map(str::to_owned);
    }

    /// Refuses each question to this model with a status.
    pub fn refuse(&self, model: &str, status: u16) {
        self.state.lock().refusing.insert(model.to_owned(), status);
    }

    /// Holds the next call with a key that ends so.
    pub fn hold(&self, end: &str, hold: Hold) {
        let release = Arc::default();
        let held = Held { end: end.to_owned(), hold, is_taken: false, has_come: false, release };
        self.state.lock().held = Some(held);
    }

    /// Holds all calls from now on, or no further ones.
    pub fn hold_all(&self, holds: bool) {
        self.state.lock().holds_all = holds;
    }

    /// Waits until the call that is held has come, and was answered as far as it will be. No other call is held from then on.
    ///
    /// # Panics
    /// If it does not come in time.
    pub async fn has_come(&self) {
        let has_come = || self.state.lock().held.as_ref().is_some_and(|held| held.has_come);
        eventually("the call comes that is held", COMES_WITHIN, async || has_come().then_some(())).await;
    }

    /// Lets the rest of the answer go to the call that is held.
    pub fn release(&self) {
        self.state.lock().held.iter().for_each(|held| held.release.notify_one());
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
    let hold = state.lock().keep(key, body.clone());
    let refusal = body["model"].as_str().and_then(|model| state.lock().refusing.get(model).copied());
    let text = if let Some(status) = refusal {
        refused(status)
    } else if head.contains("/chat/completions ") {
        let answer = answer(&body, &state.lock());
        if body["stream"] == true { streamed(&answer, &body) } else { whole(&answer) }
    } else {
        whole(&json!({ "seen": body }))
    };
    let sent = match hold.as_ref().map(|(hold, _)| hold) {
        None => text.len(),
        Some(Hold::FirstText) => behind_first_text(&text),
        Some(Hold::HalfWay) => text.len() / 2,
        Some(Hold::Silent) => 0,
    };
    // A caller that was killed does not read it.
    let _ = stream.write_all(&text.as_bytes()[..sent]).await;
    if let Some((_, release)) = hold {
        state.lock().held.iter_mut().for_each(|held| held.has_come = true);
        tokio::select! {
            () = is_gone(&mut stream) => {}
            () = release.notified() => {
                let _ = stream.write_all(&text.as_bytes()[sent..]).await;
            }
        }
    }
}

/// Waits until the caller goes.
async fn is_gone(stream: &mut TcpStream) {
    let mut more = [0; 1024];
    while matches!(stream.read(&mut more).await, Ok(1..)) {}
}

/// Returns where the event ends that has the first piece of a text.
fn behind_first_text(stream: &str) -> usize {
    let begins = stream.find("\"content\":\"").expect("the answer has a text");
    begins + stream[begins..].find("\n\n").expect("an event has an end") + 2
}

/// Returns a response with a JSON value.
fn whole(answer: &Value) -> String {
    let text = answer.to_string();
    format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{text}",
        text.len()
    )
}

/// Returns a response with this status.
fn refused(status: u16) -> String {
    format!("HTTP/1.1 {status} Refused\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
}

/// Returns a response with an answer in pieces, as the protocol cuts it, with the usage if `asked` wants it.
fn streamed(answer: &Value, asked: &Value) -> String {
    let choice = &answer["choices"][0];
    let piece = |delta: Value, reason: &Value| json!({ "choices": [{ "index": 0, "delta": delta, "finish_reason": reason }] });
    let begun = json!({ "role": "assistant", "content": null });
    let deltas =
        [begun].into_iter().chain(deltas(&choice["message"])).map(|delta| piece(delta, &Value::Null));
    let end = piece(json!({}), &choice["finish_reason"]);
    let has_usage = asked["stream_options"]["include_usage"] == true;
    let usage = has_usage.then(|| json!({ "choices": [], "usage": answer["usage"] }));
    let events: String = deltas.chain([end]).chain(usage).map(|piece| format!("data: {piece}\n\n")).collect();
    format!(
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n{events}data: [DONE]\n\n"
    )
}

/// Returns what a message says, each text and each argument in two pieces.
fn deltas(message: &Value) -> Vec<Value> {
    let halves = |text: &str| {
        let (first, second) = text.split_at(text.len() / 2);
        [first.to_owned(), second.to_owned()]
    };
    let texts = message["content"].as_str().into_iter().flat_map(halves);
    let texts = texts.map(|text| json!({ "content": text }));
    let calls = message["tool_calls"].as_array().map_or(&[][..], Vec::as_slice);
    let calls = calls.iter().enumerate().flat_map(|(index, call)| {
        let mut begun = call.clone();
        begun["index"] = json!(index);
        begun["function"]["arguments"] = json!("");
        let arguments = halves(call["function"]["arguments"].as_str().unwrap_or_default());
        let more = arguments.map(|text| json!({ "index": index, "function": { "arguments": text } }));
        [begun].into_iter().chain(more).map(|call| json!({ "tool_calls": [call] }))
    });
    texts.chain(calls).collect()
}

/// Returns what the model says when it is asked for a summary: all that the user said, in order.
fn summary(messages: &[Value]) -> Option<String> {
    let is_asked = messages.first()?["content"].as_str()?.starts_with("You summarize a conversation");
    let said: Value =
        serde_json::from_str(messages.get(1)?["content"].as_str()?).ok().filter(|_| is_asked)?;
    let turns = said["turns"].as_array()?.iter().map(|turn| &turn["user"]);
    let all = std::iter::once(&said["summary_of_earlier_turns"]).chain(turns).filter_map(Value::as_str);
    Some(all.collect::<Vec<_>>().join(" "))
}

/// Returns the next answer of a conversation.
fn answer(body: &Value, State { turns, names, .. }: &State) -> Value {
    let messages = body["messages"].as_array().map_or(&[][..], Vec::as_slice);
    let turn = 1 + messages.iter().filter(|message| message["role"] == "assistant").count();
    let call = |number: usize| {
        let arguments = json!({ "turn": turn, "number": number }).to_string();
        json!({ "id": format!("c{turn}-{number}"), "type": "function", "function": { "name": names[number], "arguments": arguments } })
    };
    let (message, reason) = if let Some(summary) = summary(messages) {
        (json!({ "role": "assistant", "content": summary }), "stop")
    } else if turn < *turns {
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
