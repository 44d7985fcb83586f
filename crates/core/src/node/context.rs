//! What a node can read, and what happened in its attempts.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::LAST;
use crate::approval::{Approval, When};
use crate::condition::Condition;
use crate::event::{Reused, ReusedChildren};
use crate::expression::{ExpressionError, Meter};
use crate::failure::{ErrorClass, Failure};
use crate::ids::{AgentId, Attempt, FlowId, NodeId};
use crate::limits::Limits;
use crate::payload::Payload;
use crate::scope::{NodeScope, References, Scope};
use crate::session::SessionPart;
use crate::step::{ChildRecord, Children, PastStep, StepRecord};
use crate::template::{Resolved, Template};
use crate::timestamp::Timestamp;
use crate::transcript::Rules;
use crate::work::OfferedFlow;

/// What a node can read when it begins or resumes.
#[derive(Debug)]
pub struct Context<'a> {
    /// When it is decided.
    pub now: Timestamp,
    /// The attempt under way, or the one that begins.
    pub attempt: Attempt,
    /// The calls of this node that ended or are under way, of all its attempts.
    pub steps: &'a [StepRecord],
    /// The calls of this node of which no result counts, of all its attempts.
    pub past: &'a [PastStep],
    /// The child executions that this node started, in all its attempts.
    pub children: &'a Children,
    /// What came of its children in the execution that this one retries.
    pub reused: Option<&'a ReusedChildren>,
    /// The calls of this node that had or have to be approved, of all its attempts.
    pub approvals: &'a [Approval],
    /// The resolved input of the attempts so far.
    pub input: Option<&'a Payload>,
    values: &'a dyn Values,
}

/// What happened in the attempts of a node.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parts<'a> {
    pub(crate) steps: &'a [StepRecord],
    pub(crate) past: &'a [PastStep],
    pub(crate) children: &'a Children,
    pub(crate) reused: Option<&'a ReusedChildren>,
    pub(crate) approvals: &'a [Approval],
    pub(crate) input: Option<&'a Payload>,
}

impl Default for Parts<'_> {
    fn default() -> Self {
        Self { steps: &[], past: &[], children: Children::none(), reused: None, approvals: &[], input: None }
    }
}

/// The values that a node reads: an execution's, or those of a trial.
pub(crate) trait Values: fmt::Debug {
    /// Puts what `references` names in scope, with the meter of the node's evaluations.
    fn scope(&self, references: &References, attempt: Attempt) -> Scope;

    /// Takes the meter back, so that the next evaluation goes on with it.
    fn take_back(&self, meter: Meter);

    /// Returns what the flow was started with.
    fn trigger_data(&self) -> &Payload;

    /// Returns what reaches the node along its edges.
    ///
    /// # Errors
    /// Nothing does.
    fn arriving(&self) -> Result<Payload, Failure>;

    /// Returns the bounds that hold.
    fn limits(&self) -> &Limits;

    /// Returns the version that `agent` is pinned to.
    fn agent_version(&self, agent: AgentId) -> Option<u32>;

    /// Returns the rules of a skill with tools, of an agent that is pinned; `None` for any other skill.
    fn rules(&self, agent: AgentId, skill: &str) -> Option<Arc<Rules>>;

    /// Returns what is known of a flow that is pinned.
    fn offered_flow(&self, flow: FlowId) -> Option<OfferedFlow>;

    /// Returns whether an edge that leaves the node asks for `case`.
    fn is_asked_for(&self, case: &str) -> bool;

    /// Returns whether the node has its session. A trial reads none.
    fn has_session(&self) -> bool {
        true
    }

    /// Returns what the node reads of its session, once it has that.
    fn session(&self) -> Option<&SessionPart> {
        None
    }

    /// Returns how long an attempt of the node may take, if it says that.
    fn attempt_timeout(&self) -> Option<Duration> {
        None
    }

    /// Makes a failure of an expression that has no value.
    fn failure(&self, error: &ExpressionError) -> Failure {
        Failure::of_expression(error)
    }
}

impl<'a> Context<'a> {
    pub(crate) fn new(now: Timestamp, attempt: Attempt, values: &'a dyn Values) -> Self {
        let children = Children::none();
        let (steps, past, approvals) = (&[], &[], &[]);
        Self { now, attempt, steps, past, children, reused: None, approvals, input: None, values }
    }

    pub(crate) const fn with_parts(self, parts: Parts<'a>) -> Self {
        let Parts { steps, past, children, reused, approvals, input } = parts;
        Self { steps, past, children, reused, approvals, input, ..self }
    }

    /// Returns the result for an item or an iteration: of the child that completed for it, in this execution or in the one
    /// that it retries.
    pub fn result_for(&self, index: u32) -> Option<&'a Payload> {
        let own = self.children.of_index(index).and_then(ChildRecord::result);
        own.or_else(|| self.reused?.result_of(index))
    }

    /// Returns the items up to `count` for which the attempt under way has to start a child, in order.
    pub fn missing(&self, count: u32) -> impl Iterator<Item = u32> {
        let is_reused = |index: u32| self.reused.is_some_and(|reused| reused.result_of(index).is_some());
        self.children.missing(count).filter(move |&index| !is_reused(index))
    }

    /// Returns what a child for this item or iteration does not do again.
    pub fn reused_for(&self, index: u32) -> Option<Reused> {
        self.reused?.parts_of(index).cloned()
    }

    /// Returns what `template` resolves to.
    ///
    /// # Errors
    /// An expression in it has no value, or the result is too large.
    pub fn resolve(&self, template: &Template) -> Result<Payload, Failure> {
        let scope = self.values.scope(template.references(), self.attempt);
        let resolved = template.resolve(&scope);
        self.values.take_back(scope.meter);
        resolved.map_err(|error| self.values.failure(&error))
    }

    /// Returns what the children of the node run for: as in the execution that this one retries, or what `template` resolves to.
    ///
    /// # Errors
    /// As [`Self::resolve`].
    pub fn resolve_for_children(&self, template: &Template) -> Result<Payload, Failure> {
        let reused = self.reused.and_then(|reused| reused.input.clone());
        reused.map_or_else(|| self.resolve(template), Ok)
    }

    /// Returns what `template` resolves to, and where secrets are put into it.
    ///
    /// # Errors
    /// As [`Self::resolve`].
    pub fn resolve_call(&self, template: &Template) -> Result<Resolved, Failure> {
        let scope = self.values.scope(template.references(), self.attempt);
        template.resolve_call(&scope).map_err(|error| self.values.failure(&error))
    }

    /// Returns what `template` resolves to, as a value.
    ///
    /// # Errors
    /// As [`Self::resolve`], or the result cannot be read.
    pub fn resolve_value(&self, template: &Template) -> Result<serde_json::Value, Failure> {
        self.resolve(template)?.to_value().map_err(|error| {
            Failure::new(ErrorClass::Expression, format!("What a template gives cannot be read: {error}"))
        })
    }

    /// Returns whether `condition` holds.
    ///
    /// # Errors
    /// The condition cannot be evaluated.
    pub fn holds(&self, condition: &Condition) -> Result<bool, Failure> {
        let scope = self.values.scope(condition.references(), self.attempt);
        let holds = condition.holds(&scope);
        self.values.take_back(scope.meter);
        holds.map_err(|error| self.values.failure(&error))
    }

    /// Returns whether `condition` holds behind the iteration `index`, whose result is `last`.
    ///
    /// # Errors
    /// As [`Self::holds`].
    pub(crate) fn holds_after(
        &self,
        condition: &Condition,
        last: &Payload,
        index: u32,
    ) -> Result<bool, Failure> {
        let mut scope = self.values.scope(condition.references(), self.attempt);
        let id = NodeId::new(LAST);
        scope.nodes.retain(|node| node.id != id);
        scope.nodes.push(NodeScope { id, output: Some(last.clone()), error: None });
        scope.index = Some(index);
        let holds = condition.holds(&scope);
        self.values.take_back(scope.meter);
        holds.map_err(|error| self.values.failure(&error))
    }

    /// Returns whether a call of a tool with these arguments needs approval: also where that cannot be evaluated.
    pub(crate) fn needs_approval(&self, when: &When, arguments: &Payload) -> bool {
        let mut scope = self.values.scope(&References::default(), self.attempt);
        let needs = when.needs(arguments, &mut scope);
        self.values.take_back(scope.meter);
        needs
    }

    /// Returns whether the node has its session.
    pub fn has_session(&self) -> bool {
        self.values.has_session()
    }

    /// Returns what the node reads of its session, once it has that.
    pub fn session(&self) -> Option<&SessionPart> {
        self.values.session()
    }

    /// Returns how long an attempt of the node may take, if it says that.
    pub fn attempt_timeout(&self) -> Option<Duration> {
        self.values.attempt_timeout()
    }

    /// Returns whether an edge that leaves the node asks for `case`.
    pub fn is_asked_for(&self, case: &str) -> bool {
        self.values.is_asked_for(case)
    }

    /// Returns what reaches the node along its edges: one output as it is, several as an object by node id. Where no edge leads
    /// to it, that is the trigger data; in a body, the item or the result of the iteration before.
    ///
    /// # Errors
    /// In a trial: no output of a node before it was given.
    pub fn arriving(&self) -> Result<Payload, Failure> {
        self.values.arriving()
    }

    /// Returns the bounds that hold.
    pub fn limits(&self) -> &Limits {
        self.values.limits()
    }

    /// Returns what the flow was started with.
    pub fn trigger_data(&self) -> &Payload {
        self.values.trigger_data()
    }

    /// Returns the version that the execution pins `agent` to.
    pub fn agent_version(&self, agent: AgentId) -> Option<u32> {
        self.values.agent_version(agent)
    }

    /// Returns what a model learns about the flows that its tools run, by the name of the tool.
    pub(crate) fn offered_flows(&self, rules: &Rules) -> BTreeMap<String, OfferedFlow> {
        let offered = |flow: &FlowId| self.values.offered_flow(*flow).unwrap_or_default();
        rules.flows.iter().map(|(tool, flow)| (tool.clone(), offered(flow))).collect()
    }

    /// Returns the rules of a skill with tools, of an agent that is pinned; `None` for any other skill.
    pub fn rules(&self, agent: AgentId, skill: &str) -> Option<Arc<Rules>> {
        self.values.rules(agent, skill)
    }
}
