//! Links to decide with: the key that signs them, and where they lead.

use steadflow_core::decision_link::{DecisionLink, SigningKey};

use super::Engine;
use crate::error::RuntimeError;

/// What the key is for.
const PURPOSE: &str = "decision_links";

impl Engine {
    /// Returns the address of a link. Nothing of it is stored.
    ///
    /// # Errors
    /// What the store says, if it has to give the key.
    pub async fn decision_url(&self, link: &DecisionLink) -> Result<String, RuntimeError> {
        let token = link.token(self.link_key().await?);
        Ok(format!("{}/decide/{token}", self.inner.public_url))
    }

    /// Reads the token of a link.
    ///
    /// # Errors
    /// [`RuntimeError::LinkRefused`], or what the store says.
    pub async fn decision_link(&self, token: &str) -> Result<DecisionLink, RuntimeError> {
        let key = self.link_key().await?;
        DecisionLink::read(token, key, self.now()).map_err(RuntimeError::LinkRefused)
    }

    /// Returns the key, which is made for the first link of an installation and then is the same for good.
    async fn link_key(&self) -> Result<&SigningKey, RuntimeError> {
        let key = self.inner.link_key.get_or_try_init(async || {
            let mut bytes = [0; 32];
            if let Err(error) = getrandom::fill(&mut bytes) {
                tracing::error!(error = %error, "the system gave no random numbers for a key");
                return Err(RuntimeError::Unavailable);
            }
            Ok(self.store().signing_key(PURPOSE, SigningKey::new(bytes)).await?)
        });
        key.await
    }
}
