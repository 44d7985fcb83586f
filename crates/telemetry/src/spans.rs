//! The spans of an execution: of itself, its nodes, their attempts, and the calls of agents.
//!
//! Attributes follow the conventions of OpenTelemetry for generative AI (`gen_ai.*`) and are `steadflow.*` where there is no
//! convention.

use std::collections::BTreeMap;
use std::sync::Arc;

use opentelemetry::trace::{Event, Link, SpanId, SpanKind, Status};
use opentelemetry::{InstrumentationScope, KeyValue};
use opentelemetry_sdk::trace::{SpanData, SpanEvents, SpanLinks};
use steadflow_core::agent::Agent;
use steadflow_core::approval::{Subject, Verdict};
use steadflow_core::calls::{Call, Calls, End};
use steadflow_core::event::{Record, StepResult};
use steadflow_core::execution::{AttemptRecord, Execution, ExecutionStatus, NodeExecution, NodeStatus};
use steadflow_core::failure::ErrorClass;
use steadflow_core::ids::{AgentId, NodeIndex};
use steadflow_core::timestamp::Timestamp;
use steadflow_core::trace::{Span, span_id};
use steadflow_core::transcript;

use crate::attributes::{self, context, event_of, link, provider, span_of, time};
use crate::content::Content;

/// What the conventions call an error of no known class.
const NO_CLASS: &str = "_OTHER";

/// The agents that the nodes of an execution ask.
pub(crate) type Agents = BTreeMap<AgentId, Arc<Agent>>;

/// Returns the spans of an execution that has ended; `None` if a record of its journal cannot be read.
pub(crate) fn spans_of(
    execution: &Execution,
    journal: &[Arc<str>],
    agents: &Agents,
    has_content: bool,
) -> Option<Vec<SpanData>> {
    let records: Vec<Record> =
        journal.iter().map(|text| serde_json::from_str(text).ok()).collect::<Option<_>>()?;
    let trace = Trace { execution, records: &records, agents, content: Content::new(has_content) };
    let mut events = events_of(&records);
    let mut spans = vec![trace.execution(events.remove(&None).unwrap_or_default())];
    for (place, node) in execution.nodes().iter().enumerate() {
        let index = NodeIndex(u16::try_from(place).ok()?);
        trace.node(index, node, events.remove(&Some(index)).unwrap_or_default(), &mut spans);
    }
    Some(spans)
}

/// Returns what happened to the execution itself and to each of its nodes.
fn events_of(records: &[Record]) -> BTreeMap<Option<NodeIndex>, Vec<Event>> {
    let mut all: BTreeMap<_, Vec<Event>> = BTreeMap::new();
    for Record(_, at, events) in records {
        for happened in events {
            if let Some(event) = event_of(happened, *at) {
                all.entry(happened.node()).or_default().push(event);
            }
        }
    }
    all
}

struct Trace<'a> {
    execution: &'a Execution,
    records: &'a [Record],
    agents: &'a Agents,
    content: Content,
}

/// What differs between spans.
struct Draft {
    name: String,
    kind: SpanKind,
    parent: Option<u64>,
    started_at: Timestamp,
    ended_at: Timestamp,
    attributes: Vec<KeyValue>,
    events: Vec<Event>,
    links: Vec<Link>,
    /// The class and the message.
    error: Option<(&'static str, Arc<str>)>,
}

impl Draft {
    fn new(name: impl Into<String>, started_at: Timestamp, ended_at: Timestamp) -> Self {
        Self {
            name: name.into(),
            kind: SpanKind::Internal,
            parent: None,
            started_at,
            ended_at,
            attributes: Vec::new(),
            events: Vec::new(),
            links: Vec::new(),
            error: None,
        }
    }

    fn set(&mut self, name: &'static str, value: impl Into<opentelemetry::Value>) {
        self.attributes.push(KeyValue::new(name, value));
    }
}

impl Trace<'_> {
    fn execution(&self, events: Vec<Event>) -> SpanData {
        let (execution, accepted) = (self.execution, self.execution.accepted());
        let flow = execution.flow();
        let mut span =
            self.span(format!("execution {}", flow.flow.settings.name), execution.created_at(), None);
        span.kind = SpanKind::Server;
        let caller = accepted.trace.as_deref();
        span.parent = caller.map(|caller| caller.span);
        span.set("steadflow.execution.id", execution.id().to_string());
        span.set("steadflow.execution.status", execution.status().as_str());
        span.set("steadflow.execution.triggered_by", accepted.triggered_by.to_string());
        span.set("steadflow.flow.id", accepted.flow.to_string());
        span.set("steadflow.flow.name", flow.flow.settings.name.clone());
        span.set("steadflow.flow.version", i64::from(accepted.version));
        span.set("steadflow.tenant.id", accepted.tenant.to_string());
        span.set("steadflow.recovered", execution.is_recovered());
        if let Some(context) = &accepted.context_id {
            span.set("steadflow.context.id", context.to_string());
        }
        span.attributes.extend(attributes::usage(&execution.usage()));
        span.events = events;
        if let Some(error) = execution.error() {
            let is_failure = execution.status() == ExecutionStatus::Failed;
            let class = error.class.map_or(NO_CLASS, ErrorClass::as_str);
            span.error = is_failure.then(|| (class, Arc::clone(&error.message)));
        }
        if let Some(parent) = &accepted.parent {
            span.links.push(link(parent.execution, caller, Span::Node(parent.node), "parent"));
        }
        if let Some(retried) = accepted.retry_of {
            span.links.push(link(retried, caller, Span::Execution, "retry_of"));
        }
        if let Some(fork) = &accepted.forked_from {
            span.links.push(link(fork.of, caller, Span::Execution, "forked_from"));
        }
        self.seal(Span::Execution, span)
    }

    /// Adds the spans of a node, if it did anything.
    fn node(&self, index: NodeIndex, node: &NodeExecution, events: Vec<Event>, spans: &mut Vec<SpanData>) {
        let Some(started_at) = node.started_at.filter(|_| !node.reused) else { return };
        let known = self.execution.graph().node(index);
        let skill = known.kind.room().skill();
        let agent = skill.and_then(|(id, _)| self.agents.get(&id));
        let name = match (agent, skill) {
            (Some(agent), _) => format!("invoke_agent {}", agent.name),
            (None, Some(_)) => "invoke_agent".to_owned(),
            (None, None) => format!("{} {}", known.kind.room().about().name, known.id),
        };
        let mut span = self.span(name, started_at, node.completed_at);
        span.parent = Some(self.id(Span::Execution));
        span.set("steadflow.node.id", known.id.to_string());
        span.set("steadflow.node.type", known.kind.room().about().type_name());
        span.set("steadflow.node.status", node.status().as_str());
        span.attributes.push(attributes::count("steadflow.node.attempts", node.attempts.len() as u64));
        if let Some((id, skill)) = skill {
            span.set("gen_ai.operation.name", "invoke_agent");
            span.set("gen_ai.agent.id", id.to_string());
            span.set("steadflow.agent.skill", skill.to_owned());
            if let Some(agent) = agent {
                span.set("gen_ai.agent.name", agent.name.clone());
                span.attributes.extend(provider(agent, 0));
            }
            span.attributes.extend(attributes::usage(&node.usages().collect()));
        }
        span.events = events;
        if node.status() == NodeStatus::Failed
            && let Some(error) = node.attempts.last().and_then(|attempt| attempt.error.as_ref())
        {
            span.error = Some((error.class.as_str(), Arc::clone(&error.message)));
        }
        spans.push(self.seal(Span::Node(index), span));
        for attempt in &node.attempts {
            spans.push(self.attempt(index, attempt));
        }
        if let Some((id, skill)) = skill {
            self.calls(index, (id, skill), spans);
        }
    }

    fn attempt(&self, node: NodeIndex, attempt: &AttemptRecord) -> SpanData {
        let number = attempt.attempt.number();
        let mut span = self.span(format!("attempt {number}"), attempt.started_at, attempt.ended_at);
        span.parent = Some(self.id(Span::Node(node)));
        span.set("steadflow.attempt.number", i64::from(number));
        span.set("steadflow.attempt.worker", attempt.worker.to_string());
        if attempt.released {
            span.set("steadflow.attempt.released", true);
        }
        if let Some(retry_at) = attempt.retry_at {
            span.set("steadflow.attempt.next_retry_at", retry_at.to_string());
        }
        span.attributes.extend(attributes::usage(&attempt.usages.iter().collect()));
        span.error = attempt.error.as_ref().map(|error| (error.class.as_str(), Arc::clone(&error.message)));
        self.seal(Span::Attempt(node, number), span)
    }

    /// Adds a span for each call of an agent node that was made.
    fn calls(&self, node: NodeIndex, (id, skill): (AgentId, &str), spans: &mut Vec<SpanData>) {
        let mut calls = Calls::new(node, self.execution.input_of(node).cloned());
        self.records.iter().for_each(|record| calls.read(record));
        let agent = self.agents.get(&id).map(|agent| &**agent);
        let calls = calls.all();
        for call in calls.iter().filter(|call| was_made(call)) {
            let mut span = self.span(String::new(), call.started_at, call.ended_at);
            span.parent = Some(self.id(Span::Attempt(node, call.attempt)));
            match &call.tool {
                Some(guardrail) if transcript::is_guard(&call.step) => {
                    self.describe_judge(&mut span, call, guardrail)
                }
                Some(tool) => self.describe_tool(&mut span, call, tool),
                None => self.describe_question(&mut span, call, agent, skill),
            }
            if let Some(turn) = transcript::turn_of(&call.step) {
                span.set("steadflow.turn", i64::from(turn));
            }
            span.error = match &call.end {
                End::Result(StepResult::Failed { class, message, .. }) => {
                    Some((class.as_str(), Arc::clone(message)))
                }
                End::Stopped(Some(class)) => Some((class.as_str(), "The attempt ended first.".into())),
                End::Stopped(None) | End::Waiting | End::Open | End::Result(StepResult::Completed(_)) => None,
            };
            spans.push(self.seal(Span::Call(node, call.attempt, &call.step), span));
        }
    }

    fn describe_tool(&self, span: &mut Draft, call: &Call, tool: &str) {
        span.name = format!("execute_tool {tool}");
        span.set("gen_ai.operation.name", "execute_tool");
        span.set("gen_ai.tool.name", tool.to_owned());
        span.set("gen_ai.tool.type", "function");
        self.content.tool(&mut span.attributes, call);
        if let Some(usage) = &call.usage {
            span.attributes.extend(attributes::usage_of_call(usage));
        }
    }

    fn describe_judge(&self, span: &mut Draft, call: &Call, guardrail: &str) {
        span.name = format!("guardrail {guardrail}");
        span.set("gen_ai.operation.name", "invoke_agent");
        span.set("steadflow.guardrail", guardrail.to_owned());
        if let Some(usage) = &call.usage {
            span.attributes.extend(attributes::usage_of_call(usage));
        }
    }

    fn describe_question(&self, span: &mut Draft, call: &Call, agent: Option<&Agent>, skill: &str) {
        let number = transcript::model_of(&call.step).unwrap_or(0);
        let model = agent.and_then(|agent| agent.model(number)).map(|(config, _)| config.model.clone());
        let model = call.usage.as_ref().and_then(|used| used.model.as_deref().map(str::to_owned)).or(model);
        span.kind = SpanKind::Client;
        match model {
            Some(model) => {
                span.name = format!("chat {model}");
                span.set("gen_ai.operation.name", "chat");
                span.set("gen_ai.request.model", model);
            }
            // It is an agent elsewhere, or a tool of an MCP server.
            None => span.name = format!("call {skill}"),
        }
        if let Some(agent) = agent {
            span.attributes.extend(provider(agent, number));
            self.content.question(&mut span.attributes, call, agent, skill);
        }
        if let Some(usage) = call.usage.as_deref() {
            span.attributes.extend(attributes::usage_of_call(usage));
        }
    }

    fn span(&self, name: impl Into<String>, started_at: Timestamp, ended_at: Option<Timestamp>) -> Draft {
        // What did not end ended with the execution.
        let ended_at = ended_at.or(self.execution.completed_at()).unwrap_or(started_at);
        Draft::new(name, started_at, ended_at.max(started_at))
    }

    fn id(&self, span: Span<'_>) -> u64 {
        span_id(self.execution.id(), span)
    }

    fn seal(&self, span: Span<'_>, draft: Draft) -> SpanData {
        let Draft { name, kind, parent, started_at, ended_at, mut attributes, events, links, error } = draft;
        let status = match error {
            Some((class, message)) => {
                attributes.push(KeyValue::new("error.type", class));
                Status::error(self.content.message(class, &message))
            }
            None => Status::Unset,
        };
        let mut all_events = SpanEvents::default();
        all_events.events = events;
        let mut all_links = SpanLinks::default();
        all_links.links = links;
        SpanData {
            span_context: context(self.execution.id(), self.execution.accepted().trace.as_deref(), span),
            parent_span_id: parent.map_or(SpanId::INVALID, span_of),
            parent_span_is_remote: span == Span::Execution && parent.is_some(),
            span_kind: kind,
            name: name.into(),
            start_time: time(started_at),
            end_time: time(ended_at),
            attributes,
            dropped_attributes_count: 0,
            events: all_events,
            links: all_links,
            status,
            instrumentation_scope: InstrumentationScope::builder("steadflow")
                .with_version(env!("CARGO_PKG_VERSION"))
                .build(),
        }
    }
}

/// Returns whether a call was made: one that waited for an approval that it did not get was not, and an output is none.
fn was_made(call: &Call) -> bool {
    let is_refused = call.approval.as_ref().is_some_and(|asked| {
        asked.decided.as_ref().is_none_or(|decided| !matches!(decided.verdict, Verdict::Approved { .. }))
    });
    !is_refused && transcript::decided_on(&call.step) != Subject::Output
}
