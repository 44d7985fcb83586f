//! A conversation with an MCP server over streamable HTTP: as many requests as one call takes.
//!
//! A server of 2026-07-28 gets requests that say all. One of an earlier version gets a handshake, which may begin a session;
//! that is ended when the conversation is. The protocol is what `nodes` needs of it: requests of servers are refused.

mod response;

use bytes::Bytes;
use reqwest::Method;
use reqwest::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, LOCATION};
use serde_json::{Value, json};
use steadflow_core::agent::Skill;
use steadflow_core::failure::{ErrorClass, Failure};
use steadflow_core::payload::Payload;
use steadflow_core::work::Work;
use tokio::time::timeout;
use url::Url;

use super::era::Era;
use super::message::{self, MODERN_VERSION};
use super::mirrored;
use super::session::Session;
use crate::call::headers_of;
use crate::egress::{Answer, Request, peer};
use crate::nodes::Shared;
use crate::secrets::Keyring;
use crate::slots::Slot;
use crate::status;

/// Redirects within the origin that are followed.
const REDIRECTS_MAX: u32 = 5;
/// The factor by which a response may exceed the limit of an output, for JSON escapes and fields of the protocol.
pub(super) const RESPONSE_PER_OUTPUT: usize = 4;

const PROTOCOL_VERSION: HeaderName = HeaderName::from_static("mcp-protocol-version");
const METHOD: HeaderName = HeaderName::from_static("mcp-method");
const NAME: HeaderName = HeaderName::from_static("mcp-name");
const SESSION_ID: HeaderName = HeaderName::from_static("mcp-session-id");

/// Who makes a call.
#[derive(Clone, Copy)]
pub(super) struct Caller<'a> {
    pub(super) shared: &'a Shared,
    pub(super) slot: &'a Slot,
    pub(super) work: &'a Work,
    pub(super) keyring: &'a Keyring<'a>,
}

pub(super) struct Client<'a> {
    caller: Caller<'a>,
    url: Url,
    /// What it is remembered by: the address before redirects.
    server: String,
    /// What each request carries.
    headers: HeaderMap,
    era: Era,
    /// The version that the server chose in the handshake.
    version: Option<HeaderValue>,
    session: Option<Session>,
    /// The number of the last request.
    asked: u64,
    questions: u32,
    /// What the server asked for last while it answers a request, and did not get.
    unserved: Option<String>,
}

/// Why a request has no result.
pub(super) struct Refused {
    pub(super) failure: Failure,
    /// The JSON-RPC error, if there is one.
    pub(super) code: Option<i64>,
}

impl From<Failure> for Refused {
    fn from(failure: Failure) -> Self {
        Self { failure, code: None }
    }
}

impl From<Refused> for Failure {
    fn from(refused: Refused) -> Self {
        refused.failure
    }
}

impl Refused {
    /// Returns whether the server has ended the request.
    const fn is_answer(&self) -> bool {
        self.code.is_some() || self.failure.status.is_some()
    }

    /// Returns whether an earlier protocol may be worth a try.
    fn may_be_earlier(&self) -> bool {
        if self.code.is_some_and(message::is_modern) {
            return false;
        }
        match self.failure.status {
            // It says nothing of the protocol.
            Some(401 | 403 | 407 | 408 | 425 | 429 | 502..=504) => false,
            Some(_) => true,
            None => !matches!(
                self.failure.class,
                ErrorClass::Connection | ErrorClass::Timeout | ErrorClass::Configuration
            ),
        }
    }
}

impl<'a> Client<'a> {
    /// Begins a conversation. `headers` are those of the agent.
    ///
    /// # Errors
    /// The server cannot be reached, or speaks no protocol that is known.
    pub(super) async fn begin(caller: Caller<'a>, url: Url, headers: HeaderMap) -> Result<Self, Failure> {
        let mut client = Self::modern(caller, url, headers);
        let eras = &caller.shared.eras;
        match eras.of(&client.server) {
            Some(Era::Modern) => {}
            // What fails here may be that it speaks another protocol now.
            Some(Era::Handshake) => {
                client.shake_hands().await.inspect_err(|_| eras.forget(&client.server))?
            }
            None => {
                client.discover().await?;
                eras.remember(&client.server, client.era);
            }
        }
        Ok(client)
    }

    /// Goes on with a server that speaks the protocol without sessions.
    pub(super) fn modern(caller: Caller<'a>, url: Url, headers: HeaderMap) -> Self {
        Self {
            caller,
            server: url.to_string(),
            url,
            headers,
            era: Era::Modern,
            version: None,
            session: None,
            asked: 0,
            questions: 0,
            unserved: None,
        }
    }

    pub(super) fn is_modern(&self) -> bool {
        self.era == Era::Modern
    }

    /// Finds out which protocol the server speaks. One that does not answer in the time for connecting speaks an earlier one.
    async fn discover(&mut self) -> Result<(), Failure> {
        let asked =
            timeout(self.caller.shared.connect_timeout(), self.request("server/discover", json!({}))).await;
        let is_modern = match asked {
            Ok(Ok(found)) => message::is_modern_server(&found),
            Ok(Err(refused)) if !refused.may_be_earlier() => return Err(refused.into()),
            Ok(Err(_)) | Err(_) => false,
        };
        if is_modern { Ok(()) } else { self.shake_hands().await }
    }

    /// Begins a session, as earlier protocols ask for.
    async fn shake_hands(&mut self) -> Result<(), Failure> {
        (self.era, self.version, self.session) = (Era::Handshake, None, None);
        let (result, headers) = self.exchange("initialize", message::handshake(), HeaderMap::new()).await?;
        let version = message::chosen_version(&result, &peer(&self.url), "Check the URL.")?;
        self.version = HeaderValue::from_str(&version).ok();
        let id = headers.get(SESSION_ID).cloned();
        self.session = id.map(|id| self.session_of(id));
        let initialized = message::notification("notifications/initialized", json!({}));
        let answer = self.post(&initialized, HeaderMap::new()).await?;
        if answer.status().is_success() { Ok(()) } else { Err(self.failure_of(answer).await) }
    }

    fn session_of(&self, id: HeaderValue) -> Session {
        let mut headers = self.common_headers();
        headers.insert(SESSION_ID, id.clone());
        let farewell = self.caller.shared.farewell(self.caller.slot);
        Session::new(self.url.clone(), headers, id, farewell)
    }

    /// Sends a request. If its session is lost, a new one is begun, once.
    ///
    /// # Errors
    /// There is no result.
    pub(super) async fn request(&mut self, method: &'static str, params: Value) -> Result<Payload, Refused> {
        self.request_with(method, params, HeaderMap::new()).await
    }

    async fn request_with(
        &mut self,
        method: &'static str,
        params: Value,
        headers: HeaderMap,
    ) -> Result<Payload, Refused> {
        let first = self.exchange(method, params.clone(), headers.clone()).await;
        let is_lost = |refused: &Refused| refused.failure.status == Some(404);
        match (first, &mut self.session) {
            (Err(refused), Some(session)) if is_lost(&refused) => {
                session.forget();
                self.shake_hands().await?;
                self.exchange(method, params, headers).await.map(|(result, _)| result)
            }
            (result, _) => result.map(|(result, _)| result),
        }
    }

    /// Calls the tool that is a skill of the agent.
    ///
    /// # Errors
    /// There is no result.
    pub(super) async fn call(&mut self, skill: &Skill, arguments: &Value) -> Result<Payload, Failure> {
        let tool = &skill.name;
        // Only what does the work: a server that has seen a key need not answer anything else that carries it.
        let mut headers = headers_of(self.caller.work, self.caller.shared.traces);
        if self.era == Era::Modern {
            headers.insert(NAME, mirrored::value(tool));
            if let Some(schema) = &skill.input_schema {
                mirrored::add(schema, arguments, &mut headers)?;
            }
        }
        let params = json!({ "name": tool, "arguments": arguments });
        self.request_with("tools/call", params, headers).await.map_err(Failure::from)
    }

    /// Sends a request about a task.
    ///
    /// # Errors
    /// There is no result.
    pub(super) async fn ask_task(
        &mut self,
        method: &'static str,
        id: &str,
        params: Value,
    ) -> Result<Payload, Refused> {
        let headers = HeaderMap::from_iter([(NAME, mirrored::value(id))]);
        self.request_with(method, params, headers).await
    }

    /// Sends one request, and returns its result with the headers of the response.
    async fn exchange(
        &mut self,
        method: &'static str,
        params: Value,
        mut headers: HeaderMap,
    ) -> Result<(Payload, HeaderMap), Refused> {
        self.asked += 1;
        let id = self.asked;
        let params = match self.era {
            Era::Modern => {
                headers.insert(METHOD, HeaderValue::from_static(method));
                message::with_meta(params, message::meta())
            }
            Era::Handshake => params,
        };
        self.set_pending(Some(id));
        let answer = self.post(&message::request(id, method, params), headers).await?;
        let received = answer.headers().clone();
        let response = self.response(answer, id, method).await;
        if response.as_ref().map_or_else(Refused::is_answer, |_| true) {
            self.set_pending(None);
        }
        response.map(|result| (result, received))
    }

    fn set_pending(&mut self, id: Option<u64>) {
        if let Some(session) = &mut self.session {
            session.set_pending(id);
        }
    }

    async fn response(&mut self, answer: Answer, id: u64, method: &str) -> Result<Payload, Refused> {
        if !answer.status().is_success() {
            let failure = self.failure_of(answer).await;
            let error = failure.body.as_ref().and_then(|body| body.to_value().ok());
            let code = error.and_then(|body| body.pointer("/error/code")?.as_i64());
            if matches!(failure.status, Some(400 | 404 | 405)) {
                // It may speak another protocol than the last time.
                self.caller.shared.eras.forget(&self.server);
            }
            return Err(Refused { failure, code });
        }
        let who = answer.peer();
        self.unserved = None;
        let response = if response::is_stream(answer.headers()) {
            self.in_stream(answer, id).await
        } else {
            self.in_body(answer, id).await
        };
        let (failure, code) = match response {
            Ok(Ok(result)) => return Ok(result),
            Ok(Err(error)) => (error.failure(&who, method), Some(error.code)),
            Err(failure) => (failure, None),
        };
        Err(Refused { failure: self.with_unserved(failure), code })
    }

    /// Sends a message. Redirects are followed within the origin, and only if they keep the message.
    async fn post(&mut self, message: &Value, own: HeaderMap) -> Result<Answer, Failure> {
        let body = Bytes::from(message.to_string());
        for _ in 0..=REDIRECTS_MAX {
            let mut headers = self.headers_of_session();
            headers.extend(own.iter().map(|(name, value)| (name.clone(), value.clone())));
            let request = Request {
                headers,
                body: Some(body.clone()),
                follows_redirects: false,
                has_own_timeout: self.caller.work.has_own_timeout,
                ..Request::new(Method::POST, self.url.clone())
            };
            let Caller { shared, slot, keyring, .. } = self.caller;
            let answer = shared.send(request, keyring, slot).await?;
            match redirected(&self.url, &answer)? {
                Some(url) => self.url = url,
                None => return Ok(answer),
            }
        }
        let message = format!("{} redirects more than {REDIRECTS_MAX} times.", peer(&self.url));
        Err(Failure::new(ErrorClass::Rejected, message))
    }

    fn headers_of_session(&self) -> HeaderMap {
        let mut headers = self.common_headers();
        headers.extend(self.session.as_ref().map(|session| (SESSION_ID, session.id().clone())));
        headers
    }

    /// Returns what all messages carry.
    fn common_headers(&self) -> HeaderMap {
        let mut headers = self.headers.clone();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json, text/event-stream"));
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let modern = HeaderValue::from_static(MODERN_VERSION);
        let version = if self.era == Era::Modern { Some(modern) } else { self.version.clone() };
        headers.extend(version.map(|version| (PROTOCOL_VERSION, version)));
        headers
    }

    async fn failure_of(&self, answer: Answer) -> Failure {
        let is_unauthorized = answer.status().as_u16() == 401;
        let mut failure = status::failure_of(answer, &self.caller.keyring.scrubber()).await;
        if is_unauthorized {
            let hint = " Give the agent an `api_key`, such as an OAuth2 secret: Steadflow asks no authorization server that an MCP server names.";
            failure.message.push_str(hint);
        }
        failure
    }

    fn bytes_max(&self) -> usize {
        self.caller.shared.limits.output_bytes_max.saturating_mul(RESPONSE_PER_OUTPUT)
    }
}

/// Returns where a redirect leads, if it may be followed.
fn redirected(url: &Url, answer: &Answer) -> Result<Option<Url>, Failure> {
    let status = answer.status().as_u16();
    let location = answer.headers().get(LOCATION).filter(|_| matches!(status, 301 | 302 | 303 | 307 | 308));
    let Some(location) = location else { return Ok(None) };
    let target = location.to_str().ok().and_then(|location| url.join(location).ok());
    match target {
        Some(target) if matches!(status, 307 | 308) && target.origin() == url.origin() => Ok(Some(target)),
        target => {
            let to = target
                .map_or_else(String::new, |target| format!(" to {}", target.origin().ascii_serialization()));
            let message = format!(
                "{} redirects{to} with status {status}. Requests to an MCP server follow only 307 and 308, and only within \
                 its origin. Change the URL of the agent.",
                peer(url)
            );
            Err(Failure { status: Some(status), ..Failure::new(ErrorClass::Rejected, message) })
        }
    }
}
