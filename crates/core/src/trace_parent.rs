//! The trace that an execution continues (W3C Trace Context, `traceparent`).

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// The span that an execution is a part of, of the one who has started it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TraceParent {
    /// The trace; never 0.
    pub trace: u128,
    /// The span; never 0.
    pub span: u64,
    /// Whether the trace is kept.
    pub is_sampled: bool,
}

/// A text that is no `traceparent`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a valid traceparent")]
pub struct TraceParentError;

impl FromStr for TraceParent {
    type Err = TraceParentError;

    /// Reads a header `traceparent`. Of a version that is not known, all that version 00 has is read.
    fn from_str(text: &str) -> Result<Self, TraceParentError> {
        let mut fields = text.split('-');
        let mut field = |length: usize| {
            let is_hex = |text: &&str| text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
            fields.next().filter(|field| field.len() == length).filter(is_hex).ok_or(TraceParentError)
        };
        let (version, trace, span, flags) = (field(2)?, field(32)?, field(16)?, field(2)?);
        if version == "ff" || (version == "00" && fields.next().is_some()) {
            return Err(TraceParentError);
        }
        let trace = u128::from_str_radix(trace, 16).ok().filter(|id| *id > 0).ok_or(TraceParentError)?;
        let span = u64::from_str_radix(span, 16).ok().filter(|id| *id > 0).ok_or(TraceParentError)?;
        let flags = u8::from_str_radix(flags, 16).map_err(|_| TraceParentError)?;
        Ok(Self { trace, span, is_sampled: flags & 1 == 1 })
    }
}

impl fmt::Display for TraceParent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { trace, span, is_sampled } = self;
        write!(f, "00-{trace:032x}-{span:016x}-{:02x}", u8::from(*is_sampled))
    }
}

impl TryFrom<String> for TraceParent {
    type Error = TraceParentError;

    fn try_from(text: String) -> Result<Self, TraceParentError> {
        text.parse()
    }
}

impl From<TraceParent> for String {
    fn from(parent: TraceParent) -> Self {
        parent.to_string()
    }
}

/// Which trace a call belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TraceOf {
    /// That of its execution.
    Execution,
    /// That of the one who has started its execution.
    Caller(Arc<TraceParent>),
    /// None: it belongs to no execution.
    Nothing,
}

impl TraceOf {
    /// Returns the span of the one who has started the execution, if its trace is continued.
    pub fn caller(&self) -> Option<&TraceParent> {
        match self {
            Self::Caller(caller) => Some(caller),
            Self::Execution | Self::Nothing => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_specification_allows_continues_a_trace() {
        let (trace, span) = ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7");
        let read = |text: &str| text.parse::<TraceParent>().map(|parent| parent.to_string());
        for (version, flags, more, kept) in [
            ("00", "01", "", "01"),
            ("00", "00", "", "00"),
            ("00", "ff", "", "01"),
            ("00", "02", "", "00"),
            ("01", "01", "", "01"),
            ("fe", "03", "-what-the-future-holds", "01"),
            ("cc", "01", "-", "01"),
        ] {
            let text = format!("{version}-{trace}-{span}-{flags}{more}");
            assert_eq!(read(&text), Ok(format!("00-{trace}-{span}-{kept}")), "{text}");
        }
        let zeros = "0".repeat(32);
        for text in [
            String::new(),
            "00".into(),
            format!("ff-{trace}-{span}-01"),
            format!("00-{trace}-{span}-01-"),
            format!("00-{trace}-{span}-01-x"),
            format!("00-{zeros}-{span}-01"),
            format!("00-{trace}-{}-01", &zeros[..16]),
            format!("00-{}-{span}-01", trace.to_uppercase()),
            format!("00-{trace}-{span}-0"),
            format!("00-{trace}-{span}-001"),
            format!("00-{trace}-{span}-0x"),
            format!("01-{trace}-{span}-01.x"),
            format!("0-{trace}-{span}-01"),
            format!("00-{trace}0-{span}-01"),
            format!("00-+{}-{span}-01", &trace[1..]),
            format!(" 00-{trace}-{span}-01"),
            format!("00_{trace}_{span}_01"),
            format!("00-{trace}-{span}"),
            "ü0".into(),
        ] {
            assert_eq!(read(&text), Err(TraceParentError), "{text}");
        }
    }
}
