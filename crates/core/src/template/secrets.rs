//! Where a resolved template holds secrets.

use std::sync::Arc;

use crate::payload::Payload;

/// A template resolved for a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolved {
    /// What it resolves to. Secrets are not in it.
    pub input: Payload,
    /// Where secrets are put into it, in the document's order.
    pub secrets: Arc<[SecretSlot]>,
}

/// A string of a resolved template that names secrets. They are inserted immediately before the call.
///
/// Only what the document itself writes as `${secrets.NAME}` is in `places`. A value that spells the same is text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretSlot {
    /// JSON pointer of the string.
    pub pointer: String,
    /// Where the string names a secret, at least one place, in ascending order.
    pub places: Vec<SecretPlace>,
    /// Whether the string is a form with fields around the secrets, which are encoded like every value in it.
    pub is_in_form: bool,
}

/// Where a string names a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretPlace {
    /// Where the reference begins, in bytes.
    pub at: usize,
    /// The name of the secret.
    pub name: Arc<str>,
}

impl SecretPlace {
    /// Returns what the string holds here.
    pub fn reference(&self) -> String {
        format!("${{secrets.{}}}", self.name)
    }
}

impl SecretSlot {
    /// Returns whether `text` is one secret and nothing else.
    pub fn is_all_of(&self, text: &str) -> bool {
        matches!(self.places.as_slice(), [place] if text == place.reference())
    }

    /// Returns the text of this slot with what `replacement` makes of each place; `None` if the text does not hold a
    /// reference where this slot says it does.
    pub fn filled(&self, text: &str, replacement: impl Fn(&SecretPlace) -> String) -> Option<String> {
        let mut filled = String::with_capacity(text.len());
        let mut end = 0;
        for place in &self.places {
            let behind = text.get(place.at..)?.strip_prefix(place.reference().as_str())?;
            filled.push_str(text.get(end..place.at)?);
            filled.push_str(&replacement(place));
            end = text.len() - behind.len();
        }
        filled.push_str(&text[end..]);
        Some(filled)
    }
}
