//! Schedules: the moments at which a flow starts by itself.
//!
//! A schedule is a cron expression in a time zone. Its moments are called *ticks*. Where clocks are set forward, a tick in the
//! hour that does not exist comes right after it; where they are set back, one in the hour that comes twice comes once.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use croner::Cron;
use croner::errors::CronError;
use croner::parser::{CronParser, Seconds as OfSeconds, Year};
use jiff::Zoned;
use jiff::tz::TimeZone;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::document::{Keys, Place, Reader, Reading, Terms, any_json, choice, key, moment, text, whole};
use crate::ids::{FlowId, NodeId};
use crate::limits::Limits;
use crate::payload::Payload;
use crate::timestamp::Timestamp;

/// How long the text of a cron expression is at most.
const CRON_CHARS_MAX: usize = 200;
/// How long the name of a time zone is at most.
const ZONE_CHARS_MAX: usize = 100;
/// How long a tick is put off at most, in seconds.
const JITTER_MAX: u32 = 3_600;
/// How many ticks are looked at around a change of the clock.
const LOOKED_AT_MAX: usize = 100;
/// Clocks are set back by so much at most.
const REPEATED_SECONDS_MAX: u64 = 4 * 3_600;
/// Ticks are so far apart at least.
const SECOND: Duration = Duration::from_secs(1);
/// A tick that comes so much later than it was due was missed: the process did not run then.
const LATE: Duration = Duration::from_secs(60);

const MISSED: &[(&str, Missed)] = &[("once", Missed::Once), ("skip", Missed::Skip)];
const OVERLAP: &[(&str, Overlap)] =
    &[("queue", Overlap::Queue), ("skip", Overlap::Skip), ("cancel_previous", Overlap::CancelPrevious)];

/// When a flow starts by itself.
#[derive(Clone, Debug)]
pub struct Schedule {
    /// The moments, as they are written.
    pub cron: Arc<str>,
    /// The name of the time zone in which they are meant.
    pub timezone: Arc<str>,
    /// The first moment at which it may start.
    pub starts_at: Option<Timestamp>,
    /// The last one.
    pub ends_at: Option<Timestamp>,
    /// A tick is put off by up to so many seconds.
    pub jitter_seconds: u32,
    /// What becomes of ticks while no process runs.
    pub missed: Missed,
    /// What becomes of a tick while the execution of the one before has not ended.
    pub overlap: Overlap,
    /// What the flow is started with, beside the moment of the tick.
    pub data: Option<Payload>,
    parsed: Cron,
    zone: TimeZone,
}

/// What becomes of ticks while no process runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Missed {
    /// The flow starts once, for the last of them.
    #[default]
    Once,
    /// Nothing starts for them.
    Skip,
}

/// What becomes of a tick while the execution of the one before has not ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Overlap {
    /// It waits for that end; of several that wait, the last one.
    #[default]
    Queue,
    /// Nothing starts for it.
    Skip,
    /// That execution is cancelled.
    CancelPrevious,
}

impl Missed {
    /// Returns the name that documents use.
    pub fn as_str(self) -> &'static str {
        name_of(MISSED, self)
    }
}

impl Overlap {
    /// Returns the name that documents use.
    pub fn as_str(self) -> &'static str {
        name_of(OVERLAP, self)
    }
}

fn name_of<T: PartialEq>(names: &'static [(&'static str, T)], wanted: T) -> &'static str {
    names.iter().find(|(_, value)| *value == wanted).map_or("", |(name, _)| name)
}

/// Why a text is no schedule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotASchedule(String);

impl fmt::Display for NotASchedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for NotASchedule {}

impl Schedule {
    /// Returns a schedule with these ticks, and all else as it is by default.
    ///
    /// # Errors
    /// The expression has a fault or no tick, or there is no such time zone.
    pub fn new(cron: &str, timezone: &str) -> Result<Self, NotASchedule> {
        let schedule = Self {
            cron: cron.into(),
            timezone: timezone.into(),
            starts_at: None,
            ends_at: None,
            jitter_seconds: 0,
            missed: Missed::default(),
            overlap: Overlap::default(),
            data: None,
            parsed: cron_of(cron)?,
            zone: zone_of(timezone)?,
        };
        match schedule.next_after(Timestamp::from_micros(0)) {
            Some(_) => Ok(schedule),
            None => Err(NotASchedule(format!("`{cron}` names no day that exists, so it never starts"))),
        }
    }

    /// Returns what its ticks follow from: a change of anything else moves none.
    pub fn rule(&self) -> String {
        let Self { cron, timezone, starts_at, ends_at, .. } = self;
        let moment = |at: &Option<Timestamp>| at.map(|at| at.to_string()).unwrap_or_default();
        [cron, timezone, &*moment(starts_at), &*moment(ends_at)].join("\n")
    }

    /// Returns the first tick after a moment; `None` if there is no other.
    pub fn next_after(&self, moment: Timestamp) -> Option<Timestamp> {
        // One at the very start counts.
        let from = self.starts_at.map_or(moment, |start| moment.max(start.minus(Duration::from_micros(1))));
        let found = |ahead: u64| {
            let from = self.zoned(from.plus(Duration::from_secs(ahead)))?;
            let next = self.parsed.find_next_occurrence(&from, false).ok()?;
            Some(Timestamp::from_micros(next.timestamp().as_microsecond()))
        };
        // What is asked in the hour that comes twice never goes back.
        let next = (0..REPEATED_SECONDS_MAX).map_while(found).find(|next| *next > from)?;
        self.ends_at.is_none_or(|end| next <= end).then_some(next)
    }

    /// Returns the last tick up to a moment that is not before `first`, which is one.
    pub fn last_until(&self, moment: Timestamp, first: Timestamp) -> Timestamp {
        let Some(found) = self.tick_before(moment.plus(Duration::from_micros(1))) else { return first };
        // Where the clock is changed, looking back can miss ticks that looking ahead finds.
        let later = std::iter::successors(Some(found), |tick| self.next_after(*tick)).skip(1);
        let last = later.take(LOOKED_AT_MAX).take_while(|tick| *tick <= moment).last().unwrap_or(found);
        last.max(first)
    }

    /// Returns the last tick before a moment.
    fn tick_before(&self, moment: Timestamp) -> Option<Timestamp> {
        let mut before = moment;
        for _ in 0..LOOKED_AT_MAX {
            let found = self.parsed.find_previous_occurrence(&self.zoned(before)?, false).ok()?;
            before = Timestamp::from_micros(found.timestamp().as_microsecond()).min(before.minus(SECOND));
            if self.next_after(before.minus(SECOND)) == Some(before) {
                return Some(before);
            }
        }
        None
    }

    /// Returns when a tick of this node is due: it is put off by the jitter, by the same time in every process.
    pub fn due(&self, tick: Timestamp, flow: FlowId, node: &NodeId) -> Timestamp {
        let hash = Sha256::digest(format!("{flow}\n{node}\n{}", tick.as_micros()));
        let part = u64::from_be_bytes(hash[..8].try_into().expect("a hash has more than eight bytes"));
        let micros = u64::from(self.jitter_seconds) * 1_000_000;
        tick.plus(Duration::from_micros(part.checked_rem(micros).unwrap_or_default()))
    }

    /// Returns what is done at `now`, where the next tick that nothing was done for is `first`, which is due.
    pub fn at(&self, now: Timestamp, first: Timestamp, is_waiting: bool) -> Tick {
        let last = self.last_until(now, first);
        let is_missed = |tick: Timestamp| now.since(tick) > LATE + self.jitter();
        if self.missed == Missed::Skip && !is_waiting && is_missed(last) {
            return Tick::Skipped;
        }
        Tick::Starts(last)
    }

    /// Returns the shortest time between two of some ticks.
    fn shortest_wait(&self) -> Option<Duration> {
        let first = self.next_after(Timestamp::from_micros(0));
        let ticks: Vec<Timestamp> =
            std::iter::successors(first, |tick| self.next_after(*tick)).take(LOOKED_AT_MAX).collect();
        ticks.windows(2).map(|pair| pair[1].since(pair[0])).min()
    }

    fn jitter(&self) -> Duration {
        Duration::from_secs(self.jitter_seconds.into())
    }

    /// Returns what a tick starts its flow with.
    pub fn trigger_data(&self, tick: Timestamp) -> Payload {
        let mut data = match self.data.as_ref().and_then(|data| data.to_value().ok()) {
            Some(Value::Object(data)) => data,
            Some(_) | None => serde_json::Map::new(),
        };
        data.insert("scheduled_at".to_owned(), self.shown(tick).into());
        Payload::from_value(&Value::Object(data))
    }

    /// Returns a moment as it is shown in its time zone: RFC 3339 with the offset there.
    pub fn shown(&self, moment: Timestamp) -> String {
        let shown = self.zoned(moment).map(|zoned| zoned.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string());
        shown.unwrap_or_else(|| moment.to_string())
    }

    fn zoned(&self, moment: Timestamp) -> Option<Zoned> {
        Some(jiff::Timestamp::from_microsecond(moment.as_micros()).ok()?.to_zoned(self.zone.clone()))
    }
}

/// What is done when a tick is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tick {
    /// The flow starts, for this tick.
    Starts(Timestamp),
    /// Nothing starts.
    Skipped,
}

fn cron_of(text: &str) -> Result<Cron, NotASchedule> {
    let parser = CronParser::builder().seconds(OfSeconds::Optional).year(Year::Disallowed).build();
    parser.parse(text).map_err(|error| {
        // How many fields it has is said anyway.
        let is_of_fields = matches!(error, CronError::InvalidPattern(_) | CronError::EmptyPattern);
        let said =
            if is_of_fields { String::new() } else { format!(" ({})", error.to_string().trim_end_matches('.')) };
        NotASchedule(format!(
            "`{text}` is no cron expression{said}. It has 5 fields, minute, hour, day, month and day of the week, or \
             6 with the second first: `0 9 * * MON-FRI` is 9:00 on working days"
        ))
    })
}

fn zone_of(name: &str) -> Result<TimeZone, NotASchedule> {
    let unknown = || NotASchedule(format!("there is no time zone `{name}`; one is `Europe/Paris`"));
    let zone = TimeZone::get(name).map_err(|_| unknown())?;
    match zone.iana_name() {
        Some(known) if known == name => Ok(zone),
        Some(known) => Err(NotASchedule(format!("the time zone `{name}` is written `{known}`"))),
        None => Err(unknown()),
    }
}

/// Reads an object of a trigger.
pub(crate) fn read(keys: &mut Keys<'_>) -> Option<Arc<Schedule>> {
    let cron = keys.take(key("cron", "Cron expression", CronReader).needed("a schedule").doc(
        "5 fields: minute, hour, day of the month, month, day of the week; or 6 with the second first. `@daily` and such also work.",
    ));
    let timezone = keys.take(
        key("timezone", "Time zone", ZoneReader)
            .default("UTC")
            .doc("The name of a time zone, such as `Europe/Paris`. The fields are meant there."),
    );
    let starts_at = keys.take(key("starts_at", "From", moment()).doc("Nothing starts before."));
    let ends_at = keys.take(key("ends_at", "Until", moment()).doc("Nothing starts after."));
    let jitter = keys.take(key("jitter_seconds", "Jitter in seconds", whole(0, JITTER_MAX)).default(0).doc(
        "Each start is put off by a random time up to this, so that many schedules do not start together.",
    ));
    let missed = keys.take(key("missed", "Missed starts", choice(MISSED)).default("once").doc(
        "What becomes of starts that were due while no process ran: one for all of them (once), or none (skip).",
    ));
    let overlap = keys.take(key("overlap", "If the last one still runs", choice(OVERLAP)).default("queue").doc(
        "Wait until it has ended, the last start that waits then counts (queue), do not start (skip), or cancel it (cancel_previous).",
    ));
    let data = keys.take(key("data", "Data", DataReader).doc(
        "The trigger data: an object. `scheduled_at`, the moment for which the flow is started, is added to it.",
    ));
    if let (Some(start), Some(end)) = (starts_at, ends_at)
        && end < start
    {
        keys.fault("ends_at", "`ends_at` is before `starts_at`, so it never starts");
    }
    let (cron, timezone) = (cron?, timezone?);
    let made = Schedule::new(&cron, &timezone).ok()?;
    let jitter = jitter.unwrap_or_default();
    if let Some(shortest) = made.shortest_wait()
        && u64::from(jitter) > shortest.as_secs()
    {
        let seconds = shortest.as_secs();
        let message =
            format!("`jitter_seconds` must not be longer than the {seconds} seconds between two starts");
        keys.fault("jitter_seconds", message);
    }
    Some(Arc::new(Schedule {
        starts_at,
        ends_at,
        jitter_seconds: jitter,
        missed: missed.unwrap_or_default(),
        overlap: overlap.unwrap_or_default(),
        data: data.as_ref().map(Payload::from_value),
        ..made
    }))
}

/// Reads a cron expression.
#[derive(Clone, Copy, Debug)]
struct CronReader;

impl Reader for CronReader {
    type Value = String;

    fn wanted(&self, _: &Limits) -> String {
        "a cron expression, such as \"0 9 * * MON-FRI\"".to_owned()
    }

    fn schema(&self, terms: &Terms) -> Value {
        let mut schema = text().at_most(CRON_CHARS_MAX).schema(terms);
        schema["pattern"] = json!(r"^\s*(@[a-z]+|\S+(\s+\S+){4,5})\s*$");
        schema
    }

    fn read(&self, value: &Value, at: &Place<'_>, reading: &mut Reading) -> Option<String> {
        let text = text().at_most(CRON_CHARS_MAX).read(value, at, reading)?;
        checked(text.trim(), |text| Schedule::new(text, "UTC").map(drop), at, reading)
    }
}

/// Reads the name of a time zone.
#[derive(Clone, Copy, Debug)]
struct ZoneReader;

impl Reader for ZoneReader {
    type Value = String;

    fn wanted(&self, _: &Limits) -> String {
        "the name of a time zone, such as \"Europe/Paris\"".to_owned()
    }

    fn schema(&self, terms: &Terms) -> Value {
        let mut schema = text().at_most(ZONE_CHARS_MAX).schema(terms);
        schema["pattern"] = json!("^[A-Z]");
        schema
    }

    fn read(&self, value: &Value, at: &Place<'_>, reading: &mut Reading) -> Option<String> {
        let text = text().at_most(ZONE_CHARS_MAX).read(value, at, reading)?;
        checked(&text, |text| zone_of(text).map(drop), at, reading)
    }
}

fn checked(
    text: &str,
    check: impl FnOnce(&str) -> Result<(), NotASchedule>,
    at: &Place<'_>,
    reading: &mut Reading,
) -> Option<String> {
    match check(text) {
        Ok(()) => Some(text.to_owned()),
        Err(why) => {
            reading.fault(at, why.to_string());
            None
        }
    }
}

/// Reads the data of a schedule: an object.
#[derive(Clone, Copy, Debug)]
struct DataReader;

impl Reader for DataReader {
    type Value = Value;

    fn wanted(&self, _: &Limits) -> String {
        "an object".to_owned()
    }

    fn schema(&self, _: &Terms) -> Value {
        json!({ "type": "object" })
    }

    fn read(&self, value: &Value, at: &Place<'_>, reading: &mut Reading) -> Option<Value> {
        let data = any_json().read(value, at, reading).filter(Value::is_object);
        reading.fitting(self, data, value, at)
    }
}
