//! The response to a request: in a body, or in a stream beside other messages.

use std::time::Duration;

use reqwest::Method;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;
use steadflow_core::failure::{ErrorClass, Failure};
use steadflow_core::payload::Payload;
use tokio::time::sleep;

use super::super::era::Era;
use super::super::message::{self, Message, RpcError};
use super::{Caller, Client};
use crate::body;
use crate::egress::{Answer, Events, Request, peer};
use crate::status;

/// Requests of the server that are answered.
const QUESTIONS_MAX: u32 = 100;
/// How often a stream that breaks is resumed, in all.
const RESUMPTIONS_MAX: u32 = 20;
/// How long before that, if the server does not say how long.
const RESUMPTION_WAIT: Duration = Duration::from_secs(1);
const RESUMPTION_WAIT_MAX: Duration = Duration::from_secs(30);

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

impl Client<'_> {
    pub(super) async fn in_body(
        &self,
        answer: Answer,
        id: u64,
    ) -> Result<Result<Payload, RpcError>, Failure> {
        let (who, headers) = (answer.peer(), answer.headers().clone());
        let messages = answer.read(self.bytes_max(), move |bytes| {
            let text = body::text(&headers, &bytes).map_err(|misread| status::misread(&who, &misread))?;
            messages(text.as_bytes(), &who)
        });
        let mut messages = messages.await?.into_iter();
        let response = messages.find_map(|message| message.response_to(id));
        response.ok_or_else(|| {
            let message = format!("{} sent no response to the request. Check the URL.", peer(&self.url));
            Failure::new(ErrorClass::Rejected, message)
        })
    }

    /// Reads a stream up to the response. One that breaks is resumed where it broke, so that the work is not done again.
    pub(super) async fn in_stream(
        &mut self,
        answer: Answer,
        id: u64,
    ) -> Result<Result<Payload, RpcError>, Failure> {
        let mut events = Events::of(answer, self.bytes_max())?;
        let mut place = None;
        for _ in 0..=RESUMPTIONS_MAX {
            let broken = match self.response_in(&mut events, id).await {
                Ok(response) => return Ok(response),
                Err(failure) if failure.class == ErrorClass::Connection => failure,
                Err(failure) => return Err(failure),
            };
            place = events.place().or(place);
            // Streams of the protocol without sessions cannot be resumed.
            let Some(place) = place.clone().filter(|_| self.era == Era::Handshake) else {
                return Err(broken);
            };
            sleep(events.retry().unwrap_or(RESUMPTION_WAIT).min(RESUMPTION_WAIT_MAX)).await;
            let answer = self.resume(place).await?;
            if !answer.status().is_success() || !is_stream(answer.headers()) {
                return Err(broken);
            }
            events = Events::of(answer, self.bytes_max())?;
        }
        let message = format!("{} broke its stream more than {RESUMPTIONS_MAX} times.", peer(&self.url));
        Err(Failure::new(ErrorClass::Connection, message))
    }

    async fn response_in(
        &mut self,
        events: &mut Events,
        id: u64,
    ) -> Result<Result<Payload, RpcError>, Failure> {
        let who = peer(&self.url);
        loop {
            let reader = who.clone();
            let Some(messages) = events.next(move |data| messages(&data, &reader)).await? else { break };
            for message in messages {
                if let Message::Question { id, method } = message {
                    self.answer(&id, method).await?;
                } else if let Some(response) = message.response_to(id) {
                    return Ok(response);
                }
            }
        }
        let message = format!("{who} ended its stream without a response to the request.");
        Err(Failure::new(ErrorClass::Connection, message))
    }

    /// Asks for what comes behind an event.
    async fn resume(&self, place: HeaderValue) -> Result<Answer, Failure> {
        let mut headers = self.headers_of_session();
        headers.remove(CONTENT_TYPE);
        headers.insert(ACCEPT, HeaderValue::from_static("text/event-stream"));
        headers.insert(LAST_EVENT_ID, place);
        let request = Request {
            headers,
            follows_redirects: false,
            has_own_timeout: self.caller.work.has_own_timeout,
            ..Request::new(Method::GET, self.url.clone())
        };
        let Caller { shared, slot, keyring, .. } = self.caller;
        shared.send(request, keyring, slot).await
    }

    /// Answers a request of the server, which waits for it.
    async fn answer(&mut self, id: &Value, method: String) -> Result<(), Failure> {
        self.questions += 1;
        if self.questions > QUESTIONS_MAX {
            let message = format!("{} sent more than {QUESTIONS_MAX} requests.", peer(&self.url));
            return Err(Failure::new(ErrorClass::Rejected, message));
        }
        // Whether it is taken shows in what the server does next.
        drop(self.post(&message::answer(id, &method), HeaderMap::new()).await?);
        if method != message::PING {
            self.unserved = Some(method);
        }
        Ok(())
    }

    /// Returns a failure of a request that says what the server had asked for meanwhile, and did not get.
    pub(super) fn with_unserved(&mut self, failure: Failure) -> Failure {
        let Some(method) = self.unserved.take() else { return failure };
        let why = format!(
            " It had asked for `{method}` in the middle of the call, which Steadflow does not serve."
        );
        Failure { message: failure.message + &why, ..failure }
    }
}

/// Returns whether a response is a stream of events.
pub(super) fn is_stream(headers: &HeaderMap) -> bool {
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    content_type.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("text/event-stream")
}

fn messages(text: &[u8], who: &str) -> Result<Vec<Message>, Failure> {
    message::read(text).map_err(|error| {
        let message = format!("{who} did not respond with JSON, as MCP servers do: {error}. Check the URL.");
        Failure::new(ErrorClass::Rejected, message)
    })
}
