//! What people query of an execution: its row, its fingerprint, and what it adds to the analytics.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use steadflow_core::execution::{AttemptRecord, Execution, ExecutionStatus, NodeExecution, NodeStatus};
use steadflow_core::failure::ErrorClass;
use steadflow_core::ids::{FlowId, NodeId};
use steadflow_core::timestamp::Timestamp;
use steadflow_core::usage::{Currency, Usage, UsageSum};
use steadflow_store::{
    AgentUse, CallCounts, CostKey, ExecutionRow, Fingerprint, Rollup, RollupKey, time_metric, version_metrics,
};

const HOUR_MICROS: i64 = 3_600_000_000;

/// Returns the row that lists show of `execution`.
pub fn row_of(execution: &Execution) -> ExecutionRow {
    let accepted = execution.accepted();
    let count = |status| count_of(execution.nodes().iter().filter(|node| node.status() == status).count());
    let error = execution.error();
    ExecutionRow {
        id: execution.id(),
        tenant: accepted.tenant,
        flow: accepted.flow,
        flow_version: accepted.version,
        status: execution.status(),
        retrying: execution.is_retrying(),
        recovered: execution.is_recovered(),
        current_node: execution.current_node().map(|node| execution.graph().node(node).id.clone()),
        context_id: accepted.context_id.clone(),
        context_type: accepted.context_type.clone(),
        triggered_by: Arc::clone(&accepted.triggered_by),
        retry_of: accepted.retry_of,
        forked_from: accepted.forked_from.as_ref().map(|fork| fork.of),
        parent: accepted.parent.as_ref().map(|parent| parent.execution),
        parent_node: accepted.parent.as_ref().and_then(|parent| parent.node_id().cloned()),
        index: accepted.parent.as_ref().map_or(0, |parent| parent.index),
        shares_slot: !accepted.takes_slot(),
        queue: accepted.queue.clone(),
        error_message: error.map(|error| Arc::clone(&error.message)),
        error_class: error.and_then(|error| error.class),
        fingerprint: fingerprint_of(execution),
        created_at: execution.created_at(),
        started_at: execution.started_at(),
        completed_at: execution.completed_at(),
        total_nodes: count_of(execution.nodes().len()),
        completed_nodes: count(NodeStatus::Completed),
        failed_nodes: count(NodeStatus::Failed),
        attempts: count_of(execution.nodes().iter().map(|node| node.attempts.len()).sum()),
        waiting_for: execution.waiting_for(),
    }
}

fn count_of(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// What this failure has in common with others of its kind; `None` unless the execution failed.
fn fingerprint_of(execution: &Execution) -> Option<Fingerprint> {
    // The failure of a body is one of the execution that it is a part of.
    let is_whole = execution.accepted().body().is_none();
    let error = execution.error().filter(|_| is_whole && execution.status() == ExecutionStatus::Failed)?;
    let node = error.node.map(|node| execution.graph().node(node).id.clone());
    let last_error = error.node.and_then(|node| execution.node(node).attempts.last()?.error.as_ref());
    let message = normalised(last_error.map_or(&error.message, |last| &last.message));
    let class = error.class;
    let flow = execution.accepted().flow;
    let id = fingerprint_id(flow, node.as_ref().map_or("", |node| node.as_str()), class, &message);
    Some(Fingerprint { id, node, class, message: message.into() })
}

/// FNV-1a over the parts, 64 bits as hexadecimal text: stable over versions and machines.
fn fingerprint_id(flow: FlowId, node: &str, class: Option<ErrorClass>, message: &str) -> Arc<str> {
    let class = class.map_or("", ErrorClass::as_str);
    let parts = [flow.to_string(), node.to_owned(), class.to_owned(), message.to_owned()].join("\u{1f}");
    let hash = parts.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    format!("{hash:016x}").into()
}

/// The message with everything that differs from one failure to the next taken out: words with digits become `#`.
fn normalised(message: &str) -> String {
    let is_part = |c: char| c.is_alphanumeric() || c == '-';
    let mut text = String::with_capacity(message.len().min(240));
    for word in message.split_inclusive(|c| !is_part(c)).take(40) {
        let body = word.trim_end_matches(|c| !is_part(c));
        if body.contains(|c: char| c.is_ascii_digit()) {
            text.push('#');
            text.push_str(&word[body.len()..]);
        } else {
            text.push_str(word);
        }
    }
    text
}

/// Returns what an ended execution adds to the analytics.
pub fn rollup_of(execution: &Execution) -> Rollup {
    let ended = execution.completed_at().unwrap_or_else(|| execution.created_at());
    let mut counters =
        Counters { counts: Vec::with_capacity(execution.nodes().len() + 2), node: None, first: 0 };
    if execution.accepted().body().is_none() {
        counters.count_execution(execution);
    }
    counters.count_times(execution);
    let costs = costs_of(execution);
    counters.count_version(execution.flow().version, &costs);
    for (node, state) in execution.graph().nodes.iter().zip(execution.nodes()) {
        // One whose output is reused has none.
        if !state.attempts.is_empty() {
            counters.turn_to(&node.id);
            counters.count_node(state);
        }
    }
    Rollup {
        tenant: execution.accepted().tenant,
        flow: execution.accepted().flow,
        hour: Timestamp::from_micros(ended.as_micros() - ended.as_micros().rem_euclid(HOUR_MICROS)),
        counts: counters.counts,
        agents: agents_of(execution),
        costs,
    }
}

/// What the calls of models used in the execution's own attempts, by agent, model and currency.
fn costs_of(execution: &Execution) -> Vec<(CostKey, CallCounts)> {
    let mut costs: Vec<(CostKey, CallCounts)> = Vec::new();
    for attempt in execution.nodes().iter().flat_map(|node| &node.attempts) {
        for used in &attempt.usages {
            let calls = CallCounts::of(used, attempt.error.is_some());
            let is_same = |key: &CostKey| {
                (key.agent, &key.model, key.currency) == (used.agent_id, &used.model, used.currency)
            };
            match costs.iter_mut().find(|(key, _)| is_same(key)) {
                Some((_, sum)) => sum.add(&calls),
                None => {
                    let Usage { agent_id: agent, ref model, currency, .. } = **used;
                    costs.push((CostKey { agent, model: model.clone(), currency }, calls));
                }
            }
        }
    }
    costs
}

/// How often the execution's own attempts called which agent.
fn agents_of(execution: &Execution) -> Vec<AgentUse> {
    let mut uses: Vec<AgentUse> = Vec::new();
    for (node, state) in execution.graph().nodes.iter().zip(execution.nodes()) {
        let (Some((agent, _)), Some(last)) = (node.kind.room().skill(), state.attempts.last()) else {
            continue;
        };
        let calls = state.attempts.len() as u64;
        let used = AgentUse { agent, calls, last_used_at: last.started_at };
        match uses.iter_mut().find(|sum| sum.agent == used.agent) {
            Some(sum) => sum.add(&used),
            None => uses.push(used),
        }
    }
    uses
}

/// Counters under way. The names are documented in `docs/reference/analytics.md`.
///
/// What completes by its first attempt is the usual case, so one counter, `at_once`, counts all that this means.
struct Counters {
    counts: Vec<(RollupKey, u64)>,
    /// Whose counters are under way; `None` for the flow's.
    node: Option<NodeId>,
    /// Where they begin.
    first: usize,
}

impl Counters {
    fn turn_to(&mut self, node: &NodeId) {
        self.node = Some(node.clone());
        self.first = self.counts.len();
    }

    fn add(&mut self, metric: impl Into<Cow<'static, str>>, value: u64) {
        if value == 0 {
            return;
        }
        let metric = metric.into();
        match self.counts[self.first..].iter_mut().find(|(key, _)| key.metric == metric) {
            Some((_, sum)) => *sum += value,
            None => self.counts.push((RollupKey { node: self.node.clone(), metric }, value)),
        }
    }

    fn count_execution(&mut self, execution: &Execution) {
        let mut attempts = execution.nodes().iter().flat_map(|node| node.attempts.iter());
        let has_failed = attempts.any(|attempt| attempt.error.is_some());
        if execution.status() == ExecutionStatus::Completed && !has_failed {
            self.add("at_once", 1);
        } else {
            self.add("executions", 1);
            self.add(execution.status().as_str(), 1);
        }
        match execution.status() {
            ExecutionStatus::Completed if execution.is_recovered() => self.add("recovered", 1),
            ExecutionStatus::Failed => self.count_failure(execution),
            ExecutionStatus::Completed
            | ExecutionStatus::Pending
            | ExecutionStatus::Running
            | ExecutionStatus::Paused
            | ExecutionStatus::Cancelled => {}
        }
        if execution.accepted().parent.is_none() && execution.accepted().retry_of.is_some() {
            self.add("manual_retries", 1);
            self.add(format!("manual_retries_{}", execution.status()), 1);
        }
        if let Some(started) = execution.started_at() {
            let ended = execution.completed_at().unwrap_or(started);
            self.add("duration_ms", millis(ended.since(started)));
        }
    }

    /// Counts how long calls of models took.
    fn count_times(&mut self, execution: &Execution) {
        let attempts = execution.nodes().iter().flat_map(|node| &node.attempts);
        for used in attempts.flat_map(|attempt| &attempt.usages) {
            if let (Some(model), Some(took)) = (&used.model, used.duration_ms) {
                self.add(time_metric(used.agent_id, model, took), 1);
            }
        }
    }

    /// Counts what calls of models used with the version of the flow.
    fn count_version(&mut self, version: u32, costs: &[(CostKey, CallCounts)]) {
        let mut sums: Vec<(Option<Currency>, CallCounts)> = Vec::new();
        for (CostKey { currency, .. }, calls) in costs {
            match sums.iter_mut().find(|(of, _)| of == currency) {
                Some((_, sum)) => sum.add(calls),
                None => sums.push((*currency, *calls)),
            }
        }
        for (currency, calls) in sums {
            version_metrics(version, currency, &calls).for_each(|(metric, value)| self.add(metric, value));
        }
    }

    fn count_failure(&mut self, execution: &Execution) {
        let error = execution.error();
        let class = error.and_then(|error| error.class);
        let is_of_node = error.is_some_and(|error| error.node.is_some());
        let count = if class == Some(ErrorClass::Timeout) && !is_of_node { "timed_out" } else { "exhausted" };
        self.add(count, 1);
        if let Some(class) = class {
            self.add(format!("failed_by:{class}"), 1);
        }
    }

    fn count_node(&mut self, node: &NodeExecution) {
        let lasted = |attempt: &AttemptRecord| {
            attempt.ended_at.map_or(Duration::ZERO, |at| at.since(attempt.started_at))
        };
        self.add("duration_ms", millis(node.attempts.iter().map(lasted).sum()));
        let failed = || node.attempts.iter().filter(|attempt| attempt.error.is_some());
        let has_failed = failed().next().is_some();
        if node.status() == NodeStatus::Completed && node.attempts.len() == 1 && !has_failed {
            return self.add("at_once", 1);
        }
        self.add("executions", 1);
        self.add(node.status().as_str(), 1);
        match node.status() {
            NodeStatus::Completed if node.is_recovered() => self.add("recovered", 1),
            NodeStatus::Completed => self.add("first_try", 1),
            NodeStatus::Failed => self.add("exhausted", 1),
            NodeStatus::Pending
            | NodeStatus::Running
            | NodeStatus::Paused
            | NodeStatus::Cancelled
            | NodeStatus::Skipped => {}
        }
        self.add("attempts", node.attempts.len() as u64);
        self.add(format!("attempts:{}", node.attempts.len()), 1);
        failed().for_each(|attempt| self.count_failed_attempt(attempt));
    }

    fn count_failed_attempt(&mut self, attempt: &AttemptRecord) {
        let Some((error, ended)) = attempt.error.as_ref().zip(attempt.ended_at) else { return };
        self.add("failed_attempts", 1);
        self.add(format!("error:{}", error.class), 1);
        self.add("failed_attempts_ms", millis(ended.since(attempt.started_at)));
        self.add("backoff_ms", attempt.retry_at.map_or(0, |due| millis(due.since(ended))));
        let used: UsageSum = attempt.usages.iter().collect();
        self.add("tokens_lost", used.input_tokens.saturating_add(used.output_tokens));
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use steadflow_core::caller::Actor;
    use steadflow_core::event::Accepted;
    use steadflow_core::execution::{Decision, FlowVersion, Input};
    use steadflow_core::failure::Failure;
    use steadflow_core::flow::Flow;
    use steadflow_core::ids::{Attempt, ExecutionId, NodeIndex, StepKey, TenantId};
    use steadflow_core::limits::Limits;
    use steadflow_core::payload::Payload;
    use steadflow_core::work::{CallKey, Outcome};
    use uuid::Uuid;

    use super::*;

    #[test]
    fn messages_that_differ_in_numbers_are_alike() {
        assert_eq!(
            normalised("HTTP 503 from 10.0.0.7:8080: order 4711"),
            normalised("HTTP 503 from 10.0.0.9:8081: order 12")
        );
        assert_ne!(normalised("Connection refused"), normalised("Connection reset"));
        assert_eq!(normalised("order-4711 failed"), "# failed");
    }

    #[test]
    fn a_fingerprint_is_the_same_in_every_version() {
        let flow = FlowId::new(uuid::Uuid::from_u128(7));

        let id = fingerprint_id(flow, "call", Some(ErrorClass::Connection), "refused");

        assert_eq!(&*id, "b4d0d06779a29f45");
    }

    #[test]
    fn only_the_timeout_of_the_flow_counts_as_one() {
        for (settings, input, counter) in [
            (json!({ "timeout_seconds": 60 }), Input::Tick, "timed_out"),
            (json!({}), Input::Refused { reason: "too long".into() }, "exhausted"),
        ] {
            let later = Timestamp::from_micros(3_600_000_000);
            let mut execution = started(settings);
            execution.decide(input, later, &mut Decision::default()).unwrap();

            let rollup = rollup_of(&execution);

            let counted: Vec<&str> = rollup
                .counts
                .iter()
                .filter(|(key, _)| key.node.is_none())
                .map(|(key, _)| &*key.metric)
                .filter(|metric| ["timed_out", "exhausted"].contains(metric))
                .collect();
            assert_eq!(counted, [counter]);
        }
    }

    #[test]
    fn what_failed_attempts_used_and_waited_for_is_counted_as_lost() {
        let mut execution = started(json!({ "retry_on_failure": true, "retry_count": 2 }));
        let call = |attempt| {
            let (execution, step) = (ExecutionId::new(Uuid::nil()), StepKey::ONLY);
            CallKey { execution, node: NodeIndex(0), attempt, step }
        };
        let usage =
            Some(Arc::new(Usage { input_tokens: 5, output_tokens: 7, cost: Some(0.5), ..Usage::default() }));
        let failed = Outcome {
            usage: usage.clone(),
            ..Outcome::failed(Failure::new(ErrorClass::Connection, "refused"))
        };
        let completed = Outcome { usage, ..Outcome::completed(Payload::null()) };
        for (seconds, input) in [
            (2, Input::StepEnded { call: call(Attempt::FIRST), outcome: failed.clone() }),
            (3, Input::Tick),
            (6, Input::StepEnded { call: call(Attempt::FIRST.next()), outcome: failed }),
            (8, Input::Tick),
            (9, Input::StepEnded { call: call(Attempt::FIRST.next().next()), outcome: completed }),
        ] {
            let now = Timestamp::from_micros(seconds * 1_000_000);
            execution.decide(input, now, &mut Decision::default()).unwrap();
        }

        let rollup = rollup_of(&execution);

        let lost = |metric: &str| {
            let of_node = |key: &RollupKey| key.node.is_some() && key.metric == metric;
            rollup.counts.iter().find(|(key, _)| of_node(key)).map(|(_, count)| *count)
        };
        assert_eq!(
            ["tokens_lost", "failed_attempts_ms", "backoff_ms", "duration_ms", "recovered"].map(lost),
            [Some(24), Some(5_000), Some(3_000), Some(6_000), Some(1)]
        );
        let [(CostKey { agent: None, model: None, currency: None }, calls)] = &rollup.costs[..] else {
            panic!("{:?}", rollup.costs)
        };
        assert_eq!((calls.calls, calls.tokens(), calls.tokens_lost), (3, 36, 24));
        assert_eq!((calls.cost, calls.cost_lost), (1.5, 1.0));
    }

    #[test]
    fn each_call_of_a_model_that_was_timed_is_counted_also_where_its_attempt_failed() {
        let mut execution = started(json!({ "retry_on_failure": true, "retry_count": 2 }));
        let (model, ms) = (Some("m".into()), Some(840));
        let timed = Some(Arc::new(Usage { model, duration_ms: ms, ..Usage::default() }));
        let untimed = Some(Arc::new(Usage { model: Some("m".into()), ..Usage::default() }));
        let failed =
            |usage| Outcome { usage, ..Outcome::failed(Failure::new(ErrorClass::Connection, "refused")) };
        let completed = Outcome { usage: timed.clone(), ..Outcome::completed(Payload::null()) };
        let mut attempt = Attempt::FIRST;
        for (seconds, outcome) in [(2, failed(timed)), (6, failed(untimed)), (9, completed)] {
            let (execution_id, step) = (ExecutionId::new(Uuid::nil()), StepKey::ONLY);
            let call = CallKey { execution: execution_id, node: NodeIndex(0), attempt, step };
            for (seconds, input) in
                [(seconds - 1, Input::Tick), (seconds, Input::StepEnded { call, outcome })]
            {
                let now = Timestamp::from_micros(seconds * 1_000_000);
                execution.decide(input, now, &mut Decision::default()).unwrap();
            }
            attempt = attempt.next();
        }

        let rollup = rollup_of(&execution);

        let timed: Vec<_> =
            rollup.counts.iter().filter(|(key, _)| key.metric.starts_with("model_ms")).collect();
        let metric = time_metric(None, "m", 840).into();
        assert_eq!(timed, [&(RollupKey { node: None, metric }, 2)]);
    }

    #[test]
    fn a_node_that_was_interrupted_or_cancelled_has_not_completed_at_once() {
        let call = |attempt| {
            let (execution, step) = (ExecutionId::new(Uuid::nil()), StepKey::ONLY);
            CallKey { execution, node: NodeIndex(0), attempt, step }
        };
        let completed = Outcome::completed(Payload::null());
        let again = Input::StepEnded { call: call(Attempt::FIRST.next()), outcome: completed };
        let cancel = Input::Cancel { message: "Not needed".into(), by: Actor::USER };
        for (inputs, counted) in [
            (vec![Input::Release, Input::Tick, again], ["attempts:2", "completed", "first_try"].as_slice()),
            (vec![cancel], ["attempts:1", "cancelled"].as_slice()),
        ] {
            let mut execution = started(json!({}));
            for input in inputs {
                let later = Timestamp::from_micros(1_000_000);
                execution.decide(input, later, &mut Decision::default()).unwrap();
            }

            let rollup = rollup_of(&execution);

            let of_node = rollup.counts.iter().filter(|(key, _)| key.node.is_some());
            let mut metrics: Vec<&str> = of_node.map(|(key, _)| &*key.metric).collect();
            metrics.retain(|metric| !["attempts", "duration_ms", "executions"].contains(metric));
            metrics.sort_unstable();
            assert_eq!(metrics, counted);
        }
    }

    /// Returns an execution whose only node makes a call.
    fn started(mut document: serde_json::Value) -> Execution {
        document["name"] = json!("one");
        let node = json!({ "id": "a", "type": "action", "action": "echo", "input": {} });
        document["flow_definition"] = json!({ "nodes": [node] });
        let (limits, start) = (Limits::DEFAULT, Timestamp::from_micros(0));
        let flow = Flow::parse(&document, &limits).unwrap();
        let flow = FlowVersion::new(TenantId::DEFAULT, FlowId::new(Uuid::nil()), 1, flow, limits);
        let accepted = Accepted::new(TenantId::DEFAULT, flow.flow_id, 1, "w1".into());
        let id = ExecutionId::new(Uuid::nil());
        let mut decision = Decision::default();
        let mut execution = Execution::accept(id, Arc::new(flow), accepted, start, &mut decision);
        execution.decide(Input::Start, start, &mut decision).unwrap();
        execution
    }
}
