//! What a node does when its time has come: at once, as an attempt, or as a wait.

use std::sync::Arc;

use super::decide::Decider;
use super::node::object_of;
use super::{EdgeState, Effect, Execution};
use crate::event::{Event, Wait};
use crate::expression::ExpressionError;
use crate::failure::{ErrorClass, Failure};
use crate::flow::{Action, Delay, Edge, EdgeCondition, EdgeTrigger, Node, NodeKind};
use crate::ids::{EdgeIndex, NodeId, NodeIndex};
use crate::payload::Payload;
use crate::scope::{NodeScope, References, Scope};
use crate::template::Template;
use crate::work::{Task, Usage, Work};

impl<'a> Decider<'a> {
    /// Begins a node whose edges are decided in its favour.
    pub(super) fn begin(&mut self, index: NodeIndex) {
        let node = self.node(index);
        if let Some(output) = self.execution.accepted.reused.get(&node.id) {
            return self.complete(index, output.clone(), Usage::default(), true);
        }
        match &node.kind {
            NodeKind::Trigger => {
                self.complete_at_once(index, Ok(self.execution.accepted.trigger_data.clone()))
            }
            NodeKind::Parallel | NodeKind::Merge => {
                self.complete_at_once(index, Ok(self.execution.passed_through(index)));
            }
            NodeKind::Condition(condition) => {
                let output = condition.output(&self.execution.scope(condition.references(), 1));
                self.complete_at_once(index, output);
            }
            NodeKind::Delay(delay) => self.begin_delay(index, delay),
            NodeKind::Action { action: Action::Transform, input } => {
                let output = input.resolve(&self.execution.scope(input.references(), 1));
                self.complete_at_once(index, output);
            }
            NodeKind::Action { .. } | NodeKind::Agent { .. } => self.start_attempt(index),
        }
    }

    fn complete_at_once(&mut self, node: NodeIndex, output: Result<Payload, ExpressionError>) {
        match output {
            Ok(output) => self.complete(node, output, Usage::default(), false),
            Err(error) => self.fail_without_work(node, Failure::of_expression(&error)),
        }
    }

    fn begin_delay(&mut self, node: NodeIndex, delay: &Delay) {
        let until = delay.over_at(self.now);
        self.emit(Event::NodeWaiting { node, wait: Wait::Delay { until } });
        if until <= self.now {
            self.delay_is_over(node);
        }
    }

    pub(super) fn delay_is_over(&mut self, node: NodeIndex) {
        self.complete(node, Delay::output(self.now), Usage::default(), false);
    }

    /// Begins the next attempt of a node that does its work outside.
    pub(super) fn start_attempt(&mut self, index: NodeIndex) {
        let node = self.node(index);
        let Some((task, template)) = Task::of(&node.kind) else {
            // Pure nodes that failed by an expression and are tried again by hand.
            return self.begin(index);
        };
        let attempt = self.execution.node(index).next_attempt();
        let scope = self.execution.scope(template.references(), attempt.number());
        let input = match template.resolve(&scope) {
            Ok(input) => input,
            Err(error) => return self.fail_without_work(index, Failure::of_expression(&error)),
        };
        let previous = self.execution.node(index);
        let previous_error = previous.attempts.last().and_then(|last| last.error.as_ref());
        let previous_error = previous_error.map(|error| Arc::clone(&error.message));
        let is_known = template.constant().is_some() || previous.input.as_ref() == Some(&input);
        let recorded = (!is_known).then(|| input.clone());
        self.emit(Event::AttemptStarted { node: index, attempt, input: recorded });
        let work = self.work(index, task, input, template, previous_error);
        self.decision.effects.push(Effect::StartAttempt(Box::new(work)));
    }

    fn work(
        &self,
        index: NodeIndex,
        task: Task,
        input: Payload,
        template: &Template,
        previous_error: Option<Arc<str>>,
    ) -> Work {
        let execution = &self.execution;
        let running = execution.node(index);
        Work {
            tenant: self.flow.tenant,
            flow: self.flow.flow_id,
            execution: execution.id,
            node: index,
            node_id: self.node(index).id.clone(),
            attempt: running.running_attempt().unwrap_or(running.next_attempt()),
            task,
            input,
            secrets: template.secret_slots(),
            stop_at: running.stop_at(),
            previous_error,
        }
    }

    /// Fails an attempt that ended before it could be handed out.
    pub(super) fn fail_without_work(&mut self, node: NodeIndex, failure: Failure) {
        let attempt = self.execution.node(node).next_attempt();
        self.emit(Event::AttemptStarted { node, attempt, input: None });
        self.attempt_failed(node, failure, Usage::default());
    }

    /// Completes a node: decides the edges that leave it, and records all that as one event.
    pub(super) fn complete(&mut self, node: NodeIndex, output: Payload, usage: Usage, reused: bool) {
        let failure = match self.untaken_edges(node, &output) {
            Ok(not_taken) if output.len() <= self.flow.limits.output_bytes_max => {
                self.emit(Event::NodeCompleted { node, output, not_taken, usage, reused });
                return self.open_successors(node);
            }
            Ok(_) => Failure::output_too_large(output.len(), self.flow.limits.output_bytes_max),
            Err(failure) => failure,
        };
        if self.execution.node(node).running_attempt().is_some() {
            self.attempt_failed(node, failure, usage);
        } else {
            self.fail_without_work(node, failure);
        }
    }

    /// Returns the edges that `node`, completing with `output`, does not take. They are decided before its completion
    /// is recorded, so that a condition that cannot be evaluated fails the node instead of losing the way.
    fn untaken_edges(&self, node: NodeIndex, output: &Payload) -> Result<Vec<EdgeIndex>, Failure> {
        let graph = &self.flow.flow.graph;
        let mut not_taken = Vec::new();
        for &index in &graph.outgoing[node.at()] {
            let edge = graph.edge(index);
            if edge.on == EdgeTrigger::Completed && !self.edge_holds(node, edge, output)? {
                not_taken.push(index);
            }
        }
        Ok(not_taken)
    }

    fn edge_holds(&self, from: NodeIndex, edge: &Edge, output: &Payload) -> Result<bool, Failure> {
        let condition = match &edge.condition {
            None => return Ok(true),
            Some(EdgeCondition::Is(expected)) => {
                return Ok(output.to_value().get("condition_result") == Some(&(*expected).into()));
            }
            Some(EdgeCondition::Holds(condition)) => condition,
        };
        let mut scope = self.execution.scope(condition.references(), 1);
        let id = &self.node(from).id;
        if condition.references().nodes.contains(id) {
            scope.nodes.retain(|node| node.id != *id);
            scope.nodes.push(NodeScope { id: id.clone(), output: Some(output.clone()), error: None });
        }
        condition.holds(&scope).map_err(|error| {
            let way = format!("{id} → {}", self.node(edge.to).id);
            Failure::new(
                ErrorClass::Expression,
                format!("The condition of edge {way} cannot be evaluated: {error}"),
            )
        })
    }

    pub(super) fn node(&self, index: NodeIndex) -> &'a Node {
        self.flow.flow.graph.node(index)
    }
}

/// What reaches a node that does no work: the one output that leads to it, several as an object by node id, or the
/// trigger data where nothing leads to it. A node that leads to it by its error has none.
pub(crate) fn passed_through(trigger_data: &Payload, arriving: &[(&str, Option<&Payload>)]) -> Payload {
    let null = Payload::null();
    match arriving {
        [] => trigger_data.clone(),
        [(_, only)] => only.unwrap_or(&null).clone(),
        several => object_of(several.iter().map(|(id, output)| (*id, output.unwrap_or(&null)))),
    }
}

impl Execution {
    /// Puts what `references` names in scope, as far as it has ended.
    pub(super) fn scope(&self, references: &References, attempt: u32) -> Scope {
        let ended = |id: &NodeId| {
            let node = self.node(self.graph().find(id.as_str())?);
            let error = node.error_class.zip(node.error_message.clone());
            Some(NodeScope { id: id.clone(), output: node.output.clone(), error })
        };
        Scope {
            trigger_data: self.accepted.trigger_data.clone(),
            context_id: self.accepted.context_id.clone(),
            context_type: self.accepted.context_type.clone(),
            execution_id: self.id,
            retry_of: self.accepted.retry_of,
            started_at: self.started_at.unwrap_or(self.created_at),
            attempt,
            nodes: references.nodes.iter().filter_map(ended).collect(),
        }
    }

    /// What reaches a node that does no work.
    fn passed_through(&self, node: NodeIndex) -> Payload {
        let graph = self.graph();
        let taken = graph.incoming[node.at()].iter().filter(|edge| self.edges[edge.at()] == EdgeState::Taken);
        let mut sources: Vec<NodeIndex> = taken.map(|&edge| graph.edge(edge).from).collect();
        sources.dedup();
        let arriving = |&node: &NodeIndex| (graph.node(node).id.as_str(), self.node(node).output.as_ref());
        passed_through(&self.accepted.trigger_data, &sources.iter().map(arriving).collect::<Vec<_>>())
    }
}
