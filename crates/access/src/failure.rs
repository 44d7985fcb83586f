//! What can go wrong below what people ask for.

use steadflow_core::access::Token;
use steadflow_core::decision_link::SigningKey;
use steadflow_store::StoreError;

/// Why something could not be done, although it may be.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The system has no random bytes.
    #[error("the system gives no random bytes: {0}")]
    NoRandom(String),
    /// The store has failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Draws what nobody can guess.
pub(crate) fn fresh_token() -> Result<Token, Failure> {
    random().map(Token::new)
}

/// Draws a key to sign with.
pub(crate) fn fresh_key() -> Result<SigningKey, Failure> {
    random().map(SigningKey::new)
}

fn random() -> Result<[u8; 32], Failure> {
    let mut bytes = [0; 32];
    match getrandom::fill(&mut bytes) {
        Ok(()) => Ok(bytes),
        Err(error) => Err(Failure::NoRandom(error.to_string())),
    }
}
