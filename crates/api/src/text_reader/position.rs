//! How far a reader has read, as the id of a message.

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

/// How far a reader has read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TextPosition {
    /// The last record of the execution.
    pub(crate) seq: u64,
    /// What was shown of a turn that has not completed.
    pub(super) shown: Option<Shown>,
}

/// A text that was shown, as far as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shown {
    pub(super) id: Uuid,
    /// Bytes of each kind, in the order of `TextKind::ALL`.
    pub(super) read: [u64; 2],
}

impl fmt::Display for TextPosition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.seq)?;
        match self.shown {
            Some(Shown { id, read: [text, reasoning] }) => write!(f, ".{}.{text}.{reasoning}", id.simple()),
            None => Ok(()),
        }
    }
}

/// A text that is no position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NoPosition;

impl FromStr for TextPosition {
    type Err = NoPosition;

    fn from_str(text: &str) -> Result<Self, NoPosition> {
        let number = |text: &str| text.parse().map_err(|_| NoPosition);
        let words: Vec<&str> = text.splitn(5, '.').collect();
        match words[..] {
            [seq] => Ok(Self { seq: number(seq)?, shown: None }),
            [seq, id, text, reasoning] => {
                let id = Uuid::try_parse(id).map_err(|_| NoPosition)?;
                let read = [number(text)?, number(reasoning)?];
                Ok(Self { seq: number(seq)?, shown: Some(Shown { id, read }) })
            }
            _ => Err(NoPosition),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_is_read_as_it_was_written() {
        let shown = Shown { id: Uuid::from_u128(0x1234), read: [3_000_000_000, 7] };
        for at in [TextPosition { seq: 12, shown: None }, TextPosition { seq: u64::MAX, shown: Some(shown) }]
        {
            assert_eq!(at.to_string().parse(), Ok(at), "{at}");
        }
        for text in
            ["", "-1", "x", "1.", "1.2", "1.2.3", "1.x.3.4", "1.0190c6f57c3a70008000000000000001.3.-4"]
        {
            assert_eq!(text.parse::<TextPosition>(), Err(NoPosition), "{text}");
        }
        let too_long = format!("{at}.5", at = TextPosition { seq: 1, shown: Some(shown) });
        assert_eq!(too_long.parse::<TextPosition>(), Err(NoPosition));
    }
}
