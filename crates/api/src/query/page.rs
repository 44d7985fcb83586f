//! Pages of lists: `limit`, `cursor`, and the `Link` to what follows.

use axum::http::{HeaderName, HeaderValue, Uri, header};
use axum::response::Response;
use steadflow_store::{Page, PageRoom, WithDocument};
use utoipa::IntoParams;
use uuid::Uuid;

use super::{FromParams, Params};
use crate::reply;
use serde::Serialize;

pub(super) const LIMIT_DEFAULT: usize = 20;
pub(super) const LIMIT_MAX: usize = 1_000;
/// A page of more rows takes long.
const LONG: usize = 100;
/// How many there are under the filter, on all pages together.
pub(crate) const X_TOTAL_COUNT: HeaderName = HeaderName::from_static("x-total-count");
pub(crate) const CURSOR_PREFIX: &str = "before-";

/// Which part of a list.
#[derive(Clone, Copy, Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Window {
    /// How many to list. A page of documents has fewer where it would be longer than about 4 MiB.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 1000, default = 20)]
    limit: usize,
    /// Where the page before ended, as its `Link` header says.
    #[param(value_type = Option<String>, pattern = "^before-[0-9a-f]{32}$")]
    cursor: Option<Uuid>,
}

impl FromParams for Window {
    fn from_params(params: &mut Params) -> Self {
        let read = |text: &str| Uuid::try_parse(text.strip_prefix(CURSOR_PREFIX)?).ok();
        let cursor = params.read("cursor", "the cursor of a `Link` header", read);
        Self { limit: params.whole("limit", 1, LIMIT_MAX).unwrap_or(LIMIT_DEFAULT), cursor }
    }
}

impl Window {
    /// Returns the page to ask the store for: one more than wanted, to know whether something follows.
    pub(crate) const fn page(self) -> Page {
        Page { before: self.cursor, limit: self.limit + 1 }
    }

    /// Returns the window with at most so many rows.
    pub(crate) fn at_most(self, count: usize) -> Self {
        Self { limit: self.limit.min(count), ..self }
    }

    /// Returns whether so many rows take long to read and to show.
    pub(crate) const fn is_long(self) -> bool {
        self.limit > LONG
    }

    /// Cuts what the store gave to the window.
    pub(crate) fn cut<T>(self, rows: Vec<T>, id: impl Fn(&T) -> Uuid) -> Paged<T> {
        self.cut_to(self.limit, rows, id)
    }

    /// Cuts what the store gave to the window, and to the documents that a page has room for.
    pub(crate) fn cut_documents<T: WithDocument>(self, rows: Vec<T>, id: impl Fn(&T) -> Uuid) -> Paged<T> {
        self.cut_to(self.limit.min(within_page(&rows)), rows, id)
    }

    fn cut_to<T>(self, count: usize, mut rows: Vec<T>, id: impl Fn(&T) -> Uuid) -> Paged<T> {
        let more = rows.len() > count;
        rows.truncate(count);
        let next = if more { rows.last().map(id) } else { None };
        Paged { rows, next, is_first: self.cursor.is_none() }
    }
}

/// Returns how many of `rows` a page has room for: one fewer than there are where the last one is only there to show that
/// there are more.
pub(crate) fn within_page(rows: &[impl WithDocument]) -> usize {
    let mut room = PageRoom::default();
    rows.iter().take_while(|row| room.takes(*row)).count()
}

/// One page of a list.
#[derive(Debug)]
pub(crate) struct Paged<T> {
    pub(crate) rows: Vec<T>,
    next: Option<Uuid>,
    is_first: bool,
}

impl<T> Paged<T> {
    /// Returns how many there are on all pages, if this is the only one: then nothing has to be counted.
    pub(crate) fn total(&self) -> Option<u64> {
        let is_only = self.is_first && self.next.is_none();
        is_only.then_some(self.rows.len() as u64)
    }

    /// Answers with `views` of this page's rows, with where the next page begins, and with the `total` on all pages, where
    /// it is known.
    pub(crate) fn reply(&self, uri: &Uri, views: &[impl Serialize], total: Option<u64>) -> Response {
        let next = self.next.map(|last| format!("{CURSOR_PREFIX}{}", last.simple()));
        let response = reply(&views, next.map(|cursor| next_address(uri, "cursor", &cursor)));
        match total {
            Some(total) => counted(response, total),
            None => response,
        }
    }
}

/// Adds how many there are in all.
pub(crate) fn counted(mut response: Response, total: u64) -> Response {
    response.headers_mut().insert(X_TOTAL_COUNT, HeaderValue::from(total));
    response
}

/// Answers with `views`, and with the address of the next page if there is one.
pub(crate) fn reply(views: &impl Serialize, next: Option<String>) -> Response {
    linked(reply::ok(views), next)
}

/// Adds the address of the next page, if there is one.
pub(crate) fn linked(mut response: Response, next: Option<String>) -> Response {
    let link = next.map(|address| format!("<{address}>; rel=\"next\""));
    if let Some(link) = link.and_then(|link| HeaderValue::from_str(&link).ok()) {
        response.headers_mut().insert(header::LINK, link);
    }
    response
}

/// Returns the address of the page where the parameter `name` is `value` and all others are as in `uri`.
pub(crate) fn next_address(uri: &Uri, name: &str, value: &str) -> String {
    let kept = uri.query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
    let is_replaced = |pair: &str| pair.split('=').next() == Some(name);
    let kept: String = kept.filter(|pair| !is_replaced(pair)).map(|pair| format!("{pair}&")).collect();
    format!("{}?{kept}{name}={value}", uri.path())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_first_page_that_has_all_says_how_many_there_are() {
        let id = |number: &u128| Uuid::from_u128(*number);
        let first = Window { limit: 2, cursor: None };
        let later = Window { limit: 2, cursor: Some(Uuid::nil()) };

        assert_eq!(first.cut(vec![2, 1], id).total(), Some(2));
        assert_eq!(first.cut(vec![3, 2, 1], id).total(), None);
        assert_eq!(later.cut(vec![1], id).total(), None);
    }

    #[test]
    fn the_next_address_keeps_every_other_parameter() {
        let uri: Uri = "/list?limit=2&cursor=before-0&status=failed%2Cpaused".parse().unwrap();

        let next = next_address(&uri, "cursor", "before-1");

        assert_eq!(next, "/list?limit=2&status=failed%2Cpaused&cursor=before-1");
    }
}
