//! What can go wrong below what people ask for.

use steadflow_core::access::Token;
use steadflow_core::decision_link::SigningKey;
use steadflow_store::StoreError;

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

/// Makes a random key to sign with.
pub(crate) fn fresh_key() -> Result<SigningKey, NotRandom> {
    random().map(SigningKey::new)
}

fn random() -> Result<[u8; 32], NotRandom> {
    let mut bytes = [0; 32];
    draw_bytes(&mut bytes)?;
    Ok(bytes)
}
