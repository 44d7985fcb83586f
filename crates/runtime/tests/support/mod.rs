//! An engine over the in-memory store, with an executor that does as the test says.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use steadflow_core::caller::Caller;
use steadflow_core::event::{Event, Record};
use steadflow_core::failure::{ErrorClass, Failure};
use steadflow_core::ids::{ExecutionId, FlowId, TenantId};
use steadflow_core::payload::Payload;
use steadflow_core::timestamp::Timestamp;
use steadflow_core::work::{Outcome, Stop, Task, Work};
use steadflow_runtime::{
    Clock, Engine, EngineConfig, ExecutionSnapshot, Executor, NewFlow, Performing, RuntimeError, Start,
    Started,
};
use steadflow_store::FlowStatus;
use steadflow_store::MemoryStore;
use tokio::time::Instant;

pub(crate) const TENANT: TenantId = TenantId::DEFAULT;

/// Tokio's clock, which a paused test moves by itself. That of the machine beside it can be set.
#[derive(Debug)]
pub(crate) struct TestClock {
    since: Instant,
    /// By how many microseconds the clock of the machine has been set forward.
    set_by: AtomicI64,
}

impl TestClock {
    fn new() -> Self {
        Self { since: Instant::now(), set_by: AtomicI64::new(0) }
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(1_800_000_000_000_000).plus(self.since.elapsed())
    }

    fn wall(&self) -> Timestamp {
        Timestamp::from_micros(self.now().as_micros() + self.set_by.load(Ordering::Relaxed))
    }
}

/// Does what the node's input says: `{"fail_times": n}` fails the first n attempts, `{"hang": true}` never ends, and
/// `{"takes": n}` takes n seconds.
#[derive(Debug)]
pub(crate) struct Scripted {
    /// Since when it is there.
    since: Instant,
    /// Whether every call fails.
    is_down: AtomicBool,
    /// When each call began, by node.
    pub(crate) began: Mutex<Vec<(String, Duration)>>,
    /// Every attempt that was handed out, as `node#attempt`.
    pub(crate) seen: Mutex<Vec<String>>,
    /// The version of the agent that each call of a skill asks for.
    pub(crate) versions: Mutex<Vec<Option<u32>>>,
    /// The same of each turn of a skill with tools.
    pub(crate) turns: Mutex<Vec<Option<u32>>>,
    /// Attempts whose work was dropped before it ended, by node.
    pub(crate) dropped: Arc<Mutex<BTreeMap<String, u32>>>,
}

impl Scripted {
    fn new(since: Instant) -> Self {
        Self {
            since,
            is_down: AtomicBool::new(false),
            began: Mutex::default(),
            seen: Mutex::default(),
            versions: Mutex::default(),
            turns: Mutex::default(),
            dropped: Arc::default(),
        }
    }

    /// Lets every call fail from now on, or none.
    pub(crate) fn set_down(&self, is_down: bool) {
        self.is_down.store(is_down, Ordering::Relaxed);
    }
}

struct Dropped(Arc<Mutex<BTreeMap<String, u32>>>, String);

impl Drop for Dropped {
    fn drop(&mut self) {
        *self
            .0
            .lock()
            .expect("no test panics while it holds this lock")
            .entry(self.1.clone())
            .or_default() += 1;
    }
}

impl Executor for Scripted {
    fn execute(&self, work: Work) -> Performing {
        self.seen.lock().expect("no test panics while it holds this lock").push(format!(
            "{}#{}",
            work.node_id,
            work.attempt.number()
        ));
        let node = (work.node_id.to_string(), self.since.elapsed());
        self.began.lock().expect("no test panics while it holds this lock").push(node);
        let is_down = self.is_down.load(Ordering::Relaxed);
        match &work.task {
            Task::Skill { version, .. } => {
                self.versions.lock().expect("no test panics while it holds this lock").push(*version);
            }
            Task::Turn(turn) => {
                self.turns.lock().expect("no test panics while it holds this lock").push(turn.version);
            }
            Task::Tool { .. }
            | Task::Summary(_)
            | Task::Judge(_)
            | Task::ListTools { .. }
            | Task::CancelTask { .. }
            | Task::HttpRequest
            | Task::Message(_)
            | Task::Code(_)
            | Task::Echo => {}
        }
        let input = work.input.to_value().expect("it is readable");
        let guard = Dropped(Arc::clone(&self.dropped), work.node_id.to_string());
        let running = async move {
            if input["hang"] == json!(true) {
                std::future::pending::<()>().await;
            }
            if let Some(seconds) = input["takes"].as_u64() {
                tokio::time::sleep(Duration::from_secs(seconds)).await;
            }
            std::mem::forget(guard);
            if is_down
                || input["fail_times"].as_u64().is_some_and(|times| u64::from(work.attempt.number()) <= times)
            {
                return Outcome::failed(Failure::new(ErrorClass::Connection, "Connection timeout"));
            }
            Outcome::completed(work.input)
        };
        Performing::Running(Box::pin(running), Stop::default())
    }
}

pub(crate) struct Bench {
    pub(crate) engine: Engine,
    pub(crate) store: MemoryStore,
    pub(crate) executor: Arc<Scripted>,
    clock: Arc<TestClock>,
}

impl Bench {
    pub(crate) async fn new() -> Self {
        Self::configured(EngineConfig::default()).await
    }

    pub(crate) async fn configured(config: EngineConfig) -> Self {
        Self::on(MemoryStore::default(), Arc::new(TestClock::new()), config).await
    }

    async fn on(store: MemoryStore, clock: Arc<TestClock>, config: EngineConfig) -> Self {
        let executor = Arc::new(Scripted::new(clock.since));
        let engine = Engine::start(
            config,
            Arc::new(store.reopen()),
            Arc::clone(&executor) as Arc<dyn Executor>,
            Arc::clone(&clock) as Arc<dyn Clock>,
        );
        let engine = engine.await.expect("the engine starts on an empty store");
        Self { engine, store, executor, clock }
    }

    /// Sets the clock of the machine forward or, with a number below zero, back.
    pub(crate) fn set_clock(&self, by_seconds: i64) {
        self.clock.set_by.fetch_add(by_seconds * 1_000_000, Ordering::Relaxed);
    }

    /// This process is gone; another one works on the same database, after the lease of this one has ended.
    pub(crate) async fn after_crash(self) -> Self {
        self.after_crash_with(EngineConfig::default()).await
    }

    /// As [`Self::after_crash`], set up as `config` says.
    pub(crate) async fn after_crash_with(self, config: EngineConfig) -> Self {
        drop(self.engine);
        tokio::task::yield_now().await;
        tokio::time::advance(Duration::from_secs(3_600)).await;
        Self::on(self.store.reopen(), self.clock, config).await
    }

    /// As [`Self::after_crash`], with the clock set back to when this process began.
    pub(crate) async fn after_crash_in_the_past(self) -> Self {
        drop(self.engine);
        tokio::task::yield_now().await;
        Self::on(self.store.reopen(), Arc::new(TestClock::new()), EngineConfig::default()).await
    }

    /// Another process on the same database.
    pub(crate) async fn again(&self) -> Self {
        self.again_with(EngineConfig::default()).await
    }

    /// Another process on the same database.
    pub(crate) async fn again_with(&self, config: EngineConfig) -> Self {
        Self::on(self.store.reopen(), Arc::clone(&self.clock), config).await
    }

    /// This process is gone, without a word.
    pub(crate) async fn dies(self) {
        drop(self.engine);
        tokio::task::yield_now().await;
    }

    pub(crate) async fn flow(&self, settings: Value, nodes: Value, edges: Value) -> FlowId {
        let mut document = json!({ "name": "test", "flow_definition": { "nodes": nodes, "edges": edges } });
        document
            .as_object_mut()
            .expect("it is an object")
            .extend(settings.as_object().expect("settings are an object").clone());
        let new = NewFlow::new(document, FlowStatus::Active);
        let id = new.id;
        self.engine.create_flow(&Caller::LOCAL, new).await.expect("the flow is valid");
        id
    }

    pub(crate) async fn start(&self, flow: FlowId) -> ExecutionId {
        self.start_with(flow, None).await.expect("the flow starts").execution
    }

    pub(crate) async fn start_with(
        &self,
        flow: FlowId,
        wait: Option<Duration>,
    ) -> Result<Started, RuntimeError> {
        self.start_on(flow, Payload::from_value(&json!({ "vendor_id": 7 })), wait).await
    }

    pub(crate) async fn start_on(
        &self,
        flow: FlowId,
        trigger_data: Payload,
        wait: Option<Duration>,
    ) -> Result<Started, RuntimeError> {
        let start = Start {
            caller: Caller::LOCAL,
            flow,
            context_id: None,
            context_type: None,
            trigger_data,
            triggered_by: "test".into(),
            priority: None,
            trace: None,
            key: None,
            wait,
        };
        self.engine.start_execution(start).await
    }

    /// Everything that happened to an execution.
    pub(crate) async fn events(&self, id: ExecutionId) -> Vec<Event> {
        let journal = self.engine.execution(TENANT, id).await.expect("the execution exists").journal;
        let record = |text: &Arc<str>| serde_json::from_str(text).expect("the engine can read its journal");
        journal.iter().map(record).flat_map(|record: Record| record.2).collect()
    }

    pub(crate) async fn ended(&self, id: ExecutionId) -> ExecutionSnapshot {
        self.engine.ended(TENANT, id).await.expect("the execution exists")
    }
}

/// A node of type `action`, `echo`.
pub(crate) fn echo(id: &str, input: Value) -> Value {
    json!({ "id": id, "type": "action", "action": "echo", "input": input })
}

/// Moves the paused clock, letting everything that falls due on the way happen.
pub(crate) async fn pass(time: Duration) {
    tokio::time::sleep(time).await;
}
