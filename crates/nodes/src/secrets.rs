//! Secrets: their source, where they are inserted, and how they are masked.

use std::borrow::Cow;

use serde_json::Value;
use steadflow_core::agent::{MASK, SecretText, fill_secrets, is_secret_name, secret_names};
use steadflow_core::failure::{ErrorClass, Failure};
use steadflow_core::ids::TenantId;
use steadflow_core::payload::Payload;
use steadflow_core::template::SecretSlot;
use steadflow_core::work::Outcome;

/// Shorter values are not masked, because they would also occur in other words.
const SCRUBBED_CHARS_MIN: usize = 4;

/// A source of secrets.
pub trait Secrets: Send + Sync + 'static {
    /// Returns the secret `name` of `tenant`. Must not block; an implementation that fetches secrets has to cache them.
    fn secret(&self, tenant: TenantId, name: &str) -> Option<String>;
}

/// Secrets in environment variables `STEADFLOW_SECRET_<NAME>`, the same for all tenants.
#[derive(Clone, Copy, Debug, Default)]
pub struct EnvSecrets;

impl Secrets for EnvSecrets {
    fn secret(&self, _tenant: TenantId, name: &str) -> Option<String> {
        let is_name = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        is_name.then(|| std::env::var(format!("STEADFLOW_SECRET_{name}")).ok()).flatten()
    }
}

/// The secrets that an attempt has used, which must be masked in its outcome.
pub(crate) struct Keyring<'a> {
    secrets: &'a dyn Secrets,
    tenant: TenantId,
    used: Vec<String>,
}

impl<'a> Keyring<'a> {
    pub(crate) fn new(secrets: &'a dyn Secrets, tenant: TenantId) -> Self {
        Self { secrets, tenant, used: Vec::new() }
    }

    /// Returns `text` with the values of its `${secrets.NAME}`.
    ///
    /// # Errors
    /// A failure that names the missing secret.
    pub(crate) fn open(&mut self, text: &SecretText) -> Result<String, Failure> {
        if let Some(literal) = text.literal() {
            self.used.push(literal.to_owned());
            return Ok(literal.to_owned());
        }
        let names = secret_names(text.template());
        self.fill(text.template(), &names)
    }

    /// Returns the value of an agent's header. A literal is a secret only if the name of the header indicates it; otherwise
    /// a header such as `X-Team: risk` would mask this word in the output.
    ///
    /// # Errors
    /// A failure that names the missing secret.
    pub(crate) fn open_header(&mut self, name: &str, text: &SecretText) -> Result<String, Failure> {
        match text.literal() {
            Some(literal) if !is_secret_name(name) => Ok(literal.to_owned()),
            Some(_) | None => self.open(text),
        }
    }

    /// Returns `input` with secrets inserted only at the pointers of the slots, and only those that the slots name.
    ///
    /// # Errors
    /// A failure that names the missing secret, or says why the input cannot be read.
    pub(crate) fn open_input(&mut self, input: &Payload, slots: &[SecretSlot]) -> Result<Value, Failure> {
        let mut value = input.to_value().map_err(|error| {
            Failure::new(ErrorClass::Validation, format!("The input cannot be read: {error}."))
        })?;
        for slot in slots {
            if let Some(Value::String(text)) = value.pointer_mut(&slot.pointer) {
                *text = self.fill_slot(text, slot)?;
            }
        }
        Ok(value)
    }

    fn fill_slot(&mut self, text: &str, slot: &SecretSlot) -> Result<String, Failure> {
        let names: Vec<&str> = slot.names.iter().map(|name| &**name).collect();
        let mut values = self.values_of(&names)?;
        if slot.is_in_form {
            for (_, value) in &mut values {
                *value = in_form(value);
            }
        }
        Ok(filled(text, &values))
    }

    fn fill(&mut self, text: &str, names: &[&str]) -> Result<String, Failure> {
        Ok(filled(text, &self.values_of(names)?))
    }

    fn values_of<'n>(&mut self, names: &[&'n str]) -> Result<Vec<(&'n str, String)>, Failure> {
        let mut values = Vec::new();
        for &name in names {
            let Some(value) = self.secrets.secret(self.tenant, name) else {
                let message = format!("There is no secret `{name}`. Add it or correct the name.");
                return Err(Failure::new(ErrorClass::Configuration, message));
            };
            self.used.push(value.clone());
            values.push((name, value));
        }
        Ok(values)
    }

    /// Masks `text`, too, which holds a secret in another form.
    pub(crate) fn hide(&mut self, text: &str) {
        self.used.push(text.to_owned());
    }

    /// Masks all secrets that this attempt has used, anywhere in its outcome.
    pub(crate) fn scrub(self, outcome: Outcome) -> Outcome {
        let mut values: Vec<String> = self.used.iter().flat_map(|value| forms(value)).collect();
        values.retain(|value| value.chars().count() >= SCRUBBED_CHARS_MIN);
        // The longest first, because one secret may be part of another.
        values.sort_by_key(|value| std::cmp::Reverse(value.len()));
        values.dedup();
        if values.is_empty() {
            return outcome;
        }
        let result = match outcome.result {
            Ok(output) => scrubbed(&output, &values),
            Err(failure) => {
                let message = scrub_text(&failure.message, &values).into_owned();
                // What cannot be searched for secrets is not kept.
                let body = failure.body.and_then(|body| scrubbed(&body, &values).ok());
                Err(Failure { message, body, ..failure })
            }
        };
        Outcome { result, usage: outcome.usage }
    }
}

fn filled(text: &str, values: &[(&str, String)]) -> String {
    let value_of = |wanted: &str| {
        let found = values.iter().find(|(name, _)| *name == wanted);
        found.map(|(_, value)| value.as_str())
    };
    fill_secrets(text, value_of)
}

/// Returns a value as one field of a form has it (WHATWG URL, 5.2).
fn in_form(value: &str) -> String {
    url::form_urlencoded::byte_serialize(value.as_bytes()).collect()
}

/// Masks `secrets` in a payload; fails where it cannot be read, and so not be searched.
fn scrubbed(payload: &Payload, secrets: &[String]) -> Result<Payload, Failure> {
    let value = payload.to_value().map_err(|error| {
        Failure::new(ErrorClass::Validation, format!("The output cannot be read: {error}."))
    })?;
    Ok(Payload::from_value(&scrub_value(value, secrets)))
}

/// Returns the forms in which a service may return a value: unchanged, in a URL, and in a JSON string.
fn forms(value: &str) -> [String; 3] {
    let in_json = Value::from(value).to_string();
    [value.to_owned(), in_form(value), in_json[1..in_json.len() - 1].to_owned()]
}

fn scrub_value(value: Value, secrets: &[String]) -> Value {
    match value {
        Value::String(text) => Value::String(scrub_text(&text, secrets).into_owned()),
        Value::Number(number) => match scrub_text(&number.to_string(), secrets) {
            Cow::Borrowed(_) => Value::Number(number),
            Cow::Owned(masked) => Value::String(masked),
        },
        Value::Array(items) => {
            Value::Array(items.into_iter().map(|item| scrub_value(item, secrets)).collect())
        }
        Value::Object(map) => {
            let entries = map.into_iter();
            let scrubbed = entries
                .map(|(key, value)| (scrub_text(&key, secrets).into_owned(), scrub_value(value, secrets)));
            Value::Object(scrubbed.collect())
        }
        Value::Null | Value::Bool(_) => value,
    }
}

fn scrub_text<'a>(text: &'a str, secrets: &[String]) -> Cow<'a, str> {
    let mut scrubbed = Cow::Borrowed(text);
    for secret in secrets {
        if scrubbed.contains(secret.as_str()) {
            scrubbed = Cow::Owned(scrubbed.replace(secret.as_str(), MASK));
        }
    }
    scrubbed
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;

    #[test]
    fn only_secrets_of_a_slot_are_inserted_and_only_at_its_pointer() {
        let input = json!({ "a": "${secrets.ONE} ${secrets.TWO}", "b": "${secrets.ONE}" });
        let slots = [slot("ONE")];
        let mut keyring = Keyring::new(&Known, TenantId::DEFAULT);

        let opened = keyring.open_input(&Payload::from_value(&input), &slots).unwrap();

        assert_eq!(opened, json!({ "a": "first \"secret\" ${secrets.TWO}", "b": "${secrets.ONE}" }));
    }

    #[test]
    fn an_unknown_secret_is_named() {
        let slots = [slot("NONE")];
        let mut keyring = Keyring::new(&Known, TenantId::DEFAULT);

        let failure =
            keyring.open_input(&Payload::from_value(&json!({ "a": "${secrets.NONE}" })), &slots).unwrap_err();

        assert_eq!(failure.class, ErrorClass::Configuration);
        assert_eq!(failure.message, "There is no secret `NONE`. Add it or correct the name.");
    }

    #[test]
    fn what_cannot_be_searched_for_secrets_is_not_kept() {
        let unreadable = || Payload::parse(format!("{}12345{}", "[".repeat(200), "]".repeat(200))).unwrap();
        let scrubbed = |outcome| {
            let mut keyring = Keyring::new(&Known, TenantId::DEFAULT);
            keyring.hide("12345");
            keyring.scrub(outcome).result.unwrap_err()
        };

        let output = scrubbed(Outcome::completed(unreadable()));
        let body = Failure { body: Some(unreadable()), ..Failure::new(ErrorClass::Timeout, "no") };
        let failed = scrubbed(Outcome::failed(body));

        assert_eq!(output.class, ErrorClass::Validation);
        assert!(output.message.starts_with("The output cannot be read: "), "{}", output.message);
        assert_eq!((failed.class, failed.body), (ErrorClass::Timeout, None));
    }

    #[test]
    fn secrets_are_masked_in_every_form() {
        let output = json!({ "plain": "first \"secret\"", "url": "k=first+%22secret%22", "n": 12345, "text":
            "{\"k\":\"first \\\"secret\\\"\"}", "first \"secret\"": [true, 1] });
        let mut keyring = Keyring::new(&Known, TenantId::DEFAULT);
        keyring.fill("", &["ONE", "NUMBER"]).unwrap();

        let outcome = keyring.scrub(Outcome::completed(Payload::from_value(&output)));

        let scrubbed = outcome.result.unwrap().to_value().unwrap();
        assert_eq!(
            scrubbed,
            json!({ "plain": MASK, "url": format!("k={MASK}"), "n": MASK, "text": format!("{{\"k\":\"{MASK}\"}}"),
                    MASK: [true, 1] })
        );
    }

    #[test]
    fn secrets_are_masked_in_error_messages() {
        let mut keyring = Keyring::new(&Known, TenantId::DEFAULT);
        keyring.fill("", &["ONE"]).unwrap();

        let outcome =
            keyring.scrub(Outcome::failed(Failure::new(ErrorClass::Rejected, "no: first \"secret\"!")));

        assert_eq!(outcome.result.unwrap_err().message, "no: ••••!");
    }

    #[test]
    fn secrets_in_a_form_stay_one_value() {
        let input = json!({ "a": "key=${secrets.ONE}&b=c" });
        let mut keyring = Keyring::new(&Known, TenantId::DEFAULT);
        let slots = [SecretSlot { is_in_form: true, ..slot("ONE") }];

        let opened = keyring.open_input(&Payload::from_value(&input), &slots).unwrap();

        assert_eq!(opened, json!({ "a": "key=first+%22secret%22&b=c" }));
    }

    fn slot(name: &str) -> SecretSlot {
        SecretSlot { pointer: "/a".to_owned(), names: vec![Arc::from(name)], is_in_form: false }
    }

    struct Known;

    impl Secrets for Known {
        fn secret(&self, _tenant: TenantId, name: &str) -> Option<String> {
            match name {
                "ONE" => Some("first \"secret\"".to_owned()),
                "TWO" => Some("second".to_owned()),
                "NUMBER" => Some("12345".to_owned()),
                _ => None,
            }
        }
    }
}
