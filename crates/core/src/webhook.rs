//! Webhooks: calls of other services that start a flow, and how these services sign them.
//!
//! A webhook names its secrets and holds none. Without one that is set, no call is accepted.

mod readers;
mod sender;
mod signature;

use std::sync::Arc;

use crate::document::{Keys, choice, key, one_or_many};

pub use readers::WEBHOOK_PATH_CHARS_MAX;
use readers::{HeaderReader, PathReader, PrefixReader, SecretReader};
pub use sender::Unsigned;
pub use signature::{
    Call, EventKey, Refused, SECRET_BYTES_MIN, SIGNATURES_MAX, TOLERANCE, UnreadableHeader, sign,
};

/// How many secrets a webhook has at most: the present one, and those that are being replaced.
const SECRETS_MAX: usize = 5;

const SCHEMES: &[(&str, Scheme)] = &[
    ("github", Scheme::Github),
    ("stripe", Scheme::Stripe),
    ("slack", Scheme::Slack),
    ("standard_webhooks", Scheme::StandardWebhooks),
    ("hmac", Scheme::Hmac),
    ("bearer", Scheme::Bearer),
];
const ALGORITHMS: &[(&str, Algorithm)] = &[("sha256", Algorithm::Sha256), ("sha512", Algorithm::Sha512)];
const ENCODINGS: &[(&str, Encoding)] = &[("hex", Encoding::Hex), ("base64", Encoding::Base64)];

/// What starts a flow from outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    /// Where it is called, below `/hooks/`.
    pub path: Arc<str>,
    /// How calls are signed.
    pub scheme: Scheme,
    /// The names of the secrets; a call that is signed with any of them is accepted.
    pub secrets: Vec<Arc<str>>,
    /// Where calls of the scheme `hmac` have their signature.
    pub custom: Option<Custom>,
    /// The header with the id of the event, in lower case, for the schemes that fix none.
    pub id_header: Option<Arc<str>>,
}

/// How calls are signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// `X-Hub-Signature-256`: HMAC-SHA256 of the body.
    Github,
    /// `Stripe-Signature`: HMAC-SHA256 of the time and the body.
    Stripe,
    /// `X-Slack-Signature`: HMAC-SHA256 of the version, the time and the body.
    Slack,
    /// `webhook-signature`: HMAC-SHA256 of the id, the time and the body (standardwebhooks.com).
    StandardWebhooks,
    /// An HMAC in a header that the document names.
    Hmac,
    /// `Authorization: Bearer TOKEN`: not signed, for senders that cannot sign.
    Bearer,
}

/// Where calls of the scheme `hmac` have their signature. Headers are in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Custom {
    /// The header with the signature.
    pub header: Arc<str>,
    /// What stands before it there, such as `sha256=`.
    pub prefix: Arc<str>,
    /// The hash function.
    pub algorithm: Algorithm,
    /// How the signature is written.
    pub encoding: Encoding,
    /// The header with the time in seconds since 1970; then `TIME.BODY` is signed, else the body alone.
    pub timestamp_header: Option<Arc<str>>,
}

/// The hash function of a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// HMAC-SHA256.
    Sha256,
    /// HMAC-SHA512.
    Sha512,
}

/// How a signature is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// In hexadecimal digits, of either case.
    Hex,
    /// In Base64, of either alphabet, with or without `=` at the end.
    Base64,
}

impl Scheme {
    /// Returns the name that documents use.
    pub fn as_str(self) -> &'static str {
        SCHEMES.iter().find(|(_, scheme)| *scheme == self).map_or("", |(name, _)| name)
    }
}

/// Reads an object of a trigger.
pub(crate) fn read(keys: &mut Keys<'_>) -> Option<Arc<Webhook>> {
    let path = keys.take(
        key("path", "Path", PathReader)
            .needed("a webhook")
            .doc("Where it is called: `POST /hooks/PATH`. Of all active flows, one has a path."),
    );
    let scheme = keys.take(key("scheme", "Signed as by", choice(SCHEMES)).needed("a webhook").doc(
        "How the sender signs its calls: `github`, `stripe`, `slack`, `standard_webhooks`, `hmac` for others, or `bearer` for a token.",
    ));
    let secrets = keys.take(key("secret", "Secret", one_or_many(SecretReader).not_empty()).needed("a webhook").doc(
        "The secret that both sides know, or several while one is replaced: `${secrets.NAME}`. Without one that is set, no call is accepted.",
    ));
    let custom = read_custom(keys, scheme);
    let id_header = keys.take(
        key("id_header", "Header with the event's ID", HeaderReader)
            .doc("For `hmac` and `bearer`: calls with the same ID start one execution."),
    );
    if id_header.is_some() && scheme.is_some_and(|scheme| !matches!(scheme, Scheme::Hmac | Scheme::Bearer)) {
        keys.fault(
            "id_header",
            "the scheme fixes where the ID is, so only `hmac` and `bearer` have `id_header`",
        );
    }
    let secrets = secrets.unwrap_or_default();
    if secrets.len() > SECRETS_MAX {
        keys.fault(
            "secret",
            format!("`secret` has {} entries; at most {SECRETS_MAX} are allowed", secrets.len()),
        );
    }
    if secrets.is_empty() {
        return None;
    }
    Some(Arc::new(Webhook { path: path?, scheme: scheme?, secrets, custom: custom?, id_header }))
}

/// Reads the keys of the scheme `hmac`; `None` where it lacks one.
fn read_custom(keys: &mut Keys<'_>, scheme: Option<Scheme>) -> Option<Option<Custom>> {
    let header = keys
        .take(key("header", "Header with the signature", HeaderReader).doc("For `hmac`, which needs it."));
    let prefix = keys.take(
        key("prefix", "Before the signature", PrefixReader)
            .doc("For `hmac`: what stands in the header before the signature, such as `sha256=`."),
    );
    let algorithm = keys.take(
        key("algorithm", "Hash function", choice(ALGORITHMS))
            .doc("For `hmac`: `sha256`, unless given, or `sha512`."),
    );
    let encoding = keys.take(
        key("encoding", "Written in", choice(ENCODINGS)).doc("For `hmac`: `hex`, unless given, or `base64`."),
    );
    let timestamp_header = keys.take(key("timestamp_header", "Header with the time", HeaderReader).doc(
        "For `hmac`: the header with the time in seconds since 1970. Then `TIME.BODY` is signed, and calls older than 5 minutes are refused; else the body alone is signed.",
    ));
    if scheme == Some(Scheme::Hmac) {
        if header.is_none() {
            keys.fault(
                "header",
                "a webhook with the scheme `hmac` needs `header`: the name of the header with the signature",
            );
        }
        return Some(Some(Custom {
            header: header?,
            prefix: prefix.unwrap_or_default().into(),
            algorithm: algorithm.unwrap_or(Algorithm::Sha256),
            encoding: encoding.unwrap_or(Encoding::Hex),
            timestamp_header,
        }));
    }
    let given = [
        ("header", header.is_some()),
        ("prefix", prefix.is_some()),
        ("algorithm", algorithm.is_some()),
        ("encoding", encoding.is_some()),
        ("timestamp_header", timestamp_header.is_some()),
    ];
    for (name, _) in given.into_iter().filter(|(_, is_given)| *is_given && scheme.is_some()) {
        keys.fault(name, format!("only the scheme `hmac` has `{name}`"));
    }
    Some(None)
}
