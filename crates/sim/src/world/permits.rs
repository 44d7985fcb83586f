//! What protects an agent holds over all processes.

use steadflow_core::work::{CallKey, Task, Work};

use super::{ProcessId, World};
use crate::agents::{WITH_OTHERS, WITH_TOOLS};

/// Calls of an agent with tools that may be under way at once.
const CALLS_MAX: usize = 1;

impl World {
    /// A call of an agent with tools begins: no other of that agent is under way, in whichever process. One that stands still, or has lost its
    /// lease, cannot stop its calls.
    pub(super) fn protection_holds(&mut self, id: ProcessId, work: &Work) -> Result<(), String> {
        let agent = match &work.task {
            Task::Skill { agent_id, .. } => *agent_id,
            Task::Turn(turn) => turn.agent_id,
            Task::Summary(summary) => summary.agent_id,
            Task::Tool { .. }
            | Task::Judge(_)
            | Task::ListTools { .. }
            | Task::CancelTask { .. }
            | Task::HttpRequest
            | Task::Message(_)
            | Task::Code(_)
            | Task::Echo => return Ok(()),
        };
        if ![WITH_TOOLS, WITH_OTHERS].contains(&agent) {
            return Ok(());
        }
        self.protected.insert(work.key(), agent);
        let moving = self.processes.values().filter(|process| !process.is_frozen());
        let leased = moving.filter(|process| {
            let end = process.worker.lessee().and_then(|lessee| self.checker.lease_end(lessee));
            end.is_some_and(|end| end > process.clock(self.now))
        });
        let is_its = |call: &&CallKey| self.protected.get(*call) == Some(&agent);
        let calls = leased.flat_map(|process| process.tasks.iter().filter(is_its));
        let under_way = calls.count();
        if under_way >= CALLS_MAX {
            return Err(format!("protection: {id} calls an agent of which {under_way} calls are under way"));
        }
        Ok(())
    }
}
