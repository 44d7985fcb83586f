//! What a provider says in headers that it still has room for.
//!
//! `OpenAI` and most that speak its protocol send `x-ratelimit-{limit,remaining,reset}-{requests,tokens}`, whose reset is a
//! duration (`1s`, `6m0s`, `250ms`, or seconds). Anthropic sends `anthropic-ratelimit-{requests,tokens}-{limit,remaining,reset}`,
//! whose reset is a moment of RFC 3339, and the same of input and output tokens. Mistral and Cerebras end the names of the common
//! ones with the time that they are about, `…-req-minute` and `…-tokens-minute`; Mistral sends no reset, and a minute is as long
//! as that can take. Anything else is not understood, so nothing follows from it.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use reqwest::header::HeaderMap;
use steadflow_core::quota::{Allowance, Quota};

const MINUTE: Duration = Duration::from_secs(60);
const ANTHROPIC_TOKENS: [&str; 3] = ["tokens", "input-tokens", "output-tokens"];

/// Returns what the headers of a response say; `None` where they say nothing.
pub(super) fn of(headers: &HeaderMap, now: Timestamp) -> Option<Quota> {
    let anthropic = |kind: &str| allowance(headers, |what| format!("anthropic-ratelimit-{kind}-{what}"), now);
    let common = |kind: &str| allowance(headers, |what| format!("x-ratelimit-{what}-{kind}"), now);
    let of_minute = |kind: &str| {
        let name = |what: &str| format!("x-ratelimit-{what}-{kind}-minute");
        allowance_within(headers, name, now, Some(MINUTE))
    };
    let requests = common("requests")
        .or_else(|| anthropic("requests"))
        .or_else(|| of_minute("req"))
        .or_else(|| of_minute("requests"));
    let tightest = || ANTHROPIC_TOKENS.into_iter().filter_map(anthropic).min_by_key(|tokens| tokens.left);
    let tokens = common("tokens").or_else(tightest).or_else(|| of_minute("tokens"));
    let read_at = steadflow_core::timestamp::Timestamp::from_micros(now.as_microsecond());
    (requests.is_some() || tokens.is_some()).then_some(Quota { read_at, requests, tokens })
}

fn allowance(headers: &HeaderMap, name: impl Fn(&str) -> String, now: Timestamp) -> Option<Allowance> {
    allowance_within(headers, name, now, None)
}

/// As [`allowance`]. Where no reset is said, all is there again after `within`.
fn allowance_within(
    headers: &HeaderMap,
    name: impl Fn(&str) -> String,
    now: Timestamp,
    within: Option<Duration>,
) -> Option<Allowance> {
    let text = |what: &str| headers.get(name(what))?.to_str().ok().map(str::trim);
    let number = |what: &str| text(what)?.parse().ok();
    Some(Allowance {
        limit: number("limit"),
        left: number("remaining")?,
        full_after: match text("reset") {
            Some(reset) => full_after(reset, now)?,
            None => within?,
        },
    })
}

/// Reads when all is there again: a moment, a duration with units, or seconds. A moment that is past is now.
fn full_after(text: &str, now: Timestamp) -> Option<Duration> {
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Some(Duration::try_from(moment.duration_since(now)).unwrap_or_default());
    }
    if text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
        return text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    }
    Duration::try_from(text.parse::<SignedDuration>().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use reqwest::header::{HeaderName, HeaderValue};

    use super::*;

    fn quota(lines: &[(&'static str, &'static str)]) -> Option<Quota> {
        let header = |(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value));
        of(&lines.iter().copied().map(header).collect(), "2026-11-28T10:00:00Z".parse().unwrap())
    }

    fn allowance(limit: u64, left: u64, seconds: f64) -> Allowance {
        Allowance { limit: Some(limit), left, full_after: Duration::from_secs_f64(seconds) }
    }

    #[test]
    fn both_families_of_headers_are_read() {
        let common = quota(&[
            ("x-ratelimit-limit-requests", "60"),
            ("x-ratelimit-remaining-requests", "59"),
            ("x-ratelimit-reset-requests", "1s"),
            ("x-ratelimit-limit-tokens", "150000"),
            ("x-ratelimit-remaining-tokens", "149984"),
            ("x-ratelimit-reset-tokens", "6m0.5s"),
        ]);
        let common = common.unwrap();
        assert_eq!(common.requests, Some(allowance(60, 59, 1.0)));
        assert_eq!(common.tokens, Some(allowance(150_000, 149_984, 360.5)));

        let anthropic = quota(&[
            ("anthropic-ratelimit-tokens-limit", "90000"),
            ("anthropic-ratelimit-tokens-remaining", "12000"),
            ("anthropic-ratelimit-tokens-reset", "2026-11-28T10:00:45Z"),
            ("anthropic-ratelimit-output-tokens-limit", "8000"),
            ("anthropic-ratelimit-output-tokens-remaining", "0"),
            ("anthropic-ratelimit-output-tokens-reset", "2026-11-28T10:00:30Z"),
        ]);
        let anthropic = anthropic.unwrap();
        assert_eq!((anthropic.requests, anthropic.tokens), (None, Some(allowance(8_000, 0, 30.0))));
    }

    #[test]
    fn headers_of_a_minute_are_read() {
        let mistral = quota(&[
            ("x-ratelimit-limit-req-minute", "720"),
            ("x-ratelimit-remaining-req-minute", "717"),
            ("x-ratelimit-limit-tokens-minute", "5000000"),
            ("x-ratelimit-remaining-tokens-minute", "4999911"),
            ("x-ratelimit-tokens-query-cost", "52"),
        ]);
        let mistral = mistral.unwrap();
        assert_eq!(mistral.requests, Some(allowance(720, 717, 60.0)));
        assert_eq!(mistral.tokens, Some(allowance(5_000_000, 4_999_911, 60.0)));

        let cerebras = quota(&[
            ("x-ratelimit-limit-requests-day", "14400"),
            ("x-ratelimit-remaining-requests-day", "14399"),
            ("x-ratelimit-reset-requests-day", "33011.38"),
            ("x-ratelimit-limit-tokens-minute", "60000"),
            ("x-ratelimit-remaining-tokens-minute", "59500"),
            ("x-ratelimit-reset-tokens-minute", "11.38"),
        ]);
        let cerebras = cerebras.unwrap();
        assert_eq!((cerebras.requests, cerebras.tokens), (None, Some(allowance(60_000, 59_500, 11.38))));
        assert_eq!(quota(&[("x-ratelimit-remaining-req-minute", "many")]), None);
        let unread = [("x-ratelimit-remaining-req-minute", "7"), ("x-ratelimit-reset-req-minute", "soon")];
        assert_eq!(quota(&unread), None);
    }

    #[test]
    fn what_is_not_understood_says_nothing() {
        for (left, reset) in [
            ("-1", "1s"),
            ("5.5", "1s"),
            ("many", "1s"),
            ("5", "soon"),
            ("5", "-1s"),
            ("5", "1e300"),
            ("5", ""),
            ("5", "."),
            ("", "1s"),
        ] {
            let lines = [("x-ratelimit-remaining-requests", left), ("x-ratelimit-reset-requests", reset)];
            assert_eq!(quota(&lines), None, "{left} {reset}");
        }
        assert_eq!(quota(&[("x-ratelimit-remaining-requests", "5")]), None, "without a reset, nobody knows");
        assert_eq!(quota(&[]), None);
    }

    #[test]
    fn a_reset_is_a_duration_or_a_moment() {
        for (reset, seconds) in [
            ("1s", 1.0),
            ("250ms", 0.25),
            ("8.64s", 8.64),
            ("2m59.56s", 179.56),
            ("1h2m3s", 3_723.0),
            ("7", 7.0),
            ("7.5", 7.5),
            ("0s", 0.0),
            ("2026-11-28T09:00:00Z", 0.0),
            ("2026-11-28T11:00:10+01:00", 10.0),
        ] {
            let lines = [("x-ratelimit-remaining-tokens", "3"), ("x-ratelimit-reset-tokens", reset)];
            let tokens = quota(&lines).and_then(|quota| quota.tokens);
            let full_after = Duration::from_secs_f64(seconds);
            assert_eq!(tokens, Some(Allowance { limit: None, left: 3, full_after }), "{reset}");
        }
    }
}
