//! The guarded client for calls that this server makes for itself, such as those of token endpoints and of providers of sign-in.
//!
//! It calls only what flows may call. Answers are small and come soon, redirects are not followed, because a request may hold
//! credentials, and what is secret in a call is masked in whatever is shown of its answer.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use reqwest::Method;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, USER_AGENT};
use serde_json::Value;
use steadflow_core::failure::{ErrorClass, Failure};
use steadflow_core::ids::FlowId;
use steadflow_core::json;
use tokio::time::timeout;
use url::Url;
use uuid::Uuid;

use crate::call::{AGENT, header};
use crate::egress::{Egress, Request, peer};
use crate::responses::Responses;
use crate::secrets::{Scrubber, Scrubbers};
use crate::slots::Party;
use crate::status;
use crate::texts::one_line;

/// The largest answer, in bytes, after its content encoding is undone.
pub const ANSWER_BYTES_MAX: usize = 256 * 1024;
/// The longest text of an answer that a message repeats, in characters.
const SAID_CHARS_MAX: usize = 300;

/// The guarded client for calls of the server itself. Cheap to clone; connections are shared with the calls of flows.
#[derive(Clone, Debug)]
pub struct GuardedClient {
    egress: Egress,
    responses: Responses,
}

/// A call.
#[derive(Clone, Copy)]
pub struct GuardedCall<'a> {
    /// What is called: `https` or `http`, without a user name.
    pub url: &'a Url,
    /// The header `Authorization`, if there is one. It is hidden.
    pub authorization: Option<&'a str>,
    /// What no message may show, as it is and in the usual encodings.
    pub hidden: &'a [&'a str],
    /// How long it may take, with its answer.
    pub within: Duration,
}

impl fmt::Debug for GuardedCall<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GuardedCall").field("peer", &peer(self.url)).finish_non_exhaustive()
    }
}

/// An answer, whatever its status is. `Debug` hides it.
pub struct GuardedAnswer {
    /// Its status. One of 300 to 399 is a redirect that was not followed.
    pub status: u16,
    /// How long the peer asks us to wait.
    pub retry_after: Option<Duration>,
    /// Its content type in lower case, without parameters; empty if it has none.
    pub content_type: String,
    /// Its body.
    pub body: Vec<u8>,
    /// Who answered.
    pub peer: String,
    scrubber: Arc<Scrubber>,
}

impl fmt::Debug for GuardedAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { status, peer, .. } = self;
        f.debug_struct("GuardedAnswer").field("status", status).field("peer", peer).finish_non_exhaustive()
    }
}

impl GuardedAnswer {
    /// Returns its body as JSON, whatever its content type is; `None` if it is not.
    pub fn json(&self) -> Option<Value> {
        json::read(json::without_mark(&self.body)).ok()
    }

    /// Returns a text of the answer for a message: on one line, cut, and without what is hidden.
    pub fn shown(&self, text: &str) -> String {
        one_line(&self.scrubber.text(text), SAID_CHARS_MAX)
    }

    /// Returns the failure that its status and its body are, for an answer that is none to use.
    pub fn failure(&self) -> Failure {
        let text = String::from_utf8_lossy(&self.body);
        let said = one_line(&status::said(&self.scrubber.json_or_text(&text)), SAID_CHARS_MAX);
        let separator = if said.is_empty() { "." } else { ": " };
        let class = reqwest::StatusCode::from_u16(self.status).map_or(ErrorClass::Rejected, status::class_of);
        Failure {
            status: Some(self.status),
            retry_after: self.retry_after,
            ..Failure::new(class, format!("HTTP {} from {}{separator}{said}", self.status, self.peer))
        }
    }
}

impl GuardedClient {
    pub(crate) const fn new(egress: Egress, responses: Responses) -> Self {
        Self { egress, responses }
    }

    /// Sends a GET request that asks for JSON.
    ///
    /// # Errors
    /// A failure if there is no answer, if it is too large, or if it takes too long: of class `configuration` if the address may
    /// not be called, else of one that is retried.
    pub async fn get(&self, call: GuardedCall<'_>) -> Result<GuardedAnswer, Failure> {
        self.send(call, Method::GET, None).await
    }

    /// Sends the fields of a form with POST, and asks for JSON.
    ///
    /// # Errors
    /// As of [`Self::get`].
    pub async fn post_form(
        &self,
        call: GuardedCall<'_>,
        fields: &[(&str, &str)],
    ) -> Result<GuardedAnswer, Failure> {
        let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.send(call, Method::POST, Some(form)).await
    }

    async fn send(
        &self,
        call: GuardedCall<'_>,
        method: Method,
        form: Option<String>,
    ) -> Result<GuardedAnswer, Failure> {
        let hidden = call.hidden.iter().copied().chain(call.authorization.and_then(credentials));
        let scrubber = Scrubbers::default().of(hidden.map(str::to_owned).collect());
        let request = Request {
            headers: headers(&call, form.is_some())?,
            body: form.map(Bytes::from),
            has_own_timeout: true,
            follows_redirects: false,
            ..Request::new(method, call.url.clone())
        };
        let answered = self.answered(request, Arc::clone(&scrubber));
        let answer = timeout(call.within, answered).await.unwrap_or_else(|_| {
            let seconds = call.within.as_secs_f64();
            let message = format!("{} did not answer within {seconds} seconds.", peer(call.url));
            Err(Failure::new(ErrorClass::Timeout, message))
        });
        answer.map_err(|failure| {
            let message = scrubber.text(&failure.message).into_owned();
            Failure { message, ..failure }
        })
    }

    async fn answered(&self, request: Request, scrubber: Arc<Scrubber>) -> Result<GuardedAnswer, Failure> {
        // It belongs to no flow.
        let party = Party { flow: FlowId::new(Uuid::nil()), peer: peer(&request.url).into() };
        let answer = self.egress.send(request, self.responses.share_of(party)).await?;
        let (status, peer) = (answer.status().as_u16(), answer.peer());
        let retry_after = status::retry_after(answer.headers(), jiff::Timestamp::now());
        let content_type = content_type(answer.headers());
        let body = answer.read(ANSWER_BYTES_MAX, Ok).await?;
        Ok(GuardedAnswer { status, retry_after, content_type, body, peer, scrubber })
    }
}

/// Returns what is secret in `Authorization`: all behind its scheme.
fn credentials(authorization: &str) -> Option<&str> {
    authorization.split_once(' ').map(|(_, credentials)| credentials)
}

fn headers(call: &GuardedCall<'_>, has_form: bool) -> Result<HeaderMap, Failure> {
    let mut headers = HeaderMap::new();
    headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    if has_form {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
    }
    if let Some(authorization) = call.authorization {
        let (name, mut value) = header(AUTHORIZATION.as_str(), authorization)
            .map_err(|message| Failure::new(ErrorClass::Configuration, message))?;
        value.set_sensitive(true);
        headers.insert(name, value);
    }
    Ok(headers)
}

fn content_type(headers: &HeaderMap) -> String {
    let text = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}
