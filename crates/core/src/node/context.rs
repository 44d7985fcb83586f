//! What a node can read, and what happened in its attempts.

use std::fmt;
use std::sync::Arc;

use super::LAST;
use crate::approval::{Approval, When};
use crate::condition::Condition;
use crate::expression::{ExpressionError, Meter};
use crate::failure::{ErrorClass, Failure};
use crate::ids::{AgentId, Attempt, NodeId};
use crate::limits::Limits;
use crate::payload::Payload;
use crate::scope::{NodeScope, References, Scope};
use crate::step::{Children, PastStep, StepRecord};
use crate::template::{Resolved, Template};
use crate::timestamp::Timestamp;
use crate::transcript::Rules;

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
    pub(crate) approvals: &'a [Approval],
    pub(crate) input: Option<&'a Payload>,
}

impl Default for Parts<'_> {
    fn default() -> Self {
        Self { steps: &[], past: &[], children: Children::none(), approvals: &[], input: None }
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

    /// Returns whether an edge that leaves the node asks for `case`.
    fn is_asked_for(&self, case: &str) -> bool;

    /// Returns whether the node has its session. A trial reads none.
    fn has_session(&self) -> bool {
        true
    }

    /// Makes a failure of an expression that has no value.
    fn failure(&self, error: &ExpressionError) -> Failure {
        Failure::of_expression(error)
    }
}

impl<'a> Context<'a> {
    pub(crate) fn new(now: Timestamp, attempt: Attempt, values: &'a dyn Values) -> Self {
        let children = Children::none();
        Self { now, attempt, steps: &[], past: &[], children, approvals: &[], input: None, values }
    }

    pub(crate) const fn with_parts(self, parts: Parts<'a>) -> Self {
        let Parts { steps, past, children, approvals, input } = parts;
        Self { steps, past, children, approvals, input, ..self }
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

    /// Returns the rules of a skill with tools, of an agent that is pinned; `None` for any other skill.
    pub fn rules(&self, agent: AgentId, skill: &str) -> Option<Arc<Rules>> {
        self.values.rules(agent, skill)
    }
}
