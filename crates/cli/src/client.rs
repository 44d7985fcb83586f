//! A client of the API of a running server.

use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use reqwest::{Client, Method, RequestBuilder, Response};
use serde_json::Value;
use steadflow_core::payload::Payload;

use crate::output;

/// A running server.
#[derive(Debug)]
pub(crate) struct Server {
    base: String,
    client: Client,
}

/// The JSON of a response.
#[derive(Debug)]
pub(crate) struct Answer {
    /// As the server sent it.
    pub(crate) text: Payload,
    /// What it says.
    pub(crate) value: Value,
}

impl Server {
    /// Creates a client without connecting to the server.
    ///
    /// # Errors
    /// If `base` is not an HTTP URL, or the HTTP client cannot be set up.
    pub(crate) fn new(base: &str) -> anyhow::Result<Self> {
        if !base.starts_with("http://") && !base.starts_with("https://") {
            bail!("`{base}` is not the URL of a server. Use one such as http://127.0.0.1:8080.");
        }
        // Fails only if a provider is already installed, which is fine.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder().no_proxy().build().context("Could not set up the HTTP client")?;
        Ok(Self { base: base.trim_end_matches('/').to_owned(), client })
    }

    /// Prepares a request for `path`, relative to `/api/v1/studio`.
    pub(crate) fn call(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}/api/v1/studio{path}", self.base))
    }

    /// Prepares a readiness check with a response within `timeout`.
    pub(crate) fn readiness(&self, timeout: Duration) -> RequestBuilder {
        self.client.get(format!("{}/readyz", self.base)).timeout(timeout)
    }

    /// Sends a request and reads the JSON of the response.
    ///
    /// # Errors
    /// The problem that the server reports, or that it cannot be reached.
    pub(crate) async fn send(&self, call: RequestBuilder) -> anyhow::Result<Answer> {
        let text = self.open(call).await?.text().await.context("The response of the server is incomplete")?;
        let read = || -> Result<Answer, serde_json::Error> {
            let text = Payload::parse(text)?;
            Ok(Answer { value: text.to_value()?, text })
        };
        read().context("The response of the server is not JSON")
    }

    /// Sends a request and returns the response without reading its body.
    ///
    /// # Errors
    /// As [`Self::send`].
    pub(crate) async fn open(&self, call: RequestBuilder) -> anyhow::Result<Response> {
        let sent = call.send().await;
        let response = sent.with_context(|| {
            format!(
                "Could not connect to a server at {}. Start one with `steadflow serve`, or use --server",
                self.base
            )
        })?;
        if response.status().is_success() {
            return Ok(response);
        }
        let status = response.status();
        let problem: Value =
            response.json().await.map_err(|_| anyhow!("The server responded with {status}"))?;
        match problem["detail"].as_str() {
            Some(detail) => bail!("{}", output::escaped(detail)),
            None => bail!("The server responded with {status}"),
        }
    }
}
