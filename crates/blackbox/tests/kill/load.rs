//! Clients that start executions continuously and record the responses.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use steadflow_blackbox::{Answer, Api, Deadline};
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};

use crate::kill::kinds::{Kind, Then};

const CLIENTS: usize = 4;
/// Between two starts of one client.
const PACE: Duration = Duration::from_millis(20);
/// How long a client repeats a call whose outcome is unknown.
const REPEATED_FOR: Duration = Duration::from_secs(60);

/// What the clients know.
#[derive(Debug)]
pub(crate) struct Journal {
    pub(crate) flows: Vec<(String, Kind)>,
    pub(crate) accepted: Vec<Started>,
    /// Calls that had to be repeated because no definite answer came.
    pub(crate) unknown: usize,
    /// Calls that were repeated although a definite answer had come.
    pub(crate) replayed: usize,
}

/// An execution that was started with a response to the client.
#[derive(Clone, Debug)]
pub(crate) struct Started {
    pub(crate) id: String,
    /// Which of the flows.
    pub(crate) flow: usize,
    pub(crate) retry_of: Option<String>,
}

#[derive(Debug)]
pub(crate) struct Load {
    shared: Arc<Shared>,
    clients: Vec<JoinHandle<Vec<Started>>>,
}

#[derive(Debug)]
struct Shared {
    /// Those of all processes.
    apis: Vec<Api>,
    flows: Vec<(String, Kind)>,
    accepted: AtomicUsize,
    unknown: AtomicUsize,
    replayed: AtomicUsize,
    is_over: AtomicBool,
}

impl Load {
    /// Starts clients that go from one of the processes to the next.
    pub(crate) async fn start(apis: Vec<Api>, kinds: &[Kind]) -> Self {
        let mut flows = Vec::new();
        for kind in kinds {
            flows.push((apis[0].create_flow(&kind.document).await, kind.clone()));
        }
        let shared = Arc::new(Shared {
            apis,
            flows,
            accepted: AtomicUsize::new(0),
            unknown: AtomicUsize::new(0),
            replayed: AtomicUsize::new(0),
            is_over: AtomicBool::new(false),
        });
        let client = |number| tokio::spawn(Client::new(Arc::clone(&shared), number).run());
        let clients = (0..CLIENTS).map(client).collect();
        Self { shared, clients }
    }

    pub(crate) fn accepted_count(&self) -> usize {
        self.shared.accepted.load(Ordering::Relaxed)
    }

    /// Lets the clients finish what they are at, and returns what they wrote down.
    pub(crate) async fn stop(self) -> Journal {
        self.shared.is_over.store(true, Ordering::Relaxed);
        let mut accepted = Vec::new();
        for client in self.clients {
            accepted.extend(client.await.expect("no client panics"));
        }
        Journal {
            flows: self.shared.flows.clone(),
            accepted,
            unknown: self.shared.unknown.load(Ordering::Relaxed),
            replayed: self.shared.replayed.load(Ordering::Relaxed),
        }
    }
}

struct Client {
    shared: Arc<Shared>,
    number: usize,
    calls: usize,
    /// How many calls it made, repeated ones too.
    tries: usize,
    accepted: Vec<Started>,
    to_retry: VecDeque<Started>,
}

impl Client {
    const fn new(shared: Arc<Shared>, number: usize) -> Self {
        Self { shared, number, calls: 0, tries: number, accepted: Vec::new(), to_retry: VecDeque::new() }
    }

    async fn run(mut self) -> Vec<Started> {
        let mut pace = interval(PACE);
        pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut turn = self.number;
        while !self.shared.is_over.load(Ordering::Relaxed) {
            pace.tick().await;
            let flow = turn % self.shared.flows.len();
            for _ in 0..self.shared.flows[flow].1.at_once {
                self.start(flow).await;
            }
            self.retry_one().await;
            turn += 1;
        }
        self.accepted
    }

    async fn start(&mut self, flow: usize) {
        let shared = Arc::clone(&self.shared);
        let (id, kind) = &shared.flows[flow];
        let path = format!("flows/{id}/execute");
        let body = json!({ "trigger_data": { "client": self.number, "call": self.calls } });
        let execution = self.promised(&path, &body, 201, "execution_id").await;
        let accepted = Started { id: execution, flow, retry_of: None };
        match kind.then {
            Then::Leave => {}
            Then::Retry => self.to_retry.push_back(accepted.clone()),
            Then::Cancel => self.cancel(&accepted.id).await,
        }
        self.note(accepted);
    }

    /// Posts with a key of its own and returns the id that was promised; now and then asks twice.
    async fn promised(&mut self, path: &str, body: &Value, status: u16, field: &str) -> String {
        self.calls += 1;
        let key = format!("client-{}-call-{}", self.number, self.calls);
        let answer = self.definite(path, &key, body).await;
        let id = answer.expect(status)[field].as_str().expect("an id is promised").to_owned();
        if self.calls.is_multiple_of(7) {
            let again = self.definite(path, &key, body).await.expect(status);
            assert_eq!(again[field].as_str(), Some(id.as_str()), "one key, two executions");
            self.shared.replayed.fetch_add(1, Ordering::Relaxed);
        }
        id
    }

    /// Repeats a call with the same key until an answer is definite.
    async fn definite(&mut self, path: &str, key: &str, body: &Value) -> Answer {
        let deadline = Deadline::new("a definite answer", REPEATED_FOR);
        loop {
            let headers = [("Idempotency-Key", key)];
            match self.next_api().call(Method::POST, path, &headers, Some(body)).await {
                Ok(answer) if answer.status < 500 => return answer,
                Ok(_) | Err(_) => self.shared.unknown.fetch_add(1, Ordering::Relaxed),
            };
            deadline.pause().await;
        }
    }

    /// Returns a client of the process whose turn it is.
    fn next_api(&mut self) -> Api {
        self.tries += 1;
        self.shared.apis[self.tries % self.shared.apis.len()].clone()
    }

    async fn cancel(&mut self, id: &str) {
        let answer =
            self.definite(&format!("executions/{id}/cancel"), &format!("cancel-{id}"), &json!({})).await;
        // A cancel whose answer was lost has nothing left to cancel the next time.
        assert!(matches!(answer.status, 200..300 | 400 | 409), "{}: {}", answer.status, answer.body);
    }

    async fn retry_one(&mut self) {
        let Some(oldest) = self.to_retry.front().cloned() else { return };
        let path = format!("executions/{}", oldest.id);
        let Ok(answer) = self.next_api().call(Method::GET, &path, &[], None).await else { return };
        if answer.status >= 500 || answer.expect(200)["status"] != "failed" {
            return;
        }
        self.to_retry.pop_front();
        let path = format!("executions/{}/retry", oldest.id);
        let id = self.promised(&path, &json!({}), 200, "new_execution_id").await;
        self.note(Started { id, flow: oldest.flow, retry_of: Some(oldest.id) });
    }

    fn note(&mut self, accepted: Started) {
        self.accepted.push(accepted);
        self.shared.accepted.fetch_add(1, Ordering::Relaxed);
    }
}
