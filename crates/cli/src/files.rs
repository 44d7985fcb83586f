//! Flows and agents as files: `steadflow apply`, `export` and `diff`.
//!
//! A file says all of a flow or an agent. It is that of the server which has its `id` or, if the server has none of this id, its name:
//! so one folder serves several servers, on which the same flow has different ids. Between files, ids are those of the files.

mod apply;
mod diff;
mod export;
mod matched;
mod plan;
mod read;
mod stored;
mod text;

pub(crate) use self::apply::{Applied, Applying, NotApplied, Outcome, apply, apply_paths};
pub(crate) use self::diff::{diff, diff_versions};
pub(crate) use self::export::{Exporting, export};
pub(crate) use self::read::files_in;
use self::stored::version_notes;

/// What a file has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    // First: flows use agents.
    Agent,
    Flow,
}

impl Kind {
    pub(crate) const ALL: [Self; 2] = [Self::Agent, Self::Flow];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Flow => "flow",
        }
    }

    /// Returns the address of all of them, below that of the API.
    pub(crate) const fn path(self) -> &'static str {
        match self {
            Self::Agent => "/agents",
            Self::Flow => "/flows",
        }
    }
}

/// What a command is about.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kinds(&'static [Kind]);

impl Kinds {
    pub(crate) const ALL: Self = Self(&Kind::ALL);
    pub(crate) const AGENTS: Self = Self(&[Kind::Agent]);
    pub(crate) const FLOWS: Self = Self(&[Kind::Flow]);

    fn has(self, kind: Kind) -> bool {
        self.0.contains(&kind)
    }
}
