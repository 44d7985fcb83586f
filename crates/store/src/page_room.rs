//! Lists of documents: a page ends when it has so many bytes of them, however many rows were asked for.

use std::fmt::Display;

use crate::{AgentRecord, AgentVersionRecord, FlowRecord, FlowVersionRecord, Listed};

/// How much of documents a page has, in bytes, not counting the last of them.
pub const PAGE_BYTES_MAX: usize = 4 * 1024 * 1024;

/// A row of a list, with a document.
pub trait WithDocument {
    /// Returns the length of its document, in bytes.
    fn document_bytes(&self) -> usize;
}

/// The room that a page has left for documents.
///
/// A store returns one row more than there is room for, and who shows the page counts again. So the further row shows
/// that the list goes on, as it does where there are more rows than were asked for.
#[derive(Clone, Copy, Debug)]
pub struct PageRoom(usize);

impl Default for PageRoom {
    fn default() -> Self {
        Self(PAGE_BYTES_MAX)
    }
}

impl PageRoom {
    /// Takes the room of a row, and returns whether the row belongs to the page: whether some room was left for it.
    pub fn takes(&mut self, row: &impl WithDocument) -> bool {
        let has_room = self.0 > 0;
        self.0 = self.0.saturating_sub(row.document_bytes());
        has_room
    }

    /// Returns those of `rows` that belong to a page, and the row after them.
    ///
    /// # Errors
    /// That of the first row that has one.
    pub fn fill<T: WithDocument, E>(rows: impl IntoIterator<Item = Result<T, E>>) -> Result<Vec<T>, E> {
        let (mut room, mut page) = (Self::default(), Vec::new());
        for row in rows {
            let row = row?;
            let is_last = !room.takes(&row);
            page.push(row);
            if is_last {
                break;
            }
        }
        Ok(page)
    }
}

/// Of a damaged row, there is no document.
impl<T: WithDocument, Id: Display> WithDocument for Listed<T, Id> {
    fn document_bytes(&self) -> usize {
        self.as_ref().map_or(0, WithDocument::document_bytes)
    }
}

macro_rules! with_document {
    ($($row:ty),*) => {$(
        impl WithDocument for $row {
            fn document_bytes(&self) -> usize {
                self.document.len()
            }
        }
    )*};
}

with_document!(FlowRecord, FlowVersionRecord, AgentRecord, AgentVersionRecord);
