//! Nodes that wait for events from outside (E1 to E3).

use steadflow_core::external_event::EventWait;
use steadflow_core::ids::NodeIndex;
use steadflow_core::status::Wait;
use steadflow_core::timestamp::Timestamp;

use super::Verdict;
use super::story::Story;

impl Story {
    pub(super) fn awaits_event(&mut self, node: NodeIndex, wait: &EventWait, at: Timestamp) -> Verdict {
        if self.nodes[node.at()].attempts.is_empty() {
            self.begins(node)?;
        }
        self.is_running()?;
        let due = self.graph().node(node).attempt_timeout.map(|timeout| at.plus(timeout));
        if wait.until != due {
            return Err(format!("E3: a node gives up at {:?}, and was to at {due:?}", wait.until));
        }
        let story = &mut self.nodes[node.at()];
        story.retry_at = None;
        story.wait = Some(Wait::Event { until: wait.until });
        Ok(())
    }
}
