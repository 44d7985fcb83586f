//! Dates in headers.

use jiff::Timestamp;
use jiff::fmt::rfc2822;

/// Reads a date in the three forms of HTTP (RFC 9110, 5.6.7), or in one of mail, as some servers send it.
pub(crate) fn http_date(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    match httpdate::parse_http_date(text) {
        Ok(moment) => Timestamp::try_from(moment).ok(),
        Err(_) => rfc2822::DateTimeParser::new().parse_timestamp(text).ok(),
    }
}
