//! The moments at which flows start by themselves.

use std::time::Duration;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Zoned};
use serde_json::{Value, json};
use steadflow_core::flow::Flow;
use steadflow_core::ids::{FlowId, NodeId};
use steadflow_core::limits::Limits;
use steadflow_core::schedule::{Schedule, Tick};
use steadflow_core::timestamp::Timestamp;
use uuid::Uuid;

/// Ten with changes of the clock of all kinds: on both halves of the Earth, by half an hour, at midnight, and none.
const ZONES: [&str; 10] = [
    "Europe/Berlin",
    "America/New_York",
    "America/Sao_Paulo",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
    "Africa/Cairo",
    "Pacific/Chatham",
    "America/Havana",
    "Africa/Casablanca",
    "UTC",
];

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).expect("a moment")
}

fn ticks(cron: &str, zone: &str, from: &str) -> impl Iterator<Item = Timestamp> {
    let schedule = Schedule::new(cron, zone).expect("a schedule");
    let before = at(from).minus(Duration::from_secs(1));
    std::iter::successors(Some(before), move |tick| schedule.next_after(*tick)).skip(1)
}

fn zoned(tick: Timestamp, zone: &TimeZone) -> Zoned {
    jiff::Timestamp::from_microsecond(tick.as_micros()).expect("it can be represented").to_zoned(zone.clone())
}

#[test]
fn a_daily_tick_comes_once_on_every_day_of_a_year_in_every_zone() {
    for (hour, minute) in [(0, 30), (2, 30), (1, 15), (2, 45), (23, 59)] {
        for name in ZONES {
            let zone = TimeZone::get(name).unwrap();
            let first_day: Date = "2026-01-01".parse().unwrap();
            let mut day = first_day;
            for tick in ticks(&format!("{minute} {hour} * * *"), name, "2025-12-31T10:00:00Z")
                .map(|tick| zoned(tick, &zone))
                .skip_while(|tick| tick.date() < first_day)
                .take(365)
            {
                let wanted = day.at(hour, minute, 0, 0);
                // What does not exist comes with the first moment after it; of two that do, the first one counts.
                let first = zone.to_ambiguous_zoned(wanted).compatible().unwrap();
                let exists = first.datetime() == wanted;
                if exists {
                    assert_eq!(tick, first, "{name} {day}");
                } else {
                    assert_eq!(tick.date(), day, "{name}");
                    let before = &tick - SignedDuration::from_secs(1);
                    assert_ne!(before.offset(), tick.offset(), "{name} {tick} is not at the change");
                }
                day = day.tomorrow().unwrap();
            }
            assert_eq!(day, "2027-01-01".parse::<Date>().unwrap(), "{name}");
        }
    }
}

#[test]
fn an_hourly_tick_comes_every_hour_also_where_the_clock_is_changed() {
    for name in ZONES.into_iter().filter(|name| *name != "Australia/Lord_Howe") {
        let year: Vec<Timestamp> = ticks("0 * * * *", name, "2026-01-01T12:00:00Z").take(365 * 24).collect();
        for pair in year.windows(2) {
            assert_eq!(pair[1].since(pair[0]), Duration::from_secs(3_600), "{name} {}", pair[0]);
        }
    }
}

#[test]
fn a_tick_at_the_change_of_the_clock_is_shown_with_its_offset() {
    let shown = |zone: &str, from: &str| {
        let schedule = Schedule::new("30 2 * * *", zone).unwrap();
        let shown: Vec<String> =
            ticks("30 2 * * *", zone, from).take(3).map(|tick| schedule.shown(tick)).collect();
        shown.join(" ")
    };

    insta::assert_snapshot!(shown("Europe/Berlin", "2026-03-28T00:00:00Z"), @"2026-03-28T02:30:00+01:00 2026-03-29T03:00:00+02:00 2026-03-30T02:30:00+02:00");
    insta::assert_snapshot!(shown("Europe/Berlin", "2026-10-24T00:00:00Z"), @"2026-10-24T02:30:00+02:00 2026-10-25T02:30:00+02:00 2026-10-26T02:30:00+01:00");
}

#[test]
fn the_last_tick_up_to_a_moment_is_the_last_of_those_that_follow_one_another() {
    for cron in [
        "* * * 1-24 * *",
        "0 30 1-3 * * *",
        "* * * * * *",
        "*/7 * * * *",
        "30 2 * * *",
        "0 0 1 * *",
        "0 12 29 2 *",
    ] {
        let schedule = Schedule::new(cron, "Europe/Berlin").unwrap();
        let first = schedule.next_after(at("2026-03-20T00:00:00Z")).unwrap();
        for hours in [0, 1, 5, 49] {
            let now = first.plus(Duration::from_secs(hours * 3_600 + 30));
            let wanted = std::iter::successors(Some(first), |tick| schedule.next_after(*tick))
                .take_while(|tick| *tick <= now)
                .last();

            assert_eq!(Some(schedule.last_until(now, first)), wanted, "{cron} {hours}");
        }
    }
    let dense = Schedule::new("* * * 1-30 6 *", "Europe/Berlin").unwrap();
    let first = at("2026-06-01T00:00:00Z");
    assert_eq!(dense.last_until(at("2026-11-29T00:00:00Z"), first), at("2026-06-30T21:59:59Z"), "at once");
    let yearly = Schedule::new("0 0 1 1 *", "UTC").unwrap();
    assert_eq!(
        yearly.last_until(at("2031-06-01T00:00:00Z"), at("2026-01-01T00:00:00Z")),
        at("2031-01-01T00:00:00Z")
    );
}

#[test]
fn missed_ticks_start_once_or_not_at_all() {
    let schedule = |missed: &str| {
        let document = json!({ "cron": "*/5 * * * *", "missed": missed, "jitter_seconds": 10 });
        let flow = Flow::parse(&triggered_by(&document), &Limits::DEFAULT).unwrap();
        flow.schedules().next().unwrap().1.clone()
    };
    let (once, skip) = (schedule("once"), schedule("skip"));
    let first = at("2026-01-01T00:05:00Z");

    for (now, of_once, of_skip) in [
        ("2026-01-01T00:05:00Z", Some("2026-01-01T00:05:00Z"), Some("2026-01-01T00:05:00Z")),
        ("2026-01-01T00:06:10Z", Some("2026-01-01T00:05:00Z"), Some("2026-01-01T00:05:00Z")),
        ("2026-01-01T00:06:11Z", Some("2026-01-01T00:05:00Z"), None),
        ("2026-01-05T11:59:00Z", Some("2026-01-05T11:55:00Z"), None),
        ("2026-01-05T12:00:30Z", Some("2026-01-05T12:00:00Z"), Some("2026-01-05T12:00:00Z")),
    ] {
        let tick = |tick: Option<&str>| tick.map_or(Tick::Skipped, |tick| Tick::Starts(at(tick)));
        assert_eq!(once.at(at(now), first, false), tick(of_once), "{now}");
        assert_eq!(skip.at(at(now), first, false), tick(of_skip), "{now}");
        assert_eq!(skip.at(at(now), first, true), tick(of_once), "{now}: it waited for the one before");
    }
}

#[test]
fn jitter_is_the_same_in_every_process_and_below_its_bound() {
    let document = json!({ "cron": "* * * * *", "jitter_seconds": 20 });
    let flow = Flow::parse(&triggered_by(&document), &Limits::DEFAULT).unwrap();
    let schedule = flow.schedules().next().unwrap().1;
    let (flow, node) = (FlowId::new(Uuid::from_u128(7)), NodeId::new("start"));
    let put_off = |tick: Timestamp| schedule.due(tick, flow, &node).since(tick);

    let all: Vec<Duration> =
        ticks("* * * * *", "UTC", "2026-01-01T00:00:00Z").take(200).map(put_off).collect();

    assert!(all.iter().all(|by| *by < Duration::from_secs(20)), "{all:?}");
    assert!(
        all.iter().any(|by| *by > Duration::from_secs(15))
            && all.iter().any(|by| *by < Duration::from_secs(5))
    );
    assert_eq!(put_off(at("2026-01-01T00:00:00Z")), all[0]);
}

#[test]
fn ticks_lie_between_the_first_and_the_last_moment() {
    let document = json!({
        "cron": "0 * * * *", "starts_at": "2026-01-01T10:00:00Z", "ends_at": "2026-01-01T12:00:00Z",
    });
    let flow = Flow::parse(&triggered_by(&document), &Limits::DEFAULT).unwrap();
    let schedule = flow.schedules().next().unwrap().1;
    let all: Vec<String> = std::iter::successors(schedule.next_after(at("2025-01-01T00:00:00Z")), |tick| {
        schedule.next_after(*tick)
    })
    .map(|tick| schedule.shown(tick))
    .collect();

    assert_eq!(all, ["2026-01-01T10:00:00+00:00", "2026-01-01T11:00:00+00:00", "2026-01-01T12:00:00+00:00"]);
}

#[test]
fn a_schedule_gives_its_data_with_the_moment() {
    let document =
        json!({ "cron": "@daily", "timezone": "Asia/Tokyo", "data": { "n": 1.50, "scheduled_at": "mine" } });
    let flow = Flow::parse(&triggered_by(&document), &Limits::DEFAULT).unwrap();
    let data = flow.schedules().next().unwrap().1.trigger_data(at("2026-01-01T15:00:00Z"));

    insta::assert_snapshot!(data.as_str(), @r#"{"n":1.5,"scheduled_at":"2026-01-02T00:00:00+09:00"}"#);
}

#[test]
fn what_is_no_schedule_is_named_where_it_is() {
    let faults = |schedule: Value| {
        let faults = Flow::parse(&triggered_by(&schedule), &Limits::DEFAULT).expect_err("it has faults");
        faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    };

    insta::assert_snapshot!(faults(json!({})), @r#"/flow_definition/nodes/0/schedule/cron: a schedule needs `cron`: a cron expression, such as "0 9 * * MON-FRI""#);
    insta::assert_snapshot!(faults(json!("0 9 * * *")), @"/flow_definition/nodes/0/schedule: an object is needed here, not a string");
    insta::assert_snapshot!(faults(json!({ "cron": "0 9 * *", "timezone": "Europe/Pariss" })), @"
    /flow_definition/nodes/0/schedule/cron: `0 9 * *` is no cron expression. It has 5 fields, minute, hour, day, month and day of the week, or 6 with the second first: `0 9 * * MON-FRI` is 9:00 on working days
    /flow_definition/nodes/0/schedule/timezone: there is no time zone `Europe/Pariss`; one is `Europe/Paris`
    ");
    insta::assert_snapshot!(faults(json!({ "cron": "0 9 * * *", "timezone": "europe/paris" })), @"/flow_definition/nodes/0/schedule/timezone: the time zone `europe/paris` is written `Europe/Paris`");
    let turned =
        json!({ "cron": "@daily", "starts_at": "2027-01-02T00:00:00Z", "ends_at": "2027-01-01T00:00:00Z" });
    insta::assert_snapshot!(faults(turned), @"/flow_definition/nodes/0/schedule/ends_at: `ends_at` is before `starts_at`, so it never starts");
    insta::assert_snapshot!(faults(json!({ "cron": "* * * * *", "jitter_seconds": 61 })), @"/flow_definition/nodes/0/schedule/jitter_seconds: `jitter_seconds` must not be longer than the 60 seconds between two starts");
    insta::assert_snapshot!(faults(json!({ "cron": "0 0 31 2 *" })), @"/flow_definition/nodes/0/schedule/cron: `0 0 31 2 *` names no day that exists, so it never starts");
    insta::assert_snapshot!(faults(json!({ "cron": "99 * * * *", "jitter_seconds": 9_999, "missed": "all", "overlap": true, "data": [1], "every": 5 })), @r#"
    /flow_definition/nodes/0/schedule/cron: `99 * * * *` is no cron expression (Component error: Number out of bounds). It has 5 fields, minute, hour, day, month and day of the week, or 6 with the second first: `0 9 * * MON-FRI` is 9:00 on working days
    /flow_definition/nodes/0/schedule/jitter_seconds: `jitter_seconds` must be a whole number from 0 to 3600, not 9999
    /flow_definition/nodes/0/schedule/missed: `missed` must be one of `once`, `skip`, not "all"
    /flow_definition/nodes/0/schedule/overlap: `overlap` must be one of `queue`, `skip`, `cancel_previous`, not true
    /flow_definition/nodes/0/schedule/data: `data` must be an object, not a list
    /flow_definition/nodes/0/schedule/every: there is no key `every` here; there are `cron`, `timezone`, `starts_at`, `ends_at`, `jitter_seconds`, `missed`, `overlap`, `data`
    "#);
    insta::assert_snapshot!(faults(json!({ "cron": "* * * * * * 2030", "starts_at": "tomorrow" })), @r#"
    /flow_definition/nodes/0/schedule/cron: `* * * * * * 2030` is no cron expression. It has 5 fields, minute, hour, day, month and day of the week, or 6 with the second first: `0 9 * * MON-FRI` is 9:00 on working days
    /flow_definition/nodes/0/schedule/starts_at: `starts_at` must be a moment such as "2027-01-31T09:00:00Z" (RFC 3339), not "tomorrow"
    "#);
    insta::assert_snapshot!(faults(json!({ "cron": "* ".repeat(200) })), @"/flow_definition/nodes/0/schedule/cron: `cron` has 400 characters; at most 200 are allowed");
}

fn triggered_by(schedule: &Value) -> Value {
    let trigger = json!({ "id": "start", "type": "trigger", "schedule": schedule });
    json!({ "name": "F", "flow_definition": { "nodes": [trigger], "edges": [] } })
}
