//! A client of the API of a running server.

use std::fmt;
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue, LINK};
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode};
use serde_json::Value;
use steadflow_core::flow::Fault;
use steadflow_core::payload::Payload;

use crate::output;
use crate::settings::{ServerAddress, ServerKey};

/// The longest response that is read into memory, in bytes. Those of the API are shorter.
const RESPONSE_BYTES_MAX: usize = 64 * 1024 * 1024;

/// What to do about an answer for which nobody is known.
const NEEDS_KEY: &str = " Here, the variable STEADFLOW_KEY has the key, or the file that --key-file names.";

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

/// What a server answers in the place of what was asked for.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) status: StatusCode,
    /// As RFC 9457 has it; null if the server gave none.
    pub(crate) problem: Value,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hint = if self.status == StatusCode::UNAUTHORIZED { NEEDS_KEY } else { "" };
        match self.problem["detail"].as_str() {
            Some(detail) => write!(f, "{}{hint}", output::escaped(detail)),
            None => write!(f, "The server responded with {}", self.status),
        }
    }
}

impl std::error::Error for Refused {}

impl Refused {
    /// Returns the faults of a document that it names.
    pub(crate) fn faults(&self) -> Vec<Fault> {
        faults(&self.problem["errors"])
    }
}

/// Reads faults, as the API lists them.
pub(crate) fn faults(list: &Value) -> Vec<Fault> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let read = |fault: &Value| Fault { pointer: text(&fault["pointer"]), message: text(&fault["message"]) };
    list.as_array().into_iter().flatten().map(read).collect()
}

impl Server {
    /// Creates a client without connecting to the server.
    ///
    /// # Errors
    /// If the address is not an HTTP URL, or the HTTP client cannot be set up.
    pub(crate) fn new(address: &ServerAddress) -> anyhow::Result<Self> {
        let base = &*address.url;
        if !base.starts_with("http://") && !base.starts_with("https://") {
            bail!("`{base}` is not the URL of a server. Use one such as http://127.0.0.1:8080.");
        }
        // Fails only if a provider is already installed, which is fine.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let builder = Client::builder().no_proxy().default_headers(headers(address)?);
        let client = builder.build().context("Could not set up the HTTP client")?;
        Ok(Self { base: base.trim_end_matches('/').to_owned(), client })
    }

    /// Prepares a request for `path`, relative to `/api/v1/studio`.
    pub(crate) fn call(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}/api/v1/studio{path}", self.base))
    }

    /// Prepares a request for a path of the server.
    pub(crate) fn root(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.base))
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
        let text = text_of(self.open(call).await?).await?;
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
        let problem = serde_json::from_str(&text_of(response).await?).unwrap_or_default();
        Err(Refused { status, problem }.into())
    }

    /// Returns all entries of a list, page by page. `path` is relative to `/api/v1/studio`, and may have a query.
    ///
    /// # Errors
    /// As [`Self::send`].
    pub(crate) async fn all(&self, path: &str) -> anyhow::Result<Vec<Value>> {
        let (mut all, mut next) = (Vec::new(), Some(format!("/api/v1/studio{path}")));
        while let Some(path) = next.take() {
            let response = self.open(self.root(Method::GET, &path)).await?;
            let link = response.headers().get(LINK).and_then(|link| link.to_str().ok());
            next = link
                .and_then(|link| link.strip_prefix('<')?.split_once(">; rel=\"next\""))
                .map(|(address, _)| address.to_owned());
            let page = serde_json::from_str(&text_of(response).await?);
            let page: Vec<Value> = page.context("The response of the server is not a list")?;
            all.extend(page);
        }
        Ok(all)
    }
}

/// Returns what each request shows.
fn headers(address: &ServerAddress) -> anyhow::Result<HeaderMap> {
    let Some(ServerKey(key)) = &address.key else { return Ok(HeaderMap::new()) };
    let bearer = HeaderValue::try_from(format!("Bearer {key}"));
    let mut bearer = bearer.map_err(|_| anyhow!("The API key has characters that no key has."))?;
    bearer.set_sensitive(true);
    Ok(HeaderMap::from_iter([(AUTHORIZATION, bearer)]))
}

/// Reads the body of a response, which has a length.
async fn text_of(mut response: Response) -> anyhow::Result<String> {
    let mut text = Vec::new();
    while let Some(piece) = response.chunk().await.context("The response of the server is incomplete")? {
        text.extend_from_slice(&piece);
        if text.len() > RESPONSE_BYTES_MAX {
            let mebibytes = RESPONSE_BYTES_MAX / (1024 * 1024);
            bail!(
                "The response of the server is longer than {mebibytes} MiB; ask for less with a smaller --limit, or for one \
                 value with --value"
            );
        }
    }
    String::from_utf8(text).context("The response of the server is not text")
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn a_response_without_an_end_is_refused() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("loopback has free ports");
        let address = listener.local_addr().expect("a bound socket has an address");
        let peer = tokio::task::spawn_blocking(move || {
            let (mut stream, _) = listener.accept().expect("the client connects");
            let _ = stream.read(&mut [0; 1_024]);
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
            while stream.write_all(&[b' '; 64 * 1024]).is_ok() {}
        });
        let server =
            Server::new(&ServerAddress { url: format!("http://{address}"), key: None }).expect("it is a URL");

        let refused = server.send(server.call(Method::GET, "/executions")).await;

        let message = refused.expect_err("it has no end").to_string();
        assert_eq!(
            message,
            "The response of the server is longer than 64 MiB; ask for less with a smaller --limit, or for one value with \
             --value"
        );
        peer.await.expect("the client has gone");
    }
}
