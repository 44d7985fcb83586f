//! The loop around a shard: it carries messages in, batches to the store, and actions out.
//!
//! One loop is one incarnation of a worker. When its lease is lost the loop ends, with all work that it started; the
//! engine begins anew under another epoch.

use std::collections::HashMap;
use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::stream::{FuturesUnordered, StreamExt};
use steadflow_core::execution::Input;
use steadflow_core::failure::{ErrorClass, Failure};
use steadflow_core::flow::Action as NodeAction;
use steadflow_core::ids::{Attempt, ExecutionId, NodeIndex};
use steadflow_core::timestamp::Timestamp;
use steadflow_core::work::{Outcome, Task, Work};
use steadflow_store::{Commit, Committed, Store, StoreError, Worker};
use tokio::sync::{mpsc, oneshot};
use tokio::task::AbortHandle;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until, timeout};

use crate::clock::Clock;
use crate::executor::{Executor, OutcomeFuture};
use crate::flows::FlowVersions;
use crate::hub::Hub;
use crate::shard::{Action, BatchId, Message, Reply, ReplyId, Shard, ShardConfig};

/// A message with who asked.
#[derive(Debug)]
pub(crate) enum Call {
    /// Nobody is to be told.
    Tell(Message),
    /// The message is made with the number under which the answer is expected.
    Ask(Box<dyn Ask>, Vec<oneshot::Sender<Reply>>),
    /// Stop: finish what ends within this time, hand back the rest.
    Stop(Duration),
}

/// Makes a message once the numbers of its answers are known.
pub(crate) trait Ask: Send {
    fn message(self: Box<Self>, replies: &[ReplyId]) -> Message;
}

impl<F: FnOnce(&[ReplyId]) -> Message + Send> Ask for F {
    fn message(self: Box<Self>, replies: &[ReplyId]) -> Message {
        self(replies)
    }
}

impl std::fmt::Debug for dyn Ask {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Ask")
    }
}

/// What the loop needs of the world.
#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) executor: Arc<dyn Executor>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) flows: Arc<FlowVersions>,
    pub(crate) hub: Hub,
    pub(crate) config: ShardConfig,
    pub(crate) lease_ttl: Duration,
    /// How many executions are in memory, for `/metrics`.
    pub(crate) live: Arc<AtomicUsize>,
}

/// Why a loop ended.
#[derive(Debug)]
pub(crate) enum End {
    /// It was asked to, and everything is handed back.
    Stopped,
    /// Its lease was lost: begin anew.
    Fenced,
    /// The database cannot be trusted to have what we think it has.
    Fatal(StoreError),
}

type BatchResult = (BatchId, Result<Vec<Committed>, StoreError>);
type BatchFuture = std::pin::Pin<Box<dyn Future<Output = BatchResult> + Send>>;

/// How far ahead parked executions are looked for, and how often.
const DUE_HORIZON: Duration = Duration::from_secs(30);
const DUE_EVERY: Duration = Duration::from_secs(10);
/// How many of them are read at once, the earliest first; the rest follows when they are looked for again.
const DUE_MAX: usize = 100_000;
const MESSAGES_A_TURN: usize = 512;

pub(crate) struct Driver {
    world: World,
    worker: Worker,
    shard: Shard,
    replies: HashMap<ReplyId, oneshot::Sender<Reply>>,
    next_reply: u64,
    attempts: HashMap<(ExecutionId, NodeIndex, Attempt), AbortHandle>,
    commits: FuturesUnordered<BatchFuture>,
    /// What the loop's own tasks tell it: results, loads.
    inner: mpsc::UnboundedSender<Message>,
    inner_inbox: mpsc::UnboundedReceiver<Message>,
    stop_at: Option<Instant>,
}

impl Driver {
    /// Takes a new lease and everything that the store holds for it.
    pub(crate) async fn start(world: World) -> Result<Self, StoreError> {
        let name = Arc::clone(&world.config.worker);
        let worker = world.store.register(name, world.clock.now(), world.lease_ttl).await?;
        let (inner, inner_inbox) = mpsc::unbounded_channel();
        let mut driver = Self {
            shard: Shard::new(world.config.clone()),
            world,
            worker,
            replies: HashMap::new(),
            next_reply: 0,
            attempts: HashMap::new(),
            commits: FuturesUnordered::new(),
            inner,
            inner_inbox,
            stop_at: None,
        };
        let now = driver.world.clock.now();
        let recovered = driver.world.flows.recovered(&*driver.world.store, worker, now).await?;
        driver.shard.handle(Message::Recovered(Box::new(recovered)), now);
        Ok(driver)
    }

    /// Runs until told to stop or until the lease is lost.
    pub(crate) async fn run(&mut self, inbox: &mut mpsc::UnboundedReceiver<Call>) -> End {
        let mut calls = Vec::with_capacity(MESSAGES_A_TURN);
        let mut inner = Vec::with_capacity(MESSAGES_A_TURN);
        let mut due = interval(DUE_EVERY);
        let mut renewal = interval(self.world.lease_ttl / 3);
        due.set_missed_tick_behavior(MissedTickBehavior::Delay);
        renewal.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            if let Err(error) = self.turn().await {
                return self.end(error);
            }
            if self.is_stopped() {
                return self.finish().await;
            }
            let timer = self.next_instant();
            tokio::select! {
                received = inbox.recv_many(&mut calls, MESSAGES_A_TURN) => {
                    if received == 0 {
                        return self.abandon();
                    }
                    calls.drain(..).for_each(|call| self.call(call));
                }
                _ = self.inner_inbox.recv_many(&mut inner, MESSAGES_A_TURN) => {
                    let now = self.world.clock.now();
                    inner.drain(..).for_each(|message| self.take_in(message, now));
                }
                Some((batch, result)) = self.commits.next() => {
                    if let Err(error) = self.shard.committed(batch, result, self.world.clock.now()) {
                        return self.end(error);
                    }
                }
                () = sleep_until(timer) => {}
                _ = due.tick() => self.look_for_due(),
                _ = renewal.tick() => {
                    let (now, ttl) = (self.world.clock.now(), self.world.lease_ttl);
                    let renewed = self.world.store.renew(self.worker, now, ttl).await;
                    if let Err(error @ StoreError::Fenced) = renewed {
                        return self.end(error);
                    }
                }
            }
        }
    }

    /// Does everything that can be done without waiting: timers, actions, batches.
    async fn turn(&mut self) -> Result<(), StoreError> {
        loop {
            let now = self.world.clock.now();
            self.shard.tick(now);
            let actions = self.shard.take_actions();
            let is_quiet = actions.is_empty();
            for action in actions {
                self.act(action).await;
            }
            if is_quiet {
                break;
            }
        }
        self.submit();
        self.world.live.store(self.shard.live_count(), Ordering::Relaxed);
        Ok(())
    }

    fn submit(&mut self) {
        if let Some((id, commits)) = self.shard.take_batch() {
            self.commits.push(commit(Arc::clone(&self.world.store), self.worker, id, commits));
        }
    }

    fn call(&mut self, call: Call) {
        let now = self.world.clock.now();
        match call {
            Call::Tell(message) => self.shard.handle(message, now),
            Call::Ask(ask, senders) => {
                let ids: Vec<ReplyId> = senders.into_iter().map(|sender| self.expect_reply(sender)).collect();
                self.shard.handle(ask.message(&ids), now);
            }
            Call::Stop(grace) => {
                self.stop_at = Some(Instant::now() + grace);
                self.shard.handle(Message::Drain, now);
            }
        }
    }

    fn expect_reply(&mut self, sender: oneshot::Sender<Reply>) -> ReplyId {
        let id = ReplyId(self.next_reply);
        self.next_reply += 1;
        self.replies.insert(id, sender);
        id
    }

    fn take_in(&mut self, message: Message, now: Timestamp) {
        if let Message::Input { execution, input: Input::AttemptEnded { node, attempt, .. }, .. } = &message {
            self.attempts.remove(&(*execution, *node, *attempt));
        }
        self.shard.handle(message, now);
    }

    async fn act(&mut self, action: Action) {
        match action {
            Action::StartAttempt(work) => self.start_attempt(*work).await,
            Action::StopAttempt { execution, node, attempt } => {
                if let Some(task) = self.attempts.remove(&(execution, node, attempt)) {
                    task.abort();
                }
            }
            Action::Load(id) => self.load(id),
            Action::Reply(to, reply) => {
                if let Some(sender) = self.replies.remove(&to) {
                    // Whoever asked may have gone; what was asked for is done all the same.
                    let _ = sender.send(reply);
                }
            }
            Action::Publish(change) => self.world.hub.publish(change),
        }
    }

    async fn start_attempt(&mut self, work: Work) {
        let (execution, node, attempt) = (work.execution, work.node, work.attempt);
        let is_instant = matches!(work.task, Task::Action(NodeAction::Echo | NodeAction::Fail));
        let mut outcome = self.world.executor.execute(work);
        let ended = move |outcome| Message::Input {
            execution,
            input: Input::AttemptEnded { node, attempt, outcome },
            reply: None,
        };
        if is_instant && let Some(outcome) = poll_once(&mut outcome).await {
            return self.shard.handle(ended(outcome), self.world.clock.now());
        }
        let inner = self.inner.clone();
        let task = tokio::spawn(async move {
            let outcome = std::panic::AssertUnwindSafe(outcome).catch_unwind().await;
            let outcome = outcome.unwrap_or_else(|_| Outcome::failed(panicked()));
            // The loop may have ended; then the attempt counts as interrupted.
            let _ = inner.send(ended(outcome));
        });
        self.attempts.insert((execution, node, attempt), task.abort_handle());
    }

    /// Takes an execution from the store, trying until the database answers.
    fn load(&self, id: ExecutionId) {
        let (world, worker, inner) = (self.world.clone(), self.worker, self.inner.clone());
        tokio::spawn(async move {
            let mut pause = Duration::from_millis(50);
            let loaded = loop {
                match world.flows.take(&*world.store, worker, id).await {
                    Ok(loaded) => break loaded,
                    Err(StoreError::Corrupt { what, reason }) => {
                        tracing::error!(execution.id = %id, what, reason, "execution is not readable; it is left alone");
                        break None;
                    }
                    Err(error) => {
                        tracing::warn!(execution.id = %id, error = %error, "execution could not be loaded")
                    }
                }
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(Duration::from_secs(5));
            };
            let _ = inner.send(Message::Loaded { execution: id, loaded: loaded.map(Box::new) });
        });
    }

    fn look_for_due(&self) {
        let (store, inner) = (Arc::clone(&self.world.store), self.inner.clone());
        let until = self.world.clock.now().plus(DUE_HORIZON);
        tokio::spawn(async move {
            match store.due(until, DUE_MAX).await {
                Ok(due) => drop(inner.send(Message::Due(due))),
                Err(error) => {
                    tracing::warn!(error = %error, "timers could not be read; they will be looked for again")
                }
            }
        });
    }

    fn next_instant(&self) -> Instant {
        let now = self.world.clock.now();
        let timer = self.shard.next_timer().map(|at| Instant::now() + at.since(now));
        let hour = Instant::now() + Duration::from_secs(3_600);
        timer.into_iter().chain(self.stop_at).min().unwrap_or(hour)
    }

    fn is_stopped(&self) -> bool {
        self.stop_at.is_some_and(|at| self.shard.is_idle() || at <= Instant::now())
    }

    /// Hands back what still runs, and the lease.
    async fn finish(&mut self) -> End {
        self.shard.handle(Message::Release, self.world.clock.now());
        let handed_back = async {
            while !self.shard.is_idle() {
                self.turn().await?;
                tokio::select! {
                    Some((batch, result)) = self.commits.next() => {
                        self.shard.committed(batch, result, self.world.clock.now())?;
                    }
                    Some(message) = self.inner_inbox.recv() => self.take_in(message, self.world.clock.now()),
                }
            }
            Ok(())
        };
        match timeout(Duration::from_secs(5), handed_back).await {
            Ok(Err(error)) => return self.end(error),
            Err(_) => {
                tracing::warn!("not everything could be handed back in time; the next start recovers it")
            }
            Ok(Ok(())) => {
                if let Err(error) = self.world.store.release(self.worker).await {
                    tracing::warn!(error = %error, "the lease could not be given back; it ends by itself");
                }
            }
        }
        End::Stopped
    }

    /// Nobody holds the engine any more: what runs is left to whoever recovers it.
    fn abandon(&mut self) -> End {
        for (_, task) in self.attempts.drain() {
            task.abort();
        }
        End::Stopped
    }

    fn end(&mut self, error: StoreError) -> End {
        self.abandon();
        match error {
            StoreError::Fenced => End::Fenced,
            fatal @ (StoreError::Full { .. }
            | StoreError::Unknown { .. }
            | StoreError::Database { .. }
            | StoreError::Corrupt { .. }
            | StoreError::Closed) => End::Fatal(fatal),
        }
    }
}

fn commit(store: Arc<dyn Store>, worker: Worker, id: BatchId, commits: Vec<Commit>) -> BatchFuture {
    Box::pin(async move { (id, store.commit(worker, commits).await) })
}

async fn poll_once(outcome: &mut OutcomeFuture) -> Option<Outcome> {
    poll_fn(|context| {
        Poll::Ready(match outcome.poll_unpin(context) {
            Poll::Ready(outcome) => Some(outcome),
            Poll::Pending => None,
        })
    })
    .await
}

fn panicked() -> Failure {
    Failure::new(
        ErrorClass::Internal,
        "The node's code panicked; this is a fault of Steadflow, please report it",
    )
}
