//! A conversation with an MCP server that is a local command.

use std::sync::Arc;

use serde_json::{Map, Value, json};
use steadflow_core::failure::{ErrorClass, Failure};
use steadflow_core::payload::Payload;
use tokio::time::timeout;

use super::client::{Caller, RESPONSE_PER_OUTPUT, Refused};
use super::command::{Listed, Start};
use super::era::Era;
use super::message;
use super::process::User;
use crate::call::headers_of;

/// A conversation. The command is shared with others.
pub(super) struct LocalClient<'a> {
    caller: Caller<'a>,
    command: Arc<Listed>,
    user: User,
    era: Era,
}

impl<'a> LocalClient<'a> {
    /// Begins a conversation. The command is started if it does not run.
    ///
    /// # Errors
    /// It cannot be started, or is no MCP server.
    pub(super) async fn begin(
        caller: Caller<'a>,
        command: Arc<Listed>,
        env: Vec<(String, String)>,
    ) -> Result<Self, Failure> {
        let shared = caller.shared;
        let start = Start {
            env,
            discovery_max: shared.connect_timeout(),
            bytes_max: shared.limits.output_bytes_max.saturating_mul(RESPONSE_PER_OUTPUT),
            share: shared.share_of(caller.slot),
        };
        let scrubber = caller.keyring.scrubber();
        let user = command.user(start, &scrubber)?;
        let era = user.ready().await.map_err(|ended| ended.failure(&command.name, &scrubber))?;
        Ok(Self { caller, command, user, era })
    }

    pub(super) fn who(&self) -> String {
        format!("`{}`", self.command.name)
    }

    /// Calls a tool.
    ///
    /// # Errors
    /// There is no result.
    pub(super) async fn call(&self, tool: &str, arguments: &Value) -> Result<Payload, Failure> {
        let headers = headers_of(self.caller.work, self.caller.shared.traces);
        // What an HTTP server gets as headers, under the same names.
        let meta =
            headers.iter().filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.into())));
        self.request_with("tools/call", json!({ "name": tool, "arguments": arguments }), meta.collect())
            .await
            .map_err(Failure::from)
    }

    /// Sends a request.
    ///
    /// # Errors
    /// There is no result.
    pub(super) async fn request(&self, method: &str, params: Value) -> Result<Payload, Failure> {
        self.request_with(method, params, Map::new()).await.map_err(Failure::from)
    }

    /// Sends a request about a task.
    ///
    /// # Errors
    /// There is no result.
    pub(super) async fn request_task(&self, method: &str, params: Value) -> Result<Payload, Refused> {
        self.request_with(method, params, Map::new()).await
    }

    pub(super) fn is_modern(&self) -> bool {
        self.era == Era::Modern
    }

    async fn request_with(
        &self,
        method: &str,
        params: Value,
        mut meta: Map<String, Value>,
    ) -> Result<Payload, Refused> {
        if self.era == Era::Modern {
            meta.extend(message::meta());
        }
        let params = if meta.is_empty() { params } else { message::with_meta(params, meta) };
        let asking = self.user.request(method, params);
        let answer = if self.caller.work.has_own_timeout {
            asking.await
        } else {
            let idle = self.caller.shared.idle_timeout();
            timeout(idle, asking).await.map_err(|_| {
                let message = format!(
                    "The local command {} did not respond within {} seconds.",
                    self.who(),
                    idle.as_secs()
                );
                Failure::new(ErrorClass::Timeout, message)
            })?
        };
        match answer {
            Ok(Ok(result)) => Ok(result),
            Ok(Err(error)) => {
                Err(Refused { failure: error.failure(&self.who(), method), code: Some(error.code) })
            }
            Err(ended) => Err(ended.failure(&self.command.name, &self.caller.keyring.scrubber()).into()),
        }
    }
}
