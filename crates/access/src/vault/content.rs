//! What a secret is, opened: a value, or how an access token is obtained that is its value.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use steadflow_store::SecretRecord;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::held_token::Slot;
use crate::oauth_config::OauthConfig;
use crate::sealing::{Key, Place, VALUE};

const OAUTH: &str = "oauth2";

/// What a secret is to be. `Debug` hides it.
pub enum NewValue {
    /// A value.
    Value(Zeroizing<String>),
    /// An access token, which is obtained so.
    Oauth(Box<OauthConfig>),
}

impl NewValue {
    /// Returns the name of what it is.
    pub(super) const fn kind(&self) -> &'static str {
        match self {
            Self::Value(_) => VALUE,
            Self::Oauth(_) => OAUTH,
        }
    }
}

impl fmt::Debug for NewValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind())
    }
}

/// What a secret is. `Debug` hides it, and the memory of a value is overwritten when it is dropped.
pub(super) enum Content {
    Value(Arc<Zeroizing<String>>),
    Oauth(OauthContent),
}

/// How an access token is obtained.
#[derive(Clone)]
pub(super) struct OauthContent {
    /// Another one each time the secret is stored, so that tokens of one configuration do not count for another.
    pub(super) id: Uuid,
    pub(super) config: Arc<OauthConfig>,
    pub(super) slot: Arc<Slot>,
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Value(_) => VALUE,
            Self::Oauth(_) => OAUTH,
        })
    }
}

/// The slots of OAuth2 secrets that are open already.
pub(super) type Slots = BTreeMap<Uuid, Arc<Slot>>;

/// What is encrypted of an OAuth2 secret.
#[derive(Serialize, Deserialize)]
struct Sealed<C> {
    id: Uuid,
    config: C,
}

impl Content {
    pub(super) fn new(value: NewValue) -> Self {
        match value {
            NewValue::Value(value) => Self::Value(Arc::new(value)),
            NewValue::Oauth(config) => Self::Oauth(OauthContent {
                id: Uuid::now_v7(),
                config: Arc::from(config),
                slot: Arc::default(),
            }),
        }
    }

    /// Returns what is to be encrypted.
    pub(super) fn plain(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(match self {
            Self::Value(value) => value.as_bytes().to_vec(),
            Self::Oauth(OauthContent { id, config, .. }) => {
                serde_json::to_vec(&Sealed { id: *id, config }).expect("texts are JSON")
            }
        })
    }
}

/// Opens a secret; `None` if it does not open, or is of a kind that is not known.
pub(super) fn open(key: &Key, secret: &SecretRecord, slots: &Slots) -> Option<Content> {
    let SecretRecord { tenant, name, kind, hosts, sealed, .. } = secret;
    let place = Place::Secret { tenant: *tenant, name, kind, hosts };
    let plain = key.open(&place, sealed)?;
    match &**kind {
        VALUE => as_text(plain).map(|value| Content::Value(Arc::new(value))),
        OAUTH => {
            let Sealed { id, config } = serde_json::from_slice::<Sealed<OauthConfig>>(&plain).ok()?;
            let slot = slots.get(&id).cloned().unwrap_or_default();
            Some(Content::Oauth(OauthContent { id, config: Arc::new(config), slot }))
        }
        _ => None,
    }
}

fn as_text(mut bytes: Zeroizing<Vec<u8>>) -> Option<Zeroizing<String>> {
    String::from_utf8(std::mem::take(&mut *bytes)).ok().map(Zeroizing::new)
}
