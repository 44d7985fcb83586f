//! How a sender signs its calls: for calls that people make to see whether a webhook is set up as it should be.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::Hmac;
use sha2::{Sha256, Sha512};

use super::signature::{hexadecimal_text, mac};
use super::{Algorithm, Custom, Encoding, Scheme, Webhook, sign};
use crate::timestamp::Timestamp;

/// What is to be sent.
#[derive(Clone, Copy, Debug)]
pub struct Unsigned<'c> {
    /// The id of the event, where the scheme has one in a header.
    pub event_id: &'c str,
    /// When it is sent.
    pub sent_at: Timestamp,
    /// The body.
    pub body: &'c [u8],
}

impl Webhook {
    /// Returns the headers, in lower case, with which a sender that knows `secret` makes this call; `None` if calls cannot be
    /// verified with that secret, or the scheme has no event with this id.
    pub fn signed_headers(&self, secret: &str, call: &Unsigned<'_>) -> Option<Vec<(String, String)>> {
        let key = self.key(secret)?;
        let id = call.event_id;
        let seconds = (call.sent_at.as_micros() / 1_000_000).to_string();
        let hex = |before: String| hexadecimal_text(&signature(Algorithm::Sha256, &key, &before, call.body));
        let headers = match self.scheme {
            Scheme::Github => vec![
                ("x-github-delivery", id.to_owned()),
                ("x-hub-signature-256", format!("sha256={}", hex(String::new()))),
            ],
            Scheme::Stripe => {
                vec![("stripe-signature", format!("t={seconds},v1={}", hex(format!("{seconds}."))))]
            }
            Scheme::Slack => vec![
                ("x-slack-signature", format!("v0={}", hex(format!("v0:{seconds}:")))),
                ("x-slack-request-timestamp", seconds),
            ],
            Scheme::StandardWebhooks if id.is_empty() || id.contains('.') => return None,
            Scheme::StandardWebhooks => vec![
                ("webhook-signature", sign(secret, id, call.sent_at, call.body)?),
                ("webhook-id", id.to_owned()),
                ("webhook-timestamp", seconds),
            ],
            Scheme::Hmac => {
                let custom = self.custom.as_ref()?;
                let mut headers = vec![(&*custom.header, custom.value(&key, &seconds, call.body))];
                headers.extend(custom.timestamp_header.as_deref().map(|name| (name, seconds)));
                headers.extend(self.id_header.as_deref().map(|name| (name, id.to_owned())));
                headers
            }
            Scheme::Bearer => vec![
                ("authorization", format!("Bearer {}", secret.trim_end_matches(['\r', '\n']))),
                (self.id_header.as_deref().unwrap_or("idempotency-key"), id.to_owned()),
            ],
        };
        Some(headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
    }
}

impl Custom {
    /// Returns the value of the header with the signature.
    fn value(&self, key: &[u8], seconds: &str, body: &[u8]) -> String {
        let before = if self.timestamp_header.is_some() { format!("{seconds}.") } else { String::new() };
        let signature = signature(self.algorithm, key, &before, body);
        let written = match self.encoding {
            Encoding::Hex => hexadecimal_text(&signature),
            Encoding::Base64 => STANDARD.encode(signature),
        };
        format!("{}{written}", self.prefix)
    }
}

fn signature(algorithm: Algorithm, key: &[u8], before: &str, body: &[u8]) -> Vec<u8> {
    use hmac::Mac as _;
    let parts = [before.as_bytes(), body];
    match algorithm {
        Algorithm::Sha256 => mac::<Hmac<Sha256>>(key, &parts).finalize().into_bytes().to_vec(),
        Algorithm::Sha512 => mac::<Hmac<Sha512>>(key, &parts).finalize().into_bytes().to_vec(),
    }
}
