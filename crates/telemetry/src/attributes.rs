//! What several kinds of spans say: ids, times, usage, providers, and events.

use std::time::{Duration, SystemTime};

use opentelemetry::KeyValue;
use opentelemetry::trace::{Event, Link, SpanContext, SpanId, TraceFlags, TraceId, TraceState};
use steadflow_core::agent::{Agent, Provider};
use steadflow_core::event::Event as Happened;
use steadflow_core::ids::ExecutionId;
use steadflow_core::timestamp::Timestamp;
use steadflow_core::trace::{Span, span_id, trace_id};
use steadflow_core::trace_parent::TraceParent;
use steadflow_core::usage::{Usage, UsageSum};

/// Returns which span of which trace it is.
pub(crate) fn context(execution: ExecutionId, caller: Option<&TraceParent>, span: Span<'_>) -> SpanContext {
    let trace = TraceId::from_bytes(trace_id(execution, caller).to_be_bytes());
    SpanContext::new(trace, span_of(span_id(execution, span)), TraceFlags::SAMPLED, false, TraceState::NONE)
}

pub(crate) const fn span_of(id: u64) -> SpanId {
    SpanId::from_bytes(id.to_be_bytes())
}

/// Returns a link to a span of another execution, which continues the same trace if this one continues one.
pub(crate) fn link(
    execution: ExecutionId,
    caller: Option<&TraceParent>,
    span: Span<'_>,
    relation: &'static str,
) -> Link {
    Link::new(context(execution, caller, span), vec![KeyValue::new("steadflow.link", relation)], 0)
}

pub(crate) fn time(at: Timestamp) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_micros(u64::try_from(at.as_micros()).unwrap_or_default())
}

pub(crate) fn count(name: &'static str, count: u64) -> KeyValue {
    KeyValue::new(name, i64::try_from(count).unwrap_or(i64::MAX))
}

/// Returns the attributes of what several calls used; nothing if no model answered.
pub(crate) fn usage(sum: &UsageSum) -> Vec<KeyValue> {
    let UsageSum { input_tokens, cached_input_tokens, cache_write_tokens, output_tokens, costs } = sum;
    if input_tokens.max(output_tokens) == &0 {
        return Vec::new();
    }
    let mut attributes = vec![
        count("gen_ai.usage.input_tokens", *input_tokens),
        count("gen_ai.usage.output_tokens", *output_tokens),
    ];
    for (name, tokens) in [
        ("gen_ai.usage.cache_read.input_tokens", *cached_input_tokens),
        ("gen_ai.usage.cache_creation.input_tokens", *cache_write_tokens),
    ] {
        attributes.extend((tokens > 0).then(|| count(name, tokens)));
    }
    // Costs in several currencies have no sum.
    if let (1, Some((currency, cost))) = (costs.len(), costs.first_key_value()) {
        attributes.push(KeyValue::new("steadflow.usage.cost", *cost));
        attributes
            .extend(currency.map(|currency| KeyValue::new("steadflow.usage.currency", currency.to_string())));
    }
    attributes
}

/// Returns the attributes of what one call used.
pub(crate) fn usage_of_call(used: &Usage) -> Vec<KeyValue> {
    let mut sum = UsageSum::default();
    sum.add(used);
    usage(&sum)
}

/// Returns who provides a model of an agent; the first one has the number 0.
pub(crate) fn provider(agent: &Agent, model: usize) -> Option<KeyValue> {
    let (config, _) = agent.model(model)?;
    let name = match config.provider {
        Provider::OpenAi => "openai",
        Provider::Anthropic => "anthropic",
        Provider::Gemini => "gcp.gemini",
        Provider::Ollama => "ollama",
    };
    Some(KeyValue::new("gen_ai.provider.name", name))
}

/// Returns what the span of an execution or of a node says of something that happened to it. What attempts and calls did is
/// in spans of their own.
pub(crate) fn event_of(happened: &Happened, at: Timestamp) -> Option<Event> {
    let (name, attribute) = match happened {
        Happened::Started => ("started", None),
        Happened::Adopted { worker } => ("adopted", Some(("steadflow.worker", worker.to_string()))),
        Happened::Paused { .. } => ("paused", None),
        Happened::Resumed { .. } => ("resumed", None),
        Happened::NodeWaiting { wait, .. } => {
            ("waiting", Some(("steadflow.waiting_for", wait.as_str().to_owned())))
        }
        Happened::EventAwaited { wait, .. } => ("waiting", Some(("steadflow.event", wait.name.to_string()))),
        Happened::TaskStarted { .. } => ("task started", None),
        Happened::TaskResumed { .. } => ("task resumed", None),
        Happened::TaskEnded { .. } => ("task ended", None),
        Happened::ApprovalRequested { tool, .. } => {
            ("approval requested", Some(("gen_ai.tool.name", tool.to_string())))
        }
        Happened::ApprovalDecided { verdict, .. } => {
            ("approval decided", Some(("steadflow.decision", verdict.as_str().to_owned())))
        }
        Happened::SessionTaken { part, .. } => {
            ("session taken", Some(("gen_ai.conversation.id", part.key.to_string())))
        }
        Happened::BackoffEnded { .. } => ("backoff ended", None),
        Happened::Resolved { .. } => ("decided", None),
        Happened::CompensationStarted { end, .. } => {
            ("compensation started", Some(("steadflow.ending_as", end.status.as_str().to_owned())))
        }
        Happened::Accepted(_)
        | Happened::AttemptStarted { .. }
        | Happened::AttemptFailed { .. }
        | Happened::AttemptReleased { .. }
        | Happened::StepStarted { .. }
        | Happened::StepEnded { .. }
        | Happened::ChildrenStarted { .. }
        | Happened::ChildEnded { .. }
        | Happened::NodeCompleted { .. }
        | Happened::NodeFailed { .. }
        | Happened::NodeSkipped { .. }
        | Happened::Finished { .. } => return None,
    };
    let attributes = attribute.map(|(name, value)| KeyValue::new(name, value)).into_iter().collect();
    Some(Event::new(name, time(at), attributes, 0))
}
