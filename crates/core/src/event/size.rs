//! How much data events hold: what users and peers put into them, as JSON text. What the engine adds is little beside it.

use super::{Accepted, ChildEnd, Event, Resolution, StepResult};
use crate::payload::Payload;

impl Event {
    /// Returns how many bytes of data the event holds. An acceptance is counted where its execution begins.
    pub(crate) fn data_bytes(&self) -> usize {
        let of = |payload: &Option<Payload>| payload.as_ref().map_or(0, Payload::len);
        match self {
            Self::AttemptStarted { input, .. } | Self::StepStarted { input, .. } => of(input),
            Self::AttemptFailed { message, body, .. } => message.len() + of(body),
            Self::StepEnded { result, .. } => result.data_bytes(),
            Self::ChildEnded { end, .. } => end.data_bytes(),
            Self::NodeCompleted { output, .. }
            | Self::Resolved { resolution: Resolution::Complete { output }, .. } => output.len(),
            Self::Accepted(_)
            | Self::Started
            | Self::Adopted { .. }
            | Self::AttemptReleased { .. }
            | Self::ChildrenStarted { .. }
            | Self::NodeFailed { .. }
            | Self::NodeSkipped { .. }
            | Self::NodeWaiting { .. }
            | Self::BackoffEnded { .. }
            | Self::Resolved { .. }
            | Self::Paused { .. }
            | Self::Resumed { .. }
            | Self::Finished { .. } => 0,
        }
    }
}

impl Accepted {
    /// Returns how many bytes of data it holds. Outputs that are reused are counted when their nodes complete with them.
    pub(crate) fn data_bytes(&self) -> usize {
        self.trigger_data.len()
    }
}

impl StepResult {
    fn data_bytes(&self) -> usize {
        match self {
            Self::Completed(output) => output.len(),
            Self::Failed { message, .. } => message.len(),
        }
    }
}

impl ChildEnd {
    fn data_bytes(&self) -> usize {
        self.result.as_ref().map_or(0, Payload::len)
            + self.message.as_ref().map_or(0, |message| message.len())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::execution::ExecutionStatus;
    use crate::ids::{FlowId, TenantId};

    #[test]
    fn data_is_what_users_and_peers_put_into_events() {
        let data = || Payload::from_value(&json!("12345678"));
        let flow = FlowId::new(uuid::Uuid::from_u128(7));
        let accepted = Accepted::new(TenantId::DEFAULT, flow, 1, "w".into());
        assert_eq!(Accepted { trigger_data: data(), ..accepted }.data_bytes(), 10);
        assert_eq!(StepResult::Completed(data()).data_bytes(), 10);
        let end = ChildEnd {
            status: ExecutionStatus::Completed,
            result: Some(data()),
            message: Some("four".into()),
            class: None,
        };
        assert_eq!(end.data_bytes(), 14);
        assert_eq!(ChildEnd { result: None, ..end }.data_bytes(), 4);
    }
}
