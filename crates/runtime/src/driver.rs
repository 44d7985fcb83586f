//! The loop around a worker: it carries out what the worker wants, and brings it what came of that.
//!
//! It decides nothing. What would be worth a test is in [`crate::worker`] and [`crate::shard`].

mod ask;
mod calls;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::stream::{FuturesUnordered, StreamExt};
use parking_lot::Mutex;
use steadflow_core::execution::Input;
use steadflow_core::protection::GateTotals;
use steadflow_core::work::{CallKey, Outcome, Task, Work};
use steadflow_store::Store;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, sleep_until};

use crate::admission::Held;
use crate::clock::Clock;
use crate::executor::{Executor, Performing};
use crate::flows::FlowVersions;
use crate::hub::Hub;
use crate::shard::{Message, Origin, Reply, ReplyId};
use crate::worker::{Action, Answer, End, IncarnationId, Worker, WorkerConfig};
use ask::AnswerFuture;
use calls::{Calls, Ended};

/// What the engine's handle asks of the loop.
#[derive(Debug)]
pub(crate) enum Call {
    /// Something for the worker, with those who wait for an answer under the numbers that the message names.
    Message(Box<Message>, Vec<(ReplyId, oneshot::Sender<Reply>)>),
    /// Stop: finish what ends within this time, hand back the rest.
    Stop(Duration),
}

/// What the loop needs of the world.
#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) executor: Arc<dyn Executor>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) flows: Arc<FlowVersions>,
    pub(crate) hub: Hub,
    pub(crate) load: Arc<Held>,
    pub(crate) gates: Arc<Mutex<GateTotals>>,
}

const MESSAGES_A_TURN: usize = 512;

pub(crate) struct Driver {
    world: World,
    worker: Worker,
    replies: HashMap<ReplyId, oneshot::Sender<Reply>>,
    calls: Calls,
    /// Calls to stop when all actions of the turn are done.
    stopping: Vec<CallKey>,
    /// Questions to the store. The worker has a few under way at most, and one commit for each execution in memory.
    asked: FuturesUnordered<AnswerFuture>,
    end: Option<End>,
}

impl Driver {
    pub(crate) fn new(world: World, config: WorkerConfig) -> Self {
        Self {
            worker: Worker::new(config, world.clock.now()),
            world,
            replies: HashMap::new(),
            calls: Calls::default(),
            stopping: Vec::new(),
            asked: FuturesUnordered::new(),
            end: None,
        }
    }

    /// Runs until the worker ends, or the last handle of the engine is dropped; `is_driving` says whether the worker drives.
    pub(crate) async fn run(mut self, inbox: mpsc::Receiver<Call>, is_driving: &watch::Sender<bool>) -> End {
        let end = self.drive(inbox, is_driving).await;
        if matches!(end, End::Stopped) {
            self.calls.finish_detached().await;
        }
        end
    }

    async fn drive(&mut self, mut inbox: mpsc::Receiver<Call>, is_driving: &watch::Sender<bool>) -> End {
        let mut calls = Vec::with_capacity(MESSAGES_A_TURN);
        loop {
            self.turn();
            if let Some(end) = self.end.take() {
                return end;
            }
            is_driving.send_if_modified(|known| {
                let was = std::mem::replace(known, self.worker.is_driving());
                was != *known
            });
            let timer = self.next_instant();
            tokio::select! {
                received = inbox.recv_many(&mut calls, MESSAGES_A_TURN) => {
                    if received == 0 {
                        return End::Stopped;
                    }
                    calls.drain(..).for_each(|call| self.call(call));
                }
                Some(ended) = self.calls.next() => {
                    self.call_ended(ended);
                    self.take_ended_calls();
                }
                Some(answered) = self.asked.next() => {
                    self.answered(answered);
                    // The answers of one transaction come together; what follows from them is then one batch.
                    self.take_answers();
                }
                () = sleep_until(timer) => {}
            }
        }
    }

    fn take_ended_calls(&mut self) {
        while let Some(ended) = self.calls.next_ready() {
            self.call_ended(ended);
        }
    }

    fn call_ended(&mut self, ended: Ended) {
        match ended {
            Ended::Call(key, outcome) => self.step_ended(key, outcome),
            // Nobody knows its task, so nobody will ask for it.
            Ended::Stopped(outcome) => {
                if let Some(cancelling) = outcome.begun_task().and_then(Work::cancelling) {
                    self.start_step(cancelling);
                }
            }
        }
    }

    fn take_answers(&mut self) {
        while let Some(answered) = self.asked.next().now_or_never().flatten() {
            self.answered(answered);
        }
    }

    /// Does everything that can be done without waiting.
    fn turn(&mut self) {
        loop {
            let now = self.world.clock.now();
            self.worker.tick(now);
            let actions = self.worker.take_actions(now);
            if actions.is_empty() {
                break;
            }
            for action in actions {
                self.act(action);
            }
            self.calls.stop(&std::mem::take(&mut self.stopping));
        }
        self.world.load.set(self.worker.live_count(), self.worker.live_bytes());
        *self.world.gates.lock() = self.worker.gate_totals();
    }

    fn call(&mut self, call: Call) {
        let now = self.world.clock.now();
        match call {
            Call::Message(message, asked_by) => {
                self.replies.extend(asked_by);
                self.worker.handle(*message, now);
            }
            Call::Stop(grace) => self.worker.stop(grace, now),
        }
    }

    fn act(&mut self, action: Action) {
        match action {
            Action::Ask(by, ask) => self.asked.push(self.world.ask(by, ask)),
            Action::StartStep(work) => self.start_step(*work),
            Action::StopStep(key) => self.stopping.push(key),
            Action::Reply(to, reply) => {
                if let Some(sender) = self.replies.remove(&to) {
                    // Its caller may have gone; what was asked for is done all the same.
                    let _ = sender.send(reply);
                }
            }
            Action::Publish(change) => self.world.hub.publish(change),
            Action::Abandon => {
                self.calls.stop_all();
                self.asked.clear();
                self.replies.clear();
            }
            Action::End(end) => self.end = Some(end),
        }
    }

    fn start_step(&mut self, work: Work) {
        let key = work.key();
        let is_detached = matches!(work.task, Task::CancelTask { .. });
        match self.world.executor.execute(work) {
            Performing::Ready(_) if is_detached => {}
            Performing::Running(work, _) if is_detached => self.calls.start_detached(work),
            Performing::Ready(outcome) => self.step_ended(key, outcome),
            Performing::Running(work, stop) => self.calls.start(key, stop, work),
        }
    }

    fn step_ended(&mut self, call: CallKey, outcome: Outcome) {
        let (execution, input) = (call.execution, Input::StepEnded { call, outcome });
        self.worker.handle(Message::Input { execution, input, from: Origin::Engine }, self.world.clock.now());
    }

    fn answered(&mut self, (by, answer): (IncarnationId, Answer)) {
        self.worker.answer(by, answer, self.world.clock.now());
    }

    fn next_instant(&self) -> Instant {
        let now = self.world.clock.now();
        let wait = self.worker.next_timer(now).map_or(Duration::from_secs(3_600), |at| at.since(now));
        Instant::now() + wait
    }
}
