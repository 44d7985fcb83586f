//! What a task asks for in the middle of its work: elicitation in form mode, which a person answers. Nothing else is served.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Map, Value, json};
use steadflow_core::agent::MASK;
use steadflow_core::failure::{ErrorClass, Failure};
use steadflow_core::form;
use steadflow_core::input_request::{InputAnswer, InputRequest, REQUEST_BYTES_MAX};
use steadflow_core::payload::Payload;
use steadflow_core::remote_task::RemoteTask;

use super::message::{shortened, value_of};
use crate::secrets::Scrubber;

/// Maximum number of requests that a task makes at once.
const REQUESTS_MAX: usize = 16;
/// Maximum length of what a server calls a request.
const KEY_BYTES_MAX: usize = 256;

/// What a server asks for, and who that is.
pub(super) struct Asking<'a> {
    pub(super) who: &'a str,
    pub(super) tool: &'a str,
    pub(super) task: &'a RemoteTask,
}

/// What is known of the answers to a task.
#[derive(Debug, Default)]
pub(super) struct Sent {
    keys: BTreeSet<Arc<str>>,
    /// Why the server did not take some. If it asks for them again, it does not want them.
    pub(super) refused: Option<Failure>,
}

impl Sent {
    /// Returns the answers that the server asks for and was not sent.
    pub(super) fn left<'a>(
        &self,
        answers: &'a [InputAnswer],
        asked: &Map<String, Value>,
    ) -> Vec<&'a InputAnswer> {
        answers
            .iter()
            .filter(|answer| asked.contains_key(&*answer.key) && !self.keys.contains(&answer.key))
            .collect()
    }

    /// Returns whether the server asks for something that it was sent.
    pub(super) fn is_asked_again(&self, asked: &Map<String, Value>) -> bool {
        self.keys.iter().any(|key| asked.contains_key(&**key))
    }

    pub(super) fn add(&mut self, answers: &[&InputAnswer]) {
        self.keys.extend(answers.iter().map(|answer| Arc::clone(&answer.key)));
    }
}

/// Returns the parameters that answer a server.
pub(super) fn responses(answers: &[&InputAnswer]) -> Map<String, Value> {
    let each = answers.iter().map(|answer| (answer.key.to_string(), answer.response()));
    Map::from_iter([("inputResponses".to_owned(), Value::Object(each.collect()))])
}

impl Asking<'_> {
    /// Reads the requests of a task, by what the server calls them.
    ///
    /// # Errors
    /// A failure of class `rejected` if there are none.
    pub(super) fn read(&self, requests: Option<&Payload>) -> Result<Map<String, Value>, Failure> {
        match requests.map(value_of) {
            Some(Value::Object(requests)) if !requests.is_empty() => Ok(requests),
            Some(_) | None => Err(self.refused("does not say for what (`inputRequests`)")),
        }
    }

    /// Returns the requests that have no answer, for a person.
    ///
    /// # Errors
    /// A failure of class `rejected` that names what is not served or understood.
    pub(super) fn unanswered(
        &self,
        asked: &Map<String, Value>,
        answers: &[InputAnswer],
        scrubber: &Scrubber,
    ) -> Result<Vec<InputRequest>, Failure> {
        let is_new = |key: &str| !answers.iter().any(|answer| *answer.key == *key);
        let new: Vec<_> = asked.iter().filter(|(key, _)| is_new(key)).collect();
        if new.len() > REQUESTS_MAX {
            return Err(self.refused(&format!("asks {} questions: {REQUESTS_MAX} are allowed", new.len())));
        }
        new.into_iter().map(|(key, request)| self.request(key, request, scrubber)).collect()
    }

    fn request(&self, key: &str, request: &Value, scrubber: &Scrubber) -> Result<InputRequest, Failure> {
        if key.len() > KEY_BYTES_MAX {
            let bytes = key.len();
            return Err(
                self.refused(&format!("names a question with {bytes} bytes: {KEY_BYTES_MAX} are allowed"))
            );
        }
        let method = request["method"].as_str().unwrap_or_default();
        let params = &request["params"];
        match (method, params.get("mode").map_or(Some("form"), Value::as_str)) {
            ("elicitation/create", Some("form")) => {}
            ("elicitation/create", mode) => {
                let mode = shortened(mode.unwrap_or_default());
                return Err(
                    self.refused(&format!("asks a person in the mode `{mode}`: only forms are served"))
                );
            }
            (method, _) => {
                let method = shortened(method);
                return Err(self.refused(&format!("asks for `{method}`, which is not served")));
            }
        }
        let Some(message) = params["message"].as_str() else {
            return Err(self.refused("asks a person without a `message`"));
        };
        let form = form::read(&params["requestedSchema"])
            .map_err(|why| self.refused(&format!("asks for a form that is not understood: {why}")))?;
        let message = message.replace(&*self.task.id, MASK);
        let question = scrubber.value(json!({ "message": message, "form": form }));
        let question = Payload::from_value(&question);
        if question.len() > REQUEST_BYTES_MAX {
            let bytes = question.len();
            return Err(
                self.refused(&format!("asks for a form of {bytes} bytes: {REQUEST_BYTES_MAX} are allowed"))
            );
        }
        Ok(InputRequest { key: key.into(), agent: self.task.agent, tool: self.tool.into(), question })
    }

    fn refused(&self, why: &str) -> Failure {
        let Self { who, tool, .. } = self;
        let message = format!("The tool `{tool}` of {who} needs input in the middle of its work, and {why}.");
        Failure::new(ErrorClass::Rejected, message)
    }
}
