//! What statements are given: values with their types in PostgreSQL.
//!
//! A statement that is not prepared is sent with the types of its parameters, so that it needs no further round trip, and none of it
//! stays on a connection: a pooler between us and the database may give the next one to somebody else.

use std::borrow::Cow;

use tokio_postgres::types::{ToSql, Type};
use uuid::Uuid;

/// A parameter and its type.
pub(crate) type Typed<'a> = (&'a (dyn ToSql + Sync), Type);

/// A value that can be a parameter.
pub(crate) trait Value: ToSql + Sync {
    /// Its type.
    const TYPE: Type;
}

impl<T: Value> Value for Option<T> {
    const TYPE: Type = T::TYPE;
}

macro_rules! values {
    ($($value:ty: $kind:ident;)*) => {$(
        impl Value for $value {
            const TYPE: Type = Type::$kind;
        }
    )*};
}

macro_rules! arrays {
    ($($value:ty: $array:ident;)*) => {$(
        impl Value for Vec<$value> {
            const TYPE: Type = Type::$array;
        }
        impl Value for Vec<Option<$value>> {
            const TYPE: Type = Type::$array;
        }
    )*};
}

values! {
    bool: BOOL;
    i16: INT2;
    i64: INT8;
    f64: FLOAT8;
    Uuid: UUID;
    &str: TEXT;
    String: TEXT;
    Cow<'_, str>: TEXT;
    &[u8]: BYTEA;
    Vec<u8>: BYTEA;
}

arrays! {
    bool: BOOL_ARRAY;
    i64: INT8_ARRAY;
    f64: FLOAT8_ARRAY;
    Uuid: UUID_ARRAY;
    &str: TEXT_ARRAY;
    Cow<'_, str>: TEXT_ARRAY;
    Vec<u8>: BYTEA_ARRAY;
    String: TEXT_ARRAY;
}

/// Makes the parameters of a statement.
macro_rules! params {
    ($($value:expr),* $(,)?) => {
        &[$($crate::value::typed(&$value)),*]
    };
}

pub(crate) use params;

/// Returns a value with its type.
pub(crate) fn typed<T: Value>(value: &T) -> Typed<'_> {
    (value, T::TYPE)
}

/// Returns parameters without their types, which a prepared statement has.
pub(crate) fn untyped<'v>(parameters: &[Typed<'v>]) -> Vec<&'v (dyn ToSql + Sync)> {
    parameters.iter().map(|(value, _)| *value).collect()
}

/// Stands before a character that a text has as another one here.
const MARK: char = '\u{10FFFF}';

/// Returns a text as it is stored. PostgreSQL has no character NUL: it becomes two characters, of which the first is one that
/// Unicode never uses, and that one becomes two as well. JSON has none, so it is stored as it is.
pub(crate) fn stored(text: &str) -> Cow<'_, str> {
    if text.contains(['\0', MARK]) {
        Cow::Owned(text.replace(MARK, "\u{10FFFF}1").replace('\0', "\u{10FFFF}0"))
    } else {
        Cow::Borrowed(text)
    }
}

/// Returns the text that was stored so.
pub(crate) fn read(stored: String) -> String {
    if stored.contains(MARK) {
        stored.replace("\u{10FFFF}0", "\0").replace("\u{10FFFF}1", "\u{10FFFF}")
    } else {
        stored
    }
}

/// Returns a number as PostgreSQL stores it; what is larger than it can store is the largest.
pub(crate) fn int(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Returns a number of rows as PostgreSQL counts them; more than it can count is all.
pub(crate) fn rows_max(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_read_as_they_were() {
        for text in ["", "plain", "a\0b", "\0\0", "\u{10FFFF}", "\u{10FFFF}0", "0\u{10FFFF}\0 1\u{10FFFF}1"] {
            let stored = stored(text);

            assert!(!stored.contains('\0'));
            assert_eq!(read(stored.into_owned()), text);
        }
    }
}
