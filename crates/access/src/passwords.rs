//! Passwords: which may be set, how they are kept, and how one is checked.

use std::sync::Arc;
use std::time::Duration;

use argon2::password_hash::phc::PasswordHash as Phc;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use steadflow_store::PasswordHash;
use tokio::sync::Semaphore;
use tokio::time::timeout;

/// How many characters a password has at least.
pub const PASSWORD_CHARS_MIN: usize = 10;
/// How many characters a password has at most.
pub const PASSWORD_CHARS_MAX: usize = 256;
/// What one check takes: 19 MiB of memory, twice over, as OWASP recommends for argon2id.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
/// How many passwords are checked at the same time.
const TURNS: usize = 2;
/// How long a password waits for its turn.
const WAIT_MAX: Duration = Duration::from_secs(10);
/// What people choose who must choose ten characters.
const WELL_KNOWN: &str = include_str!("passwords/well_known.txt");

/// Why a password cannot be set. Its message says what to choose instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordUnfit {
    /// It has too few characters.
    #[error(
        "A password needs at least {PASSWORD_CHARS_MIN} characters. Several words in a row are easy to remember."
    )]
    Short,
    /// It has too many.
    #[error("A password has at most {PASSWORD_CHARS_MAX} characters.")]
    Long,
    /// It is tried first by everybody.
    #[error("This password is one that many people use, so it is tried first. Choose another one.")]
    WellKnown,
    /// It is what everybody knows of the person.
    #[error("The password must not be the e-mail address or a part of it. Choose another one.")]
    Address,
}

/// Checks whether a password may be set by the person with this e-mail address.
///
/// # Errors
/// [`PasswordUnfit`].
pub fn check_password(password: &str, email: &str) -> Result<(), PasswordUnfit> {
    let length = password.chars().count();
    if length < PASSWORD_CHARS_MIN {
        return Err(PasswordUnfit::Short);
    }
    if length > PASSWORD_CHARS_MAX {
        return Err(PasswordUnfit::Long);
    }
    let lower = password.to_lowercase();
    if email.contains(&lower) {
        return Err(PasswordUnfit::Address);
    }
    let first = lower.chars().next();
    let is_one_character = lower.chars().all(|char| Some(char) == first);
    // `Password2024!` is `password` to everybody who guesses.
    let bare = lower.trim_end_matches(|char: char| !char.is_alphabetic());
    let is_known = |text: &str| WELL_KNOWN.lines().any(|known| known == text);
    if is_one_character || is_known(&lower) || is_known(bare) {
        return Err(PasswordUnfit::WellKnown);
    }
    Ok(())
}

/// Hashes and checks passwords, a few at a time: each takes memory and a processor on purpose.
#[derive(Clone, Debug)]
pub(crate) struct Passwords {
    turns: Arc<Semaphore>,
}

/// Too many passwords are being checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Busy;

impl Passwords {
    pub(crate) fn new() -> Self {
        Self { turns: Arc::new(Semaphore::new(TURNS)) }
    }

    /// Returns what a password is checked against.
    pub(crate) async fn hash(&self, password: String) -> Result<PasswordHash, Busy> {
        self.in_turn(move || PasswordHash::new(hash(&password))).await
    }

    /// Returns whether a password is the one that `stored` was made of. Where there is none, that takes as long.
    pub(crate) async fn verify(&self, stored: Option<PasswordHash>, password: String) -> Result<bool, Busy> {
        self.in_turn(move || match stored {
            Some(stored) => verify(stored.as_str(), &password),
            None => {
                hash(&password);
                false
            }
        })
        .await
    }

    async fn in_turn<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Busy> {
        let turn = timeout(WAIT_MAX, Arc::clone(&self.turns).acquire_owned()).await;
        let turn = turn.map_err(|_| Busy)?.expect("it is never closed");
        let done = tokio::task::spawn_blocking(move || {
            // Also if nobody waits for it any longer, it takes its turn until it is done.
            let _turn = turn;
            work()
        });
        Ok(done.await.expect("hashing does not panic"))
    }
}

fn function() -> Argon2<'static> {
    let params = Params::new(MEMORY_KIB, PASSES, 1, None).expect("the parameters are within bounds");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

fn hash(password: &str) -> String {
    let hash = function().hash_password(password.as_bytes());
    hash.expect("a password is not too long, and the system has random bytes").to_string()
}

fn verify(stored: &str, password: &str) -> bool {
    Phc::new(stored).is_ok_and(|stored| function().verify_password(password.as_bytes(), &stored).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_is_known_again_and_another_is_not() {
        let passwords = Passwords::new();

        let stored = passwords.hash("correct horse".into()).await.unwrap();
        let again = passwords.hash("correct horse".into()).await.unwrap();

        assert!(stored.as_str().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", stored.as_str());
        assert_ne!(stored, again, "each has a salt of its own");
        let verify = async |stored: Option<&PasswordHash>, password: &str| {
            passwords.verify(stored.cloned(), password.into()).await.unwrap()
        };
        assert!(verify(Some(&stored), "correct horse").await);
        assert!(!verify(Some(&stored), "Correct horse").await);
        assert!(!verify(None, "correct horse").await);
        assert!(!verify(Some(&PasswordHash::new("damaged")), "damaged").await);
    }

    #[test]
    fn what_everybody_tries_first_is_refused() {
        let check = |password: &str| check_password(password, "ann.miller@example.org");

        assert_eq!(check("short pwd"), Err(PasswordUnfit::Short));
        assert_eq!(check(&"ü".repeat(9)), Err(PasswordUnfit::Short));
        assert_eq!(check(&"x y".repeat(86)), Err(PasswordUnfit::Long));
        for known in
            ["password123", "Password2026!", "1234567890", "qwertyuiop", "aaaaaaaaaaaa", "Steadflow123!"]
        {
            assert_eq!(check(known), Err(PasswordUnfit::WellKnown), "{known}");
        }
        for address in ["ann.miller@example.org", "Ann.Miller", "miller@example"] {
            assert_eq!(check(address), Err(PasswordUnfit::Address), "{address}");
        }
        for fine in ["correct horse battery", "über den Wolken", "Xk2#pq9!fT", &"xy ".repeat(85)] {
            assert_eq!(check(fine), Ok(()), "{fine}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_password_waits_a_while_for_its_turn() {
        let passwords = Passwords::new();
        let _turns = passwords.turns.acquire_many(2).await.unwrap();

        assert_eq!(passwords.hash("correct horse".into()).await, Err(Busy));
    }
}
