//! Child executions: how a node starts them, processes their ends, and cancels them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::decide::Decider;
use super::failed::shortened;
use super::{Execution, ExecutionStatus, FlowVersion, NewExecution, NodeExecution, Pinned, Rejected};
use crate::caller::{Actor, ActorKind};
use crate::event::{Accepted, Around, ChildEnd, ChildInput, ChildStart, Ended, Event, Parent, Reused};
use crate::expression::json_text::{self, Kind};
use crate::failure::{ErrorClass, Failure};
use crate::flow::{LAST, Reads};
use crate::flow_control::{QueuePlace, StartScope};
use crate::ids::{ExecutionId, FlowId, NodeId, NodeIndex, StepKey};
use crate::inbox::{Sending, Signal};
use crate::node::{Repeats, Resumed};
use crate::payload::Payload;
use crate::step::ChildRecord;
use crate::trace::Span;

impl Decider<'_> {
    /// Starts child executions within the attempt under way, which begins with them if there is none.
    pub(super) fn start_children(
        &mut self,
        node: NodeIndex,
        mut starts: Vec<ChildStart>,
        input: Option<Payload>,
    ) {
        let first = self.execution.node(node).children().len();
        let children = self.new_children(node, first, &mut starts);
        let (children, bytes) = match children {
            Ok(children) => children,
            Err(failure) => return self.fail(node, failure, None),
        };
        self.start_attempt(node, input, None);
        self.emit(Event::ChildrenStarted { node, children: starts });
        // They are written with it, in their own acceptances.
        self.decision.spent.bytes += bytes;
        self.decision.children.extend(children);
    }

    /// Returns the children to accept, the first of which is the node's `first`, and how many bytes of data they have.
    /// Where all of them together have too much, the last ones are left for later.
    pub(super) fn new_children(
        &self,
        node: NodeIndex,
        first: usize,
        starts: &mut Vec<ChildStart>,
    ) -> Result<(Vec<NewExecution>, usize), Failure> {
        self.check_room(first + starts.len())?;
        let mut children: Vec<NewExecution> = Vec::with_capacity(starts.len());
        let mut bytes = 0;
        for (number, start) in (first..).zip(starts.iter_mut()) {
            let child = self.child(node, u32::try_from(number).unwrap_or(u32::MAX), start)?;
            let reused: usize = child.accepted.reused.values().map(Payload::len).sum();
            let of_child = child.accepted.data_bytes() + reused;
            if bytes + of_child > self.flow.limits.children_bytes_max && !children.is_empty() {
                break;
            }
            bytes += of_child;
            children.push(child);
        }
        starts.truncate(children.len());
        Ok((children, bytes))
    }

    /// Refuses more children of a node than there may be, and children below the lowest level.
    fn check_room(&self, children: usize) -> Result<(), Failure> {
        let limits = &self.flow.limits;
        let too_many = |what: String| Err(Failure::new(ErrorClass::Configuration, what));
        if children > limits.children_max {
            return too_many(format!(
                "The node starts {children} executions; the limit is {}",
                limits.children_max
            ));
        }
        let depth = self.execution.depth() + 1;
        if depth > limits.child_depth_max {
            return too_many(format!(
                "The execution would be {depth} levels deep; the limit is {}",
                limits.child_depth_max
            ));
        }
        Ok(())
    }

    /// Returns the child to accept, which takes what it reuses out of `start`.
    fn child(&self, node: NodeIndex, number: u32, start: &mut ChildStart) -> Result<NewExecution, Failure> {
        let execution = &*self.execution;
        let pinned = execution.pinned_for(node, start)?;
        if pinned.flow.flow.sensitive.is_some() && pinned.cipher.is_none() {
            let message = "The sub-flow has sensitive data, and there is no key to encrypt it with";
            return Err(Failure::new(ErrorClass::Configuration, message));
        }
        let of_node = self.node(node);
        let id = Some(of_node.id.clone());
        let (body, subflow) = if start.flow.is_none() { (id, None) } else { (None, id) };
        let around = of_node.body.as_ref().filter(|_| body.is_some());
        let trigger_data = match around {
            None => start.given.trigger_data.clone(),
            Some(body) if body.reads.trigger_data => execution.accepted.trigger_data.clone(),
            Some(_) => Payload::null(),
        };
        let of_parent = execution.accepted.parent.as_ref();
        let mut within = of_parent.map_or_else(Vec::new, |parent| parent.within.clone());
        if body.is_none() && !within.contains(&execution.accepted.flow) {
            within.push(execution.accepted.flow);
        }
        let Accepted { tenant, context_id, context_type, flows, agents, .. } = &*execution.accepted;
        let (retry_of, reused, reused_children) = match start.given.reused.take() {
            Some(Reused { of, outputs, children }) => (Some(of), outputs, children),
            None => (None, BTreeMap::new(), BTreeMap::new()),
        };
        let id = execution.id.child(node, number);
        let queue = match &body {
            Some(_) => None,
            None => self.queue_place(id, &pinned, &trigger_data)?,
        };
        let accepted = Accepted {
            tenant: *tenant,
            flow: pinned.flow.flow_id,
            version: pinned.flow.version,
            context_id: context_id.clone(),
            context_type: context_type.clone(),
            trigger_data,
            triggered_by: "parent".into(),
            actor: execution.as_parent(),
            parent: Some(Box::new(Parent {
                execution: execution.id,
                node,
                child: number,
                depth: execution.depth() + 1,
                body,
                subflow,
                index: start.index,
                within,
                deadline: execution.deadline,
                is_encrypted: execution.accepted.data_key.is_some(),
            })),
            around: around.map(|body| Box::new(execution.around(&body.reads, &start.given))),
            flows: flows.clone(),
            agents: agents.clone(),
            retry_of,
            forked_from: None,
            borrowed: BTreeSet::new(),
            edited: BTreeSet::new(),
            reused,
            reused_children,
            regenerates: None,
            queue,
            trace: execution.trace_below(Span::Node(node)),
            data_key: pinned.data_key(execution.accepted.data_key.is_some()),
            worker: Arc::clone(&execution.worker),
        };
        Ok(NewExecution { id, pinned, accepted })
    }

    /// Returns where the execution of a sub-flow stands among those of its flow that wait.
    fn queue_place(
        &self,
        execution: ExecutionId,
        pinned: &Pinned,
        trigger_data: &Payload,
    ) -> Result<Option<Box<QueuePlace>>, Failure> {
        let FlowVersion { flow, limits, .. } = &*pinned.flow;
        let start = StartScope { execution, trigger_data, now: self.now };
        flow.queue_place(start, None, limits).map_err(|reason| {
            let message = format!("The flow `{}` cannot be started: {reason}", flow.settings.name);
            Failure::new(ErrorClass::Expression, message)
        })
    }

    /// Processes the end of a child.
    pub(super) fn child_ended(&mut self, node: NodeIndex, child: u32, end: ChildEnd) -> Result<(), Rejected> {
        let known = self.execution.nodes.get(node.at()).and_then(|node| node.children().get(child));
        let Some(index) = known.filter(|known| known.is_open()).map(|known| known.index) else {
            return Err(Rejected::StaleChild);
        };
        if let Some(step) = self.execution.node(node).call_of_child(child).cloned() {
            return self.flow_ended((node, &step), child, end);
        }
        self.emit(Event::ChildEnded { node, child, end: end.clone() });
        self.resume(node, Resumed::Child { index, end }, None);
        Ok(())
    }

    /// Cancels the children of `node` that have not ended. Their ends are ignored.
    pub(super) fn cancel_children(&mut self, node: NodeIndex) {
        if self.execution.node(node).children().open() == 0 {
            return;
        }
        self.open_children(node).into_iter().for_each(|child| self.cancel_child(child));
    }

    /// Cancels a child of this execution.
    pub(super) fn cancel_child(&mut self, to: ExecutionId) {
        match self.decision.children.iter().position(|child| child.id == to) {
            // The same decision was about to start it: it is not accepted.
            Some(place) => drop(self.decision.children.remove(place)),
            None => {
                let message = "Cancelled with the execution that started this one".into();
                let signal = Signal::Cancel { message, by: self.execution.as_parent() };
                self.decision.signals.push(Sending { to, signal });
            }
        }
    }

    /// Sends `signal` to all children that have not ended.
    pub(super) fn signal_children(&mut self, signal: impl Fn(Actor) -> Signal) {
        for node in self.execution.active.clone() {
            if self.execution.node(node).children().open() == 0 {
                continue;
            }
            let by = self.execution.as_parent();
            let sends =
                self.open_children(node).into_iter().map(|to| Sending { to, signal: signal(by.clone()) });
            self.decision.signals.extend(sends);
        }
    }

    fn open_children(&self, node: NodeIndex) -> Vec<ExecutionId> {
        let execution = &*self.execution;
        let open = execution.node(node).children().iter().zip(0..).filter(|(child, _)| child.is_open());
        open.map(|(_, number)| execution.id.child(node, number)).collect()
    }

    /// Sends the end of this execution to the one that started it.
    pub(super) fn report_to_parent(&mut self) {
        let execution = &*self.execution;
        let Some(parent) = &execution.accepted.parent else { return };
        let end = execution.end_for_parent();
        let signal = Signal::ChildEnded { node: parent.node, child: parent.child, end };
        self.decision.signals.push(Sending { to: parent.execution, signal });
    }
}

impl Execution {
    /// Checks what is said of the children of a node.
    pub(super) fn check_children(&self, event: &Event, node: &NodeExecution) -> Result<(), &'static str> {
        if let Event::ChildrenStarted { children, .. } = event
            && children.iter().any(|child| child.index as usize >= self.flow.limits.children_max)
        {
            return Err("a child runs for an item that no list has");
        }
        let does_no_call =
            |step: &StepKey| !node.steps.iter().any(|known| known.is_in_flight() && known.key == *step);
        if let Event::ChildrenStarted { children, .. } = event
            && children.iter().filter_map(|child| child.step.as_ref()).any(does_no_call)
        {
            return Err("a child does a call that is not under way");
        }
        if let Event::ChildEnded { child, .. } = event
            && !node.children().get(*child).is_some_and(ChildRecord::is_open)
        {
            return Err("a child ended that was not under way");
        }
        Ok(())
    }

    /// Applies that children started.
    pub(super) fn apply_children_started(&mut self, node: NodeIndex, children: &[ChildStart]) {
        let node = &mut self.nodes[node.at()];
        node.link_flows(node.children().len(), children);
        node.children.get_or_insert_default().start(children);
        node.held_since = None;
    }

    /// Returns how many items a node runs its body for, once it has begun; `None` for any other node.
    pub fn items_of(&self, index: NodeIndex) -> Option<usize> {
        let repeats = self.graph().node(index).kind.room().about().traits.repeats;
        if repeats != Some(Repeats::Items) {
            return None;
        }
        let is_list = |text: &&str| Kind::of(text) == Kind::List;
        let count =
            || Some(json_text::items(self.input_of(index).map(Payload::as_str).filter(is_list)?).count());
        self.node(index).children().known_items().or_else(count)
    }

    /// Returns how many executions are above this one.
    pub fn depth(&self) -> u16 {
        self.accepted.parent.as_ref().map_or(0, |parent| parent.depth)
    }

    /// Returns how it ended, as its parent reads it. A result that no node may return is a failure there.
    fn end_for_parent(&self) -> ChildEnd {
        let limits = &self.flow.limits;
        let result = self.result();
        if let Some(bytes) =
            result.as_ref().map(Payload::len).filter(|bytes| *bytes > limits.output_bytes_max)
        {
            let Failure { class, message, .. } = Failure::output_too_large(bytes, limits.output_bytes_max);
            let (status, message) = (ExecutionStatus::Failed, Some(message.into()));
            return ChildEnd { status, result: None, message, class: Some(class) };
        }
        let error = self.error.as_ref();
        let shown = |message: &str| shortened(message.to_owned(), limits.error_message_chars_max).into();
        ChildEnd {
            status: self.status,
            result,
            message: error.map(|error| shown(&error.message)),
            class: error.and_then(|error| error.class),
        }
    }

    fn as_parent(&self) -> Actor {
        Actor { kind: ActorKind::Parent, id: Some(self.id.to_string().into()) }
    }

    /// Returns what the body of a node reads that is around it.
    fn around(&self, reads: &Reads, given: &ChildInput) -> Around {
        let mut around = Around { item: given.item.clone(), nodes: BTreeMap::new() };
        if around.item.is_none() && reads.item {
            around.item = self.accepted.around.as_ref().and_then(|outer| outer.item.clone());
        }
        let read = reads.nodes.iter().filter_map(|id| Some((id.clone(), self.outcome_of(id)?)));
        around.nodes = read.collect();
        if let Some(last) = &given.last {
            let last = Ended { output: Some(last.clone()), error: None };
            around.nodes.insert(NodeId::new(LAST), last);
        }
        around
    }

    /// Returns the version of a flow that the children of the execution run.
    pub fn pinned_flow(&self, flow: FlowId) -> Option<&Arc<FlowVersion>> {
        let own = (flow == self.accepted.flow && self.flow.body_of.is_none()).then_some(&self.flow);
        own.or_else(|| self.child_flows.as_ref()?.get(&flow))
    }

    /// Returns the versions that a child is pinned to.
    fn pinned_for(&self, node: NodeIndex, start: &ChildStart) -> Result<Pinned, Failure> {
        let flow = match start.flow {
            None => self.flow.body(&self.graph().node(node).id),
            Some(flow) => self.pinned_flow(flow),
        };
        let flow = flow.cloned().ok_or_else(|| {
            let message = match start.flow {
                None => "The body of the node cannot be read; save the flow again".to_owned(),
                Some(flow) => format!("There was no flow {flow} when this execution was accepted"),
            };
            Failure::new(ErrorClass::Configuration, message)
        })?;
        Ok(Pinned {
            flow,
            children: self.child_flows.clone(),
            agents: self.agents.clone(),
            cipher: self.cipher.clone(),
        })
    }
}
