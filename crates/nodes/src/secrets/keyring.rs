//! The secrets of one attempt: filled in where the request has slots for them, sent only where they may go, and masked in what
//! comes back.

use std::sync::Arc;

use serde_json::Value;
use steadflow_core::agent::{SecretText, fill_secrets, is_secret_name, secret_names};
use steadflow_core::failure::{ErrorClass, Failure};
use steadflow_core::ids::TenantId;
use steadflow_core::node::{SECRET_ROOMS, SecretRoom};
use steadflow_core::payload::Payload;
use steadflow_core::template::{SecretPlace, SecretSlot};
use steadflow_core::work::Outcome;
use url::Url;

use super::scrubber::{Scrubber, Scrubbers};
use super::url::UrlSecrets;
use super::whole_url::WholeUrl;
use super::{Secret, SecretHosts, Secrets};

/// Shorter literals in headers whose name is not that of a secret are not masked.
const KEY_CHARS_MIN: usize = 8;

/// The secrets that an attempt has used, which must be masked in its outcome.
pub(crate) struct Keyring<'a> {
    secrets: &'a dyn Secrets,
    scrubbers: &'a Scrubbers,
    tenant: TenantId,
    used: Vec<String>,
    bound: Vec<Bound>,
    /// Access tokens that were used, by the names of their secrets.
    tokens: Vec<(String, String)>,
    /// A secret that is missing.
    missing: Option<String>,
}

/// A secret that may be sent to some hosts only.
struct Bound {
    name: String,
    hosts: SecretHosts,
}

/// An input with its secrets.
pub(crate) struct Opened {
    pub(crate) value: Value,
    /// The secrets of its URL, which are filled in when it is parsed.
    pub(crate) url: UrlSecrets,
}

impl<'a> Keyring<'a> {
    pub(crate) fn new(secrets: &'a dyn Secrets, scrubbers: &'a Scrubbers, tenant: TenantId) -> Self {
        Self {
            secrets,
            scrubbers,
            tenant,
            used: Vec::new(),
            bound: Vec::new(),
            tokens: Vec::new(),
            missing: None,
        }
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
        let values = names.iter().map(|name| Ok((*name, self.value_of(name)?)));
        let values: Vec<(&str, String)> = values.collect::<Result<_, Failure>>()?;
        let value_of = |wanted: &str| {
            let found = values.iter().find(|(name, _)| *name == wanted);
            found.map(|(_, value)| value.as_str())
        };
        Ok(fill_secrets(text.template(), value_of))
    }

    /// Returns the value of an agent's header or parameter. A literal is a secret if its name says so or if it looks like a
    /// key; otherwise a header such as `X-Team: risk` would mask this word in the output.
    ///
    /// # Errors
    /// A failure that names the missing secret.
    pub(crate) fn open_header(&mut self, name: &str, text: &SecretText) -> Result<String, Failure> {
        match text.literal() {
            Some(literal) if !is_secret_name(name) && !looks_like_key(literal) => Ok(literal.to_owned()),
            Some(_) | None => self.open(text),
        }
    }

    /// Returns `input` with secrets inserted only at the places of the slots.
    ///
    /// # Errors
    /// A failure that names the missing secret, or says why the input cannot be read.
    pub(crate) fn open_input(&mut self, input: &Payload, slots: &[SecretSlot]) -> Result<Value, Failure> {
        let mut value = read(input)?;
        for slot in slots {
            self.fill_slot(&mut value, slot)?;
        }
        Ok(value)
    }

    /// Returns the input of a request with secrets inserted where a request may hold them.
    ///
    /// # Errors
    /// As [`Self::open_input`], or a failure that names a secret that is anywhere else.
    pub(crate) fn open_request(&mut self, input: &Payload, slots: &[SecretSlot]) -> Result<Opened, Failure> {
        let mut opened = Opened { value: read(input)?, url: UrlSecrets::default() };
        for slot in slots {
            match SecretRoom::at(&slot.pointer) {
                SecretRoom::Value => self.fill_slot(&mut opened.value, slot)?,
                SecretRoom::Url => self.mark_url(&mut opened, slot)?,
                SecretRoom::Nothing => {
                    let name = slot.places.first().map(|place| &*place.name).unwrap_or_default();
                    let pointer = &slot.pointer;
                    let message =
                        format!("The secret `{name}` is in `{pointer}` of the input: {SECRET_ROOMS}.");
                    return Err(Failure::new(ErrorClass::Validation, message));
                }
            }
        }
        Ok(opened)
    }

    fn fill_slot(&mut self, value: &mut Value, slot: &SecretSlot) -> Result<(), Failure> {
        let values = self.values_of(slot)?;
        let Some(Value::String(text)) = value.pointer_mut(&slot.pointer) else {
            return Err(does_not_fit(slot));
        };
        let value_at = |place: &SecretPlace| {
            let value = value_in(&values, &place.name);
            if slot.is_in_form { in_form(&value) } else { value }
        };
        *text = slot.filled(text, value_at).ok_or_else(|| does_not_fit(slot))?;
        Ok(())
    }

    fn mark_url(&mut self, opened: &mut Opened, slot: &SecretSlot) -> Result<(), Failure> {
        let values = self.values_of(slot)?;
        let Some(Value::String(text)) = opened.value.pointer_mut(&slot.pointer) else {
            return Err(does_not_fit(slot));
        };
        if let Some((name, value)) = values.first().filter(|_| slot.is_all_of(text)) {
            *text = self.open_url(name, value)?;
            return Ok(());
        }
        let marked = UrlSecrets::mark(text, slot, |name| value_in(&values, name));
        let (marked, secrets) = marked.ok_or_else(|| does_not_fit(slot))?;
        secrets.check(&marked).map_err(|message| Failure::new(ErrorClass::Validation, message))?;
        (*text, opened.url) = (marked, secrets);
        Ok(())
    }

    /// Returns the URL that a secret is, all parts of which are masked.
    fn open_url(&mut self, name: &str, value: &str) -> Result<String, Failure> {
        let hosts = self.bound.iter().find(|bound| bound.name == name).map(|bound| &bound.hosts);
        let url = WholeUrl::read(name, value, hosts)
            .map_err(|message| Failure::new(ErrorClass::Configuration, message))?;
        self.used.extend(url.parts());
        Ok(url.into())
    }

    fn values_of(&mut self, slot: &SecretSlot) -> Result<Vec<(Arc<str>, String)>, Failure> {
        let named =
            slot.places.iter().map(|place| Ok((Arc::clone(&place.name), self.value_of(&place.name)?)));
        named.collect()
    }

    fn value_of(&mut self, name: &str) -> Result<String, Failure> {
        let Some(Secret { value, hosts, is_token }) = self.secrets.secret(self.tenant, name) else {
            self.missing = Some(name.to_owned());
            let message = self.secrets.missing(self.tenant, name);
            return Err(Failure::new(ErrorClass::Configuration, message));
        };
        if let Some(hosts) = hosts.filter(|_| !self.bound.iter().any(|bound| bound.name == name)) {
            self.bound.push(Bound { name: name.to_owned(), hosts });
        }
        self.hide(&value);
        if is_token && !self.tokens.iter().any(|(_, token)| *token == value) {
            self.tokens.push((name.to_owned(), value.clone()));
        }
        Ok(value)
    }

    /// Returns the name of a secret that is missing, if one is.
    pub(super) fn missing(&self) -> Option<&str> {
        self.missing.as_deref()
    }

    /// Returns the access tokens that were used, by the names of their secrets.
    pub(super) fn tokens(&self) -> &[(String, String)] {
        &self.tokens
    }

    /// Masks `text`, too, which holds a secret in another form.
    pub(crate) fn hide(&mut self, text: &str) {
        // One that waits for a task uses the same ones for each question.
        if !self.used.iter().any(|used| used == text) {
            self.used.push(text.to_owned());
        }
    }

    /// Checks that every secret that was used may be sent to the host of `url`.
    ///
    /// # Errors
    /// A failure that names the secret and its hosts.
    pub(crate) fn check_host(&self, url: &Url) -> Result<(), Failure> {
        let Some(Bound { name, hosts }) = self.bound.iter().find(|bound| !bound.hosts.contain(url)) else {
            return Ok(());
        };
        let host = url.host_str().unwrap_or_default();
        let allowed = if hosts.are_none() { "nowhere".to_owned() } else { format!("only to {hosts}") };
        let message = format!(
            "The secret `{name}` may be sent {allowed}, and not to {host}. Change the URL, or let an administrator add the \
             host to those of the secret, with `steadflow secrets set` or in `STEADFLOW_SECRET_{name}_HOSTS`."
        );
        Err(Failure::new(ErrorClass::Configuration, message))
    }

    /// Returns what masks the secrets that were used so far.
    pub(crate) fn scrubber(&self) -> Arc<Scrubber> {
        self.scrubbers.of(self.used.clone())
    }

    /// Masks all secrets that this attempt has used, anywhere in its outcome.
    pub(crate) fn scrub(&self, outcome: Outcome) -> Outcome {
        self.scrubber().outcome(outcome)
    }
}

fn read(input: &Payload) -> Result<Value, Failure> {
    let unreadable =
        |error| Failure::new(ErrorClass::Validation, format!("The input cannot be read: {error}."));
    input.to_value().map_err(unreadable)
}

fn value_in(values: &[(Arc<str>, String)], name: &str) -> String {
    let found = values.iter().find(|(known, _)| **known == *name);
    found.map(|(_, value)| value.clone()).unwrap_or_default()
}

/// Returns a value as one field of a form has it (WHATWG URL, 5.2).
fn in_form(value: &str) -> String {
    url::form_urlencoded::byte_serialize(value.as_bytes()).collect()
}

fn does_not_fit(slot: &SecretSlot) -> Failure {
    let message = format!("`{}` of the input does not hold its secrets where they should be.", slot.pointer);
    Failure::new(ErrorClass::Internal, message)
}

/// Returns whether a literal has letters and digits, and neither blanks nor what lists and media types hold.
fn looks_like_key(literal: &str) -> bool {
    let has = |is_kind: fn(&char) -> bool| literal.chars().any(|c| is_kind(&c));
    literal.chars().count() >= KEY_CHARS_MIN
        && has(char::is_ascii_digit)
        && has(char::is_ascii_alphabetic)
        && !literal.contains([' ', ',', ';'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_of_letters_and_digits_look_like_keys() {
        for (literal, is_key) in [
            ("sk-live-4711", true),
            ("abcdef12", true),
            ("abcdef1", false),
            ("12345678", false),
            ("risk-team", false),
            ("text/html, v=1", false),
            ("team risk 2026", false),
            ("no-cache;ttl=60", false),
        ] {
            assert_eq!(looks_like_key(literal), is_key, "{literal}");
        }
    }
}
