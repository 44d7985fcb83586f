//! A condition on executions, as `--filter NAME=VALUE` says.

use std::str::FromStr;
use std::time::{Duration, SystemTime};

use steadflow_core::timestamp::Timestamp;

/// What can be filtered by: the names here and in the API.
const NAMES: [(&str, &str); 9] = [
    ("flow", "flow_id"),
    ("status", "status"),
    ("error-class", "error_class"),
    ("node", "node"),
    ("since", "start_date"),
    ("until", "end_date"),
    ("search", "q"),
    ("fingerprint", "fingerprint"),
    ("context-id", "context_id"),
];

/// One condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Condition {
    pub(crate) name: &'static str,
    /// As the API calls it.
    pub(crate) parameter: &'static str,
    pub(crate) value: String,
}

impl FromStr for Condition {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = || NAMES.map(|(name, _)| name).join(", ");
        let (name, value) = text
            .split_once('=')
            .ok_or_else(|| format!("use NAME=VALUE, with one of these names: {}", known()))?;
        // The API, and people who know it, write `error_class`.
        let wanted = name.replace('_', "-");
        let found = NAMES.into_iter().find(|(name, _)| *name == wanted);
        let (name, parameter) =
            found.ok_or_else(|| format!("there is no `{name}` to filter by; there are {}", known()))?;
        let value = match name {
            "since" | "until" => moment(value)?,
            _ => value.to_owned(),
        };
        Ok(Self { name, parameter, value })
    }
}

/// Reads a moment, or how long ago it is, such as `2h`.
fn moment(text: &str) -> Result<String, String> {
    if Timestamp::parse(text).is_ok() {
        return Ok(text.to_owned());
    }
    let usage = || {
        "use a moment such as 2026-11-23T10:00:00Z, or how long ago it is, such as 30m, 2h or 7d".to_owned()
    };
    let unit = match text.chars().last() {
        Some('s') => 1,
        Some('m') => 60,
        Some('h') => 3_600,
        Some('d') => 86_400,
        _ => return Err(usage()),
    };
    let number: u32 = text[..text.len() - 1].parse().map_err(|_| usage())?;
    let ago = Duration::from_secs(u64::from(number) * unit);
    let now = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
    let micros = i64::try_from(now.saturating_sub(ago).as_micros()).unwrap_or(i64::MAX);
    Ok(Timestamp::from_micros(micros).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_say_what_there_is() {
        let read = |text: &str| text.parse::<Condition>();

        assert_eq!(
            read("error_class=timeout").map(|read| (read.parameter, read.value)),
            Ok(("error_class", "timeout".into()))
        );
        assert_eq!(
            read("since=2026-11-23T10:00:00Z").map(|read| read.value),
            Ok("2026-11-23T10:00:00Z".into())
        );
        assert!(read("since=2h").is_ok_and(|read| Timestamp::parse(&read.value).is_ok()));
        for (wrong, why) in [
            ("failed", "use NAME=VALUE"),
            ("nodes=a", "there is no `nodes`"),
            ("since=yesterday", "use a moment"),
            ("until=é", "use a moment"),
            ("until=", "use a moment"),
        ] {
            assert!(read(wrong).is_err_and(|error| error.contains(why)), "{wrong}");
        }
    }
}
