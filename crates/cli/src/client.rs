//! The API of a running server, as the commands use it.

use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use reqwest::{Client, Method, RequestBuilder, Response};
use serde_json::Value;

/// A running server.
#[derive(Debug)]
pub(crate) struct Server {
    base: String,
    client: Client,
}

impl Server {
    /// Takes the address of a server, and does not ask whether it is there.
    ///
    /// # Errors
    /// That it is no address.
    pub(crate) fn new(base: &str) -> anyhow::Result<Self> {
        if !base.starts_with("http://") && !base.starts_with("https://") {
            bail!("`{base}` is no address of a server. Use one such as http://127.0.0.1:8080.");
        }
        // Fails only if another provider was installed before, which serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder().no_proxy().build().context("The HTTP client could not be set up")?;
        Ok(Self { base: base.trim_end_matches('/').to_owned(), client })
    }

    /// Prepares a call of `path`, below `/api/v1/studio`.
    pub(crate) fn call(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}/api/v1/studio{path}", self.base))
    }

    /// Prepares the question whether it takes new work, to be answered within `timeout`.
    pub(crate) fn readiness(&self, timeout: Duration) -> RequestBuilder {
        self.client.get(format!("{}/readyz", self.base)).timeout(timeout)
    }

    /// Sends a call and reads the answer.
    ///
    /// # Errors
    /// What the server says is wrong, or that it cannot be reached.
    pub(crate) async fn send(&self, call: RequestBuilder) -> anyhow::Result<Value> {
        let response = self.open(call).await?;
        response.json().await.context("The server's answer is not JSON")
    }

    /// Sends a call and returns the answer, not yet read.
    ///
    /// # Errors
    /// As [`Self::send`].
    pub(crate) async fn open(&self, call: RequestBuilder) -> anyhow::Result<Response> {
        let sent = call.send().await;
        let response = sent.with_context(|| {
            format!(
                "There is no server at {}. Start one with `steadflow serve`, or name it with --server",
                self.base
            )
        })?;
        if response.status().is_success() {
            return Ok(response);
        }
        let status = response.status();
        let problem: Value = response.json().await.map_err(|_| anyhow!("The server answered {status}"))?;
        match problem["detail"].as_str() {
            Some(detail) => bail!("{detail}"),
            None => bail!("The server answered {status}"),
        }
    }
}
