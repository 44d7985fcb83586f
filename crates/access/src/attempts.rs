//! How often somebody may try to sign in.
//!
//! Wrong passwords from one address slow that address down for that person, and nobody else. Many from many addresses slow down
//! the person for all browsers that have never signed in as that person; those that have go on, so nobody locks anybody out.
//! It is counted in the memory of each process: a restart forgets it.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

/// Wrong passwords of one person from one address before it has to wait.
const FREE: u32 = 5;
/// The longest wait between two attempts.
const WAIT_MAX: Duration = Duration::from_secs(15 * 60);
/// After so long without a wrong password, an address starts over.
const QUIET: Duration = Duration::from_secs(30 * 60);
/// Wrong passwords of one person from everywhere within [`WINDOW`], and those of all people from one address.
const MANY: u32 = 100;
const WINDOW: Duration = Duration::from_secs(15 * 60);
/// How many people and addresses are counted. Beyond that, those go first that have failed the longest ago.
const COUNTED_MAX: usize = 10_000;

/// Counts wrong passwords.
#[derive(Debug, Default)]
pub(crate) struct Attempts {
    by_both: Mutex<HashMap<PersonFrom, Failures>>,
    by_person: Mutex<HashMap<Arc<str>, Failures>>,
    by_address: Mutex<HashMap<Option<IpAddr>, Failures>>,
}

/// A person, and from where somebody tries to be that person.
type PersonFrom = (Arc<str>, Option<IpAddr>);

/// Wrong passwords in a row.
#[derive(Clone, Copy, Debug)]
struct Failures {
    count: u32,
    first: Instant,
    last: Instant,
}

/// How long somebody has to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait(pub Duration);

impl Attempts {
    /// Returns whether an attempt may be made now. `is_known` says that the browser has signed in as that person before.
    ///
    /// # Errors
    /// How long it has to wait.
    pub(crate) fn check(&self, email: &Arc<str>, from: Option<IpAddr>, is_known: bool) -> Result<(), Wait> {
        let now = Instant::now();
        let of_both = self.by_both.lock().get(&(Arc::clone(email), from)).map(|failures| failures.next_at());
        let many = |failures: &Failures| failures.is_many(now).then(|| failures.first + WINDOW);
        let of_person = self.by_person.lock().get(email).and_then(many).filter(|_| !is_known);
        let of_address = self.by_address.lock().get(&from).and_then(many).filter(|_| !is_known);
        let until = [of_both, of_person, of_address].into_iter().flatten().max();
        match until.map(|until| until.saturating_duration_since(now)) {
            None | Some(Duration::ZERO) => Ok(()),
            Some(wait) => Err(Wait(wait)),
        }
    }

    /// Returns whether an address may make an attempt of which it is not known as whom.
    ///
    /// # Errors
    /// How long it has to wait.
    pub(crate) fn check_address(&self, from: Option<IpAddr>) -> Result<(), Wait> {
        let now = Instant::now();
        match self.by_address.lock().get(&from).filter(|failures| failures.is_many(now)) {
            Some(failures) => Err(Wait((failures.first + WINDOW).saturating_duration_since(now))),
            None => Ok(()),
        }
    }

    /// Counts an attempt that was refused, of which it is not known as whom.
    pub(crate) fn failed_address(&self, from: Option<IpAddr>) {
        count(&mut self.by_address.lock(), from, |failures, now| now - failures.first >= WINDOW);
    }

    /// Counts a wrong password.
    pub(crate) fn failed(&self, email: &Arc<str>, from: Option<IpAddr>) {
        let is_quiet = |failures: &Failures, now| now - failures.last >= QUIET;
        let is_over = |failures: &Failures, now| now - failures.first >= WINDOW;
        count(&mut self.by_both.lock(), (Arc::clone(email), from), is_quiet);
        count(&mut self.by_person.lock(), Arc::clone(email), is_over);
        count(&mut self.by_address.lock(), from, is_over);
    }

    /// Says that the attempt that was counted last was none, and forgets what was wrong before from that address.
    pub(crate) fn succeeded(&self, email: &Arc<str>, from: Option<IpAddr>) {
        self.by_both.lock().remove(&(Arc::clone(email), from));
        if let Some(failures) = self.by_person.lock().get_mut(email) {
            failures.count = failures.count.saturating_sub(1);
        }
        if let Some(failures) = self.by_address.lock().get_mut(&from) {
            failures.count = failures.count.saturating_sub(1);
        }
    }
}

impl Failures {
    /// Returns when the next attempt may be made: after the fifth, a second later; then the time doubles.
    fn next_at(&self) -> Instant {
        let Some(beyond) = self.count.checked_sub(FREE) else { return self.last };
        let wait = Duration::from_secs(1_u64.checked_shl(beyond).unwrap_or(u64::MAX));
        self.last + wait.min(WAIT_MAX)
    }

    fn is_many(&self, now: Instant) -> bool {
        self.count >= MANY && now.duration_since(self.first) < WINDOW
    }
}

/// Counts a failure. `is_forgotten` says of those before whether they count no longer.
fn count<K: Eq + Hash + Clone>(
    all: &mut HashMap<K, Failures>,
    of: K,
    is_forgotten: impl Fn(&Failures, Instant) -> bool,
) {
    let now = Instant::now();
    if all.len() >= COUNTED_MAX && !all.contains_key(&of) {
        all.retain(|_, failures| !is_forgotten(failures, now));
        if all.len() >= COUNTED_MAX {
            let oldest = all.iter().min_by_key(|(_, failures)| failures.last).map(|(of, _)| of.clone());
            oldest.map(|oldest| all.remove(&oldest));
        }
    }
    let none = Failures { count: 0, first: now, last: now };
    let failures = all.entry(of).or_insert(none);
    if is_forgotten(failures, now) {
        *failures = none;
    }
    failures.count = failures.count.saturating_add(1);
    failures.last = now;
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    fn from(last: u8) -> Option<IpAddr> {
        Some(IpAddr::from([192, 0, 2, last]))
    }

    fn seconds(wait: Result<(), Wait>) -> u64 {
        wait.err().map_or(0, |wait| wait.0.as_secs())
    }

    #[tokio::test(start_paused = true)]
    async fn an_address_waits_longer_each_time_and_others_do_not() {
        let (attempts, ann, bob) = (Attempts::default(), Arc::from("ann@x.org"), Arc::from("bob@x.org"));

        for _ in 0..4 {
            attempts.failed(&ann, from(1));
            assert_eq!(attempts.check(&ann, from(1), false), Ok(()));
        }
        for expected in [1, 2, 4, 8, 16] {
            attempts.failed(&ann, from(1));
            assert_eq!(seconds(attempts.check(&ann, from(1), false)), expected);
            assert_eq!(seconds(attempts.check(&ann, from(1), true)), expected, "known or not");
            assert_eq!(attempts.check(&ann, from(2), false), Ok(()));
            assert_eq!(attempts.check(&bob, from(1), false), Ok(()));
            advance(Duration::from_secs(expected)).await;
            assert_eq!(attempts.check(&ann, from(1), false), Ok(()));
        }
        for _ in 0..30 {
            attempts.failed(&ann, from(1));
        }
        assert_eq!(seconds(attempts.check(&ann, from(1), false)), WAIT_MAX.as_secs());

        attempts.succeeded(&ann, from(1));
        assert_eq!(attempts.check(&ann, from(1), false), Ok(()));
    }

    #[tokio::test(start_paused = true)]
    async fn many_addresses_do_not_keep_out_a_browser_that_is_known() {
        let (attempts, ann) = (Attempts::default(), Arc::from("ann@x.org"));

        for last in 0..100 {
            assert_eq!(attempts.check(&ann, from(last), false), Ok(()));
            attempts.failed(&ann, from(last));
        }

        assert_eq!(seconds(attempts.check(&ann, from(200), false)), WINDOW.as_secs());
        assert_eq!(attempts.check(&ann, from(200), true), Ok(()));
        advance(WINDOW).await;
        assert_eq!(attempts.check(&ann, from(200), false), Ok(()));
    }

    #[tokio::test(start_paused = true)]
    async fn an_address_that_tries_many_people_waits() {
        let attempts = Attempts::default();

        for number in 0..100 {
            attempts.failed(&Arc::from(format!("{number}@x.org")), from(1));
        }

        let ann = Arc::from("ann@x.org");
        assert_eq!(seconds(attempts.check(&ann, from(1), false)), WINDOW.as_secs());
        assert_eq!(attempts.check(&ann, from(1), true), Ok(()));
        assert_eq!(attempts.check(&ann, from(2), false), Ok(()));
    }

    #[tokio::test(start_paused = true)]
    async fn those_who_know_their_passwords_are_not_counted() {
        let attempts = Attempts::default();

        for number in 0..200 {
            let email = Arc::from(format!("{number}@x.org"));
            assert_eq!(attempts.check(&email, from(1), false), Ok(()));
            attempts.failed(&email, from(1));
            attempts.succeeded(&email, from(1));
        }

        assert_eq!(attempts.check(&Arc::from("0@x.org"), from(1), false), Ok(()));
    }

    #[tokio::test(start_paused = true)]
    async fn the_number_of_those_counted_is_bounded() {
        let (attempts, ann) = (Attempts::default(), Arc::from("ann@x.org"));
        for _ in 0..6 {
            attempts.failed(&ann, from(1));
        }
        advance(Duration::from_millis(1)).await;

        for number in 0..COUNTED_MAX {
            attempts.failed(&Arc::from(format!("{number}@x.org")), from(2));
        }

        assert_eq!(attempts.by_both.lock().len(), COUNTED_MAX);
        assert_eq!(
            attempts.check(&ann, from(1), false),
            Ok(()),
            "the one that has failed the longest ago went"
        );
    }
}
