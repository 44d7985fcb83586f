//! An entry of a list: of one that cannot be read, no more than that.

use std::borrow::Cow;

use serde::Serialize;
use steadflow_store::{Damaged, Listed, StoreError};
use utoipa::openapi::schema::{OneOfBuilder, Schema};
use utoipa::openapi::{Ref, RefOr};
use utoipa::{PartialSchema, ToSchema};
use uuid::Uuid;

use crate::metrics::Metrics;

/// An entry of a list.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Entry<T> {
    /// What it is.
    Sound(T),
    /// It cannot be read.
    Damaged(DamagedView),
}

impl<T: ToSchema> PartialSchema for Entry<T> {
    fn schema() -> RefOr<Schema> {
        let [sound, damaged] = [T::name(), DamagedView::name()].map(Ref::from_schema_name);
        OneOfBuilder::new().item(sound).item(damaged).into()
    }
}

impl<T: ToSchema> ToSchema for Entry<T> {
    fn name() -> Cow<'static, str> {
        format!("{}Entry", T::name()).into()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((T::name().into(), T::schema()));
        schemas.push((DamagedView::name().into(), DamagedView::schema()));
        T::schemas(schemas);
    }
}

/// An entry of which no more is known than its id: what is stored of it cannot be read.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Damaged)]
pub(crate) struct DamagedView {
    id: Uuid,
    /// Why it cannot be read.
    damaged: String,
}

/// Returns the id of a row, which is known of damaged ones too.
pub(crate) fn id_of<R>(row: &Listed<R>, id: impl Fn(&R) -> Uuid) -> Uuid {
    row.as_ref().map_or_else(|damaged| damaged.id, id)
}

/// Returns the damage of a row that was read and cannot be shown.
pub(crate) fn unshown(id: Uuid, error: &StoreError) -> Damaged {
    Damaged { id, reason: error.to_string() }
}

/// Returns the entries of `rows`; those that cannot be read or shown are counted and logged.
pub(crate) fn entries<'r, R, V>(
    metrics: &Metrics,
    rows: &'r [Listed<R>],
    view: impl Fn(&'r R) -> Result<V, Damaged>,
) -> Vec<Entry<V>> {
    let entry = |row: &'r Listed<R>| match row.as_ref().map_err(Damaged::clone).and_then(&view) {
        Ok(view) => Entry::Sound(view),
        Err(Damaged { id, reason }) => {
            tracing::error!(id = %id, reason, "a stored row cannot be read");
            metrics.row_damaged();
            Entry::Damaged(DamagedView { id, damaged: reason })
        }
    };
    rows.iter().map(entry).collect()
}
