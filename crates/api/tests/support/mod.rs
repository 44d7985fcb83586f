//! The API in this process: the real router over a real engine and the in-memory store. Time is moved, never awaited.

mod answer;
mod description;
mod executor;
mod stream;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, header};
use serde_json::{Value, json};
use steadflow_api::{App, AppConfig};
use steadflow_core::ids::{ExecutionId, TenantId};
use steadflow_core::timestamp::Timestamp;
use steadflow_runtime::{Clock, Engine, EngineConfig, Executor, HasSecret, LiveTexts};
use steadflow_store::{MemoryStore, Store};
use tokio::sync::mpsc::UnboundedSender;
use tokio::time::Instant;
use tower::ServiceExt;

pub(crate) use answer::{Answer, readable};
pub(crate) use description::check_body;
pub(crate) use executor::{Line, Scripted, tools};
pub(crate) use stream::{Event, Stream};

/// An id that nothing has.
pub(crate) const NO_ID: &str = "01900000-0000-7000-8000-00000000dead";
/// The moment at which every test begins: 2027-01-15T08:00:00Z.
const START: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);

/// Tokio's clock, which a paused test moves by itself, from a moment on.
#[derive(Debug)]
struct TestClock(Instant, Timestamp);

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        self.1.plus(self.0.elapsed())
    }
}

/// A client, and the server that it speaks to.
pub(crate) struct Api {
    pub(crate) app: App,
    router: Router,
    pub(crate) engine: Engine,
    /// Tells the models that speak what to do.
    pub(crate) model: UnboundedSender<Line>,
    database: MemoryStore,
}

impl Api {
    pub(crate) async fn new() -> Self {
        Self::configured(|_| {}).await
    }

    pub(crate) async fn configured(configure: impl FnOnce(&mut AppConfig)) -> Self {
        Self::over(MemoryStore::default(), START, configure).await
    }

    /// Starts a process with the same data, so much later.
    pub(crate) async fn later(&self, by: Duration) -> Self {
        Self::over(self.database.reopen(), self.engine.now().plus(by), |_| {}).await
    }

    async fn over(database: MemoryStore, start: Timestamp, configure: impl FnOnce(&mut AppConfig)) -> Self {
        let texts = LiveTexts::default();
        let (scripted, model) = Scripted::new(texts.clone());
        let executor: Arc<dyn Executor> = Arc::new(scripted);
        let clock = Arc::new(TestClock(Instant::now(), start));
        let store = Arc::new(database.reopen());
        let config = EngineConfig {
            worker: "worker".into(),
            has_secret: HasSecret::new(|_, name| name != NO_SECRET),
            commands: Arc::new(["files".into(), "git".into()].into()),
            texts,
            public_url: "https://flows.example".into(),
            ..EngineConfig::default()
        };
        let engine = Engine::start(config, store, Arc::clone(&executor), clock).await;
        let engine = engine.expect("the engine starts on an empty store");
        let mut config = AppConfig::new(engine.clone());
        config.executor = Some(executor);
        configure(&mut config);
        let app = App::new(config);
        Self { router: steadflow_api::router(app.clone()), app, engine, model, database }
    }

    /// The store behind it.
    pub(crate) fn store(&self) -> &dyn Store {
        &**self.engine.store()
    }

    /// Sends a request as it is and gives the answer, not yet read.
    pub(crate) async fn open(&self, request: Request<Body>) -> axum::response::Response {
        self.router.clone().oneshot(request).await.expect("a router always answers")
    }

    /// Sends a request and checks that the answer is as described.
    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let answer = Answer::read(self.open(request).await).await;
        description::check(&method, &path, &answer);
        answer
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(request(Method::GET, path, &[], "")).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.send(request(Method::DELETE, path, &[], "")).await
    }

    /// Posts without a body.
    pub(crate) async fn press(&self, path: &str) -> Answer {
        self.send(request(Method::POST, path, &[], "")).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.post_with(path, &[], &body.to_string()).await
    }

    /// Posts JSON with further headers.
    pub(crate) async fn post_with(&self, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let headers = [&[("content-type", "application/json")], headers].concat();
        self.submit(Method::POST, path, &headers, body).await
    }

    /// Sends JSON, and checks that what is accepted is as described.
    async fn submit(&self, method: Method, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let request = request(method.clone(), path, headers, body);
        let path = request.uri().path().to_owned();
        let answer = self.send(request).await;
        if answer.status < 300 {
            description::check_body(&method, &path, body);
        }
        answer
    }

    pub(crate) async fn patch(&self, path: &str, body: &Value) -> Answer {
        let json = [("content-type", "application/json")];
        self.submit(Method::PATCH, path, &json, &body.to_string()).await
    }

    /// Follows a stream of events, from where `last_event_id` says.
    pub(crate) async fn follow(&self, path: &str, last_event_id: Option<&str>) -> Stream {
        let header = last_event_id.map(|id| ("last-event-id", id));
        let request = request(Method::GET, path, header.as_slice(), "");
        let path = request.uri().path().to_owned();
        Stream::new(path, self.open(request).await)
    }

    /// Makes a flow and gives its id.
    pub(crate) async fn create_flow(&self, document: &Value) -> String {
        text(&self.post("flows", document).await.expect(201)["id"])
    }

    /// Makes an active flow of these nodes, without edges, and gives its id.
    pub(crate) async fn flow_of(&self, nodes: &[Value]) -> String {
        let mut document = flow("Review", nodes, &[]);
        document["status"] = json!("active");
        self.create_flow(&document).await
    }

    /// Starts an execution and gives its id.
    pub(crate) async fn start(&self, flow: &str) -> String {
        text(&self.press(&format!("flows/{flow}/execute")).await.expect(201)["execution_id"])
    }

    /// Starts an execution and gives it at its end.
    pub(crate) async fn run(&self, flow: &str) -> Value {
        let id = self.start(flow).await;
        self.ended(&id).await
    }

    /// Gives an execution as it stands.
    pub(crate) async fn execution(&self, id: &str) -> Value {
        self.get(&format!("executions/{id}")).await.expect(200)
    }

    /// Gives an execution at its end.
    pub(crate) async fn ended(&self, id: &str) -> Value {
        let execution = ExecutionId::new(id.parse().expect("it is a UUID"));
        self.engine.ended(TenantId::DEFAULT, execution).await.expect("the execution exists");
        self.execution(id).await
    }

    /// Gives an execution as soon as `condition` holds for it.
    pub(crate) async fn when(&self, id: &str, condition: impl Fn(&Value) -> bool) -> Value {
        let mut changes = self.engine.follow(ExecutionId::new(id.parse().expect("it is a UUID")));
        loop {
            let execution = self.execution(id).await;
            if condition(&execution) {
                return execution;
            }
            assert!(execution["completed_at"].is_null(), "it ended before: {execution:#}");
            changes.after(execution["seq"].as_u64().expect("an execution has a number of records")).await;
        }
    }

    /// Gives how many flows and executions are stored.
    pub(crate) async fn counts(&self) -> (usize, usize) {
        let flows = self.get("flows?limit=100").await.expect(200);
        let executions = self.get("executions?limit=100").await.expect(200);
        (list(&flows).len(), list(&executions).len())
    }
}

/// Returns a request of `path`, which is below `/api/v1/studio` unless it begins with a slash.
pub(crate) fn request(method: Method, path: &str, headers: &[(&str, &str)], body: &str) -> Request<Body> {
    let path = if path.starts_with('/') { path.to_owned() } else { format!("/api/v1/studio/{path}") };
    let mut request = Request::builder().method(method).uri(path);
    if !headers.iter().any(|(name, _)| *name == "host") {
        request = request.header(header::HOST, "localhost");
    }
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(Body::from(body.to_owned())).expect("the test writes valid requests")
}

/// Returns a flow of these nodes and `(from, to)` edges.
pub(crate) fn flow(name: &str, nodes: &[Value], edges: &[(&str, &str)]) -> Value {
    let edges: Vec<Value> = edges.iter().map(|(from, to)| json!({ "from": from, "to": to })).collect();
    json!({ "name": name, "flow_definition": { "nodes": nodes, "edges": edges } })
}

/// The name of a secret that there is not; there are all others.
pub(crate) const NO_SECRET: &str = "NO_SECRET";

/// Returns a node that returns its input, or does what [`Scripted`] reads in it.
pub(crate) fn echo(id: &str, input: Value) -> Value {
    json!({ "id": id, "type": "action", "action": "echo", "input": input })
}

/// Returns a node whose first `fails` attempts fail, of `1 + retries`.
pub(crate) fn failing(id: &str, fails: u32, retries: u32) -> Value {
    let mut node = echo(id, json!({ "fails": fails }));
    node["retry"] = json!({ "enabled": true, "count": retries });
    node
}

/// Returns a node whose attempt never ends.
pub(crate) fn hanging(id: &str) -> Value {
    echo(id, json!({ "hangs": true }))
}

pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}

pub(crate) fn list(value: &Value) -> &[Value] {
    value.as_array().unwrap_or_else(|| panic!("{value} is no list"))
}

/// Returns one key of every item.
pub(crate) fn each<'a>(items: &'a Value, key: &str) -> Vec<&'a str> {
    list(items).iter().map(|item| item[key].as_str().unwrap_or_default()).collect()
}

/// Returns one node of an execution.
pub(crate) fn node<'a>(execution: &'a Value, id: &str) -> &'a Value {
    let nodes = list(&execution["node_executions"]);
    nodes.iter().find(|node| node["node_id"] == id).unwrap_or_else(|| panic!("there is no node {id}"))
}
