//! Events from outside, which start flows and end the waits of nodes.
//!
//! An event fits a wait if it has its name, its correlation where the wait names one, and came neither too early nor too late. Who stores
//! an event looks for waits afterwards, and who stores a wait looks for events afterwards, so that neither misses the other.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::ids::{ExecutionId, NodeId, NodeIndex, TenantId};
use crate::payload::Payload;
use crate::timestamp::Timestamp;

/// Characters of the name and of the correlation of an event.
pub const NAME_CHARS_MAX: usize = 200;
/// Characters of the key by which an event is known that is sent again.
pub const KEY_CHARS_MAX: usize = 255;
/// How long a key is known.
pub const KEY_KNOWN_FOR: Duration = Duration::from_secs(24 * 3_600);
/// Maximum length of what stands beside the data of an event in the output of a node, in bytes of its JSON text.
pub const BESIDE_DATA_BYTES_MAX: usize = 4 * 1024;
/// How far back a node may look for an event, and how long events are kept.
pub const LOOKBACK_MAX: Duration = Duration::from_secs(7 * 24 * 3_600);

/// An event, as it is stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExternalEvent {
    /// Its id, by which events sort in the order in which they came.
    pub id: Uuid,
    /// Whose it is.
    pub tenant: TenantId,
    /// What happened.
    pub name: Arc<str>,
    /// What it is about, such as the number of an order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correlation: Option<Arc<str>>,
    /// What its sender calls it: one that is sent again changes nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<Arc<str>>,
    /// What its sender says.
    pub data: Payload,
    /// When it came.
    pub at: Timestamp,
}

/// What a node waits for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventWait {
    /// The name of the event.
    pub name: Arc<str>,
    /// What the event has to be about; `None` for anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correlation: Option<Arc<str>>,
    /// When the event may have come at the earliest.
    pub since: Timestamp,
    /// When the node gives up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// The wait of one node, as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeWait {
    /// Whose it is.
    pub tenant: TenantId,
    /// The execution.
    pub execution: ExecutionId,
    /// The place of the node in its flow.
    pub node: NodeIndex,
    /// The id of the node.
    pub node_id: NodeId,
    /// What it waits for.
    pub wait: EventWait,
}

impl EventWait {
    /// Returns whether `event` ends this wait.
    pub fn fits(&self, event: &ExternalEvent) -> bool {
        let is_about = self.correlation.is_none() || self.correlation == event.correlation;
        let is_in_time = event.at >= self.since && self.until.is_none_or(|until| event.at <= until);
        self.name == event.name && is_about && is_in_time
    }
}

/// What a node waits for is to be stored, and an event to be looked for that came before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventAsk {
    /// What it waits for.
    pub wait: NodeWait,
    /// When it was asked. Events that were stored before are found.
    pub at: Timestamp,
}

/// What came of an [`EventAsk`].
#[derive(Clone, Debug)]
pub struct EventAnswer {
    /// The node.
    pub node: NodeIndex,
    /// What it waits for, which is stored.
    pub wait: EventWait,
    /// When that was asked for.
    pub asked_at: Timestamp,
    /// An event that was stored before.
    pub event: Option<Box<ExternalEvent>>,
}

impl ExternalEvent {
    /// Returns what flows are given of it.
    pub fn output(&self) -> Payload {
        #[derive(Serialize)]
        struct Output<'e> {
            id: Uuid,
            name: &'e str,
            correlation: Option<&'e str>,
            data: &'e Payload,
            at: String,
        }
        let Self { id, name, correlation, data, at, .. } = self;
        let output = Output { id: *id, name, correlation: correlation.as_deref(), data, at: at.to_string() };
        let text = serde_json::to_string(&output).expect("texts and JSON can be serialized");
        Payload::parse(text).expect("what was serialized is JSON")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(name: &str, correlation: Option<&str>, at: i64) -> ExternalEvent {
        ExternalEvent {
            id: Uuid::nil(),
            tenant: TenantId::DEFAULT,
            name: name.into(),
            correlation: correlation.map(Into::into),
            key: None,
            data: Payload::parse("{\"n\":1.50}".to_owned()).unwrap(),
            at: Timestamp::from_micros(at),
        }
    }

    #[test]
    fn an_event_fits_by_name_correlation_and_time() {
        let wait = |correlation: Option<&str>| EventWait {
            name: "paid".into(),
            correlation: correlation.map(Into::into),
            since: Timestamp::from_micros(5),
            until: Some(Timestamp::from_micros(20)),
        };
        for (correlation, event, fits) in [
            (Some("1"), event("paid", Some("1"), 5), true),
            (Some("1"), event("paid", Some("1"), 4), false),
            (Some("1"), event("paid", Some("2"), 5), false),
            (Some("1"), event("paid", None, 5), false),
            (Some("1"), event("Paid", Some("1"), 5), false),
            (Some(""), event("paid", None, 5), false),
            (None, event("paid", Some("1"), 9), true),
            (None, event("paid", None, 9), true),
            (None, event("paid", None, 20), true),
            (None, event("paid", None, 21), false),
        ] {
            assert_eq!(wait(correlation).fits(&event), fits, "{correlation:?} {event:?}");
        }
    }

    #[test]
    fn what_flows_are_given_keeps_the_data_as_it_was_written() {
        let output = event("paid", None, 0).output();

        assert_eq!(
            output.as_str(),
            r#"{"id":"00000000-0000-0000-0000-000000000000","name":"paid","correlation":null,"data":{"n":1.50},"at":"1970-01-01T00:00:00.000000Z"}"#
        );
    }
}
