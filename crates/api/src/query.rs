//! Query parameters: each is known, given once unless it is a list, and within its bounds, or the request is
//! refused with every fault named. A filter that is misspelt must not quietly list everything.

mod page;
mod sessions;
mod versions;
mod without;

use std::str::FromStr;

use axum::extract::FromRequestParts;
use axum::http::Uri;
use axum::http::request::Parts;
use steadflow_core::failure::ErrorClass;
use steadflow_core::folder::Folder;
use steadflow_core::ids::{AgentId, ExecutionId, FlowId};
use steadflow_core::timestamp::Timestamp;
use steadflow_core::visible;
use uuid::Uuid;

use crate::app::App;
use crate::problem::{Problem, ProblemKind};

pub(crate) use page::{CURSOR_PREFIX, Window, X_TOTAL_COUNT, counted, linked, next_address, reply};
pub(crate) use sessions::SessionWindow;
pub(crate) use versions::{RestoreQuery, VersionWindow};
pub(crate) use without::WithoutQuery;

/// The longest text to search for, in characters.
pub(crate) const TEXT_CHARS_MAX: usize = 200;

/// The query, read.
#[derive(Debug)]
pub(crate) struct Query<T>(pub(crate) T);

/// What can be read from a query. A fault is noted in `params`; the returned value is then ignored.
pub(crate) trait FromParams {
    fn from_params(params: &mut Params) -> Self;
}

impl<T: FromParams> FromRequestParts<App> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Problem> {
        let mut params = Params::of(&parts.uri)?;
        let value = T::from_params(&mut params);
        params.finish()?;
        Ok(Self(value))
    }
}

/// The parameters that have not been taken yet.
#[derive(Debug)]
pub(crate) struct Params {
    pairs: Vec<(String, String)>,
    faults: Vec<String>,
}

impl Params {
    pub(crate) fn of(uri: &Uri) -> Result<Self, Problem> {
        let read = axum::extract::Query::<Vec<(String, String)>>::try_from_uri(uri);
        let axum::extract::Query(pairs) =
            read.map_err(|_| Problem::new(ProblemKind::InvalidParameter, "The query cannot be read."))?;
        Ok(Self { pairs, faults: Vec::new() })
    }

    fn finish(mut self) -> Result<(), Problem> {
        for (name, _) in &self.pairs {
            self.faults.push(format!("there is no parameter `{name}`"));
        }
        self.finish_with_others()
    }

    /// Ends the reading of a query in which parameters may be that are not ours.
    ///
    /// # Errors
    /// [`ProblemKind::InvalidParameter`] with every fault of those that were taken.
    pub(crate) fn finish_with_others(self) -> Result<(), Problem> {
        if self.faults.is_empty() {
            return Ok(());
        }
        let detail = format!("The query is not valid: {}.", self.faults.join("; "));
        Err(Problem::new(ProblemKind::InvalidParameter, detail))
    }

    /// Takes a parameter that may be given once.
    pub(crate) fn text(&mut self, name: &str) -> Option<String> {
        let mut all = self.all(name);
        if all.len() > 1 {
            self.faults.push(format!("`{name}` is given {} times", all.len()));
        }
        all.pop()
    }

    /// Takes every value of a parameter.
    pub(crate) fn all(&mut self, name: &str) -> Vec<String> {
        self.pairs.extract_if(.., |(key, _)| key == name).map(|(_, value)| value).collect()
    }

    /// Takes a text of at most [`TEXT_CHARS_MAX`] characters.
    pub(crate) fn short_text(&mut self, name: &str) -> Option<String> {
        let fits = |text: &str| (text.chars().count() <= TEXT_CHARS_MAX).then(|| text.to_owned());
        self.read(name, "a text of at most 200 characters", fits)
    }

    /// Takes a text that is shown to people.
    pub(crate) fn visible_text(&mut self, name: &str) -> Option<String> {
        let fits = |text: &str| {
            let is_shown = text.chars().count() <= TEXT_CHARS_MAX && !text.chars().any(visible::is_hidden);
            is_shown.then(|| text.to_owned())
        };
        self.read(name, "a text of at most 200 characters on one line, without hidden ones", fits)
    }

    /// Takes a folder.
    pub(crate) fn folder(&mut self) -> Option<Folder> {
        self.read("folder", "a folder such as `billing/refunds`", |text| text.parse().ok())
    }

    /// Takes a parameter and reads it with `parse`; `expected` says what it should have been.
    pub(crate) fn read<T>(
        &mut self,
        name: &str,
        expected: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        let text = self.text(name)?;
        let value = parse(&text);
        if value.is_none() {
            self.fault(name, expected);
        }
        value
    }

    /// Notes that `name` is not what it should be.
    pub(crate) fn fault(&mut self, name: &str, expected: &str) {
        self.faults.push(format!("`{name}` must be {expected}"));
    }

    pub(crate) fn flag(&mut self, name: &str) -> Option<bool> {
        self.read(name, "`true` or `false`", |text| text.parse().ok())
    }

    pub(crate) fn flow(&mut self, name: &str) -> Option<FlowId> {
        self.read(name, "a UUID", |text| Uuid::try_parse(text).ok().map(FlowId::new))
    }

    pub(crate) fn agent(&mut self, name: &str) -> Option<AgentId> {
        self.read(name, "a UUID", |text| Uuid::try_parse(text).ok().map(AgentId::new))
    }

    pub(crate) fn execution(&mut self, name: &str) -> Option<ExecutionId> {
        self.read(name, "a UUID", |text| Uuid::try_parse(text).ok().map(ExecutionId::new))
    }

    /// Takes a moment, RFC 3339.
    pub(crate) fn time(&mut self, name: &str) -> Option<Timestamp> {
        let expected = "a moment in RFC 3339, such as 2026-11-23T10:00:00Z (a `+` is written %2B in a query)";
        self.read(name, expected, |text| Timestamp::parse(text).ok())
    }

    pub(crate) fn error_class(&mut self, name: &str) -> Option<ErrorClass> {
        self.named(name, ErrorClass::ALL.iter().map(|class| class.as_str()))
    }

    /// Takes a whole number within bounds.
    pub(crate) fn whole(&mut self, name: &str, min: usize, max: usize) -> Option<usize> {
        let within = |text: &str| text.parse().ok().filter(|number| (min..=max).contains(number));
        self.read(name, &format!("a whole number from {min} to {max}"), within)
    }

    /// Takes the number of a version.
    pub(crate) fn version(&mut self, name: &str) -> Option<u32> {
        let within = |text: &str| text.parse().ok().filter(|version| *version > 0);
        self.read(name, &format!("a whole number from 1 to {}", u32::MAX), within)
    }

    /// Takes the revision of a draft.
    pub(crate) fn revision(&mut self, name: &str) -> Option<u64> {
        let within = |text: &str| text.parse().ok().filter(|revision| *revision > 0);
        self.read(name, "a whole number, such as the `revision` of a draft", within)
    }

    /// Takes one of several names.
    pub(crate) fn named<'n, T: FromStr>(
        &mut self,
        name: &str,
        names: impl Iterator<Item = &'n str>,
    ) -> Option<T> {
        let names: Vec<&str> = names.collect();
        self.read(name, &format!("one of {}", names.join(", ")), |text| text.parse().ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_to_search_for_has_two_hundred_characters_at_most() {
        for (chars, is_taken) in [(TEXT_CHARS_MAX, true), (TEXT_CHARS_MAX + 1, false)] {
            let uri = format!("/?search={}", "%C3%BC".repeat(chars)).parse().unwrap();
            let mut params = Params::of(&uri).unwrap();

            let text = params.short_text("search");

            assert_eq!((text.is_some(), params.finish().is_ok()), (is_taken, is_taken), "{chars}");
        }
    }
}
