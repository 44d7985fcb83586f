//! Pages of versions of a flow or an agent.

use axum::http::Uri;
use axum::response::Response;
use serde::Serialize;
use steadflow_store::{Listed, VersionId, VersionPage, WithDocument};
use utoipa::IntoParams;

use super::page::{CURSOR_PREFIX, LIMIT_MAX, within_page};
use super::{FromParams, Params, counted, next_address, reply};
use crate::problem::{Problem, ProblemKind};

/// Which part of a list of versions.
#[derive(Clone, Copy, Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct VersionWindow {
    /// How many to list. A page has fewer where it would be longer than about 4 MiB.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 1000, default = 1000)]
    limit: usize,
    /// Where the page before ended, as its `Link` header says.
    #[param(value_type = Option<String>, pattern = "^before-[0-9]{1,10}$")]
    cursor: Option<u32>,
}

impl FromParams for VersionWindow {
    fn from_params(params: &mut Params) -> Self {
        let read = |text: &str| text.strip_prefix(CURSOR_PREFIX)?.parse().ok();
        let cursor = params.read("cursor", "the cursor of a `Link` header", read);
        Self { limit: params.whole("limit", 1, LIMIT_MAX).unwrap_or(LIMIT_MAX), cursor }
    }
}

impl VersionWindow {
    /// The page of the current version alone.
    pub(crate) const CURRENT: VersionPage = VersionPage { before: None, limit: 1 };

    /// Returns whether the list begins with this page.
    pub(crate) const fn is_first(self) -> bool {
        self.cursor.is_none()
    }

    /// Returns the page to ask the store for: one more than wanted, to know whether something follows.
    pub(crate) const fn page(self) -> VersionPage {
        VersionPage { before: self.cursor, limit: self.limit + 1 }
    }

    /// Returns those of `rows` that belong to the window, and after which version the next one begins.
    pub(crate) fn cut<T: WithDocument>(self, rows: &[Versioned<T>], number: Number<T>) -> Cut<'_, T> {
        let page = &rows[..within_page(rows).min(self.limit)];
        let next = page.last().filter(|_| page.len() < rows.len()).map(number);
        Cut { page, next }
    }
}

/// Which version to restore.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct RestoreQuery {
    /// This version.
    #[param(value_type = u32, minimum = 1, maximum = 4294967295_u32)]
    version: Option<u32>,
}

impl FromParams for RestoreQuery {
    fn from_params(params: &mut Params) -> Self {
        Self { version: params.version("version") }
    }
}

impl RestoreQuery {
    /// Returns the version.
    ///
    /// # Errors
    /// A problem if none is given.
    pub(crate) fn version(&self) -> Result<u32, Problem> {
        self.version.ok_or_else(|| {
            Problem::new(ProblemKind::InvalidParameter, "Say which version to restore, with `?version=`.")
        })
    }
}

type Versioned<T> = Listed<T, VersionId>;
type Number<T> = fn(&Versioned<T>) -> u32;

/// A page of versions.
#[derive(Debug)]
pub(crate) struct Cut<'a, T> {
    pub(crate) page: &'a [Versioned<T>],
    next: Option<u32>,
}

impl<T> Cut<'_, T> {
    /// Answers with `views` of this page, with where the next page begins, and with the `total` on all pages.
    pub(crate) fn reply(&self, uri: &Uri, views: &[impl Serialize], total: u32) -> Response {
        let next = self.next.map(|last| next_address(uri, "cursor", &format!("{CURSOR_PREFIX}{last}")));
        counted(reply(&views, next), total.into())
    }
}
