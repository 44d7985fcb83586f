//! A moment, as integer microseconds UTC: the stored value is the value that is compared.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize, Serializer};

/// A moment in microseconds since 1970-01-01T00:00:00Z. `core` gets the time as an argument; it never reads a clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The last moment that can be represented: 9999-12-30T22:00:00Z (the limit of jiff). Later ones are clamped to it.
    pub const MAX: Self = Self(253_402_207_200_000_000);

    /// Returns the moment `micros` microseconds after the epoch.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Returns the microseconds since the epoch.
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// Returns the moment `duration` later, at most [`Self::MAX`].
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        let micros = i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
        Self(self.0.saturating_add(micros).min(Self::MAX.0))
    }

    /// Returns the moment `duration` earlier, at least the epoch.
    #[must_use]
    pub fn minus(self, duration: Duration) -> Self {
        let micros = i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
        Self(self.0.saturating_sub(micros).max(0))
    }

    /// Returns how long it is from `earlier` to here; zero if `earlier` is later.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// Parses RFC 3339; the offset is needed.
    ///
    /// # Errors
    /// What jiff says is wrong with the text.
    pub fn parse(text: &str) -> Result<Self, jiff::Error> {
        text.parse::<jiff::Timestamp>().map(|moment| Self(moment.as_microsecond()))
    }
}

impl fmt::Display for Timestamp {
    /// RFC 3339 in UTC with exactly six digits of the second's fraction, so that texts sort like moments.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let moment = jiff::Timestamp::from_microsecond(self.0).unwrap_or(jiff::Timestamp::MAX);
        write!(f, "{moment:.6}")
    }
}

/// A span as a document gives it: seconds, fractions allowed, more than zero, at most `Limits::wait_max`.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Deserialize)]
#[serde(transparent)]
pub struct Seconds(pub f64);

impl Serialize for Seconds {
    /// Whole seconds as a whole number, as people write them.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let whole = self.duration().as_secs();
        if Duration::from_secs(whole).as_secs_f64().total_cmp(&self.0).is_eq() {
            serializer.serialize_u64(whole)
        } else {
            serializer.serialize_f64(self.0)
        }
    }
}

impl Seconds {
    /// Returns the span. A number that is no span (negative, not finite) counts as zero.
    pub fn duration(self) -> Duration {
        Duration::try_from_secs_f64(self.0).unwrap_or(Duration::ZERO)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc3339_goes_there_and_back() {
        let moment = Timestamp::parse("2026-11-23T10:00:00.25+01:00").unwrap();

        assert_eq!(moment.to_string(), "2026-11-23T09:00:00.250000Z");
        assert_eq!(Timestamp::parse(&moment.to_string()).unwrap(), moment);
    }

    #[test]
    fn centuries_ahead_are_clamped() {
        assert_eq!(Timestamp::default().plus(Duration::MAX), Timestamp::MAX);
        assert!(Timestamp::MAX.to_string().starts_with("9999-12-30"));
    }
}
