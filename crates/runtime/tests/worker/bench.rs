//! A worker on a bench: it is given the time and answers, and says in words what it wants.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use steadflow_core::event::Accepted;
use steadflow_core::execution::{Decision, Execution, FlowVersion, Input, NewExecution};
use steadflow_core::flow::Flow;
use steadflow_core::flow_control::SlotLimits;
use steadflow_core::ids::{Attempt, ExecutionId, FlowId, NodeIndex, StepKey, TenantId};
use steadflow_core::inbox::Signal;
use steadflow_core::limits::Limits;
use steadflow_core::payload::Payload;
use steadflow_core::timestamp::Timestamp;
use steadflow_core::work::{CallKey, Outcome};
use steadflow_runtime::shard::{Accept, BatchId, Loaded, LongTurn, Message, Origin, Recovered, ReplyId};
use steadflow_runtime::worker::{Action, Answer, Ask, IncarnationId, Orphans, Rest};
use steadflow_runtime::{Worker, WorkerConfig};
use steadflow_store::{Commit, Committed, StoreError, Worker as Lessee};
use uuid::Uuid;

pub(crate) const FIRST: Lessee = Lessee { epoch: 1 };

pub(crate) fn at(seconds: f64) -> Timestamp {
    Timestamp::from_micros(1_800_000_000_000_000).plus(Duration::from_secs_f64(seconds))
}

/// A worker, and the last incarnation that asked something.
pub(crate) struct Bench {
    pub(crate) worker: Worker,
    pub(crate) by: IncarnationId,
    /// The commits that it asked for last.
    pub(crate) commits: Vec<Commit>,
    /// Whether turns that may take long are kept, to be taken by the test.
    pub(crate) keeps_turns: bool,
    /// Those that are kept.
    pub(crate) turns: Vec<LongTurn>,
}

impl Bench {
    pub(crate) fn new() -> Self {
        Self::with(WorkerConfig::new("w".into()))
    }

    pub(crate) fn with(config: WorkerConfig) -> Self {
        let worker = Worker::new(config, at(0.0));
        Self {
            worker,
            by: IncarnationId::default(),
            commits: Vec::new(),
            keeps_turns: false,
            turns: Vec::new(),
        }
    }

    /// A worker that drives from second 0 on, with everything done that follows at once.
    pub(crate) fn driving() -> Self {
        Self::driving_with(WorkerConfig::new("w".into()))
    }

    pub(crate) fn driving_with(config: WorkerConfig) -> Self {
        let mut bench = Self::with(config);
        bench.turn(0.0);
        bench.answer(0.0, Answer::Registered(Ok(FIRST)));
        bench.answer(0.0, taken_over());
        bench.answer(0.0, Answer::Due(Ok(Vec::new())));
        bench.answer(0.0, Answer::Inbox(Ok(Vec::new())));
        bench
    }

    /// Does what is due, and returns what the worker wants, in words.
    pub(crate) fn turn(&mut self, seconds: f64) -> Vec<String> {
        let mut all = Vec::new();
        loop {
            self.worker.tick(at(seconds));
            let actions = self.worker.take_actions(at(seconds));
            if actions.is_empty() {
                return all;
            }
            for action in actions {
                if !self.keeps_turns
                    && let Action::Ask(by, Ask::Decide(turn)) = action
                {
                    self.by = by;
                    self.take(seconds, *turn);
                } else {
                    all.push(self.said(action));
                }
            }
        }
    }

    /// Takes a turn that may take long.
    pub(crate) fn take(&mut self, seconds: f64, mut turn: LongTurn) {
        turn.take();
        self.worker.answer(self.by, Answer::Decided(Box::new(turn)), at(seconds));
    }

    pub(crate) fn answer(&mut self, seconds: f64, answer: Answer) -> Vec<String> {
        self.worker.answer(self.by, answer, at(seconds));
        self.turn(seconds)
    }

    pub(crate) fn handle(&mut self, seconds: f64, message: Message) -> Vec<String> {
        self.worker.handle(message, at(seconds));
        self.turn(seconds)
    }

    /// Everything that the worker does until `seconds`, but for looks that find nothing and renewals.
    pub(crate) fn until(&mut self, from: f64, seconds: f64) -> Vec<String> {
        let mut all = Vec::new();
        let mut now = from;
        while let Some(next) = self.worker.next_timer(at(now)).filter(|next| *next <= at(seconds)) {
            now = next.since(at(0.0)).as_secs_f64().max(now);
            let mut said = self.turn(now);
            while !said.is_empty() {
                let answers: Vec<_> = said.iter().filter_map(|what| nothing(what)).collect();
                all.extend(said.into_iter().filter(|what| nothing(what).is_none()));
                said = answers.into_iter().flat_map(|answer| self.answer(now, answer)).collect();
            }
        }
        all
    }

    pub(crate) fn said(&mut self, action: Action) -> String {
        match action {
            Action::Ask(by, ask) => {
                self.by = by;
                match ask {
                    Ask::Register { .. } => "register".into(),
                    Ask::Renew { .. } => "renew".into(),
                    Ask::TakeOver { .. } => "take over".into(),
                    Ask::FindOrphans { .. } => "find orphans".into(),
                    Ask::FindDue { .. } => "find due".into(),
                    Ask::ReadInbox { .. } => "read inbox".into(),
                    Ask::SortInbox { discarded, .. } => format!("discard {}", discarded.len()),
                    Ask::Decide(turn) => {
                        let said = format!("decide {}", number(turn.execution()));
                        self.turns.push(*turn);
                        said
                    }
                    Ask::Gate(..) => "ask for an agent".into(),
                    Ask::ClaimSession(_, claim) => format!("claim session {}", claim.session.key),
                    Ask::AwaitEvent(ask) => format!("await event {}", ask.wait.wait.name),
                    Ask::Load(_, id) => format!("load {}", number(id)),
                    Ask::Commit(_, _, commits) => {
                        let of = commits.iter().map(|commit| number(commit.execution).to_string());
                        let said = format!("commit {}", of.collect::<Vec<_>>().join(" "));
                        self.commits = commits;
                        said
                    }
                    Ask::Release(lessee) => format!("release {}", lessee.epoch),
                }
            }
            Action::StartStep(_) => "start call".into(),
            Action::StopStep(_) => "stop call".into(),
            Action::Reply(to, reply) => format!("reply {} {reply:?}", to.0),
            Action::Publish(_) => "publish".into(),
            Action::Abandon => "abandon".into(),
            Action::End(end) => format!("end {end:?}"),
        }
    }
}

/// A bench whose commits succeed.
pub(crate) struct Run {
    pub(crate) bench: Bench,
    pub(crate) batch: u64,
}

impl Run {
    /// Answers the commit under way, and those that follow; returns what was wanted meanwhile.
    pub(crate) fn commits(&mut self, seconds: f64) -> Vec<String> {
        let mut all = Vec::new();
        loop {
            let answer = done(&self.bench, self.batch);
            self.batch += 1;
            let said = self.bench.answer(seconds, answer);
            let is_last = !said.iter().any(|what| what.starts_with("commit"));
            all.extend(said);
            if is_last {
                return all;
            }
        }
    }
}

/// The answer to a question that is asked again and again, when there is nothing to be found.
pub(crate) fn nothing(what: &str) -> Option<Answer> {
    match what {
        "renew" => Some(Answer::Renewed(Ok(()))),
        "find orphans" => Some(orphans(Vec::new(), Rest::None)),
        "find due" => Some(Answer::Due(Ok(Vec::new()))),
        "read inbox" => Some(Answer::Inbox(Ok(Vec::new()))),
        _ => None,
    }
}

pub(crate) fn taken_over() -> Answer {
    Answer::TakenOver(Ok((Box::new(Recovered::default()), Rest::None)))
}

/// The answer that these executions are this worker's.
pub(crate) fn orphans(executions: Vec<Loaded>, rest: Rest) -> Answer {
    Answer::Orphans(Ok(Orphans { executions, unread: Vec::new(), rest }))
}

pub(crate) fn id(number: u128) -> ExecutionId {
    ExecutionId::new(Uuid::from_u128(number))
}

pub(crate) fn number(id: ExecutionId) -> u128 {
    id.uuid().as_u128()
}

/// A flow of these nodes, one after the other, but for those that undo another one.
pub(crate) fn flow(mut document: Value, nodes: Value, limits: Limits) -> Arc<FlowVersion> {
    let all = || nodes.as_array().into_iter().flatten();
    let undoes = |id: &Value| all().any(|node| node.get("compensate_with") == Some(id));
    let ids: Vec<&Value> = all().map(|node| &node["id"]).filter(|id| !undoes(id)).collect();
    let edges: Vec<_> = ids.windows(2).map(|pair| json!({ "from": pair[0], "to": pair[1] })).collect();
    document["name"] = json!("f");
    document["flow_definition"] = json!({ "nodes": nodes, "edges": edges });
    let flow = Flow::parse(&document, &limits).expect("the flow is valid");
    let (tenant, flow_id) = (TenantId::DEFAULT, FlowId::new(Uuid::from_u128(7)));
    Arc::new(FlowVersion::new(tenant, flow_id, 1, flow, limits))
}

/// An execution of one node that calls out.
pub(crate) fn new_execution(number: u128) -> NewExecution {
    let nodes = json!([{ "id": "a", "type": "action", "action": "echo", "input": 1 }]);
    execution_of(number, flow(json!({}), nodes, Limits::DEFAULT))
}

pub(crate) fn execution_of(number: u128, flow: Arc<FlowVersion>) -> NewExecution {
    let accepted = Accepted::new(TenantId::DEFAULT, flow.flow_id, 1, "w".into());
    NewExecution { id: id(number), pinned: flow.into(), accepted }
}

pub(crate) fn accepted_by(number: u128, reply: ReplyId) -> Accept {
    Accept { new: new_execution(number), limits: SlotLimits::default(), idempotency: None, reply, wait: None }
}

pub(crate) fn accept(number: u128) -> Message {
    Message::Accept(Box::new(accepted_by(number, ReplyId(1))))
}

/// A new execution of these nodes, one after the other.
pub(crate) fn accept_of(number: u128, document: Value, nodes: Value) -> Message {
    let new = execution_of(number, flow(document, nodes, Limits::DEFAULT));
    Message::Accept(Box::new(Accept { new, ..accepted_by(number, ReplyId(1)) }))
}

/// A new execution of a node that starts children, which call out.
pub(crate) fn accept_family(number: u128, children: u32) -> Message {
    let child = FlowId::new(Uuid::from_u128(8));
    let family = json!({ "id": "all", "type": "test_family", "flow_id": child.to_string(),
                         "children": children, "at_once": children });
    let mut new = execution_of(number, flow(json!({}), json!([family]), Limits::DEFAULT));
    let nodes = json!([{ "id": "a", "type": "action", "action": "echo", "input": 1 }]);
    let flow = Arc::into_inner(flow(json!({}), nodes, Limits::DEFAULT)).expect("nobody else has it");
    let child = FlowVersion::new(flow.tenant, child, flow.version, flow.flow, flow.limits);
    new.pinned.children = Some(Arc::new([(child.flow_id, Arc::new(child))].into()));
    Message::Accept(Box::new(Accept { new, ..accepted_by(number, ReplyId(1)) }))
}

/// What a caller wants of an execution.
pub(crate) fn signal(number: u128, signal: Signal) -> Message {
    let from = Origin::Caller { reply: ReplyId(7), tenant: TenantId::DEFAULT };
    Message::Input { execution: id(number), input: signal.into(), from }
}

/// The call of a node of an execution ends with this output.
pub(crate) fn call_ended(number: u128, node: u16, output: Payload) -> Message {
    let (execution, node) = (id(number), NodeIndex(node));
    let call = CallKey { execution, node, attempt: Attempt::FIRST, step: StepKey::ONLY };
    let input = Input::StepEnded { call, outcome: Outcome::completed(output) };
    Message::Input { execution, input, from: Origin::Engine }
}

pub(crate) fn done(bench: &Bench, batch: u64) -> Answer {
    let answers = vec![Committed::Done; bench.commits.len()];
    Answer::Committed(BatchId(batch), Ok(answers))
}

pub(crate) fn busy() -> StoreError {
    StoreError::Database { call: "renew", source: "it is busy".into() }
}

/// An execution of which no more is stored than that it was accepted.
pub(crate) fn orphan(number: u128) -> Loaded {
    orphan_of(new_execution(number))
}

pub(crate) fn orphan_of(new: NewExecution) -> Loaded {
    let NewExecution { id, pinned, accepted } = new;
    let mut decision = Decision::default();
    let mut execution = Execution::accept(id, pinned, accepted, at(0.0), &mut decision);
    let record = serde_json::to_string(&execution.seal(&mut decision, at(0.0))).expect("it is JSON");
    Loaded { execution, journal: vec![record.into()] }
}
