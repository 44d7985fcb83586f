//! What a node does when it is ready: its kind returns what comes next, and this turns it into events and effects.

use std::cell::RefCell;
use std::sync::Arc;
use std::time::Duration;

use super::decide::{Decider, End};
use super::result::object_of;
use super::{EdgeState, Execution, ExecutionStatus};
use crate::condition::Condition;
use crate::event::{Ended, Event};
use crate::expression::json_text::{self, Kind};
use crate::expression::{ExpressionError, Meter};
use crate::failure::{ErrorClass, Failure};
use crate::flow::{Edge, EdgeCondition, EdgeTrigger, LAST, Node};
use crate::ids::{AgentId, Attempt, EdgeIndex, FlowId, NodeId, NodeIndex};
use crate::limits::Limits;
use crate::node::{Context, Next, NodeKind, Parts, Repeats, Resumed, Values};
use crate::payload::Payload;
use crate::scope::{NodeError, NodeScope, References, Scope};
use crate::session::SessionPart;
use crate::status::Wait;
use crate::timestamp::Timestamp;
use crate::transcript::Rules;
use crate::usage::Usage;
use crate::work::OfferedFlow;

/// Where an output comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Origin {
    /// The node made it.
    Own,
    /// The execution that this one retries made it.
    Reused,
}

/// The edges that leave a node that completes.
struct Edges {
    not_taken: Vec<EdgeIndex>,
    /// Why the first that cannot be decided cannot be.
    undecided: Option<Arc<str>>,
}

/// For how many nodes a decision has steps that cannot end after one: one that adopts an execution with many calls.
const NODES_A_DECISION: u64 = 4;

/// Who evaluates an expression, and when.
struct ReadBy {
    node: NodeIndex,
    attempt: u32,
    now: Timestamp,
}

/// What a node of an execution reads.
#[derive(Debug)]
struct Surroundings<'e> {
    execution: &'e Execution,
    node: NodeIndex,
    now: Timestamp,
    meter: &'e RefCell<Meter>,
}

impl Values for Surroundings<'_> {
    fn scope(&self, references: &References, attempt: Attempt) -> Scope {
        let first_began = self.execution.node(self.node).started_at.unwrap_or(self.now);
        let by = ReadBy { node: self.node, attempt: attempt.number(), now: first_began };
        self.execution.scope(references, &by, self.meter.take())
    }

    fn take_back(&self, meter: Meter) {
        self.meter.replace(meter);
    }

    fn trigger_data(&self) -> &Payload {
        &self.execution.accepted.trigger_data
    }

    fn arriving(&self) -> Result<Payload, Failure> {
        self.execution.passed_through(self.node)
    }

    fn limits(&self) -> &Limits {
        &self.execution.flow.limits
    }

    fn agent_version(&self, agent: AgentId) -> Option<u32> {
        self.execution.accepted.agents.get(&agent).copied()
    }

    fn rules(&self, agent: AgentId, skill: &str) -> Option<Arc<Rules>> {
        let skill = self.execution.agents.as_ref()?.get(&agent)?.skill(skill)?;
        // What takes a summary before its question is not one call.
        let has_fold = || self.session().is_some_and(|part| part.fold.is_some());
        let one_answer = || has_fold().then(|| Arc::new(Rules::of_one_answer(skill.max_tokens)));
        skill.rules.clone().or_else(one_answer)
    }

    fn offered_flow(&self, flow: FlowId) -> Option<OfferedFlow> {
        self.execution.pinned_flow(flow).map(|version| version.flow.offered())
    }

    fn has_session(&self) -> bool {
        self.execution.node(self.node).session.is_some()
    }

    fn session(&self) -> Option<&SessionPart> {
        self.execution.node(self.node).session.as_deref()
    }

    fn attempt_timeout(&self) -> Option<Duration> {
        self.execution.graph().node(self.node).attempt_timeout
    }

    fn is_asked_for(&self, case: &str) -> bool {
        self.execution.graph().is_asked_for(self.node, case)
    }
}

impl<'a> Decider<'a> {
    /// Begins a node whose edges are decided in its favour, or its next attempt.
    pub(super) fn begin(&mut self, index: NodeIndex) {
        if let Some(output) = self.execution.accepted.reused.get(&self.node(index).id) {
            return self.complete_as(index, output.clone(), None, Origin::Reused);
        }
        let next = self.with_context(index, |room, context| room.begin(context));
        self.go_on(index, next, None);
    }

    /// Goes on with a node that has a result it waited for. `usage` is what the result cost, if no event says it yet.
    pub(super) fn resume(&mut self, index: NodeIndex, resumed: Resumed, usage: Option<Arc<Usage>>) {
        let next = self.with_context(index, |room, context| room.resume(context, resumed));
        self.go_on(index, next, usage);
    }

    fn with_context(
        &mut self,
        index: NodeIndex,
        ask: impl FnOnce(&dyn NodeKind, &Context<'_>) -> Next,
    ) -> Next {
        self.begin_metering();
        let state = self.execution.node(index);
        let attempt = state.running_attempt().unwrap_or_else(|| state.next_attempt());
        let values =
            Surroundings { execution: self.execution, node: index, now: self.now, meter: &self.meter };
        let parts = Parts {
            steps: &state.steps,
            past: &state.past,
            children: state.children(),
            reused: self.execution.accepted.reused_children.get(&self.node(index).id),
            approvals: &state.approvals,
            input: state.input.as_ref(),
        };
        let context = Context::new(self.now, attempt, &values).with_parts(parts);
        let next = ask(self.node(index).kind.room(), &context);
        self.end_metering();
        next
    }

    /// Gives the evaluations of a node their steps: fewer where a decision that cannot end evaluates many nodes.
    pub(super) fn begin_metering(&mut self) {
        let node_fuel = self.flow.limits.node_fuel;
        let left = node_fuel.saturating_mul(NODES_A_DECISION).saturating_sub(self.decision.spent.steps);
        self.meter.get_mut().refill(node_fuel.min(left));
    }

    /// Counts what the evaluations of a node took.
    pub(super) fn end_metering(&mut self) {
        self.decision.spent.steps += self.meter.get_mut().spent();
    }

    fn go_on(&mut self, node: NodeIndex, mut next: Next, usage: Option<Arc<Usage>>) {
        // Nothing starts while the execution is paused; the node begins again when that is over.
        let is_paused = self.execution.status == ExecutionStatus::Paused;
        if self.execution.spending.is_some() && !is_paused {
            self.keep_to_budget(node, &mut next);
        }
        match next {
            Next::Complete(output) => self.complete(node, output, usage),
            Next::Fail(failure) => self.fail(node, failure, usage),
            Next::Pending => {}
            Next::Step(_)
            | Next::Steps { .. }
            | Next::Session(_)
            | Next::Wait(_)
            | Next::Ask(_)
            | Next::Event(_)
            | Next::Children { .. }
                if is_paused => {}
            Next::Step(step) => {
                if let Err(failure) = self.start_step(node, step) {
                    self.fail(node, *failure, usage);
                }
            }
            Next::Steps { steps, requests } => {
                if steps.is_empty() {
                    self.start_attempt(node, None, None);
                }
                requests.into_iter().for_each(|request| self.request_approval(node, request));
                let started = steps.into_iter().try_for_each(|step| self.start_step(node, step));
                if let Err(failure) = started {
                    self.fail(node, *failure, usage);
                }
            }
            Next::Session(wanted) => self.await_session(node, wanted),
            Next::Wait(wait) => self.wait(node, wait),
            Next::Ask(arguments) => self.ask_person(node, arguments),
            Next::Event(wait) => self.await_event(node, *wait),
            Next::Children { starts, input } => self.start_children(node, starts, input),
        }
    }

    fn wait(&mut self, node: NodeIndex, wait: Wait) {
        self.emit(Event::NodeWaiting { node, wait });
        if wait.until().is_some_and(|until| until <= self.now) {
            self.resume(node, Resumed::Elapsed, None);
        }
    }

    /// Fails the attempt under way, or one that ends before it could make a call.
    pub(super) fn fail(&mut self, node: NodeIndex, failure: Failure, usage: Option<Arc<Usage>>) {
        self.start_attempt(node, None, None);
        self.stop_other_calls(node);
        self.attempt_failed(node, failure, usage);
    }

    /// Completes a node: decides its outgoing edges, and records all of it as one event.
    pub(super) fn complete(&mut self, node: NodeIndex, output: Payload, usage: Option<Arc<Usage>>) {
        self.complete_as(node, output, usage, Origin::Own);
    }

    fn complete_as(&mut self, node: NodeIndex, output: Payload, usage: Option<Arc<Usage>>, origin: Origin) {
        let bytes_max = self.flow.limits.output_bytes_max;
        if output.len() > bytes_max {
            return self.fail(node, Failure::output_too_large(output.len(), bytes_max), usage);
        }
        self.begin_metering();
        let Edges { not_taken, undecided } = self.edges_after(node, &output);
        self.end_metering();
        self.stop_other_calls(node);
        self.cancel_tasks(node);
        self.cancel_children(node);
        let reused = origin == Origin::Reused;
        self.emit(Event::NodeCompleted { node, output, not_taken, usage, reused });
        if self.execution.node(node).session.is_some() {
            self.add_turn(node);
        }
        match undecided {
            None => self.open_successors(node),
            Some(message) => self.finish(End::failed(message, Some(ErrorClass::Expression), Some(node))),
        }
    }

    /// Decides the edges that leave `node` when it completes with `output`. One whose condition cannot be evaluated does
    /// not undo the node's work: it ends the execution, and a retry reuses the output.
    fn edges_after(&self, node: NodeIndex, output: &Payload) -> Edges {
        let graph = &self.flow.flow.graph;
        let mut edges = Edges { not_taken: Vec::new(), undecided: None };
        for &index in &graph.outgoing[node.at()] {
            let edge = graph.edge(index);
            if edge.on != EdgeTrigger::Completed {
                continue;
            }
            match self.edge_holds(node, edge, output) {
                Ok(true) => {}
                Ok(false) => edges.not_taken.push(index),
                Err(message) => {
                    edges.not_taken.push(index);
                    edges.undecided.get_or_insert(message);
                }
            }
        }
        edges
    }

    fn edge_holds(&self, from: NodeIndex, edge: &Edge, output: &Payload) -> Result<bool, Arc<str>> {
        let condition = match &edge.condition {
            None => return Ok(true),
            Some(EdgeCondition::Is(expected)) => {
                return Ok(json_text::field(output.as_str(), "condition_result") == Some(text_of(*expected)));
            }
            Some(EdgeCondition::Case(name)) => {
                let key = self.node(from).kind.room().about().traits.case_key();
                return Ok(json_text::field(output.as_str(), key).is_some_and(|case| is_string(case, name)));
            }
            Some(EdgeCondition::Holds(condition)) => condition,
        };
        let mut scope = self.scope_after(from, condition.references());
        let id = &self.node(from).id;
        if condition.references().nodes.contains(id) {
            scope.nodes.retain(|node| node.id != *id);
            scope.nodes.push(NodeScope { id: id.clone(), output: Some(output.clone()), error: None });
        }
        self.holds(condition, scope).map_err(|error| {
            let edge = format!("{id} → {}", self.node(edge.to).id);
            format!("The condition of edge {edge} cannot be evaluated: {error}").into()
        })
    }

    /// Returns whether the condition of an edge holds.
    pub(super) fn holds(&self, condition: &Condition, scope: Scope) -> Result<bool, ExpressionError> {
        let holds = condition.holds(&scope);
        self.meter.replace(scope.meter);
        holds
    }

    /// Returns what a condition of an edge reads that leaves `node`: `now()` is when that is decided.
    pub(super) fn scope_after(&self, node: NodeIndex, references: &References) -> Scope {
        self.execution.scope(references, &ReadBy { node, attempt: 1, now: self.now }, self.meter.take())
    }

    pub(super) fn node(&self, index: NodeIndex) -> &'a Node {
        self.flow.flow.graph.node(index)
    }
}

const fn text_of(expected: bool) -> &'static str {
    if expected { "true" } else { "false" }
}

fn is_string(json: &str, wanted: &str) -> bool {
    Kind::of(json) == Kind::String && json_text::string(json) == wanted
}

/// What reaches a node that does no work: with one edge that leads to it, the output at its other end; with several, an
/// object by node id of those that were taken, so that the shape follows from the graph and not from the path; with none,
/// the trigger data. A node that leads to it by its error has no output.
///
/// # Errors
/// All of it together is larger than a node may return.
pub(crate) fn passed_through(
    trigger_data: &Payload,
    incoming: usize,
    arriving: &[(&str, Option<&Payload>)],
    limits: &Limits,
) -> Result<Payload, Failure> {
    let null = Payload::null();
    match (incoming, arriving) {
        (0, _) | (1, []) => Ok(trigger_data.clone()),
        (1, [(_, only), ..]) => Ok(only.unwrap_or(&null).clone()),
        (_, several) => {
            // Many large outputs are not put together only to be refused.
            let bytes = several.iter().filter_map(|(_, output)| Some(output.as_ref()?.len())).sum();
            if bytes > limits.output_bytes_max {
                return Err(Failure::output_too_large(bytes, limits.output_bytes_max));
            }
            Ok(object_of(several.iter().map(|(id, output)| (*id, output.unwrap_or(&null)))))
        }
    }
}

impl Execution {
    /// Puts what `references` names in scope, as far as it has ended.
    fn scope(&self, references: &References, by: &ReadBy, meter: Meter) -> Scope {
        let ended = |id: &NodeId| {
            let Ended { output, error } = self.outcome_of(id)?;
            Some(NodeScope { id: id.clone(), output, error })
        };
        let around = self.accepted.around.as_deref();
        Scope {
            trigger_data: self.accepted.trigger_data.clone(),
            context_id: self.accepted.context_id.clone(),
            context_type: self.accepted.context_type.clone(),
            execution_id: self.id,
            retry_of: self.accepted.retry_of,
            error: if references.error { self.end_error() } else { None },
            started_at: self.started_at.unwrap_or(self.created_at),
            attempt: by.attempt,
            now: by.now,
            reader: self.graph().node(by.node).id.clone(),
            item: around.and_then(|around| around.item.clone()),
            index: self
                .accepted
                .parent
                .as_ref()
                .filter(|parent| parent.body.is_some())
                .map(|parent| parent.index),
            nodes: references.nodes.iter().filter_map(ended).collect(),
            meter,
        }
    }

    /// Returns what came of a node so far, of its own or of those around the body that it runs.
    pub(super) fn outcome_of(&self, id: &NodeId) -> Option<Ended> {
        let Some(index) = self.graph().find(id.as_str()) else {
            return self.accepted.around.as_ref()?.nodes.get(id).cloned();
        };
        let node = self.node(index);
        let last = node.attempts.last().and_then(|attempt| attempt.error.as_ref());
        let error = node.error_class.zip(node.error_message.clone()).map(|(class, message)| NodeError {
            class,
            message,
            status: last.and_then(|error| error.status),
            body: last.and_then(|error| error.body.clone()),
        });
        Some(Ended { output: node.output.clone(), error })
    }

    /// What reaches the nodes that no edge leads to: the trigger data; in a body, the item or the result of the iteration
    /// before.
    fn reaches_first(&self) -> &Payload {
        let Some(around) = &self.accepted.around else { return &self.accepted.trigger_data };
        let last = || around.nodes.get(&NodeId::new(LAST)).and_then(|last| last.output.as_ref());
        let repeats = self.flow.body_of.as_ref().map(|(_, repeats)| *repeats);
        let own = if repeats == Some(Repeats::Items) { around.item.as_ref() } else { last() };
        own.unwrap_or(&self.accepted.trigger_data)
    }

    /// What reaches a node that does no work.
    fn passed_through(&self, node: NodeIndex) -> Result<Payload, Failure> {
        let graph = self.graph();
        let taken = graph.incoming[node.at()].iter().filter(|edge| self.edges[edge.at()] == EdgeState::Taken);
        let mut sources: Vec<NodeIndex> = taken.map(|&edge| graph.edge(edge).from).collect();
        sources.dedup();
        let arriving = |&node: &NodeIndex| (graph.node(node).id.as_str(), self.node(node).output.as_ref());
        let incoming = graph.incoming[node.at()].len();
        let arriving: Vec<_> = sources.iter().map(arriving).collect();
        passed_through(self.reaches_first(), incoming, &arriving, &self.flow.limits)
    }
}
