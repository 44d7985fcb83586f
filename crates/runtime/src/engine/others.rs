//! What other processes on the same database drive: who follows an execution of theirs here is notified.

use std::time::Duration;

use tokio::time::sleep;

use super::Engine;

/// How often it is looked for what has changed.
const LOOK_EVERY: Duration = Duration::from_millis(500);

impl Engine {
    /// Returns whether other processes drive executions of the same database.
    pub fn is_shared(&self) -> bool {
        self.store().is_shared()
    }

    /// Notifies those who follow executions that other processes drive. It ends at once where there are none, and else never.
    pub async fn follow_others(&self) {
        while self.is_shared() {
            let followed = self.inner.hub.followed();
            if !followed.is_empty() {
                match self.store().shown(followed).await {
                    Ok(shown) => shown.into_iter().for_each(|(id, seq)| self.inner.hub.notify(id, seq)),
                    Err(error) => {
                        tracing::warn!(error = %error, "it could not be read what other processes have changed");
                    }
                }
            }
            sleep(LOOK_EVERY).await;
        }
    }
}
