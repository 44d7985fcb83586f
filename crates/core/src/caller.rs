//! On whose behalf a request is made, and by whom.

use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::ids::TenantId;

/// Who or what caused an input. Stored with the event that followed from it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// What it is.
    pub kind: ActorKind,
    /// Which one: a user's name, the id of a key or of a schedule. `None` where there is only one of its kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<Arc<str>>,
}

/// The kind of an actor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActorKind {
    /// A person, in the studio, on the command line, or by a call without a key.
    User,
    /// A program, by an API key.
    Key,
    /// A schedule.
    Schedule,
    /// A webhook.
    Webhook,
    /// An event.
    Event,
    /// A link to decide with; its id is whom it was made for.
    Link,
    /// The execution that started this one.
    Parent,
    /// The engine itself.
    System,
}

impl ActorKind {
    /// Returns the name that answers and the journal use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Key => "key",
            Self::Schedule => "schedule",
            Self::Webhook => "webhook",
            Self::Event => "event",
            Self::Link => "link",
            Self::Parent => "parent",
            Self::System => "system",
        }
    }
}

impl Actor {
    /// A person who is not known by name.
    pub const USER: Self = Self { kind: ActorKind::User, id: None };
    /// The engine itself.
    pub const SYSTEM: Self = Self { kind: ActorKind::System, id: None };

    /// Returns the engine itself: what older records, which name no actor, are taken to mean.
    pub const fn system() -> Self {
        Self::SYSTEM
    }
}

/// What a caller may do; each role includes those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Nothing of what the tenant has.
    None,
    /// Look at everything.
    Viewer,
    /// Run, retry, cancel, decide.
    Operator,
    /// Change flows and agents.
    Editor,
    /// Everything.
    Admin,
}

impl Role {
    /// Every role, from the least.
    pub const ALL: [Self; 5] = [Self::None, Self::Viewer, Self::Operator, Self::Editor, Self::Admin];

    /// Returns the name that documents and answers use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Editor => "editor",
            Self::Admin => "admin",
        }
    }
}

/// A text that is the name of no role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a role is none, viewer, operator, editor or admin")]
pub struct UnknownRole;

impl FromStr for Role {
    type Err = UnknownRole;

    fn from_str(text: &str) -> Result<Self, UnknownRole> {
        Self::ALL.into_iter().find(|role| role.as_str() == text).ok_or(UnknownRole)
    }
}

/// Who asks for something, on behalf of which tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Whose data it is about.
    pub tenant: TenantId,
    /// Who asks.
    pub actor: Actor,
    /// What they may do.
    pub role: Role,
}

impl Caller {
    /// A person who is not known by name and may do everything: who runs the program, and everyone who can reach a
    /// server that asks for no key.
    pub const LOCAL: Self = Self { tenant: TenantId::DEFAULT, actor: Actor::USER, role: Role::Admin };
}

#[cfg(test)]
mod tests {
    use super::ActorKind;

    #[test]
    fn the_name_of_a_kind_is_what_the_journal_holds() {
        for name in ["user", "key", "schedule", "webhook", "event", "link", "parent", "system"] {
            let kind: ActorKind = serde_json::from_value(name.into()).unwrap();

            assert_eq!(kind.as_str(), name);
        }
    }
}
