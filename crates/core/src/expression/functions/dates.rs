//! Dates: moments with a time zone. They compare as moments, and become text as RFC 3339 has it.

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

use jiff::civil::{Date as Day, DateTime};
use jiff::fmt::rfc2822;
use jiff::fmt::strtime;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, Zoned};
use minijinja::value::{DynObject, Kwargs, Object, ObjectRepr};
use minijinja::{Error, State, Value};

use super::super::json_text::{self, Kind};
use super::super::{number, values};
use super::{charge, invalid};

/// What `date_add` adds, the largest first.
const UNITS: [(&str, Adding); 7] = [
    ("years", Span::try_years),
    ("months", Span::try_months),
    ("weeks", Span::try_weeks),
    ("days", Span::try_days),
    ("hours", Span::try_hours),
    ("minutes", Span::try_minutes),
    ("seconds", Span::try_seconds),
];

/// Sets a unit of a span.
type Adding = fn(Span, i64) -> Result<Span, jiff::Error>;

/// A moment in a time zone.
#[derive(Debug)]
pub(crate) struct Date(Zoned);

impl Object for Date {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn custom_cmp(self: &Arc<Self>, other: &DynObject) -> Option<Ordering> {
        other.downcast_ref::<Self>().map(|other| self.0.timestamp().cmp(&other.0.timestamp()))
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}

impl Date {
    /// Returns the date as RFC 3339 writes it, with `Z` for UTC.
    fn text(&self) -> String {
        if self.0.offset().is_zero() {
            return self.0.timestamp().to_string();
        }
        self.0.timestamp().display_with_offset(self.0.offset()).to_string()
    }
}

/// Returns a date's text, if `value` is a date.
pub(crate) fn text_of(value: &Value) -> Option<String> {
    value.downcast_object_ref::<Date>().map(Date::text)
}

/// Orders two dates as moments; `None` if one is no date.
pub(crate) fn compare(left: &Value, right: &Value) -> Option<Ordering> {
    Some(moment_of(left)?.cmp(&moment_of(right)?))
}

/// Returns the moment of a date, if `value` is one.
pub(crate) fn moment_of(value: &Value) -> Option<Timestamp> {
    value.downcast_object_ref::<Date>().map(|date| date.0.timestamp())
}

/// `date`: of text as RFC 3339, RFC 2822 or ISO 8601 has it or as `format` says, of seconds since 1970, of a date.
///
/// Text without a time zone is in `tz`, which is UTC unless it is given. With `tz`, the date is shown in that zone.
pub(super) fn date(
    state: &State<'_, '_>,
    value: &Value,
    format: Option<&str>,
    named: Kwargs,
) -> Result<Value, Error> {
    charge(state, value)?;
    let format = if format.is_some() { format } else { named.get("format")? };
    let zone = zone(named.get("tz")?)?;
    named.assert_all_used()?;
    let local = zone.clone().unwrap_or(TimeZone::UTC);
    let date = if let Some(date) = value.downcast_object_ref::<Date>() {
        date.0.clone()
    } else if let Some(seconds) = number::text_of(value) {
        of_seconds(&seconds).ok_or_else(|| unreadable(value))?.to_zoned(local)
    } else {
        let text = value.as_str().ok_or_else(|| unreadable(value))?.trim();
        match format {
            Some(format) => formatted(text, format, &local)?,
            None => read(text, &local).ok_or_else(|| unreadable(value))?,
        }
    };
    Ok(Value::from_object(Date(match zone {
        Some(zone) => date.with_time_zone(zone),
        None => date,
    })))
}

/// Returns the moment that a JSON text is in one of the forms that `date` reads without a format.
pub(crate) fn moment(json: &str) -> Option<crate::timestamp::Timestamp> {
    let moment = match Kind::of(json) {
        Kind::Number => of_seconds(json.trim())?,
        Kind::String => read(json_text::string(json).trim(), &TimeZone::UTC)?.timestamp(),
        Kind::Null | Kind::Bool | Kind::List | Kind::Object => return None,
    };
    Some(crate::timestamp::Timestamp::from_micros(moment.as_microsecond()))
}

fn read(text: &str, local: &TimeZone) -> Option<Zoned> {
    if let Ok(zoned) = text.parse::<Zoned>() {
        return Some(zoned);
    }
    if let Ok(moment) = text.parse::<Timestamp>() {
        let pieces = jiff::fmt::temporal::Pieces::parse(text).ok()?;
        let zone = pieces.to_numeric_offset().map_or(TimeZone::UTC, TimeZone::fixed);
        return Some(moment.to_zoned(zone));
    }
    if let Ok(zoned) = rfc2822::parse(text) {
        return Some(zoned);
    }
    let civil = text.parse::<DateTime>().or_else(|_| text.parse::<Day>().map(DateTime::from)).ok()?;
    civil.to_zoned(local.clone()).ok()
}

fn formatted(text: &str, format: &str, local: &TimeZone) -> Result<Zoned, Error> {
    let parts = strtime::parse(format, text)
        .map_err(|error| invalid(format!("`{text}` is not a date in the form `{format}`: {error}")))?;
    let zoned = parts.to_zoned().or_else(|_| {
        let civil = parts.to_datetime().or_else(|_| parts.to_date().map(DateTime::from))?;
        civil.to_zoned(local.clone())
    });
    zoned.map_err(|error| invalid(format!("`{text}` is not a date in the form `{format}`: {error}")))
}

/// Reads seconds since 1970, with a fraction or not.
fn of_seconds(text: &str) -> Option<Timestamp> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let seconds: i64 = whole.parse().ok()?;
    let nanoseconds: i32 = format!("{:0<9.9}", fraction).parse().ok()?;
    Timestamp::new(seconds, if text.starts_with('-') { -nanoseconds } else { nanoseconds }).ok()
}

/// `date_add`: adds the units that are named, the largest first; negative amounts go back.
pub(super) fn date_add(state: &State<'_, '_>, value: &Value, named: Kwargs) -> Result<Value, Error> {
    let mut date = of(state, value)?;
    for (unit, span) in UNITS {
        if let Some(amount) = named.get::<Option<i64>>(unit)? {
            let span = span(Span::new(), amount).map_err(|error| invalid(error.to_string()))?;
            date = date.checked_add(span).map_err(|error| invalid(error.to_string()))?;
        }
    }
    let names = UNITS.map(|(unit, _)| unit).join(", ");
    named.assert_all_used().map_err(|_| invalid(format!("`date_add` takes {names}")))?;
    Ok(Value::from_object(Date(date)))
}

/// `date_format`: as `strftime` has it, in the date's zone or in `tz`.
pub(super) fn date_format(
    state: &State<'_, '_>,
    value: &Value,
    format: &str,
    named: Kwargs,
) -> Result<String, Error> {
    let date = of(state, value)?;
    let zone = zone(named.get("tz")?)?;
    named.assert_all_used()?;
    let date = zone.map_or(date.clone(), |zone| date.with_time_zone(zone));
    written(format, &date)
}

fn written(format: &str, date: &Zoned) -> Result<String, Error> {
    strtime::format(format, date)
        .map_err(|error| invalid(format!("`{format}` is not a form of dates: {error}")))
}

/// Checks a constant form of `date_format`. What is no string is found when the filter gets it.
pub(super) fn check_format(format: &Value) -> Result<(), Error> {
    let any_date = Timestamp::UNIX_EPOCH.to_zoned(TimeZone::UTC);
    format.as_str().map_or(Ok(()), |format| written(format, &any_date).map(|_| ()))
}

/// Checks a constant time zone.
pub(super) fn check_zone(name: &Value) -> Result<(), Error> {
    zone(name.as_str()).map(|_| ())
}

/// Returns the date that `value` is or says.
fn of(state: &State<'_, '_>, value: &Value) -> Result<Zoned, Error> {
    let date = date(state, value, None, Kwargs::from_iter(std::iter::empty::<(String, Value)>()))?;
    let date = date.downcast_object_ref::<Date>().map(|date| date.0.clone());
    date.ok_or_else(|| unreadable(value))
}

fn zone(name: Option<&str>) -> Result<Option<TimeZone>, Error> {
    let unknown = |name: &str| invalid(format!("there is no time zone `{name}`; one is `Europe/Paris`"));
    name.map(|name| TimeZone::get(name).map_err(|_| unknown(name))).transpose()
}

fn unreadable(value: &Value) -> Error {
    invalid(format!("{} is not a date; one is `2026-03-01T09:30:00Z`", values::described(value)))
}
