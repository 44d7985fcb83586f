//! The last requests of a call that has ended or was stopped, such as the end of a session. Nobody waits for their responses.

use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::egress::{Egress, Request};
use crate::responses::Share;

/// How many calls send their last requests at the same time. Further ones send none: a server ends sessions by itself, too.
const FAREWELLS_MAX: usize = 32;

/// The right to send last requests.
#[derive(Clone, Debug)]
pub(crate) struct Farewells(Arc<Semaphore>);

impl Default for Farewells {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(FAREWELLS_MAX)))
    }
}

/// The last requests of one call.
#[derive(Clone)]
pub(crate) struct Farewell {
    pub(crate) farewells: Farewells,
    pub(crate) egress: Egress,
    pub(crate) share: Share,
}

impl Farewell {
    /// Sends `requests`, one after the other, while the caller goes on. All together may take as long as connecting.
    pub(crate) fn send(self, requests: Vec<Request>) {
        let Ok(runtime) = Handle::try_current() else { return };
        let Ok(permit) = Arc::clone(&self.farewells.0).try_acquire_owned() else { return };
        let time_max = self.egress.connect_timeout();
        runtime.spawn(async move {
            let sending = async {
                for request in requests {
                    // A session that is not ended by us ends by itself.
                    drop(self.egress.send(request, self.share.clone()).await);
                }
            };
            drop(timeout(time_max, sending).await);
            drop(permit);
        });
    }
}
