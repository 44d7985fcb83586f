//! What a person sees while a flow runs: a line for each thing that has happened and, on a terminal, one that moves.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use steadflow_core::execution::Wait;
use steadflow_core::execution::{AttemptRecord, Execution, NodeExecution, NodeState};
use steadflow_core::flow::Node;
use steadflow_core::timestamp::Timestamp;

use crate::output;

/// Says what is new since it was last shown an execution.
pub(super) struct Progress {
    bar: ProgressBar,
    /// For each node how many ended attempts have been told, and in which state it was.
    told: Vec<(usize, NodeState)>,
    /// What happens at present: what to say of it, and the moment that is counted from or to.
    present: Vec<(String, Timestamp)>,
}

impl Progress {
    /// How often the moving line is drawn anew.
    pub(super) const TICK: Duration = Duration::from_millis(100);

    /// Begins. Without a terminal nothing moves: there are lines only.
    pub(super) fn new() -> Self {
        let bar = ProgressBar::new_spinner();
        let style = ProgressStyle::with_template("{spinner} {msg}").expect("the template is valid");
        bar.set_style(style);
        Self { bar, told: Vec::new(), present: Vec::new() }
    }

    /// Tells what has happened since.
    pub(super) fn show(&mut self, execution: &Execution, now: Timestamp) {
        self.told.resize(execution.nodes().len(), (0, NodeState::Pending));
        self.present.clear();
        let width = execution.graph().nodes.iter().map(|node| node.id.as_str().chars().count()).max();
        for at in 0..execution.nodes().len() {
            let (node, state) = (&execution.graph().nodes[at], &execution.nodes()[at]);
            let news = news(state, &self.told[at]);
            for line in news {
                self.say(&format!("{:width$}  {line}", node.id.as_str(), width = width.unwrap_or(0)));
            }
            self.told[at] = (ended_attempts(state).count(), state.state.clone());
            self.present.extend(present(node, state));
        }
        self.tick(now);
    }

    /// Draws the moving line.
    pub(super) fn tick(&self, now: Timestamp) {
        let parts: Vec<String> = self
            .present
            .iter()
            .map(|(what, moment)| {
                // One of the two is zero.
                let span = now.since(*moment) + moment.since(now);
                format!("{what} {}", output::span(span))
            })
            .collect();
        self.bar.set_message(parts.join(" · "));
        self.bar.tick();
    }

    /// Says a line.
    pub(super) fn say(&self, line: &str) {
        self.bar.suspend(|| output::note(line));
    }

    /// Takes the moving line away.
    pub(super) fn end(&self) {
        self.bar.finish_and_clear();
    }
}

/// Tells whether a node waits for a person.
pub(super) const fn asks(node: &NodeExecution) -> bool {
    matches!(node.state, NodeState::Waiting(Wait::Decision))
}

/// Tells whether something will happen to a node by itself.
pub(super) const fn goes_on(node: &NodeExecution) -> bool {
    matches!(
        node.state,
        NodeState::Running { .. } | NodeState::Backoff { .. } | NodeState::Waiting(Wait::Delay { .. })
    )
}

fn waiting(wait: Wait) -> Option<String> {
    match wait {
        Wait::Delay { until } => Some(format!("waits until {until}")),
        Wait::Decision => Some("waits for a person to decide".to_owned()),
        Wait::Child => Some("waits for the executions that it started".to_owned()),
        Wait::Slot | Wait::Retry { .. } => None,
    }
}

fn ended_attempts(node: &NodeExecution) -> impl Iterator<Item = &AttemptRecord> {
    node.attempts.iter().filter(|attempt| attempt.ended_at.is_some())
}

fn news(node: &NodeExecution, (told, state): &(usize, NodeState)) -> Vec<String> {
    let mut lines: Vec<String> = ended_attempts(node).skip(*told).filter_map(failed_attempt).collect();
    if node.state != *state {
        lines.extend(arrival(node));
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

/// What to say of a node that has come to its state.
fn arrival(node: &NodeExecution) -> Option<String> {
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

/// What a node does at present, and since or until when.
fn present(node: &Node, state: &NodeExecution) -> Option<(String, Timestamp)> {
    let id = &node.id;
    let next = state.attempts.len() + 1;
    match state.state {
        NodeState::Running { .. } => {
            let attempt = state.attempts.last()?;
            Some((format!("{id}: attempt {} for", attempt.attempt.number()), attempt.started_at))
        }
        NodeState::Backoff { retry_at } => Some((format!("{id}: attempt {next} in"), retry_at)),
        NodeState::Waiting(Wait::Delay { until }) => Some((format!("{id}: goes on in"), until)),
        NodeState::Pending
        | NodeState::Waiting(_)
        | NodeState::Completed
        | NodeState::Failed
        | NodeState::Cancelled
        | NodeState::Skipped => None,
    }
}
