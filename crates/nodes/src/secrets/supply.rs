//! Secrets that have to be obtained: the work of an attempt is done as far as it has its secrets, and again once it has one that was
//! missing, or a new access token in the place of one that a service has refused.
//!
//! Secrets are filled in before anything is sent, so what is done again has not reached a service, or was refused by it. Work without
//! such secrets pays nothing for it.

use std::time::{Duration, Instant};

use steadflow_core::ids::TenantId;
use steadflow_core::work::Outcome;

use super::Secrets;
use super::keyring::Keyring;

/// A secret is obtained again after this time: work that waits for long outlives access tokens.
const AGAIN_AFTER: Duration = Duration::from_secs(1);
/// HTTP: the credentials are not valid.
const UNAUTHORIZED: u16 = 401;

/// What was obtained for an attempt.
pub(crate) struct Supply<'a> {
    secrets: &'a dyn Secrets,
    tenant: TenantId,
    obtained: Vec<(String, Instant)>,
    /// Access tokens that a service has refused.
    refused: Vec<String>,
}

impl<'a> Supply<'a> {
    pub(crate) fn new(secrets: &'a dyn Secrets, tenant: TenantId) -> Self {
        Self { secrets, tenant, obtained: Vec::new(), refused: Vec::new() }
    }

    /// Masks what was used before, too.
    pub(crate) fn hide_refused(&self, keyring: &mut Keyring<'_>) {
        self.refused.iter().for_each(|token| keyring.hide(token));
    }

    /// Returns the outcome of the work, or `None` if it is to be done again.
    pub(crate) async fn outcome(&mut self, outcome: Outcome, keyring: &Keyring<'_>) -> Option<Outcome> {
        let Err(failure) = &outcome.result else { return Some(outcome) };
        if let Some(name) = keyring.missing() {
            return self.with_missing(name, outcome).await;
        }
        if failure.status == Some(UNAUTHORIZED) && self.refuse(keyring.tokens()) {
            return None;
        }
        Some(outcome)
    }

    async fn with_missing(&mut self, name: &str, outcome: Outcome) -> Option<Outcome> {
        let was_obtained = |(of, at): &(String, Instant)| of == name && at.elapsed() < AGAIN_AFTER;
        if self.obtained.iter().any(was_obtained) {
            return Some(outcome);
        }
        let Some(obtaining) = self.secrets.obtain(self.tenant, name) else { return Some(outcome) };
        match obtaining.await {
            Ok(()) => {
                self.obtained.push((name.to_owned(), Instant::now()));
                None
            }
            Err(failure) => Some(Outcome { result: Err(failure.unsent()), ..outcome }),
        }
    }

    /// Forgets the tokens that were refused. Returns whether the call is worth another one.
    fn refuse(&mut self, tokens: &[(String, String)]) -> bool {
        let mut is_worth_it = false;
        for (name, token) in tokens {
            if !self.refused.contains(token) {
                is_worth_it |= self.secrets.refuse(self.tenant, name, token);
                self.refused.push(token.clone());
            }
        }
        if is_worth_it {
            // Another one may be obtained at once.
            self.obtained.clear();
        }
        is_worth_it
    }
}
