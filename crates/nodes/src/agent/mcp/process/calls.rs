//! The requests to a local command that are under way, and what follows from its silence. Nothing here waits.

use std::collections::BTreeMap;
use std::time::Duration;

use parking_lot::Mutex;
use steadflow_core::payload::Payload;
use tokio::sync::{Notify, oneshot};
use tokio::time::{Instant, sleep_until};

use super::super::message::RpcError;

/// How long a command may take to show that it has stopped a cancelled call, or at least that it still reads.
pub(super) const CANCEL_GRACE: Duration = Duration::from_secs(5);
/// How long a command runs that nobody calls.
const IDLE_MAX: Duration = Duration::from_secs(600);
/// Maximum number of cancelled calls that are waited for.
const CANCELLED_MAX: usize = 1_000;

pub(super) type Answer = Result<Payload, RpcError>;

/// What is under way.
#[derive(Debug)]
pub(super) struct Calls {
    state: Mutex<State>,
    /// Something has happened that may be followed by an end earlier than the last time.
    changed: Notify,
}

#[derive(Debug)]
struct State {
    /// The number of the last request.
    asked: u64,
    pending: BTreeMap<u64, Pending>,
    /// Requests that were cancelled after they had been sent, until they are answered.
    cancelled: BTreeMap<u64, Cancelled>,
    /// How many conversations there are.
    users: usize,
    unused_since: Instant,
    /// No conversation begins any more.
    is_closed: bool,
    /// Whether a request of a conversation was answered.
    has_served: bool,
}

#[derive(Debug)]
struct Pending {
    reply: oneshot::Sender<Answer>,
    is_sent: bool,
}

#[derive(Debug)]
struct Cancelled {
    at: Instant,
    /// The number of the `ping` that followed.
    ping: u64,
    is_ping_answered: bool,
}

/// What to do about a command now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    /// End it. Nobody can call it any more.
    End(Reason),
    /// Look again then, or when something changes.
    LookAt(Option<Instant>),
}

/// Why a command is ended that has made no mistake in what it writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    /// Nobody has called it for long.
    Idle,
    /// It has not shown that it has stopped a cancelled call, and nobody else needs it.
    HeldOn,
    /// It does not even answer `ping` after a cancelled call.
    Silent,
}

/// What a cancelled request needs: a word that it is cancelled, and a `ping` of this number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ToCancel {
    pub(super) ping: u64,
}

impl Calls {
    pub(super) fn new(now: Instant) -> Self {
        let state = State {
            asked: 0,
            pending: BTreeMap::new(),
            cancelled: BTreeMap::new(),
            users: 0,
            unused_since: now,
            is_closed: false,
            has_served: false,
        };
        Self { state: Mutex::new(state), changed: Notify::new() }
    }

    /// Begins a conversation, unless the command is about to end.
    pub(super) fn enter(&self) -> bool {
        let mut state = self.state.lock();
        if !state.is_closed {
            state.users += 1;
        }
        !state.is_closed
    }

    /// Ends a conversation.
    pub(super) fn leave(&self, now: Instant) {
        let mut state = self.state.lock();
        state.users -= 1;
        if state.users == 0 {
            state.unused_since = now;
            self.changed.notify_one();
        }
    }

    /// Numbers a request, whose answer comes through the receiver.
    pub(super) fn ask(&self) -> (u64, oneshot::Receiver<Answer>) {
        let (reply, answer) = oneshot::channel();
        let mut state = self.state.lock();
        state.asked += 1;
        let id = state.asked;
        state.pending.insert(id, Pending { reply, is_sent: false });
        (id, answer)
    }

    /// Says that a request is about to be sent. Returns whether it is still wanted.
    pub(super) fn send(&self, id: u64) -> bool {
        let mut state = self.state.lock();
        state.pending.get_mut(&id).map(|pending| pending.is_sent = true).is_some()
    }

    /// Takes back a request that nobody waits for any more. Returns what to tell the command, if it has received it.
    pub(super) fn withdraw(&self, id: u64, now: Instant) -> Option<ToCancel> {
        let mut state = self.state.lock();
        let pending = state.pending.remove(&id)?;
        if !pending.is_sent {
            return None;
        }
        state.asked += 1;
        let ping = state.asked;
        state.cancelled.insert(id, Cancelled { at: now, ping, is_ping_answered: false });
        self.changed.notify_one();
        Some(ToCancel { ping })
    }

    /// Takes back a request of our own, which is not cancelled.
    pub(super) fn forget(&self, id: u64) {
        self.state.lock().pending.remove(&id);
    }

    /// Takes a response, to the only request that is under way if it does not say to which. Returns whether it was
    /// asked for.
    pub(super) fn answer(&self, id: Option<u64>, answer: Answer) -> bool {
        let mut state = self.state.lock();
        let only = state.pending.keys().next().copied().filter(|_| state.pending.len() == 1);
        let Some(id) = id.or(only) else { return false };
        let was_cancelled = state.cancelled.remove(&id).is_some();
        if let Some(cancelled) = state.cancelled.values_mut().find(|cancelled| cancelled.ping == id) {
            cancelled.is_ping_answered = true;
        }
        let Some(pending) = state.pending.remove(&id) else { return was_cancelled };
        // Who asked may have gone just now.
        pending.reply.send(answer).is_ok()
    }

    /// Returns how many requests are under way.
    pub(super) fn pending(&self) -> usize {
        self.state.lock().pending.len()
    }

    /// Says that a request of a conversation was answered.
    pub(super) fn serve(&self) {
        self.state.lock().has_served = true;
    }

    /// Returns whether a request of a conversation was answered.
    pub(super) fn has_served(&self) -> bool {
        self.state.lock().has_served
    }

    /// Lets no conversation begin any more.
    pub(super) fn shut(&self) {
        self.state.lock().is_closed = true;
    }

    /// Lets no conversation begin, and no request wait any longer.
    pub(super) fn close(&self) {
        let mut state = self.state.lock();
        state.is_closed = true;
        state.pending.clear();
    }

    /// Forgets all requests, for a process in the place of the last one.
    pub(super) fn restart(&self) {
        let mut state = self.state.lock();
        state.pending.clear();
        state.cancelled.clear();
    }

    /// Waits until the command has to be ended.
    pub(super) async fn watch(&self) -> Reason {
        loop {
            match self.verdict(Instant::now()) {
                Verdict::End(reason) => return reason,
                Verdict::LookAt(None) => self.changed.notified().await,
                Verdict::LookAt(Some(time)) => tokio::select! {
                    () = sleep_until(time) => {}
                    () = self.changed.notified() => {}
                },
            }
        }
    }

    fn verdict(&self, now: Instant) -> Verdict {
        let mut state = self.state.lock();
        let verdict = state.verdict(now);
        state.is_closed |= matches!(verdict, Verdict::End(_));
        verdict
    }
}

impl State {
    fn verdict(&self, now: Instant) -> Verdict {
        let is_overdue = |cancelled: &&Cancelled| cancelled.at + CANCEL_GRACE <= now;
        let mut overdue = self.cancelled.values().filter(is_overdue);
        if self.cancelled.len() > CANCELLED_MAX || overdue.any(|cancelled| !cancelled.is_ping_answered) {
            return Verdict::End(Reason::Silent);
        }
        if self.users > 0 {
            let later = self.cancelled.values().filter(|cancelled| !is_overdue(cancelled));
            return Verdict::LookAt(later.map(|cancelled| cancelled.at + CANCEL_GRACE).min());
        }
        let idle = (self.unused_since + IDLE_MAX, Reason::Idle);
        let held_on = self.cancelled.values().map(|cancelled| (cancelled.at + CANCEL_GRACE, Reason::HeldOn));
        let (time, reason) = held_on.min_by_key(|(time, _)| *time).unwrap_or(idle);
        if time <= now { Verdict::End(reason) } else { Verdict::LookAt(Some(time)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A call that was cancelled at the returned time.
    fn cancelled() -> (Calls, Instant, u64, u64) {
        let now = Instant::now();
        let calls = Calls::new(now);
        assert!(calls.enter());
        let (id, _) = calls.ask();
        assert!(calls.send(id));
        let ping = calls.withdraw(id, now).expect("it was sent").ping;
        (calls, now, id, ping)
    }

    fn value() -> Answer {
        Ok(Payload::parse("1".to_owned()).unwrap())
    }

    #[tokio::test]
    async fn answers_find_those_who_asked() {
        let calls = Calls::new(Instant::now());
        let (first, answer) = calls.ask();
        let (second, other) = calls.ask();

        assert!(!calls.answer(None, value()), "it may be to either");
        assert!(!calls.answer(Some(77), value()));
        assert!(calls.answer(Some(second), value()) && !calls.answer(Some(second), value()));
        assert!(calls.answer(None, value()), "there is only one");

        assert_eq!((answer.await.unwrap(), other.await.unwrap()), (value(), value()));
        assert!(!calls.send(first), "it is not wanted any more");
        let (third, dropped) = calls.ask();
        assert_eq!(calls.withdraw(third, Instant::now()), None, "it was never sent");
        assert!(!calls.send(third) && dropped.await.is_err());
    }

    #[test]
    fn a_command_that_nobody_calls_ends() {
        let now = Instant::now();
        let calls = Calls::new(now);
        assert!(calls.enter());
        assert_eq!(calls.verdict(now + IDLE_MAX * 2), Verdict::LookAt(None), "it is in use");

        calls.leave(now + IDLE_MAX);

        let end = now + IDLE_MAX * 2;
        assert_eq!(calls.verdict(end - Duration::from_secs(1)), Verdict::LookAt(Some(end)));
        assert!(calls.enter());
        calls.leave(now + IDLE_MAX);
        assert_eq!(calls.verdict(end), Verdict::End(Reason::Idle));
        assert!(!calls.enter(), "it is about to end");
    }

    #[test]
    fn a_cancelled_call_has_to_stop() {
        let (silent, now, _, _) = cancelled();
        let end = now + CANCEL_GRACE;
        assert_eq!(silent.verdict(now), Verdict::LookAt(Some(end)));
        assert_eq!(silent.verdict(end), Verdict::End(Reason::Silent), "even if others use it");

        let (held_on, now, _, ping) = cancelled();
        held_on.answer(Some(ping), value());
        assert_eq!(held_on.verdict(now + CANCEL_GRACE), Verdict::LookAt(None), "somebody else uses it");
        held_on.leave(now);
        assert_eq!(held_on.verdict(now), Verdict::LookAt(Some(now + CANCEL_GRACE)));
        assert_eq!(held_on.verdict(now + CANCEL_GRACE), Verdict::End(Reason::HeldOn));

        let (stopped, now, id, _) = cancelled();
        stopped.answer(Some(id), value());
        assert_eq!(stopped.verdict(now + CANCEL_GRACE), Verdict::LookAt(None));
    }

    #[test]
    fn the_number_of_cancelled_calls_is_bounded() {
        let (calls, now, ..) = cancelled();
        for _ in 0..CANCELLED_MAX {
            let (id, _) = calls.ask();
            calls.send(id);
            let ping = calls.withdraw(id, now).unwrap().ping;
            calls.answer(Some(ping), value());
        }

        assert_eq!(calls.verdict(now), Verdict::End(Reason::Silent));
    }
}
