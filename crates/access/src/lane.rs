//! The look-ups of addresses that have shown many credentials that stand for nothing.
//!
//! A good key is not refused because others behind the same proxy show bad ones. So it is still looked up, but beside the others: those
//! that come meanwhile are asked for together, one query after the other with a pause between them. Whatever an address shows, that
//! is all the work that comes of it.

use std::collections::HashMap;
use std::time::Duration;

use parking_lot::Mutex;
use steadflow_core::access::CredentialHash;
use steadflow_store::{CredentialRecord, Store, StoreError};
use tokio::sync::oneshot::error::TryRecvError;
use tokio::sync::{Mutex as Turn, oneshot};
use tokio::time::sleep;

/// How many credentials a query is about.
const TOGETHER_MAX: usize = 1_000;
/// How many wait; further ones are refused.
pub const WAITING_MAX: usize = 10_000;
/// The pause between two queries.
const PAUSE: Duration = Duration::from_millis(20);

/// Look-ups that are made together.
#[derive(Debug, Default)]
pub(crate) struct Lane {
    waiting: Mutex<Vec<Waiting>>,
    /// Who has it asks for those that wait.
    turn: Turn<()>,
}

#[derive(Debug)]
struct Waiting {
    credential: CredentialHash,
    answer: oneshot::Sender<Answer>,
}

/// What the store says of a credential.
type Answer = Result<Option<CredentialRecord>, StoreError>;

/// What came of a look-up.
#[derive(Debug)]
pub(crate) enum LookedUp {
    /// What the credential stands for.
    Found(Option<CredentialRecord>),
    /// So many wait that nothing was looked up.
    Full,
}

impl Lane {
    /// Looks a credential up.
    ///
    /// # Errors
    /// What the store says.
    pub(crate) async fn look_up(
        &self,
        store: &dyn Store,
        credential: CredentialHash,
    ) -> Result<LookedUp, StoreError> {
        let Some(mut answer) = self.wait(credential) else { return Ok(LookedUp::Full) };
        loop {
            let turn = self.turn.lock().await;
            match answer.try_recv() {
                Ok(found) => return found.map(LookedUp::Found),
                Err(TryRecvError::Empty) => {}
                // Who asked for it was cut off.
                Err(TryRecvError::Closed) => match self.wait(credential) {
                    Some(again) => answer = again,
                    None => return Ok(LookedUp::Full),
                },
            }
            self.ask(store).await;
            drop(turn);
            if let Ok(found) = answer.try_recv() {
                return found.map(LookedUp::Found);
            }
        }
    }

    /// Adds one that waits; `None` if there are too many.
    fn wait(&self, credential: CredentialHash) -> Option<oneshot::Receiver<Answer>> {
        let mut waiting = self.waiting.lock();
        if waiting.len() >= WAITING_MAX {
            waiting.retain(|other| !other.answer.is_closed());
        }
        let (sender, answer) = oneshot::channel();
        (waiting.len() < WAITING_MAX).then(|| waiting.push(Waiting { credential, answer: sender }))?;
        Some(answer)
    }

    /// Asks for those that have waited the longest.
    async fn ask(&self, store: &dyn Store) {
        sleep(PAUSE).await;
        let together: Vec<_> = {
            let mut waiting = self.waiting.lock();
            let count = waiting.len().min(TOGETHER_MAX);
            waiting.drain(..count).collect()
        };
        let mut credentials: Vec<_> = together.iter().map(|waiting| waiting.credential).collect();
        credentials.sort_unstable();
        credentials.dedup();
        let found = store.credentials(credentials).await;
        let found: Result<HashMap<_, _>, _> = found.map(|found| found.into_iter().collect());
        for Waiting { credential, answer } in together {
            let of_this = match &found {
                Ok(found) => Ok(found.get(&credential).cloned()),
                Err(error) => Err(error.repeated()),
            };
            // Who does not wait any longer needs no answer.
            let _gone = answer.send(of_this);
        }
    }
}
