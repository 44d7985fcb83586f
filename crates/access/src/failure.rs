//! What can go wrong below what people ask for.

use std::sync::Arc;

use steadflow_core::access::Token;
use steadflow_core::decision_link::SigningKey;
use steadflow_store::{Store, StoreError};

use crate::{NotRandom, draw_bytes};

/// Why something could not be done, although it may be.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The system has no random bytes.
    #[error(transparent)]
    NoRandom(#[from] NotRandom),
    /// The store has failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Makes a random token.
pub(crate) fn fresh_token() -> Result<Token, NotRandom> {
    random().map(Token::new)
}

/// Returns the key of the installation for a purpose, which is made when it is needed for the first time.
pub(crate) async fn stored_key(store: &Arc<dyn Store>, purpose: &'static str) -> Result<SigningKey, Failure> {
    match store.signing_key(purpose).await? {
        Some(key) => Ok(key),
        None => Ok(store.signing_key_or(purpose, random().map(SigningKey::new)?).await?),
    }
}

fn random() -> Result<[u8; 32], NotRandom> {
    let mut bytes = [0; 32];
    draw_bytes(&mut bytes)?;
    Ok(bytes)
}
