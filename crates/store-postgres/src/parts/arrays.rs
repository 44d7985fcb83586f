//! Rows as arrays, one for each column.

use steadflow_store::parts::{Column, Kind, PartRow, PartValue};
use uuid::Uuid;

use crate::error::{Error, Result};
use crate::value::{Typed, stored, typed};

/// The values of a column.
#[derive(Debug)]
pub(super) enum Array {
    Ids(Vec<Option<Uuid>>),
    Ints(Vec<Option<i64>>),
    Reals(Vec<Option<f64>>),
    Flags(Vec<Option<bool>>),
    Texts(Vec<Option<String>>),
    Bytes(Vec<Option<Vec<u8>>>),
}

/// Makes the arrays of rows.
pub(super) fn of(columns: &[Column], rows: Vec<PartRow>) -> Result<Vec<Array>> {
    let mut arrays: Vec<Array> = columns.iter().map(|column| Array::of(column.kind)).collect();
    for row in rows {
        for ((array, column), value) in arrays.iter_mut().zip(columns).zip(row) {
            array.push(column, value)?;
        }
    }
    Ok(arrays)
}

impl Array {
    const fn of(kind: Kind) -> Self {
        match kind {
            Kind::Id => Self::Ids(Vec::new()),
            Kind::Int => Self::Ints(Vec::new()),
            Kind::Real => Self::Reals(Vec::new()),
            Kind::Flag => Self::Flags(Vec::new()),
            Kind::Text | Kind::Json => Self::Texts(Vec::new()),
            Kind::Bytes => Self::Bytes(Vec::new()),
        }
    }

    fn push(&mut self, column: &Column, value: PartValue) -> Result<()> {
        match (self, value) {
            (Self::Ids(all), PartValue::Id(id)) => all.push(Some(id)),
            (Self::Ids(all), PartValue::Null) => all.push(None),
            (Self::Ints(all), PartValue::Int(int)) => all.push(Some(int)),
            (Self::Ints(all), PartValue::Null) => all.push(None),
            (Self::Reals(all), PartValue::Real(real)) => all.push(Some(real)),
            (Self::Reals(all), PartValue::Null) => all.push(None),
            (Self::Flags(all), PartValue::Flag(flag)) => all.push(Some(flag)),
            (Self::Flags(all), PartValue::Null) => all.push(None),
            (Self::Texts(all), PartValue::Text(text)) if column.kind == Kind::Text => {
                all.push(Some(stored(&text).into_owned()));
            }
            (Self::Texts(all), PartValue::Text(json)) => all.push(Some(json)),
            (Self::Texts(all), PartValue::Null) => all.push(None),
            (Self::Bytes(all), PartValue::Bytes(bytes)) => all.push(Some(bytes)),
            (Self::Bytes(all), PartValue::Null) => all.push(None),
            (_, other) => {
                return Err(Error::Unreadable(format!("`{}` is not like {other:?}", column.name)));
            }
        }
        Ok(())
    }

    pub(super) fn typed(&self) -> Typed<'_> {
        match self {
            Self::Ids(all) => typed(all),
            Self::Ints(all) => typed(all),
            Self::Reals(all) => typed(all),
            Self::Flags(all) => typed(all),
            Self::Texts(all) => typed(all),
            Self::Bytes(all) => typed(all),
        }
    }
}
