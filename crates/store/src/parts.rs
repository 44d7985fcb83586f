//! What a database has, part by part, in a form that does not depend on its store: so it can be moved to another one.
//!
//! A part is what one table has, or several tables that one store has and another has not. What a store keeps for itself is in none:
//! numbers of rows, lanes of counters, leases. Each store knows how it keeps each part, and its tests compare what it knows with the
//! tables and columns that its database has, so that none can be forgotten.

mod copy;
mod digest;
mod list;
mod uncovered;

use tokio::sync::mpsc::Sender;
use uuid::Uuid;

use crate::{StoreError, StoreFuture};

pub use copy::{Copied, CopyError, copy, read_all};
pub use digest::Digest;
pub use list::{PARTS, part};
pub use uncovered::Uncovered;

/// Rows of a page at most.
const PAGE_ROWS: usize = 1_000;
/// A page takes no further row once it has so many bytes.
const PAGE_BYTES: usize = 1024 * 1024;

/// Rows of one kind.
#[derive(Debug)]
pub struct Part {
    /// Its name.
    pub name: &'static str,
    /// What each row has, in this order.
    pub columns: &'static [Column],
}

/// What each row of a part has.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// What values it has.
    pub kind: Kind,
    /// Whether rows can be without a value.
    pub is_nullable: bool,
}

/// What values a column has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Ids.
    Id,
    /// Integers.
    Int,
    /// Numbers.
    Real,
    /// Yes or no.
    Flag,
    /// Texts with any character.
    Text,
    /// JSON, which has no character NUL.
    Json,
    /// Bytes.
    Bytes,
}

/// A value of a row.
#[derive(Clone, Debug, PartialEq)]
pub enum PartValue {
    /// None.
    Null,
    /// Of [`Kind::Id`].
    Id(Uuid),
    /// Of [`Kind::Int`].
    Int(i64),
    /// Of [`Kind::Real`].
    Real(f64),
    /// Of [`Kind::Flag`].
    Flag(bool),
    /// Of [`Kind::Text`] or [`Kind::Json`].
    Text(String),
    /// Of [`Kind::Bytes`].
    Bytes(Vec<u8>),
}

/// The values of a row, in the order of the columns of its part.
pub type PartRow = Vec<PartValue>;

/// Numbers that are given out once and never again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// The last epoch of a worker.
    pub epoch: i64,
    /// The last number of an item of the inbox.
    pub inbox: i64,
}

/// A database that nothing else uses, to be read from or written to part by part.
pub trait Parts: Send + Sync {
    /// Sends the rows of a part, page by page. It ends early where nobody takes them.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if a row cannot be read.
    fn read(&self, part: &'static Part, pages: Sender<Vec<PartRow>>) -> StoreFuture<'_, ()>;

    /// Adds rows to a part; durable when it returns.
    fn write(&self, part: &'static Part, rows: Vec<PartRow>) -> StoreFuture<'_, ()>;

    /// Returns the numbers that were given out last.
    fn counters(&self) -> StoreFuture<'_, Counters>;

    /// Adds what the store keeps beside the parts.
    fn complete(&self, counters: Counters) -> StoreFuture<'_, ()>;

    /// Ends the move from this database: from now on it is not opened any more, and says that it is at `to`.
    fn leave(&self, to: String) -> StoreFuture<'_, ()>;

    /// Ends the move to this database: it can be opened.
    fn arrive(&self) -> StoreFuture<'_, ()>;
}

/// Rows on their way.
#[derive(Debug, Default)]
pub struct PartPage {
    rows: Vec<PartRow>,
    bytes: usize,
}

impl PartPage {
    /// Adds a row. Returns the page if it is full, and begins another one.
    #[must_use]
    pub fn add(&mut self, row: PartRow) -> Option<Vec<PartRow>> {
        self.bytes += row.iter().map(PartValue::bytes).sum::<usize>();
        self.rows.push(row);
        let is_full = self.rows.len() >= PAGE_ROWS || self.bytes >= PAGE_BYTES;
        is_full.then(|| std::mem::take(self).rows)
    }

    /// Returns the last page.
    #[must_use]
    pub fn rest(self) -> Option<Vec<PartRow>> {
        Some(self.rows).filter(|rows| !rows.is_empty())
    }
}

impl PartValue {
    /// Returns how many bytes it has.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        match self {
            Self::Null => 0,
            Self::Flag(_) => 1,
            Self::Int(_) | Self::Real(_) => 8,
            Self::Id(_) => 16,
            Self::Text(text) => text.len(),
            Self::Bytes(bytes) => bytes.len(),
        }
    }
}

impl Part {
    /// Returns the error that says that a row is not readable.
    #[must_use]
    pub fn unreadable(&self, reason: String) -> StoreError {
        StoreError::Corrupt { what: format!("row of `{}`", self.name), reason }
    }

    /// Returns a row, if it has what it must have.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if it lacks a value.
    pub fn whole(&self, row: PartRow) -> Result<PartRow, StoreError> {
        let lacks = |(column, value): (&Column, &PartValue)| !column.is_nullable && *value == PartValue::Null;
        match self.columns.iter().zip(&row).find(|pair| lacks(*pair)) {
            Some((column, _)) => Err(self.unreadable(format!("it has no `{}`", column.name))),
            None => Ok(row),
        }
    }
}

impl Column {
    const fn of(kind: Kind, name: &'static str) -> Self {
        Self { name, kind, is_nullable: false }
    }

    const fn or_null(self) -> Self {
        Self { is_nullable: true, ..self }
    }
}
