//! The progress of a running flow: a line for each event and, on a terminal, a status line.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use steadflow_core::execution::Wait;
use steadflow_core::execution::{AttemptRecord, Execution, NodeExecution, NodeState};
use steadflow_core::flow::Node;
use steadflow_core::timestamp::Timestamp;

use crate::output;

/// Shows what has changed in an execution since the last call.
pub(super) struct Progress {
    bar: ProgressBar,
    /// For each node, the number of ended attempts already shown, and its state at that time.
    shown: Vec<(usize, NodeState)>,
    /// Whether it is said that work is undone.
    has_said_undoing: bool,
    /// What is in progress: its description, and the time to count from or to.
    active: Vec<(String, Timestamp)>,
}

impl Progress {
    /// How often the status line is updated.
    pub(super) const TICK: Duration = Duration::from_millis(100);

    /// Creates a progress display. Without a terminal, there is no status line.
    pub(super) fn new() -> Self {
        let bar = ProgressBar::new_spinner();
        let style = ProgressStyle::with_template("{spinner} {msg}").expect("the template is valid");
        bar.set_style(style);
        Self { bar, shown: Vec::new(), has_said_undoing: false, active: Vec::new() }
    }

    /// Shows what has happened since the last call.
    pub(super) fn show(&mut self, execution: &Execution, now: Timestamp) {
        self.shown.resize(execution.nodes().len(), (0, NodeState::Pending));
        self.active.clear();
        if execution.is_compensated() && !self.has_said_undoing {
            self.has_said_undoing = true;
            // Undoing may be over by the time that it is seen.
            let end = execution.ending_as().unwrap_or(execution.status());
            let why = execution.error().map_or("", |error| &*error.message);
            let why = why.lines().next().unwrap_or_default();
            self.line(&format!("What was done is undone before the execution is {end}: {why}"));
        }
        let width = execution.graph().nodes.iter().map(|node| node.id.as_str().chars().count()).max();
        for at in 0..execution.nodes().len() {
            let (node, state) = (&execution.graph().nodes[at], &execution.nodes()[at]);
            for line in news(state, &self.shown[at]) {
                self.line(&format!("{:width$}  {line}", node.id.as_str(), width = width.unwrap_or(0)));
            }
            self.shown[at] = (ended_attempts(state).count(), state.state.clone());
            self.active.extend(activity(node, state));
        }
        self.tick(now);
    }

    /// Updates the status line.
    pub(super) fn tick(&self, now: Timestamp) {
        let parts: Vec<String> = self
            .active
            .iter()
            .map(|(what, moment)| {
                // One of the two is zero.
                let span = now.since(*moment) + moment.since(now);
                format!("{what} {}", output::span(span))
            })
            .collect();
        self.bar.set_message(output::escaped(&parts.join(" · ")));
        self.bar.tick();
    }

    /// Writes a line.
    pub(super) fn line(&self, line: &str) {
        self.bar.suspend(|| output::note(line));
    }

    /// Removes the status line.
    pub(super) fn end(&self) {
        self.bar.finish_and_clear();
    }
}

/// Returns whether a node waits for a person's decision or approval, or for an event that nobody can send here, and for nothing
/// else.
pub(super) fn waits_for_decision(node: &NodeExecution) -> bool {
    let only_waits = node.has_open_approval() && !node.has_open_call();
    only_waits || matches!(node.state, NodeState::Waiting(Wait::Decision | Wait::Event { until: None }))
}

/// Returns whether a node will continue without a person.
pub(super) fn continues(node: &NodeExecution) -> bool {
    let goes_on = matches!(
        node.state,
        NodeState::Running { .. }
            | NodeState::Backoff { .. }
            | NodeState::Waiting(Wait::Delay { .. } | Wait::Event { until: Some(_) })
    );
    goes_on && !waits_for_decision(node)
}

fn waiting(wait: Wait) -> Option<String> {
    match wait {
        Wait::Delay { until } => Some(format!("waits until {until}")),
        Wait::Decision => Some("waits for a decision".to_owned()),
        Wait::Approval => Some("waits for approval".to_owned()),
        Wait::Child => Some("waits for child executions".to_owned()),
        Wait::Session => Some("waits for its session".to_owned()),
        Wait::Event { until: Some(until) } => Some(format!("waits for an event until {until}")),
        Wait::Event { until: None } => Some("waits for an event".to_owned()),
        Wait::Slot | Wait::Retry { .. } => None,
    }
}

fn ended_attempts(node: &NodeExecution) -> impl Iterator<Item = &AttemptRecord> {
    node.attempts.iter().filter(|attempt| attempt.ended_at.is_some())
}

fn news(node: &NodeExecution, (shown, state): &(usize, NodeState)) -> Vec<String> {
    let mut lines: Vec<String> = ended_attempts(node).skip(*shown).filter_map(failed_attempt).collect();
    if node.state != *state {
        lines.extend(new_state(node));
    }
    lines
}

fn failed_attempt(attempt: &AttemptRecord) -> Option<String> {
    let (error, ended_at) = (attempt.error.as_ref()?, attempt.ended_at?);
    let number = attempt.attempt.number();
    let span = output::span(ended_at.since(attempt.started_at));
    let next = attempt.retry_at.map_or_else(String::new, |at| {
        format!("; attempt {} in {}", number + 1, output::span(at.since(ended_at)))
    });
    Some(format!("attempt {number} failed after {span}: {} ({}){next}", error.message, error.class))
}

/// Describes the state that a node has reached.
fn new_state(node: &NodeExecution) -> Option<String> {
    let span = node.started_at.zip(node.completed_at).map(|(from, to)| output::span(to.since(from)));
    let after = span.map(|span| format!(" after {span}")).unwrap_or_default();
    match node.state {
        NodeState::Pending | NodeState::Running { .. } | NodeState::Backoff { .. } => None,
        NodeState::Waiting(wait) => waiting(wait),
        NodeState::Completed if node.attempts.len() > 1 => {
            Some(format!("completed{after}, on attempt {}", node.attempts.len()))
        }
        NodeState::Completed => Some(format!("completed{after}")),
        NodeState::Failed => Some(format!("failed{after}")),
        NodeState::Cancelled => node.started_at.map(|_| format!("cancelled{after}")),
        NodeState::Skipped => Some("skipped".to_owned()),
    }
}

/// Describes what a node is doing, with its start or end.
fn activity(node: &Node, state: &NodeExecution) -> Option<(String, Timestamp)> {
    let id = &node.id;
    let next = state.attempts.len() + 1;
    match state.state {
        NodeState::Running { .. } => {
            let attempt = state.attempts.last()?;
            Some((format!("{id}: attempt {} for", attempt.attempt.number()), attempt.started_at))
        }
        NodeState::Backoff { retry_at } => Some((format!("{id}: attempt {next} in"), retry_at)),
        NodeState::Waiting(Wait::Delay { until }) => Some((format!("{id}: delay ends in"), until)),
        NodeState::Pending
        | NodeState::Waiting(_)
        | NodeState::Completed
        | NodeState::Failed
        | NodeState::Cancelled
        | NodeState::Skipped => None,
    }
}
