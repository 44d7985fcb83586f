//! A conversation with an MCP server, however it is reached: as many requests as one call takes.

use std::sync::Arc;

use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue, USER_AGENT};
use serde_json::{Map, Value};
use steadflow_core::agent::{McpConfig, McpEndpoint, Skill};
use steadflow_core::failure::Failure;
use steadflow_core::payload::Payload;
use url::Url;

use super::super::misconfigured;
use super::client::{Caller, Client, Refused};
use super::command::Listed;
use super::local::LocalClient;
use crate::call::{AGENT, header};
use crate::egress::peer;
use crate::nodes::Shared;
use crate::secrets::Keyring;

/// How a server is reached, with its secrets.
pub(super) enum Reach {
    Http(Url, HeaderMap),
    Command(Arc<Listed>, Vec<(String, String)>),
}

impl Reach {
    /// Finds a server.
    ///
    /// # Errors
    /// A failure of class `configuration` if its address is none, or a command or a secret is not there.
    pub(super) fn of(
        config: &McpConfig,
        shared: &Shared,
        keyring: &mut Keyring<'_>,
    ) -> Result<Self, Failure> {
        match config {
            McpConfig::Http(endpoint) => Self::of_endpoint(endpoint, keyring),
            McpConfig::Command(name) => {
                let command = shared.commands.find(name)?;
                let env = command.env(keyring)?;
                Ok(Self::Command(command, env))
            }
        }
    }

    fn of_endpoint(endpoint: &McpEndpoint, keyring: &mut Keyring<'_>) -> Result<Self, Failure> {
        let McpEndpoint { url, api_key, headers: own } = endpoint;
        let url = Url::parse(url)
            .map_err(|_| misconfigured(format!("The address `{url}` of the MCP server is not a URL.")))?;
        let mut headers = HeaderMap::new();
        headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
        for (name, text) in own {
            let (name, value) = header(name, &keyring.open_header(name, text)?).map_err(misconfigured)?;
            headers.insert(name, value);
        }
        if let Some(key) = api_key {
            let bearer = format!("Bearer {}", keyring.open(key)?);
            let (name, value) = header(AUTHORIZATION.as_str(), &bearer).map_err(misconfigured)?;
            headers.insert(name, value);
        }
        Ok(Self::Http(url, headers))
    }
}

/// A conversation, and what the server is called in messages.
pub(super) struct Conversation<'a> {
    with: With<'a>,
    who: String,
}

enum With<'a> {
    Http(Box<Client<'a>>),
    Command(LocalClient<'a>),
}

impl<'a> Conversation<'a> {
    /// Begins a conversation.
    ///
    /// # Errors
    /// The server cannot be reached or started, or speaks no protocol that is known.
    pub(super) async fn begin(caller: Caller<'a>, reach: Reach) -> Result<Self, Failure> {
        match reach {
            Reach::Http(url, headers) => {
                let who = peer(&url);
                let client = Client::begin(caller, url, headers).await?;
                Ok(Self { with: With::Http(Box::new(client)), who })
            }
            Reach::Command(command, env) => {
                let client = LocalClient::begin(caller, command, env).await?;
                let who = client.who();
                Ok(Self { with: With::Command(client), who })
            }
        }
    }

    /// Goes on with a server that has begun a task.
    ///
    /// # Errors
    /// A local command cannot be started.
    pub(super) async fn resume(caller: Caller<'a>, reach: Reach) -> Result<Self, Failure> {
        match reach {
            Reach::Http(url, headers) => {
                let who = peer(&url);
                Ok(Self { with: With::Http(Box::new(Client::modern(caller, url, headers))), who })
            }
            reach @ Reach::Command(..) => Self::begin(caller, reach).await,
        }
    }

    /// Returns whether the server may do a call as a task.
    pub(super) fn has_tasks(&self) -> bool {
        match &self.with {
            With::Http(client) => client.is_modern(),
            With::Command(client) => client.is_modern(),
        }
    }

    /// Sends a request about a task, with `more` parameters.
    ///
    /// # Errors
    /// There is no result.
    pub(super) async fn ask_task(
        &mut self,
        method: &'static str,
        id: &str,
        more: Map<String, Value>,
    ) -> Result<Payload, Refused> {
        let mut params = more;
        params.insert("taskId".to_owned(), id.into());
        match &mut self.with {
            With::Http(client) => client.ask_task(method, id, params.into()).await,
            With::Command(client) => client.request_task(method, params.into()).await,
        }
    }

    pub(super) fn who(&self) -> &str {
        &self.who
    }

    /// Sends a request.
    ///
    /// # Errors
    /// There is no result.
    pub(super) async fn request(&mut self, method: &'static str, params: Value) -> Result<Payload, Failure> {
        match &mut self.with {
            With::Http(client) => client.request(method, params).await.map_err(Failure::from),
            With::Command(client) => client.request(method, params).await,
        }
    }

    /// Calls the tool that is a skill of the agent.
    ///
    /// # Errors
    /// There is no result.
    pub(super) async fn call(&mut self, skill: &Skill, arguments: &Value) -> Result<Payload, Failure> {
        match &mut self.with {
            With::Http(client) => client.call(skill, arguments).await,
            With::Command(client) => client.call(&skill.name, arguments).await,
        }
    }
}
