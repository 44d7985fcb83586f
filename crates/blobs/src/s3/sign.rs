//! Signatures of requests: version 4 of AWS, with the hash of the body in it.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use hmac::{Hmac, KeyInit, Mac};
use reqwest::Method;
use sha2::{Digest, Sha256};
use steadflow_core::timestamp::Timestamp;
use url::Url;

use super::{Credentials, S3Config};

/// A request to a bucket.
#[derive(Clone, Debug)]
pub(super) struct Request<'a> {
    pub(super) method: Method,
    /// The name of the object, of characters that need no escape; empty for the bucket.
    pub(super) name: &'a str,
    /// In the order of their names.
    pub(super) query: &'a [(&'a str, &'a str)],
    pub(super) body: Option<Arc<str>>,
    /// The SHA-256 of the body, where it is known.
    pub(super) hash: Option<String>,
    /// How many bytes the answer is likely to have.
    pub(super) expects: u64,
}

impl<'a> Request<'a> {
    pub(super) const fn new(method: Method, name: &'a str) -> Self {
        Self { method, name, query: &[], body: None, hash: None, expects: 0 }
    }
}

/// A request as it is sent.
#[derive(Debug)]
pub(super) struct Signed {
    pub(super) url: Url,
    pub(super) headers: Vec<(&'static str, String)>,
}

/// Signs a request at `now`.
pub(super) fn signed(config: &S3Config, bucket: &Url, request: &Request<'_>, now: SystemTime) -> Signed {
    let mut url = bucket.clone();
    url.set_path(&format!("{}{}", bucket.path(), request.name));
    let query = query_of(request.query);
    url.set_query(Some(query.as_str()).filter(|query| !query.is_empty()));
    let hash = request
        .hash
        .clone()
        .unwrap_or_else(|| hex(&Sha256::digest(request.body.as_deref().unwrap_or_default())));
    let at = stamp(now);
    let host = url.host_str().unwrap_or_default();
    let host = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
    let Credentials { access_key_id, secret_access_key, session_token } = &config.credentials;
    let mut headers = vec![("x-amz-content-sha256", hash.clone()), ("x-amz-date", at.clone())];
    headers.extend(session_token.as_ref().map(|token| ("x-amz-security-token", token.to_string())));
    let all = std::iter::once(("host", host)).chain(headers.iter().cloned());
    let (mut canonical, mut names) = (String::new(), Vec::new());
    for (name, value) in all {
        canonical.push_str(&format!("{name}:{value}\n"));
        names.push(name);
    }
    let names = names.join(";");
    let canonical = format!("{}\n{}\n{query}\n{canonical}\n{names}\n{hash}", request.method, url.path());
    let scope = format!("{}/{}/s3/aws4_request", &at[..8], config.region);
    let text = format!("AWS4-HMAC-SHA256\n{at}\n{scope}\n{}", hex(&Sha256::digest(canonical)));
    let key = format!("AWS4{}", **secret_access_key);
    let parts = [&at[..8], &config.region, "s3", "aws4_request"];
    let key = parts.iter().fold(key.into_bytes(), |key, part| mac(&key, part));
    let signature = hex(&mac(&key, &text));
    let authorization = format!(
        "AWS4-HMAC-SHA256 Credential={access_key_id}/{scope}, SignedHeaders={names}, Signature={signature}"
    );
    headers.push(("authorization", authorization));
    Signed { url, headers }
}

fn query_of(query: &[(&str, &str)]) -> String {
    let pairs = query.iter().map(|(name, value)| format!("{}={}", escaped(name), escaped(value)));
    pairs.collect::<Vec<_>>().join("&")
}

/// Escapes all but letters, digits, `-`, `_`, `.` and `~`.
fn escaped(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~');
    let byte = |byte: u8| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    text.bytes().map(byte).collect()
}

/// Returns the time as `20261130T235959Z`.
fn stamp(now: SystemTime) -> String {
    let since = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO);
    let at = Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap_or(0)).to_string();
    let seconds: String = at.chars().take(19).filter(|c| c.is_ascii_digit() || *c == 'T').collect();
    format!("{seconds}Z")
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key of any length is taken");
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the documentation: a part of an object, without the header that asks for a part.
    #[test]
    fn a_list_is_signed_as_the_documentation_of_aws_has_it() {
        let config = S3Config {
            endpoint: Url::parse("https://s3.amazonaws.com").unwrap(),
            bucket: "examplebucket".into(),
            prefix: String::new(),
            region: "us-east-1".into(),
            is_path_style: false,
            credentials: Credentials {
                access_key_id: "AKIAIOSFODNN7EXAMPLE".into(),
                secret_access_key: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".to_owned().into(),
                session_token: None,
            },
        };
        let bucket = Url::parse("https://examplebucket.s3.amazonaws.com/").unwrap();
        let query = [("max-keys", "2"), ("prefix", "J")];
        let request = Request { query: &query, ..Request::new(Method::GET, "") };
        let at = SystemTime::UNIX_EPOCH + Duration::from_secs(1_369_353_600);

        let signed = signed(&config, &bucket, &request, at);

        assert_eq!(signed.url.as_str(), "https://examplebucket.s3.amazonaws.com/?max-keys=2&prefix=J");
        assert_eq!(signed.headers[1].1, "20130524T000000Z");
        let (_, authorization) = signed.headers.last().unwrap();
        let signature = "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7";
        assert!(authorization.ends_with(signature), "{authorization}");
    }
}
