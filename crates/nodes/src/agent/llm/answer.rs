//! Reads the response of a server: in pieces as they arrive, or all of it at once.

use std::sync::{Arc, Mutex, PoisonError};

use reqwest::header::HeaderMap;
use serde_json::Value;
use steadflow_core::failure::{ErrorClass, Failure};

use super::fold::Fold;
use super::frames::{Frame, Framer};
use super::protocol::Protocol;
use super::reply::{Reply, misfit};
use super::sent::{self, Sent, Unreadable};
use super::speech::Speech;
use super::{anthropic, fault, gemini, ollama, openai, responses};
use crate::body::{self, Codings};
use crate::egress::{Answer, Events};
use crate::secrets::Scrubber;

/// Who sent a response, and its headers.
struct From {
    protocol: Protocol,
    /// Whether the model was offered tools.
    has_tools: bool,
    peer: String,
    headers: HeaderMap,
    scrubber: Arc<Scrubber>,
    /// Passes on what comes of a stream.
    speech: Speech,
}

/// How a response is read.
pub(super) struct Reading {
    pub(super) protocol: Protocol,
    /// Whether the model was offered tools.
    pub(super) has_tools: bool,
    pub(super) scrubber: Arc<Scrubber>,
    pub(super) speech: Speech,
}

/// A response that failed, and what was received of it.
pub(super) struct Lost {
    pub(super) failure: Failure,
    pub(super) part: Option<Reply>,
}

impl std::convert::From<Failure> for Lost {
    fn from(failure: Failure) -> Self {
        Self { failure, part: None }
    }
}

/// Reads a response of at most `bytes_max` bytes; of a stream, what is kept of it counts.
pub(super) async fn read(answer: Answer, reading: Reading, bytes_max: usize) -> Result<Reply, Lost> {
    let Reading { protocol, has_tools, scrubber, speech } = reading;
    let headers = answer.headers().clone();
    let is_plain = Codings::of(&headers).is_ok_and(|codings| codings.is_identity());
    let can_be_cut = is_plain && body::is_utf_8(&headers);
    let from = From { protocol, has_tools, peer: answer.peer(), headers, scrubber, speech };
    let mut reader = Reader { fold: Fold::new(protocol), from, before: None, pieces: 0 };
    if !can_be_cut {
        return Ok(answer.read(bytes_max, move |bytes| reader.read_whole(&bytes)).await?);
    }
    let mut events = Events::<Framer>::of(answer, bytes_max)?;
    // A large piece is read by another thread.
    let reader = Arc::new(Mutex::new(reader));
    let locked = || reader.lock().unwrap_or_else(PoisonError::into_inner);
    loop {
        let shared = Arc::clone(&reader);
        let next =
            events.next(move |frame| shared.lock().unwrap_or_else(PoisonError::into_inner).read(frame));
        match next.await {
            Ok(Some(Some(reply))) => {
                events.leave().await;
                return Ok(reply);
            }
            Ok(Some(None)) => events.keep(locked().fold.kept_bytes()),
            Ok(None) => {
                let mut reader = locked();
                return reader.finish().map_err(|failure| reader.lost(failure));
            }
            Err(failure) => return Err(locked().lost(failure)),
        }
    }
}

/// Makes a reply of what arrives.
struct Reader {
    from: From,
    fold: Fold,
    /// The first line of a stream of lines, which is all of the response if no other follows.
    before: Option<Value>,
    pieces: usize,
}

impl Reader {
    /// Reads a frame, and returns the reply if nothing that matters follows.
    fn read(&mut self, frame: Frame) -> Result<Option<Reply>, Failure> {
        match frame {
            Frame::Whole(bytes) => self.read_whole(&bytes).map(Some),
            Frame::Event(data) => {
                let text = self.text(&data)?;
                let (pieces, is_over) =
                    sent::pieces(&text, self.pieces).map_err(|what| self.unreadable(what))?;
                self.push_all(&pieces, is_over)
            }
            Frame::Line(line) => {
                let text = self.text(&line)?;
                let piece =
                    sent::piece(text.trim(), self.pieces + 1).map_err(|what| self.unreadable(what))?;
                if self.pieces == 0 && self.before.is_none() {
                    self.before = Some(piece);
                    return Ok(None);
                }
                let pieces: Vec<Value> = self.before.take().into_iter().chain([piece]).collect();
                self.push_all(&pieces, false)
            }
        }
    }

    /// Reads the end of the body.
    fn finish(&mut self) -> Result<Reply, Failure> {
        match self.before.take() {
            Some(answer) => self.reply_of_one(answer),
            None => self.reply_of_stream(),
        }
    }

    fn read_whole(&mut self, bytes: &[u8]) -> Result<Reply, Failure> {
        let text = self.text(bytes)?;
        match sent::read(&text, &self.from.scrubber).map_err(|what| self.unreadable(what))? {
            Sent::Whole(Value::Array(pieces)) if self.from.protocol == Protocol::Gemini => {
                self.push_all(&pieces, true)?;
            }
            Sent::Whole(answer) => return self.reply_of_one(answer),
            Sent::Pieces { pieces, is_over } => {
                if let Some(reply) = self.push_all(&pieces, is_over)? {
                    return Ok(reply);
                }
            }
        }
        self.reply_of_stream()
    }

    /// Adds pieces. An error in one ends the stream.
    fn push_all(&mut self, pieces: &[Value], is_over: bool) -> Result<Option<Reply>, Failure> {
        for piece in pieces {
            self.pieces += 1;
            if let Some(error) = self.error_in(piece) {
                return Err(
                    error.failure_with_code(&format!("{} ended its stream with an error", self.from.peer))
                );
            }
            self.fold.push(piece).map_err(|what| self.broken(&what))?;
            let From { speech, has_tools, .. } = &mut self.from;
            self.fold.said(piece, *has_tools, &mut |kind, text| speech.say(kind, text));
            if self.fold.is_over() {
                return self.reply_of_stream().map(Some);
            }
        }
        if is_over {
            self.fold.mark_end();
            return self.reply_of_stream().map(Some);
        }
        Ok(None)
    }

    fn reply_of_one(&mut self, answer: Value) -> Result<Reply, Failure> {
        if answer.get("done") == Some(&Value::Bool(false)) {
            // It is the first line of a stream that ends behind it.
            self.push_all(&[answer], false)?;
            return self.reply_of_stream();
        }
        match self.error_in(&answer) {
            Some(error) => {
                Err(error.failure_with_code(&format!("{} responded with an error", self.from.peer)))
            }
            None => self.reply(answer),
        }
    }

    fn reply_of_stream(&mut self) -> Result<Reply, Failure> {
        self.fold.check_end().map_err(|what| self.broken(&what))?;
        self.from.speech.end();
        self.reply(self.fold.answer())
    }

    fn reply(&self, answer: Value) -> Result<Reply, Failure> {
        let From { protocol, has_tools, .. } = &self.from;
        // What messages quote is cut, so secrets are masked before.
        let answer = self.from.scrubber.value(answer);
        let reply = match protocol {
            Protocol::ChatCompletions => openai::reply(&answer),
            Protocol::Responses => responses::reply(&answer),
            Protocol::Anthropic => anthropic::reply(&answer, *has_tools),
            Protocol::Gemini => gemini::reply(&answer, *has_tools),
            Protocol::Ollama => ollama::reply(&answer),
        };
        reply.map_err(|what| {
            let name = protocol.name();
            self.unusable(&format!("did not respond like {name}: its response {what}. Check the provider."))
        })
    }

    /// Adds what was received to a failure.
    fn lost(&self, failure: Failure) -> Lost {
        let part = if self.fold.has_pieces() { self.reply(self.fold.answer()).ok() } else { None };
        Lost { failure, part }
    }

    fn error_in(&self, piece: &Value) -> Option<fault::Reported> {
        fault::reported(piece)?;
        fault::in_success(&self.from.scrubber.value(piece.clone()), &self.from.headers)
    }

    fn text(&self, bytes: &[u8]) -> Result<String, Failure> {
        body::text(&self.from.headers, bytes).map_err(|misread| {
            Failure::new(ErrorClass::ModelOutput, format!("The response of {} {misread}.", self.from.peer))
        })
    }

    fn unreadable(&self, what: Unreadable) -> Failure {
        match what {
            Unreadable::Foreign(what) => self.unusable(&format!("{what}. Check the base URL.")),
            Unreadable::HalfCharacter(place) => {
                let peer = &self.from.peer;
                misfit(&format!(
                    "contains half of a character, a lone surrogate ({place} of what {peer} sent)"
                ))
            }
        }
    }

    /// Returns the failure of a stream that is not what the protocol says.
    fn broken(&self, what: &str) -> Failure {
        self.unusable(&format!("{what}. If the server cannot stream, set `stream` of the agent to false."))
    }

    fn unusable(&self, what: &str) -> Failure {
        Failure::new(ErrorClass::Unavailable, format!("{} {what}", self.from.peer))
    }
}

#[cfg(test)]
mod tests;
