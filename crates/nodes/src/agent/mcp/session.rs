//! The session of a server of an earlier protocol. It ends with the conversation, however that ends.

use bytes::Bytes;
use reqwest::Method;
use reqwest::header::{HeaderMap, HeaderValue};
use serde_json::json;
use url::Url;

use super::message;
use crate::egress::Request;
use crate::farewell::Farewell;

/// A session. Dropping it cancels the request that is under way, and ends the session.
pub(super) struct Session {
    url: Url,
    /// Those of each request, with the session's own.
    headers: HeaderMap,
    id: HeaderValue,
    pending: Option<u64>,
    farewell: Option<Farewell>,
}

impl Session {
    pub(super) fn new(url: Url, headers: HeaderMap, id: HeaderValue, farewell: Farewell) -> Self {
        Self { url, headers, id, pending: None, farewell: Some(farewell) }
    }

    pub(super) const fn id(&self) -> &HeaderValue {
        &self.id
    }

    /// Says which request is under way.
    pub(super) const fn set_pending(&mut self, id: Option<u64>) {
        self.pending = id;
    }

    /// Says that the server does not know the session any more, so that there is nothing to end.
    pub(super) fn forget(&mut self) {
        self.farewell = None;
    }

    fn request(&self, method: Method, body: Option<Bytes>) -> Request {
        let headers = self.headers.clone();
        Request { headers, body, follows_redirects: false, ..Request::new(method, self.url.clone()) }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let Some(farewell) = self.farewell.take() else { return };
        let cancelled = self.pending.map(|id| {
            let params = json!({ "requestId": id, "reason": "the attempt has ended" });
            let message = message::notification("notifications/cancelled", params);
            self.request(Method::POST, Some(Bytes::from(message.to_string())))
        });
        farewell.send(cancelled.into_iter().chain([self.request(Method::DELETE, None)]).collect());
    }
}
