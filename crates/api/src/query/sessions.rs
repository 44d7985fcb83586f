//! Pages of sessions.

use std::sync::Arc;

use axum::http::Uri;
use axum::response::Response;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use steadflow_core::timestamp::Timestamp;
use steadflow_store::{SessionPage, SessionRecord};
use utoipa::IntoParams;

use super::page::{CURSOR_PREFIX, LIMIT_DEFAULT, LIMIT_MAX};
use super::{FromParams, Params, counted, next_address, reply};

/// Which part of a list of sessions.
#[derive(Clone, Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct SessionWindow {
    /// How many to list.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 1000, default = 20)]
    limit: usize,
    /// Where the page before ended, as its `Link` header says.
    #[param(value_type = Option<String>)]
    cursor: Option<(Timestamp, Arc<str>)>,
}

impl FromParams for SessionWindow {
    fn from_params(params: &mut Params) -> Self {
        let read = |text: &str| {
            let (at, key) = text.strip_prefix(CURSOR_PREFIX)?.split_once('-')?;
            Some((Timestamp::from_micros(at.parse().ok()?), key.into()))
        };
        let cursor = params.read("cursor", "the cursor of a `Link` header", read);
        Self { limit: params.whole("limit", 1, LIMIT_MAX).unwrap_or(LIMIT_DEFAULT), cursor }
    }
}

impl SessionWindow {
    /// Returns the page to ask the store for: one more than wanted, to know whether something follows.
    pub(crate) fn page(&self) -> SessionPage {
        SessionPage { after: self.cursor.clone(), limit: self.limit + 1 }
    }

    /// Answers with what `view` makes of the page, with where the next one begins, and with the `total` on all pages.
    pub(crate) fn reply<'a, V: Serialize>(
        &self,
        uri: &Uri,
        rows: &'a [SessionRecord],
        total: u64,
        view: impl FnOnce(&'a [SessionRecord]) -> V,
    ) -> Response {
        let page = &rows[..rows.len().min(self.limit)];
        let next = page.last().filter(|_| page.len() < rows.len()).map(|last| {
            let key = utf8_percent_encode(&last.session.key, NON_ALPHANUMERIC);
            let cursor = format!("{CURSOR_PREFIX}{}-{key}", last.used_at.as_micros());
            next_address(uri, "cursor", &cursor)
        });
        counted(reply(&view(page), next), total)
    }
}
