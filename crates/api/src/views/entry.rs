//! An entry of a list: of one that cannot be read, no more than that.

use std::borrow::Cow;
use std::fmt::Display;

use serde::Serialize;
use steadflow_store::{Damaged, Listed, VersionId};
use utoipa::openapi::schema::{OneOfBuilder, Schema};
use utoipa::openapi::{Ref, RefOr};
use utoipa::{PartialSchema, ToSchema};
use uuid::Uuid;

use crate::metrics::Metrics;

/// An entry of a list.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Entry<T, D = DamagedView> {
    /// What it is.
    Sound(T),
    /// It cannot be read.
    Damaged(D),
}

impl<T: ToSchema, D: ToSchema> PartialSchema for Entry<T, D> {
    fn schema() -> RefOr<Schema> {
        let [sound, damaged] = [T::name(), D::name()].map(Ref::from_schema_name);
        OneOfBuilder::new().item(sound).item(damaged).into()
    }
}

impl<T: ToSchema, D: ToSchema> ToSchema for Entry<T, D> {
    fn name() -> Cow<'static, str> {
        format!("{}Entry", T::name()).into()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((T::name().into(), T::schema()));
        schemas.push((D::name().into(), D::schema()));
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

/// A version of which no more is known than its number: what is stored of it cannot be read.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DamagedVersion)]
pub(crate) struct DamagedVersionView {
    version: u32,
    /// Why it cannot be read.
    damaged: String,
}

/// Which row of a list is damaged.
pub(crate) trait RowId: Display {
    /// What the list shows of it.
    type Shown;

    fn shown(self, reason: String) -> Self::Shown;
}

impl RowId for Uuid {
    type Shown = DamagedView;

    fn shown(self, damaged: String) -> DamagedView {
        DamagedView { id: self, damaged }
    }
}

impl RowId for VersionId {
    type Shown = DamagedVersionView;

    fn shown(self, damaged: String) -> DamagedVersionView {
        DamagedVersionView { version: self.version, damaged }
    }
}

/// Returns the id of a row, which is known of damaged ones too.
pub(crate) fn id_of<R>(row: &Listed<R>, id: impl Fn(&R) -> Uuid) -> Uuid {
    row.as_ref().map_or_else(|damaged| damaged.id, id)
}

/// Returns the entries of `rows`; those that cannot be read or shown are reported.
pub(crate) fn entries<'r, R, V, Id: RowId + Clone>(
    metrics: &Metrics,
    rows: &'r [Listed<R, Id>],
    view: impl Fn(&'r R) -> Result<V, Damaged<Id>>,
) -> Vec<Entry<V, Id::Shown>> {
    let entry = |row: &'r Listed<R, Id>| match row.as_ref().map_err(Damaged::clone).and_then(&view) {
        Ok(view) => Entry::Sound(view),
        Err(damaged) => {
            metrics.row_damaged(&damaged);
            Entry::Damaged(damaged.id.shown(damaged.reason))
        }
    };
    rows.iter().map(entry).collect()
}
