//! Sessions of agents: what the journal of an execution says of them.

use steadflow_core::event::Event;
use steadflow_core::execution::Wait;
use steadflow_core::failure::ErrorClass;
use steadflow_core::ids::NodeIndex;
use steadflow_core::session::SessionPart;

use super::Verdict;
use super::story::Story;

impl Story {
    /// A node has its session, for which it waited, and has it once.
    pub(super) fn session_taken(&mut self, node: NodeIndex, part: &SessionPart) -> Verdict {
        let story = &mut self.nodes[node.at()];
        if story.wait.take() != Some(Wait::Session) {
            return Err("S1: a session for which no node waits".into());
        }
        if story.session.replace(part.clone()).is_some() {
            return Err("S1: a node takes its session twice".into());
        }
        self.is_running()
    }
}

/// Returns the nodes that lose their sessions with these events: they fail whatever they wait for.
pub(super) fn replaced(events: &[Event]) -> Vec<NodeIndex> {
    let replaced = |event: &Event| {
        let Event::AttemptFailed { node, class: ErrorClass::Replaced, .. } = event else { return None };
        Some(*node)
    };
    events.iter().filter_map(replaced).collect()
}
