//! Why a local command has ended, in words for a person.

use std::io;
use std::time::Duration;

use steadflow_core::failure::{ErrorClass, Failure};
use steadflow_core::visible::is_hidden;

use super::super::message::shortened;
use super::calls::{CANCEL_GRACE, Reason};
use crate::secrets::Scrubber;
use crate::status::kept_text;
use crate::texts::one_line;

/// How many characters of its standard error are a part of the message.
const SAID_CHARS: usize = 600;
/// How many of them are kept beside it. Secrets are masked before anything is cut, so a part of what was kept is not shown.
const KEPT_CHARS: usize = 4_000;

/// The exit status of a program that cannot be run or found, as shells have it.
const CANNOT_RUN: std::ops::RangeInclusive<i32> = 126..=127;
/// The exit status of a program that may be started later (`EX_TEMPFAIL`).
const NOT_NOW: i32 = 75;
/// What is added to a signal that has ended a program, as shells do.
const SIGNALLED: i32 = 128;

/// The end of a local command.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(super) why: Why,
    /// Whether it was ready to be called.
    pub(super) was_ready: bool,
    /// Whether at most one request was under way, so that it is clear whose fault it is.
    pub(super) is_of_one: bool,
    /// What it wrote to its standard error last.
    pub(super) last: String,
}

/// Why a command has ended.
#[derive(Debug)]
pub(super) enum Why {
    /// It could not be started.
    NotStarted(io::Error),
    /// The process before it is still there.
    Unfinished,
    /// It has ended by itself, with this exit status, or does not write any more.
    Gone(Option<i32>),
    /// It wrote a line that is no message.
    Garbage { line: String, error: String },
    /// It wrote a line of more bytes than this.
    TooLong(usize),
    /// It wrote more bytes than this that are no response.
    Flood(usize),
    /// It sent more requests than this.
    Questions(u32),
    /// It was not ready in this time.
    NotReady(Duration),
    /// It refused the handshake.
    Refused(Failure),
    /// It is not needed, or has not shown that it works.
    Dismissed(Reason),
    /// Nobody is left who could call it.
    Unused,
}

impl Ended {
    /// Returns the end of a command that did nothing.
    pub(crate) const fn unused() -> Self {
        Self { why: Why::Unused, was_ready: false, is_of_one: true, last: String::new() }
    }

    /// Returns the end of a command that has crashed.
    #[cfg(test)]
    pub(crate) fn crashed() -> Self {
        Self { why: Why::Gone(Some(1)), was_ready: true, ..Self::unused() }
    }

    /// Returns whether something is wrong with the command.
    pub(crate) const fn is_fault(&self) -> bool {
        !matches!(self.why, Why::Unused | Why::Dismissed(Reason::Idle | Reason::HeldOn))
    }

    /// Returns whether it was ready to be called.
    pub(crate) const fn was_ready(&self) -> bool {
        self.was_ready
    }

    /// Returns whether it has ended while it was asked for the protocol that it speaks, as servers of earlier ones may do.
    pub(super) const fn is_without_answer(&self) -> bool {
        let Why::Gone(status) = self.why else { return false };
        !self.was_ready && !matches!(status, Some(126 | 127 | NOT_NOW))
    }

    /// Returns the failure of a call of the command `name` that was under way, or would have been.
    pub(crate) fn failure(&self, name: &str, scrubber: &Scrubber) -> Failure {
        if let Why::Refused(failure) = &self.why {
            return failure.clone();
        }
        let last = scrubber.text(&self.last);
        let said = one_line(end_of(&last, SAID_CHARS).trim(), SAID_CHARS + 1);
        let what = self.what(scrubber);
        let end = if said.is_empty() {
            " It wrote nothing to its standard error.".to_owned()
        } else {
            format!(" It last wrote to its standard error: {said}")
        };
        let body = (!said.is_empty()).then(|| kept_text(&visible(end_of(&last, KEPT_CHARS))));
        Failure { body, ..Failure::new(self.class(), format!("The local command `{name}` {what}.{end}")) }
    }

    fn what(&self, scrubber: &Scrubber) -> String {
        let when = if self.was_ready { "" } else { " at its start" };
        match &self.why {
            Why::NotStarted(error) => format!("could not be started: {error}"),
            Why::Unfinished => "is not started again, because its last process has not ended yet".to_owned(),
            Why::Gone(Some(status)) if CANNOT_RUN.contains(status) => "cannot be run".to_owned(),
            Why::Gone(Some(NOT_NOW)) => format!("ended{when}, and may be started later"),
            Why::Gone(Some(status)) if *status > SIGNALLED => {
                format!("was ended by signal {}{when}", status - SIGNALLED)
            }
            Why::Gone(Some(status)) => format!("ended with exit status {status}{when}"),
            Why::Gone(None) => format!("closed its standard output{when}"),
            Why::Garbage { line, error } => {
                let line = shortened(&one_line(&scrubber.text(line), 200));
                format!("wrote a line that is no message of MCP{when}, and was ended: `{line}` ({error})")
            }
            Why::TooLong(bytes) => format!("wrote a message of more than {bytes} bytes, and was ended"),
            Why::Flood(bytes) => {
                format!("wrote more than {bytes} bytes that are no response, and was ended")
            }
            Why::Questions(count) => format!("sent more than {count} requests, and was ended"),
            Why::NotReady(time) => {
                format!("was not ready within {} seconds, and was ended", time.as_secs())
            }
            Why::Dismissed(Reason::Silent) => format!(
                "was ended, because it did not answer for {} seconds after a call had been cancelled",
                CANCEL_GRACE.as_secs()
            ),
            Why::Refused(_) | Why::Unused | Why::Dismissed(Reason::Idle | Reason::HeldOn) => {
                "was ended".to_owned()
            }
        }
    }

    fn class(&self) -> ErrorClass {
        let of_one = |class| if self.is_of_one { class } else { ErrorClass::Connection };
        match &self.why {
            Why::NotStarted(error) if is_lasting(error) => ErrorClass::Configuration,
            Why::NotStarted(_) => ErrorClass::Unavailable,
            Why::Gone(Some(status)) if CANNOT_RUN.contains(status) => ErrorClass::Configuration,
            Why::Gone(Some(NOT_NOW)) | Why::Unfinished => ErrorClass::Unavailable,
            Why::Garbage { .. } | Why::Questions(_) => of_one(ErrorClass::Rejected),
            Why::TooLong(_) | Why::Flood(_) => of_one(ErrorClass::OutputTooLarge),
            Why::NotReady(_) => ErrorClass::Timeout,
            Why::Refused(failure) => failure.class,
            Why::Gone(_) | Why::Dismissed(_) | Why::Unused => ErrorClass::Connection,
        }
    }
}

/// Returns whether a program that could not be started for this reason cannot be started later, either.
fn is_lasting(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied | io::ErrorKind::NotADirectory
    )
}

/// Returns the last characters of a text, whole lines if there are any.
fn end_of(text: &str, chars_max: usize) -> &str {
    let Some((from, _)) = text.char_indices().rev().nth(chars_max.saturating_sub(1)) else { return text };
    let end = &text[from..];
    end.split_once('\n').map_or(end, |(_, lines)| if lines.trim().is_empty() { end } else { lines })
}

/// Returns a text in which characters that are not visible are written out.
fn visible(text: &str) -> String {
    let mut visible = String::with_capacity(text.len());
    for c in text.chars() {
        if is_hidden(c) && !matches!(c, '\n' | '\t') {
            visible.extend(c.escape_default());
        } else {
            visible.push(c);
        }
    }
    visible
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(why: Why, was_ready: bool, last: &str) -> Failure {
        let ended = Ended { why, was_ready, is_of_one: true, last: last.to_owned() };
        ended.failure("files", &Scrubber::default())
    }

    #[test]
    fn an_end_says_what_happened_and_what_was_written() {
        for (why, was_ready, class, said) in [
            (Why::Gone(Some(3)), true, ErrorClass::Connection, "ended with exit status 3."),
            (Why::Gone(Some(3)), false, ErrorClass::Connection, "ended with exit status 3 at its start."),
            (Why::Gone(Some(137)), true, ErrorClass::Connection, "was ended by signal 9."),
            (Why::Gone(Some(127)), false, ErrorClass::Configuration, "cannot be run."),
            (Why::Gone(Some(75)), false, ErrorClass::Unavailable, "may be started later."),
            (Why::Gone(None), true, ErrorClass::Connection, "closed its standard output."),
            (
                Why::NotStarted(io::Error::from_raw_os_error(11)),
                false,
                ErrorClass::Unavailable,
                "could not be started: Resource temporarily unavailable",
            ),
            (
                Why::NotStarted(io::Error::from_raw_os_error(2)),
                false,
                ErrorClass::Configuration,
                "could not be started: No such file",
            ),
        ] {
            let failure = failure(why, was_ready, "oh\u{1b}[1m no\r\n");

            assert_eq!(failure.class, class, "{}", failure.message);
            assert!(failure.message.contains(said), "{}", failure.message);
            assert!(failure.message.ends_with("It last wrote to its standard error: oh [1m no"));
            assert_eq!(failure.body.unwrap().to_value().unwrap(), "oh\\u{1b}[1m no\\r\n");
        }
        let silent = failure(Why::Gone(None), true, " \n");
        assert!(silent.message.ends_with("It wrote nothing to its standard error.") && silent.body.is_none());
    }

    #[test]
    fn a_fault_of_one_among_several_calls_is_tried_again() {
        for why in [Why::TooLong(5), Why::Flood(5), Why::Questions(5)] {
            let alone = Ended { why, was_ready: true, is_of_one: true, last: String::new() };
            assert!(!alone.class().is_retried_by_default());
            assert!(Ended { is_of_one: false, ..alone }.class().is_retried_by_default());
        }
    }

    #[test]
    fn the_end_of_a_text_is_its_last_lines() {
        for (text, chars, end) in [
            ("abc", 9, "abc"),
            ("abc", 3, "abc"),
            ("abcd", 3, "bcd"),
            ("ab\ncd\nef", 6, "cd\nef"),
            ("é\n\n", 2, "\n\n"),
        ] {
            assert_eq!(end_of(text, chars), end, "{text:?}");
        }
    }
}
