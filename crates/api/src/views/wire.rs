//! The small values that all views are made of.

use serde::{Serialize, Serializer};
use std::borrow::Cow;
use std::time::Duration;

use steadflow_core::approval::{Subject, Verdict};
use steadflow_core::caller::ActorKind;
use steadflow_core::execution::{ExecutionStatus, NodeStatus};
use steadflow_core::expression::ValueType;
use steadflow_core::failure::ErrorClass;
use steadflow_core::payload::Payload;
use steadflow_core::timestamp::Timestamp;
use steadflow_store::FlowStatus;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, Schema, SchemaFormat, Type};
use utoipa::{PartialSchema, ToSchema};

/// A moment: RFC 3339, UTC, microseconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Time(Timestamp);

impl From<Timestamp> for Time {
    fn from(moment: Timestamp) -> Self {
        Self(moment)
    }
}

impl Time {
    pub(crate) const fn moment(self) -> Timestamp {
        self.0
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl PartialSchema for Time {
    fn schema() -> RefOr<Schema> {
        let format = SchemaFormat::KnownFormat(KnownFormat::DateTime);
        ObjectBuilder::new().schema_type(Type::String).format(Some(format)).into()
    }
}

impl ToSchema for Time {
    fn name() -> Cow<'static, str> {
        "Time".into()
    }
}

/// Any JSON, passed on as the text that it is stored as.
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct AnyJson(pub(crate) Payload);

impl From<&Payload> for AnyJson {
    fn from(payload: &Payload) -> Self {
        Self(payload.clone())
    }
}

impl PartialSchema for AnyJson {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new().schema_type(utoipa::openapi::schema::SchemaType::AnyValue).into()
    }
}

impl ToSchema for AnyJson {
    fn name() -> Cow<'static, str> {
        "AnyJson".into()
    }
}

/// What a person decides on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ApprovalSubject)]
pub(crate) enum SubjectName {
    /// The call of a tool.
    Tool,
    /// The output of a skill.
    Output,
    /// What the server that does a call as a task asks for.
    Input,
    /// What an approval node asks.
    Node,
}

impl From<Subject> for SubjectName {
    fn from(subject: Subject) -> Self {
        match subject {
            Subject::Tool => Self::Tool,
            Subject::Output => Self::Output,
            Subject::Input => Self::Input,
            Subject::Node => Self::Node,
        }
    }
}

/// What came of a call that needed approval.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum VerdictName {
    /// It is made.
    Approved,
    /// A person refused it.
    Rejected,
    /// A person has made no choice, of a request for input.
    Cancelled,
    /// Nobody decided in time, so it is not made.
    Expired,
}

impl VerdictName {
    pub(crate) const fn of(verdict: &Verdict) -> Self {
        match verdict {
            Verdict::Approved { .. } => Self::Approved,
            Verdict::Rejected => Self::Rejected,
            Verdict::Cancelled => Self::Cancelled,
            Verdict::Expired => Self::Expired,
        }
    }
}

macro_rules! names {
    ($($(#[$doc:meta])* $wire:ident = $name:literal, $core:ty, $all:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub(crate) struct $wire($core);

        impl From<$core> for $wire {
            fn from(value: $core) -> Self {
                Self(value)
            }
        }

        impl $wire {
            pub(crate) fn as_str(self) -> &'static str {
                self.0.as_str()
            }
        }

        impl Serialize for $wire {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl PartialSchema for $wire {
            fn schema() -> RefOr<Schema> {
                let names = $all.iter().map(|value| value.as_str());
                ObjectBuilder::new().schema_type(Type::String).enum_values(Some(names)).into()
            }
        }

        impl ToSchema for $wire {
            fn name() -> Cow<'static, str> {
                $name.into()
            }
        }
    )*};
}

names! {
    /// The status of an execution.
    ExecutionStatusName = "ExecutionStatus", ExecutionStatus, ExecutionStatus::ALL;
    /// The status of a node execution.
    NodeStatusName = "NodeStatus", NodeStatus, NODE_STATUSES;
    /// What someone or something that acts is.
    ActorTypeName = "ActorType", ActorKind, ACTOR_KINDS;
    /// The kind of a failure.
    ErrorClassName = "ErrorClass", ErrorClass, ErrorClass::ALL;
    /// Whether a flow may be started.
    FlowStatusName = "FlowStatus", FlowStatus, FlowStatus::ALL;
    /// The type of a field of the trigger data.
    ValueTypeName = "ValueType", ValueType, ValueType::ALL;
}

const NODE_STATUSES: [NodeStatus; 7] = [
    NodeStatus::Pending,
    NodeStatus::Running,
    NodeStatus::Paused,
    NodeStatus::Completed,
    NodeStatus::Failed,
    NodeStatus::Cancelled,
    NodeStatus::Skipped,
];

const ACTOR_KINDS: [ActorKind; 8] = [
    ActorKind::User,
    ActorKind::Key,
    ActorKind::Schedule,
    ActorKind::Webhook,
    ActorKind::Event,
    ActorKind::Link,
    ActorKind::Parent,
    ActorKind::System,
];

/// Whole milliseconds.
pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Seconds with three decimals: as many as [`millis`] says.
pub(crate) fn seconds(duration: Duration) -> f64 {
    // Exact as a decimal: the nearest float is written with the fewest digits that mean it.
    millis(duration) as f64 / 1_000.0
}

/// How long it was from `start` to `end`; `None` while one of them has not come.
pub(crate) fn span(start: Option<Timestamp>, end: Option<Timestamp>) -> Option<Duration> {
    Some(end?.since(start?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_have_three_decimals() {
        let text = |micros| serde_json::to_string(&seconds(Duration::from_micros(micros))).unwrap();

        assert_eq!(
            [0, 999, 1_000, 70_001, 1_234_567, 4_503_599_627_371_007].map(text),
            ["0.0", "0.0", "0.001", "0.07", "1.234", "4503599627.371"]
        );
    }
}
