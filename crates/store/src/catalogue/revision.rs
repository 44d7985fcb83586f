//! What a change is made to, so that a change that was made meanwhile is not overwritten.

use std::fmt;
use std::str::FromStr;

use super::FlowStatus;

/// The state of a flow or an agent that a change is made to. It differs whenever something differs that can be
/// changed, but the folder of a flow: who edits a flow is not held up by somebody who moves it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Revision {
    /// The current version, from 1.
    pub version: u32,
    /// The status of a flow, which changes without a new version; `None` for an agent.
    pub status: Option<FlowStatus>,
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.status {
            Some(status) => write!(f, "{}-{status}", self.version),
            None => write!(f, "{}", self.version),
        }
    }
}

impl FromStr for Revision {
    type Err = ();

    /// Reads exactly what [`fmt::Display`] writes: `03` is not the text of version 3.
    fn from_str(text: &str) -> Result<Self, ()> {
        let (version, status) = match text.split_once('-') {
            Some((version, status)) => (version, Some(status.parse()?)),
            None => (text, None),
        };
        let revision = Self { version: version.parse().map_err(drop)?, status };
        if revision.to_string() == text { Ok(revision) } else { Err(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn revision_is_read_as_it_is_written() {
        for text in ["1", "4294967295", "3-draft", "3-active"] {
            assert_eq!(text.parse::<Revision>().unwrap().to_string(), text);
        }
        for text in ["", "03", "+3", "3-", "3-gone", "-active", "3-active-", "W/3"] {
            assert_eq!(text.parse::<Revision>(), Err(()), "{text}");
        }
    }
}
