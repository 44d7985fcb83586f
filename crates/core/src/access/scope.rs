//! The flows that a credential is limited to.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::ids::FlowId;

/// How many flows a key can be limited to.
pub const FLOWS_MAX: usize = 100;

/// Which flows of its tenant a credential is for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum FlowScope {
    /// All, and everything else.
    #[default]
    All,
    /// These and their executions, and nothing else.
    Only(Arc<BTreeSet<FlowId>>),
}

impl FlowScope {
    /// Returns whether a flow is one of them.
    pub fn includes(&self, flow: FlowId) -> bool {
        match self {
            Self::All => true,
            Self::Only(flows) => flows.contains(&flow),
        }
    }

    /// Returns the flows, where there is a limit.
    pub fn flows(&self) -> Option<&BTreeSet<FlowId>> {
        match self {
            Self::All => None,
            Self::Only(flows) => Some(flows),
        }
    }

    /// Returns it as stores keep it: a JSON array of ids, or nothing where there is no limit.
    pub fn to_json(&self) -> Option<String> {
        self.flows().map(|flows| serde_json::to_string(flows).expect("ids are texts"))
    }

    /// Reads what [`Self::to_json`] has written.
    ///
    /// # Errors
    /// If it is something else: that is a limit that nobody knows, and never none.
    pub fn from_json(json: Option<&str>) -> Result<Self, serde_json::Error> {
        json.map_or(Ok(Self::All), |json| serde_json::from_str(json).map(|flows| Self::Only(Arc::new(flows))))
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_limit_is_read_as_it_was_written() {
        let flow = |number| FlowId::new(Uuid::from_u128(number));
        let some = FlowScope::Only(Arc::new([flow(1), flow(2)].into()));

        for scope in [FlowScope::All, FlowScope::Only(Arc::default()), some.clone()] {
            assert_eq!(FlowScope::from_json(scope.to_json().as_deref()).unwrap(), scope);
        }
        assert!(some.includes(flow(1)) && !some.includes(flow(3)) && FlowScope::All.includes(flow(3)));
        for damaged in ["", "null", "{}", "[1]"] {
            assert!(FlowScope::from_json(Some(damaged)).is_err(), "{damaged}");
        }
    }
}
