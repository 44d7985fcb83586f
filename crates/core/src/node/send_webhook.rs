//! `send_webhook`: posts JSON to a URL, signed so that the receiver knows whose it is (standardwebhooks.com).

use serde_json::{Value, json};

use super::http_request::{HttpInput, Url, check_secret, output};
use super::keys::{InputOf, input_of, resolved};
use super::{About, Context, NamedBy, Next, NodeKind, Traits, misfit};
use crate::document::{
    Keys, Place, Plain, Reader, Reading, Terms, any_json, described_without_text, entries, key,
};
use crate::failure::Failure;
use crate::http::{HeaderName, HeaderValue};
use crate::limits::{HEADERS_MAX, Limits};
use crate::template::{Piece, Template, pieces};
use crate::work::{Channel, Task};

/// The headers of the signature, which the input cannot set, in lower case.
const SIGNED_HEADERS: [&str; 3] = ["webhook-id", "webhook-timestamp", "webhook-signature"];

/// The keys of a signed webhook.
#[derive(Clone, Debug)]
pub struct SendWebhook {
    /// What the request is made of once its templates are resolved.
    pub input: Template,
}

const INPUT: InputOf<HttpInput> = input_of(read).with_url("/url").with_secrets(check_secret);

/// Reads an input whose templates are resolved and whose secrets are filled in, as the request that sends it.
///
/// # Errors
/// A failure of class `validation` that names each key and what is wrong with it. It may hold parts of the input.
pub fn webhook_request(input: &Value) -> Result<HttpInput, Failure> {
    resolved(input, read).map_err(|faults| misfit(SendWebhook::ABOUT.name, &faults))
}

fn read(keys: &mut Keys<'_>) -> Option<HttpInput> {
    let url = keys.take(
        key("url", "URL", Url)
            .needed("`send_webhook`")
            .prompt("Enter a URL")
            .doc("Begins with `https://` or `http://`. Whole segments of the path and values of the query can use `${secrets.NAME}`, and one that is bound to hosts can be the whole URL."),
    );
    let secret = keys.take(
        key("secret", "Secret", SigningKey)
            .needed("`send_webhook`")
            .prompt("Name the secret of the signature")
            .doc("The key of the signature, which the receiver knows, too: `${secrets.NAME}`, whose value is `whsec_` and at least 16 bytes in Base64."),
    );
    let body = keys.take(
        key("body", "Body", any_json())
            .default(Plain::Object)
            .doc("Any JSON. Strings are sent as `text/plain`."),
    );
    let headers = keys.take(
        key("headers", "Headers", entries(HeaderName, HeaderValue).at_most(HEADERS_MAX))
            .default(Plain::Object)
            .doc("Values can use `${secrets.NAME}`. The headers of the signature cannot be set."),
    );
    for (name, _) in headers.iter().flatten() {
        if SIGNED_HEADERS.iter().any(|signed| signed.eq_ignore_ascii_case(name)) {
            keys.fault("headers", format!("the header `{name}` cannot be set: it is part of the signature"));
        }
    }
    Some(HttpInput { signed_with: Some(secret?), ..HttpInput::post(url?, headers?, body?) })
}

/// Reads the key of a signature, which a document names and does not hold. What stands there instead may be a secret, so it
/// is not repeated.
#[derive(Clone, Copy, Debug)]
struct SigningKey;

impl Reader for SigningKey {
    type Value = String;

    fn wanted(&self, _: &Limits) -> String {
        "the name of a secret, such as \"${secrets.WEBHOOK_KEY}\"".to_owned()
    }

    fn schema(&self, _: &Terms) -> Value {
        json!({ "type": "string", "pattern": r"^\$\{\s*secrets\.[A-Za-z0-9_]+\s*\}$" })
    }

    fn described(&self, value: &Value) -> String {
        described_without_text(value)
    }

    fn read(&self, value: &Value, at: &Place<'_>, reading: &mut Reading) -> Option<String> {
        let text = value.as_str().filter(|_| !reading.reads_templates()).map(str::to_owned);
        reading.fitting(self, text, value, at)
    }

    fn check_template(&self, text: &str, at: &Place<'_>, reading: &mut Reading) {
        let pieces = pieces(text).unwrap_or_default();
        let is_secret = |inner: &str| inner.trim_start().starts_with("secrets.");
        if !matches!(pieces.as_slice(), [Piece::Expression(inner)] if is_secret(inner)) {
            reading.fitting(self, None, &text.into(), at);
        }
    }
}

fn example() -> Value {
    json!({
        "id": "tell-partner", "name": "Tell the partner", "type": "action", "action": "send_webhook",
        "input": {
            "url": "https://partner.example.com/hooks/vendors", "secret": "${secrets.PARTNER_KEY}",
            "body": { "type": "vendor.approved", "data": { "vendor_id": "${trigger_data.vendor_id}" } },
        },
    })
}

impl SendWebhook {
    pub(super) const ABOUT: About = About {
        name: "send_webhook",
        named_by: NamedBy::Action,
        aliases: &[],
        title: "Webhook",
        description: "Posts JSON to a URL, signed as Standard Webhooks are.",
        traits: Traits { takes_attempts: true, makes_calls: true, ..Traits::NONE },
        output,
        example,
    };

    pub(super) fn read(keys: &mut Keys<'_>) -> Option<Self> {
        let input = keys.take(
            key("input", "Input", INPUT).needed_for_its_keys().doc("What is sent. Strings can be templates."),
        );
        Some(Self { input: input? })
    }
}

impl NodeKind for SendWebhook {
    fn about(&self) -> &'static About {
        &Self::ABOUT
    }

    fn input(&self) -> Option<&Template> {
        Some(&self.input)
    }

    fn begin(&self, context: &Context<'_>) -> Next {
        Next::call(Task::Message(Channel::Webhook), &self.input, context)
    }
}
