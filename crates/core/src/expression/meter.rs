//! What the evaluations of one node cost in all, and what they need not do twice.
//!
//! MiniJinja's fuel bounds one expression. A [`Meter`] is passed from one evaluation to the next, and counts what all of
//! them do, in the same steps: one for an instruction, or for [`BYTES_PER_STEP`] bytes that are copied or walked over.
//! Whoever charges does so after the work, and looks before it begins whether anything is left; so the most that is done
//! beyond the limit is one lookup, one value that is read, or one expression's own fuel.
//!
//! A large value in which something is looked up a second time gets a table of its fields or entries, and a large value
//! that is read is kept, so that a thousand expressions over it cost little more than one.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::ops::Range;

use minijinja::Value;

use crate::limits::Limits;
use crate::payload::Payload;

use super::error::Problem;
use super::json_text::{self, Kind};
use super::path::{Found, Step};
use super::values::{self, Budget};

/// Bytes that are copied or walked over for one step.
pub(crate) const BYTES_PER_STEP: usize = 64;
/// Bytes of JSON that are checked, or made of values, for one step.
pub(crate) const BYTES_WRITTEN_PER_STEP: usize = 16;
/// Units of a [`Budget`] that are read for one step.
const UNITS_PER_STEP: usize = 32;
/// Steps for a field or an entry in a table.
const STEPS_PER_ENTRY: usize = 4;
/// Bytes of a value for which a table or a value is kept.
const KEPT_FROM: usize = 1024;
/// Units of all values that are kept.
const KEPT_UNITS_MAX: usize = 4 * 1024 * 1024;

/// Counts the steps of several evaluations. Cheap to make.
#[derive(Clone, Debug)]
pub struct Meter {
    steps_max: u64,
    left: Cell<u64>,
    known: RefCell<Option<Box<Known>>>,
}

/// What is known of large values, by where their text is in memory.
#[derive(Clone, Debug, Default)]
struct Known {
    tables: BTreeMap<Place, Table>,
    values: BTreeMap<Place, Kept>,
    units: usize,
    /// Keeps the texts where they are.
    payloads: Vec<Payload>,
}

/// The address and the length of a text.
type Place = (usize, usize);

/// Where the parts of a value are in its text.
#[derive(Clone, Debug)]
enum Table {
    /// Something was looked up once, which is no reason to make a table.
    Seen,
    Fields(BTreeMap<Box<str>, Range<usize>>),
    Entries(Vec<Range<usize>>),
}

/// A value that was read.
#[derive(Clone, Debug)]
struct Kept {
    value: Value,
    /// The units that it cost whatever the number of its mentions, and those for each mention.
    units: (usize, usize),
}

impl Meter {
    /// Returns a meter for `steps_max` steps.
    pub const fn new(steps_max: u64) -> Self {
        Self { steps_max, left: Cell::new(steps_max), known: RefCell::new(None) }
    }

    /// Sets what may be done from here on, and keeps what is known.
    pub(crate) const fn refill(&mut self, steps_max: u64) {
        self.steps_max = steps_max;
        self.left = Cell::new(steps_max);
    }

    /// Returns the steps that were done.
    pub(crate) const fn spent(&self) -> u64 {
        self.steps_max - self.left.get()
    }

    /// Returns an error if nothing is left.
    pub(crate) fn check(&self) -> Result<(), Problem> {
        if self.left.get() > 0 {
            return Ok(());
        }
        Err(Problem::new(format!(
            "with those before it, it takes more than {} steps in all, which is what the expressions of one node may take; \
             read less, or divide the work among several nodes",
            self.steps_max
        )))
    }

    /// Counts steps that were done.
    pub(crate) fn charge(&self, steps: u64) {
        self.left.set(self.left.get().saturating_sub(steps));
    }

    /// Counts bytes that were copied or walked over.
    pub(crate) fn charge_bytes(&self, bytes: usize) {
        self.charge((bytes / BYTES_PER_STEP) as u64 + 1);
    }

    /// Counts bytes of JSON that were checked, or made of values.
    pub(crate) fn charge_written(&self, bytes: usize) {
        self.charge((bytes / BYTES_WRITTEN_PER_STEP) as u64);
    }

    /// Returns what `step` leads to in `text`, a part of `payload`.
    pub(super) fn follow<'t>(&self, payload: &Payload, text: &'t str, step: &Step) -> Option<&'t str> {
        if text.len() < KEPT_FROM {
            self.charge_bytes(text.len());
            return followed(text, step);
        }
        let mut known = self.known.borrow_mut();
        let known = known.get_or_insert_default();
        match known.tables.get(&place(text)) {
            None => {
                known.keep(payload);
                known.tables.insert(place(text), Table::Seen);
                self.charge_bytes(text.len());
                followed(text, step)
            }
            Some(Table::Seen) => {
                let table = Table::of(text);
                self.charge_bytes(text.len() + STEPS_PER_ENTRY * BYTES_PER_STEP * table.len());
                let found = table.find(text, step);
                known.tables.insert(place(text), table);
                found
            }
            Some(table) => {
                self.charge(STEPS_PER_ENTRY as u64);
                table.find(text, step)
            }
        }
    }

    /// Reads what was found, of which `mentions` copies may be made.
    pub(crate) fn read(
        &self,
        found: &Found<'_>,
        mentions: usize,
        budget: &mut Budget,
    ) -> Result<Value, Problem> {
        let text = found.as_str();
        let kept = found.payload().filter(|_| text.len() >= KEPT_FROM);
        if kept.is_some()
            && let Some(known) = self.known.borrow().as_ref().and_then(|known| known.values.get(&place(text)))
        {
            budget.spend(known.units.0.saturating_add(mentions.saturating_mul(known.units.1)))?;
            self.charge(1);
            return Ok(known.value.clone());
        }
        let before = budget.spent();
        let value = values::from_json(text, mentions, budget)?;
        let after = budget.spent();
        let units = (after.0 - before.0, (after.1 - before.1) / mentions.max(1));
        self.charge(((units.0 + units.1) / UNITS_PER_STEP) as u64 + 1);
        if let Some(payload) = kept {
            self.known.borrow_mut().get_or_insert_default().keep_value(
                payload,
                text,
                Kept { value: value.clone(), units },
            );
        }
        Ok(value)
    }

    /// Returns how many units may be read.
    pub(super) fn units_left(&self) -> usize {
        usize::try_from(self.left.get()).unwrap_or(usize::MAX).saturating_mul(UNITS_PER_STEP)
    }
}

impl Default for Meter {
    fn default() -> Self {
        Self::new(Limits::DEFAULT.node_fuel)
    }
}

impl Known {
    /// Keeps the text of `payload` where it is.
    fn keep(&mut self, payload: &Payload) {
        let is_kept = |kept: &Payload| std::ptr::eq(kept.as_str(), payload.as_str());
        if !self.payloads.iter().any(is_kept) {
            self.payloads.push(payload.clone());
        }
    }

    fn keep_value(&mut self, payload: &Payload, text: &str, kept: Kept) {
        let units = self.units + kept.units.0 + kept.units.1;
        if units <= KEPT_UNITS_MAX {
            self.units = units;
            self.keep(payload);
            self.values.insert(place(text), kept);
        }
    }
}

impl Table {
    fn of(text: &str) -> Self {
        let start = text.as_ptr().addr();
        let range = |part: &str| {
            let from = part.as_ptr().addr() - start;
            from..from + part.len()
        };
        match Kind::of(text) {
            // Of two fields of one name the last counts.
            Kind::Object => Self::Fields(
                json_text::entries(text)
                    .map(|(key, value)| (key.into_owned().into(), range(value)))
                    .collect(),
            ),
            Kind::List => Self::Entries(json_text::items(text).map(range).collect()),
            Kind::Null | Kind::Bool | Kind::Number | Kind::String => Self::Entries(Vec::new()),
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Seen => 0,
            Self::Fields(fields) => fields.len(),
            Self::Entries(entries) => entries.len(),
        }
    }

    fn find<'t>(&self, text: &'t str, step: &Step) -> Option<&'t str> {
        let range = match (self, step) {
            (Self::Fields(fields), Step::Field(name)) => fields.get(name.as_str()),
            (Self::Entries(entries), Step::Entry(index)) => entries.get(*index),
            (Self::Seen | Self::Fields(_) | Self::Entries(_), Step::Field(_) | Step::Entry(_)) => None,
        };
        text.get(range?.clone())
    }
}

fn place(text: &str) -> Place {
    (text.as_ptr().addr(), text.len())
}

/// Returns what `step` leads to in `text`.
pub(super) fn followed<'t>(text: &'t str, step: &Step) -> Option<&'t str> {
    match step {
        Step::Field(name) => json_text::field(text, name),
        Step::Entry(index) => json_text::entry(text, *index),
    }
}
