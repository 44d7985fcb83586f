//! Dates are what jiff makes of them: read, moved, compared and written, in any zone and on either side of a change of time.

use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, Zoned};
use proptest::prelude::*;
use serde_json::{Value, json};

use steadflow_core::expression::Expression;
use steadflow_core::limits::Limits;
use steadflow_core::payload::Payload;
use steadflow_core::scope::Scope;

use super::scope;

const ZONES: [&str; 6] =
    ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Pacific/Apia"];
const FORMAT: &str = "%Y-%m-%d %H:%M:%S %z %A %j";

proptest! {
    #[test]
    fn a_date_is_shown_in_its_zone(moment in moment(), zone in zone()) {
        let given = evaluated(&format!("x | date_format('{FORMAT}', tz='{zone}')"), &json!(moment.to_string()));

        prop_assert_eq!(given, json!(in_zone(moment, zone).strftime(FORMAT).to_string()));
    }

    #[test]
    fn adding_goes_by_the_calendar_of_the_zone(
        moment in moment(), zone in zone(), months in -30..30_i64, days in -400..400_i64, hours in -100..100_i64,
    ) {
        let text = format!("x | date(tz='{zone}') | date_add(months={months}, days={days}, hours={hours}) | date_format('{FORMAT}')");

        let moved = [Span::new().months(months), Span::new().days(days), Span::new().hours(hours)]
            .into_iter()
            .fold(in_zone(moment, zone), |date, span| date.checked_add(span).expect("it is in range"));
        prop_assert_eq!(evaluated(&text, &json!(moment.to_string())), json!(moved.strftime(FORMAT).to_string()));
    }

    #[test]
    fn dates_are_ordered_as_moments(one in moment(), other in moment(), zone in zone()) {
        let pair = json!([in_zone(one, zone).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string(), other.to_string()]);

        let is_before = evaluated("x[0] | date < x[1] | date", &pair);
        let is_same = evaluated("(x[0] | date) == (x[1] | date)", &pair);

        let one = Timestamp::from_second(one.as_second()).expect("it is in range");
        prop_assert_eq!(is_before, json!(one < other));
        prop_assert_eq!(is_same, json!(one == other));
    }

    #[test]
    fn seconds_since_1970_are_a_moment(moment in moment()) {
        prop_assert_eq!(evaluated("x | date", &json!(moment.as_second())), json!(moment.to_string()));
    }
}

/// A moment of a whole second between 1975 and 2075.
fn moment() -> impl Strategy<Value = Timestamp> {
    (157_766_400..3_313_526_400_i64)
        .prop_map(|second| Timestamp::from_second(second).expect("it is in range"))
}

fn zone() -> impl Strategy<Value = &'static str> {
    prop::sample::select(ZONES.to_vec())
}

fn in_zone(moment: Timestamp, zone: &str) -> Zoned {
    moment.to_zoned(TimeZone::get(zone).expect("the zone is known"))
}

fn evaluated(text: &str, x: &Value) -> Value {
    let text = text.replace("x[", "trigger_data.x[").replace("x |", "trigger_data.x |");
    let scope = Scope { trigger_data: Payload::from_value(&json!({ "x": x })), ..scope() };
    let expression = Expression::compile(&text, &Limits::DEFAULT).expect("it compiles");
    expression.evaluate(&scope).expect("it has a value").to_value().expect("it is readable")
}
