//! A bucket of a storage that speaks the protocol of S3.

mod answer;
mod sign;

use std::fmt::{self, Debug};
use std::sync::Arc;
use std::time::Duration;

use reqwest::{Client, Method, Response, StatusCode};
use steadflow_core::ids::ExecutionId;
use steadflow_store::{Blob, BlobError, BlobFuture, BlobStorage};
use tokio::time::sleep;
use url::Url;
use uuid::Uuid;
use zeroize::Zeroizing;

use self::sign::{Request, Signed};

/// How long a request may take, besides a second for each megabyte.
const REQUEST_MAX: Duration = Duration::from_secs(15);
const CONNECT_MAX: Duration = Duration::from_secs(5);
/// Pauses before the next tries of a request that the storage could not do.
const PAUSES: [Duration; 2] = [Duration::from_millis(100), Duration::from_millis(500)];
/// Bytes of an answer that says what is wrong, or lists names.
const ANSWER_MAX: usize = 4 * 1024 * 1024;

/// Who asks.
#[derive(Clone)]
pub struct Credentials {
    /// The id of the access key.
    pub access_key_id: String,
    /// The secret of the access key.
    pub secret_access_key: Zeroizing<String>,
    /// The token of a session, if the key is one of a session.
    pub session_token: Option<Zeroizing<String>>,
}

impl Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Credentials({})", self.access_key_id)
    }
}

/// Which bucket, and how it is reached.
#[derive(Clone, Debug)]
pub struct S3Config {
    /// The URL of the service. Without a path.
    pub endpoint: Url,
    /// The name of the bucket.
    pub bucket: String,
    /// What names of objects begin with; empty, or without a slash at its ends.
    pub prefix: String,
    /// The region, which is a part of each signature.
    pub region: String,
    /// Whether the bucket is a part of the path, and not of the host.
    pub is_path_style: bool,
    /// Who asks.
    pub credentials: Credentials,
}

/// What of a configuration cannot be meant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum S3Error {
    /// The name of the bucket.
    #[error("`{0}` is no name of a bucket: it has 3 to 63 letters, digits, `-`, `_` and `.`")]
    Bucket(String),
    /// The prefix.
    #[error(
        "`{0}` is no prefix: it has letters, digits, `-`, `_`, `.` and `/`, and begins and ends with none of `/`"
    )]
    Prefix(String),
    /// The endpoint.
    #[error(
        "`{0}` is no endpoint: it is an `https://` or `http://` URL without a path, such as `https://s3.example.org`"
    )]
    Endpoint(String),
    /// The HTTP client.
    #[error("could not set up the HTTP client: {0}")]
    Client(String),
}

/// A bucket.
#[derive(Debug)]
pub struct S3 {
    config: S3Config,
    /// The URL of the bucket, with a slash at its end.
    base: Url,
    client: Client,
}

impl S3 {
    /// Returns the bucket of `config`, reached with `tls`.
    ///
    /// # Errors
    /// [`S3Error`] says what of it cannot be meant.
    pub fn new(config: S3Config, client: reqwest::ClientBuilder) -> Result<Self, S3Error> {
        let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        let S3Config { endpoint, bucket, prefix, .. } = &config;
        if !(3..=63).contains(&bucket.len()) || !bucket.chars().all(is_name) {
            return Err(S3Error::Bucket(bucket.clone()));
        }
        let is_prefix = prefix.is_empty()
            || prefix
                .split('/')
                .all(|part| !part.is_empty() && !part.starts_with('.') && part.chars().all(is_name));
        if !is_prefix {
            return Err(S3Error::Prefix(prefix.clone()));
        }
        let base = base(&config).ok_or_else(|| S3Error::Endpoint(endpoint.to_string()))?;
        // An answer that leads elsewhere is not followed: its signature would not fit.
        let client = client.connect_timeout(CONNECT_MAX).redirect(reqwest::redirect::Policy::none()).build();
        let client = client.map_err(|error| S3Error::Client(error.to_string()))?;
        Ok(Self { config, base, client })
    }

    fn name(&self, execution: ExecutionId) -> String {
        match self.config.prefix.as_str() {
            "" => format!("{execution}/"),
            prefix => format!("{prefix}/{execution}/"),
        }
    }

    fn object(&self, execution: ExecutionId, blob: Blob) -> String {
        format!("{}{blob}", self.name(execution))
    }

    /// Makes a request, again where the storage could not do it. All that are made here can be repeated.
    async fn send(&self, request: Request<'_>) -> Result<Response, BlobError> {
        let mut pauses = PAUSES.into_iter();
        loop {
            let answer = self.try_once(&request).await;
            let Err(BlobError::Failed(reason)) = answer else { return answer };
            let Some(pause) = pauses.next() else { return Err(BlobError::Failed(reason)) };
            sleep(pause).await;
        }
    }

    async fn try_once(&self, request: &Request<'_>) -> Result<Response, BlobError> {
        let Signed { url, headers } =
            sign::signed(&self.config, &self.base, request, std::time::SystemTime::now());
        let body = request.body.clone().unwrap_or_default();
        let bytes = (body.len() as u64).max(request.expects);
        let mut call = self.client.request(request.method.clone(), url);
        for (name, value) in headers {
            call = call.header(name, value);
        }
        let limit = REQUEST_MAX + Duration::from_secs(bytes / 1_000_000);
        let answer = call.timeout(limit).body(body.as_bytes().to_vec()).send().await;
        let answer = answer.map_err(|error| BlobError::Failed(without_url(error)))?;
        match answer.status() {
            status if status.is_success() => Ok(answer),
            status => Err(refusal(status, request.method == Method::HEAD, answer).await),
        }
    }

    /// Reads an answer up to `limit` bytes.
    async fn body(mut answer: Response, limit: usize) -> Result<Vec<u8>, BlobError> {
        let mut found = Vec::new();
        while let Some(part) = answer.chunk().await.map_err(|error| BlobError::Failed(without_url(error)))? {
            let room = limit - found.len();
            found.extend_from_slice(&part[..part.len().min(room)]);
            if found.len() == limit {
                break;
            }
        }
        Ok(found)
    }

    /// Returns a part of a list of names, as XML.
    async fn list(&self, query: &[(&str, &str)]) -> Result<String, BlobError> {
        let request = Request { query, ..Request::new(Method::GET, "") };
        let found = Self::body(self.send(request).await?, ANSWER_MAX).await?;
        String::from_utf8(found).map_err(|_| BlobError::Failed("its list of names is not UTF-8".to_owned()))
    }

    async fn delete_named(&self, name: &str) -> Result<(), BlobError> {
        match self.send(Request::new(Method::DELETE, name)).await {
            Ok(_) | Err(BlobError::Missing) => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn delete_below(&self, prefix: &str) -> Result<(), BlobError> {
        loop {
            let query = [("list-type", "2"), ("max-keys", "1000"), ("prefix", prefix)];
            let names = answer::texts(&self.list(&query).await?, "Key");
            if names.is_empty() {
                return Ok(());
            }
            for name in names.iter().filter(|name| name.starts_with(prefix)) {
                self.delete_named(name).await?;
            }
        }
    }

    async fn find(&self, after: Option<ExecutionId>, limit: usize) -> Result<Vec<ExecutionId>, BlobError> {
        let prefix = self.config.prefix.as_str();
        let prefix = if prefix.is_empty() { String::new() } else { format!("{prefix}/") };
        // Behind all names that begin with it.
        let mut after = after.map_or(String::new(), |after| format!("{}~", self.name(after)));
        let max = limit.min(1_000).to_string();
        loop {
            let query = [
                ("delimiter", "/"),
                ("list-type", "2"),
                ("max-keys", &max),
                ("prefix", &prefix),
                ("start-after", &after),
            ];
            let list = self.list(&query[..if after.is_empty() { 4 } else { 5 }]).await?;
            let folders: Vec<String> = answer::texts(&list, "CommonPrefixes")
                .iter()
                .flat_map(|folder| answer::texts(folder, "Prefix"))
                .collect();
            let Some(last) = folders.last() else { return Ok(Vec::new()) };
            after = format!("{last}~");
            let id =
                |folder: &String| Uuid::try_parse(folder.strip_prefix(&prefix)?.trim_end_matches('/')).ok();
            let found: Vec<_> = folders.iter().filter_map(id).map(ExecutionId::new).take(limit).collect();
            // Others may have folders there, too.
            if !found.is_empty() {
                return Ok(found);
            }
        }
    }
}

impl BlobStorage for S3 {
    fn place(&self) -> String {
        let S3Config { bucket, prefix, endpoint, .. } = &self.config;
        let slash = if prefix.is_empty() { "" } else { "/" };
        format!("s3://{bucket}{slash}{prefix} at {}", endpoint.as_str().trim_end_matches('/'))
    }

    fn check(&self) -> BlobFuture<'_, ()> {
        Box::pin(async move { self.find(None, 1).await.map(drop) })
    }

    fn put(&self, execution: ExecutionId, blob: Blob, record: Arc<str>) -> BlobFuture<'_, ()> {
        let name = self.object(execution, blob);
        Box::pin(async move {
            let request = Request {
                body: Some(record),
                hash: Some(blob.to_string()),
                ..Request::new(Method::PUT, &name)
            };
            self.send(request).await.map(drop)
        })
    }

    fn read(&self, execution: ExecutionId, blob: Blob) -> BlobFuture<'_, Vec<u8>> {
        let name = self.object(execution, blob);
        Box::pin(async move {
            let request = Request { expects: blob.bytes, ..Request::new(Method::GET, &name) };
            let limit = usize::try_from(blob.bytes).unwrap_or(usize::MAX).saturating_add(1);
            Self::body(self.send(request).await?, limit).await
        })
    }

    fn length(&self, execution: ExecutionId, blob: Blob) -> BlobFuture<'_, u64> {
        let name = self.object(execution, blob);
        Box::pin(async move {
            let answer = self.send(Request::new(Method::HEAD, &name)).await?;
            let length = answer.headers().get("content-length").and_then(|length| length.to_str().ok());
            let length = length.and_then(|length| length.parse().ok());
            length.ok_or_else(|| BlobError::Failed("it did not say how long a blob is".to_owned()))
        })
    }

    fn delete(&self, execution: ExecutionId, blob: Blob) -> BlobFuture<'_, ()> {
        let name = self.object(execution, blob);
        Box::pin(async move { self.delete_named(&name).await })
    }

    fn delete_all(&self, execution: ExecutionId) -> BlobFuture<'_, ()> {
        let prefix = self.name(execution);
        Box::pin(async move { self.delete_below(&prefix).await })
    }

    fn executions(&self, after: Option<ExecutionId>, limit: usize) -> BlobFuture<'_, Vec<ExecutionId>> {
        Box::pin(self.find(after, limit))
    }
}

/// Returns the URL of the bucket.
fn base(config: &S3Config) -> Option<Url> {
    let mut base = config.endpoint.clone();
    let is_plain = matches!(base.scheme(), "https" | "http")
        && matches!(base.path(), "" | "/")
        && base.query().is_none()
        && base.username().is_empty()
        && base.password().is_none();
    let host = base.host_str().filter(|_| is_plain)?.to_owned();
    if config.is_path_style {
        base.set_path(&format!("/{}/", config.bucket));
    } else {
        base.set_host(Some(&format!("{}.{host}", config.bucket))).ok()?;
    }
    Some(base)
}

/// Returns what an answer means that is no success.
async fn refusal(status: StatusCode, is_head: bool, answer: Response) -> BlobError {
    let said = S3::body(answer, 64 * 1024).await.unwrap_or_default();
    let said = String::from_utf8_lossy(&said);
    let text = |name| answer::texts(&said, name).into_iter().next();
    let code = text("Code").unwrap_or_default();
    let reason = [Some(code.clone()).filter(|code| !code.is_empty()), text("Message")].into_iter().flatten();
    let reason: Vec<_> = reason.collect();
    let reason =
        format!("it answered {status}{}{}", if reason.is_empty() { "" } else { ": " }, reason.join(", "));
    if status == StatusCode::NOT_FOUND && (code == "NoSuchKey" || (is_head && code.is_empty())) {
        return BlobError::Missing;
    }
    let is_passing = status.is_server_error()
        || matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT);
    if is_passing { BlobError::Failed(reason) } else { BlobError::Refused(reason) }
}

/// Returns why a request failed, down to the first cause.
fn without_url(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
