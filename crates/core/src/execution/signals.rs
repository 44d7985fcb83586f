//! Stored inputs as inputs.

use super::Input;
use crate::inbox::Signal;

impl From<Signal> for Input {
    fn from(signal: Signal) -> Self {
        match signal {
            Signal::Cancel { message, by } => Self::Cancel { message, by },
            Signal::StopCompensation { by } => Self::StopCompensation { by },
            Signal::Pause { by } => Self::Pause { by },
            Signal::Resume { by } => Self::Resume { by },
            Signal::ResumeWithAll { by } => Self::ResumeWithAll { by },
            Signal::RetryNow { node, by } => Self::RetryNow { node, by },
            Signal::Resolve { node, resolution, by } => Self::Resolve { node, resolution, by },
            Signal::Approve { node, answer, by } => Self::Approve { node, answer, by },
            Signal::EventArrived { node, event } => Self::EventArrived { node, event },
            Signal::Interrupt { node, by } => Self::Interrupt { node, by },
            Signal::ChildEnded { node, child, end } => Self::ChildEnded { node, child, end },
        }
    }
}
