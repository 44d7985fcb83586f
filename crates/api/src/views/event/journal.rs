//! From stored records to the events that clients see.

use std::collections::BTreeMap;
use std::sync::Arc;

use steadflow_core::approval::Verdict;
use steadflow_core::budget::Amount;
use steadflow_core::caller::Actor;
use steadflow_core::event::{
    Accepted, ChildEnd, ChildStart, Event, PlannedEnd, Record, Resolution, StepResult,
};
use steadflow_core::execution::{Execution, ExecutionStatus, FlowVersion, NodeExecution, Wait};
use steadflow_core::external_event::EventWait;
use steadflow_core::failure::ErrorClass;
use steadflow_core::ids::{Attempt, EdgeIndex, ExecutionId, NodeId, NodeIndex, StepKey};
use steadflow_core::session::SessionPart;
use steadflow_core::timestamp::Timestamp;
use steadflow_core::transcript::decided_on;
use steadflow_core::usage::Usage;

use super::{ActorView, ChildView, EdgeView, EventView, What};
use crate::views::approval::is_edited;
use crate::views::node::{DecisionName, WaitingFor};
use crate::views::wire::VerdictName;

/// Reads the records of one execution, in order and without a gap, as the events that clients see.
#[derive(Debug)]
pub(crate) struct Journal {
    execution: ExecutionId,
    flow: Arc<FlowVersion>,
    /// How many children each node has started; the numbers of the next ones follow from it.
    children: BTreeMap<NodeIndex, u32>,
}

impl Journal {
    /// Returns the reader of the journal of `execution` from its first record.
    pub(crate) fn new(execution: &Execution) -> Self {
        Self { execution: execution.id(), flow: Arc::clone(execution.flow()), children: BTreeMap::new() }
    }

    /// Returns the reader of the records that follow what `execution` has.
    pub(crate) fn after(execution: &Execution) -> Self {
        let count =
            |node: &NodeExecution| u32::try_from(node.children().len()).expect("a node has few children");
        let counts = (0..).map(NodeIndex).zip(execution.nodes().iter().map(count));
        Self { children: counts.filter(|(_, count)| *count > 0).collect(), ..Self::new(execution) }
    }

    /// Returns the events of the next record.
    pub(crate) fn read<'r>(&mut self, record: &'r Record) -> Vec<EventView<'r>> {
        let Record(seq, at, events) = record;
        events.iter().map(|event| EventView { seq: *seq, at: (*at).into(), what: self.what(event) }).collect()
    }

    fn what<'r>(&mut self, event: &'r Event) -> What<'r> {
        let flow = Arc::clone(&self.flow);
        let id = |node: &NodeIndex| flow.flow.graph.node(*node).id.clone();
        match event {
            Event::Accepted(accepted) => accepted_of(accepted),
            Event::Started => What::Started,
            Event::Adopted { worker } => What::Adopted { worker },
            Event::AttemptStarted { node, attempt, input: _, reserved } => {
                attempt_started(id(node), *attempt, reserved.as_deref())
            }
            Event::AttemptFailed {
                node,
                attempt,
                class,
                message,
                status,
                body: _,
                retry_at,
                retries_left,
                gave_up,
                usage,
                unspent: _,
            } => What::AttemptFailed {
                node_id: id(node),
                attempt: attempt.number(),
                error_class: (*class).into(),
                error_message: message,
                http_status: *status,
                next_retry_at: retry_at.map(Into::into),
                retries_left: *retries_left,
                gave_up: gave_up.as_deref(),
                usage: usage.as_deref().into(),
            },
            Event::AttemptReleased { node, attempt } => attempt_released(id(node), *attempt),
            Event::StepStarted { node, step, input: _, stop_at, tokens, tool, reserved } => {
                step_started(id(node), step, tool.as_deref(), *stop_at, (*tokens, reserved.as_deref()))
            }
            Event::StepEnded { node, step, result, usage, unspent: _ } => {
                step_ended(id(node), step, result, usage.as_deref())
            }
            Event::TaskStarted { node, step, task } => task_started(id(node), step, task.poll_ms),
            Event::TaskResumed { node, step } => What::TaskResumed { node_id: id(node), step: step.name() },
            Event::TaskEnded { node, step } => What::TaskEnded { node_id: id(node), step: step.name() },
            Event::ApprovalRequested { node, step, tool, arguments: _, hash, expires_at, input: _ } => {
                approval_requested(id(node), step, tool, hash, *expires_at)
            }
            Event::ApprovalDecided { node, step, verdict, comment, by } => {
                approval_decided(id(node), step, verdict, comment.as_deref(), by)
            }
            Event::ChildrenStarted { node, children } => self.children_started(*node, children),
            Event::ChildEnded { node, child, end } => self.child_ended(*node, *child, end),
            Event::NodeCompleted { node, output: _, not_taken, usage, reused } => {
                self.node_completed(*node, not_taken, usage.as_deref(), *reused)
            }
            Event::NodeFailed { node, not_taken } => self.node_failed(*node, not_taken),
            Event::NodeSkipped { node } => What::NodeSkipped { node_id: id(node) },
            Event::EventAwaited { node, wait } => event_awaited(id(node), wait),
            Event::NodeWaiting { node, wait } => waiting(id(node), *wait),
            Event::SessionTaken { node, part } => session_taken(id(node), part),
            Event::BackoffEnded { node, by } => What::BackoffEnded { node_id: id(node), by: by.into() },
            Event::Resolved { node, resolution, by } => resolved(id(node), resolution, by.into()),
            Event::Paused { by, with_all } => What::Paused { by: by.into(), with_all: *with_all },
            Event::Resumed { by } => What::Resumed { by: by.into() },
            Event::CompensationStarted { end, order } => self.compensation_started(end, order),
            Event::Finished { status, message, class, node, by } => {
                self.finished(*status, message.as_deref(), *class, *node, by.as_ref())
            }
        }
    }

    fn node(&self, index: NodeIndex) -> NodeId {
        self.flow.flow.graph.node(index).id.clone()
    }

    fn children_started<'r>(&mut self, node: NodeIndex, children: &[ChildStart]) -> What<'r> {
        What::ChildrenStarted { node_id: self.node(node), children: self.children(node, children) }
    }

    fn node_completed<'r>(
        &self,
        node: NodeIndex,
        not_taken: &[EdgeIndex],
        usage: Option<&Usage>,
        reused: bool,
    ) -> What<'r> {
        let not_taken = self.edges(not_taken);
        What::NodeCompleted { node_id: self.node(node), not_taken, usage: usage.into(), reused }
    }

    fn compensation_started<'r>(&self, end: &'r PlannedEnd, order: &[NodeIndex]) -> What<'r> {
        What::CompensationStarted {
            ending_as: end.status.into(),
            error_class: end.class.map(Into::into),
            error_message: end.message.as_deref(),
            node_id: end.node.map(|node| self.node(node)),
            by: end.by.as_ref().map(ActorView::from),
            order: order.iter().map(|node| self.node(*node)).collect(),
        }
    }

    fn finished<'r>(
        &self,
        status: ExecutionStatus,
        message: Option<&'r str>,
        class: Option<ErrorClass>,
        node: Option<NodeIndex>,
        by: Option<&'r Actor>,
    ) -> What<'r> {
        What::Finished {
            status: status.into(),
            error_class: class.map(Into::into),
            error_message: message,
            node_id: node.map(|node| self.node(node)),
            by: by.map(ActorView::from),
        }
    }

    fn node_failed<'r>(&self, node: NodeIndex, not_taken: &[EdgeIndex]) -> What<'r> {
        What::NodeFailed { node_id: self.node(node), not_taken: self.edges(not_taken) }
    }

    fn edges(&self, edges: &[EdgeIndex]) -> Vec<EdgeView> {
        // A replay checks the nodes of a stored journal, but not its edges.
        let edges = edges.iter().filter_map(|edge| self.flow.flow.graph.edges.get(edge.at()));
        edges.map(|edge| EdgeView { from: self.node(edge.from), to: self.node(edge.to) }).collect()
    }

    fn children(&mut self, node: NodeIndex, started: &[ChildStart]) -> Vec<ChildView> {
        let known = self.children.entry(node).or_default();
        let first = *known;
        *known += u32::try_from(started.len()).expect("a node has few children");
        (first..).zip(started).map(|(child, start)| self.child(node, child, start)).collect()
    }

    fn child(&self, node: NodeIndex, child: u32, start: &ChildStart) -> ChildView {
        ChildView {
            child,
            execution_id: self.execution.child(node, child),
            flow_id: start.flow.unwrap_or_else(|| self.flow.flow_id),
            index: start.index,
            step: start.step.as_ref().and_then(StepKey::name).map(str::to_owned),
        }
    }

    fn child_ended<'r>(&self, node: NodeIndex, child: u32, end: &'r ChildEnd) -> What<'r> {
        let ChildEnd { status, result: _, message, class } = end;
        What::ChildEnded {
            node_id: self.node(node),
            child,
            execution_id: self.execution.child(node, child),
            status: (*status).into(),
            error_class: class.map(Into::into),
            error_message: message.as_deref(),
        }
    }
}

fn accepted_of(accepted: &Accepted) -> What<'_> {
    let fork = accepted.forked_from.as_deref();
    What::Accepted {
        flow_id: accepted.flow,
        flow_version: accepted.version,
        context_id: accepted.context_id.as_deref(),
        context_type: accepted.context_type.as_deref(),
        triggered_by: &accepted.triggered_by,
        by: (&accepted.actor).into(),
        parent_id: accepted.parent.as_ref().map(|parent| parent.execution),
        retry_of: accepted.retry_of,
        forked_from: fork.map(|fork| fork.of),
        fork_node_id: fork.map(|fork| fork.node.clone()),
        edited: accepted.reused.keys().filter(|id| accepted.is_edited(id)).cloned().collect(),
        reused: accepted.reused.keys().cloned().collect(),
        worker: &accepted.worker,
    }
}

fn attempt_started<'r>(node_id: NodeId, attempt: Attempt, reserved: Option<&Amount>) -> What<'r> {
    What::AttemptStarted { node_id, attempt: attempt.number(), reserved: reserved.map(Into::into) }
}

fn step_started<'r>(
    node_id: NodeId,
    step: &'r StepKey,
    tool: Option<&'r str>,
    stop_at: Option<Timestamp>,
    (tokens, of_budget): (Option<u64>, Option<&Amount>),
) -> What<'r> {
    What::StepStarted {
        node_id,
        step: step.name().unwrap_or_default(),
        tool,
        stop_at: stop_at.map(Into::into),
        reserved_tokens: tokens,
        reserved: of_budget.map(Into::into),
    }
}

fn task_started(node_id: NodeId, step: &StepKey, poll_interval_ms: u64) -> What<'_> {
    What::TaskStarted { node_id, step: step.name(), poll_interval_ms }
}

fn attempt_released<'r>(node_id: NodeId, attempt: Attempt) -> What<'r> {
    What::AttemptReleased { node_id, attempt: attempt.number() }
}

fn approval_requested<'r>(
    node_id: NodeId,
    step: &'r StepKey,
    tool: &'r str,
    hash: &'r str,
    expires_at: Option<Timestamp>,
) -> What<'r> {
    What::ApprovalRequested {
        node_id,
        step: step.name().unwrap_or_default(),
        tool,
        arguments_hash: hash,
        expires_at: expires_at.map(Into::into),
        subject: decided_on(step).into(),
    }
}

fn approval_decided<'r>(
    node_id: NodeId,
    step: &'r StepKey,
    verdict: &Verdict,
    comment: Option<&'r str>,
    by: &'r Actor,
) -> What<'r> {
    What::ApprovalDecided {
        node_id,
        step: step.name().unwrap_or_default(),
        decision: VerdictName::of(verdict),
        is_edited: is_edited(verdict, decided_on(step)),
        comment,
        by: by.into(),
    }
}

fn step_ended<'r>(
    node_id: NodeId,
    step: &'r StepKey,
    result: &'r StepResult,
    usage: Option<&'r Usage>,
) -> What<'r> {
    let (step, usage) = (step.name().unwrap_or_default(), usage.into());
    match result {
        StepResult::Completed(_) => What::StepCompleted { node_id, step, usage },
        StepResult::Failed { class, message, status } => What::StepFailed {
            node_id,
            step,
            error_class: (*class).into(),
            error_message: message,
            http_status: *status,
            usage,
        },
    }
}

fn session_taken(node_id: NodeId, part: &SessionPart) -> What<'_> {
    What::SessionTaken { node_id, session: &part.key, turn: part.next(), earlier_turns: part.len() }
}

fn event_awaited(node_id: NodeId, wait: &EventWait) -> What<'_> {
    What::EventAwaited {
        node_id,
        event: &wait.name,
        correlation: wait.correlation.as_deref(),
        since: wait.since.into(),
        waiting_until: wait.until.map(Into::into),
    }
}

fn waiting<'r>(node_id: NodeId, wait: Wait) -> What<'r> {
    What::NodeWaiting {
        node_id,
        waiting_for: WaitingFor::of(wait),
        waiting_until: wait.until().map(Into::into),
    }
}

fn resolved<'r>(node_id: NodeId, resolution: &'r Resolution, by: ActorView<'r>) -> What<'r> {
    let (decision, message) = match resolution {
        Resolution::Retry => (DecisionName::Retry, None),
        Resolution::Complete { output: _ } => (DecisionName::Complete, None),
        Resolution::Fail { message } => (DecisionName::Fail, Some(&**message)),
    };
    What::Resolved { node_id, decision, message, by }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use steadflow_core::event::Accepted;
    use steadflow_core::failure::ErrorClass;
    use steadflow_core::flow::Flow;
    use steadflow_core::ids::{Attempt, FlowId, StepKey, TenantId};
    use steadflow_core::limits::Limits;
    use steadflow_core::payload::Payload;
    use steadflow_core::status::ExecutionStatus;
    use steadflow_core::timestamp::Timestamp;
    use uuid::Uuid;

    use super::*;

    const FLOW: FlowId = FlowId::new(Uuid::from_u128(7));

    /// A journal of one node, `a`, that is read up to the acceptance.
    fn accepted() -> Journal {
        let document = json!({ "name": "Review",
            "flow_definition": { "nodes": [{ "id": "a", "type": "action", "action": "echo" }] } });
        let (tenant, limits) = (TenantId::DEFAULT, Limits::DEFAULT);
        let flow = Flow::parse(&document, &limits).unwrap();
        let version = Arc::new(FlowVersion::new(tenant, FLOW, 1, flow, limits));
        let accepted = Event::Accepted(Box::new(Accepted::new(tenant, FLOW, 1, "here".into())));
        let record = Record(1, Timestamp::from_micros(0), vec![accepted]);
        let id = ExecutionId::new(Uuid::from_u128(1));
        Journal::after(&Execution::replay(id, version, vec![record]).unwrap())
    }

    /// Returns the events of one record as lines of JSON, without those keys that every event has.
    fn lines(journal: &mut Journal, events: Vec<Event>) -> String {
        let record = Record(2, Timestamp::from_micros(0), events);
        let line = |event: EventView<'_>| {
            let mut event = serde_json::to_value(event).unwrap();
            let shared = ["seq", "at", "node_id", "usage"];
            event.as_object_mut().unwrap().retain(|key, _| !shared.contains(&key.as_str()));
            event.to_string()
        };
        journal.read(&record).into_iter().map(line).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn steps_are_named_and_carry_no_payloads() {
        let (node, step) = (NodeIndex(0), StepKey::new("turn:1"));
        let stop_at = Some(Timestamp::from_micros(5));
        let result = StepResult::Completed(Payload::from_value(&json!("secret")));
        let (class, message) = (ErrorClass::Timeout, "Too slow".into());
        let failed = StepResult::Failed { class, message, status: Some(504) };

        let lines = lines(
            &mut accepted(),
            vec![
                Event::StepStarted {
                    node,
                    step: step.clone(),
                    input: Some(Payload::null()),
                    stop_at,
                    tokens: Some(500),
                    tool: Some("look".into()),
                    reserved: None,
                },
                Event::StepEnded { node, step: step.clone(), result, usage: None, unspent: false },
                Event::StepEnded { node, step, result: failed, usage: None, unspent: false },
                Event::AttemptReleased { node, attempt: Attempt::FIRST },
                Event::Adopted { worker: "there".into() },
            ],
        );

        insta::assert_snapshot!(lines, @r#"
        {"type":"step_started","step":"turn:1","tool":"look","stop_at":"1970-01-01T00:00:00.000005Z","reserved_tokens":500}
        {"type":"step_completed","step":"turn:1"}
        {"type":"step_failed","step":"turn:1","error_class":"timeout","error_message":"Too slow","http_status":504}
        {"type":"attempt_released","attempt":1}
        {"type":"adopted","worker":"there"}
        "#);
    }

    #[test]
    fn edges_that_the_flow_does_not_have_are_left_out() {
        let (node, not_taken) = (NodeIndex(0), vec![EdgeIndex(9)]);

        let lines = lines(&mut accepted(), vec![Event::NodeFailed { node, not_taken }]);

        insta::assert_snapshot!(lines, @r#"{"type":"node_failed","not_taken":[]}"#);
    }

    #[test]
    fn children_are_numbered_in_the_order_of_their_starts() {
        let mut journal = accepted();
        let node = NodeIndex(0);
        let child = ChildStart { flow: Some(FLOW), index: 0, step: None, given: Default::default() };
        let end = ChildEnd { status: ExecutionStatus::Completed, result: None, message: None, class: None };
        let started = |count| Event::ChildrenStarted { node, children: vec![child.clone(); count] };

        let first = lines(&mut journal, vec![started(2)]);
        let later = lines(&mut journal, vec![Event::ChildEnded { node, child: 1, end }, started(1)]);

        insta::assert_snapshot!(first, @r#"{"type":"children_started","children":[{"child":0,"execution_id":"00000000-0000-7dd8-8fc3-fe837410baa3","flow_id":"00000000-0000-0000-0000-000000000007","index":0,"step":null},{"child":1,"execution_id":"00000000-0000-737a-8839-0201dff31b59","flow_id":"00000000-0000-0000-0000-000000000007","index":0,"step":null}]}"#);
        insta::assert_snapshot!(later, @r#"
        {"type":"child_ended","child":1,"execution_id":"00000000-0000-737a-8839-0201dff31b59","status":"completed","error_class":null,"error_message":null}
        {"type":"children_started","children":[{"child":2,"execution_id":"00000000-0000-7eb1-b4dc-1381708f96b6","flow_id":"00000000-0000-0000-0000-000000000007","index":0,"step":null}]}
        "#);
    }
}
