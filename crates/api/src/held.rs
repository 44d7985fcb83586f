//! What a stream depends on that was begun by a role in a folder.

use std::future::pending;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use steadflow_core::folder::Folder;
use steadflow_core::ids::{FlowId, TenantId};
use tokio::time::sleep;

use crate::app::App;

/// How often it is looked where a flow is that a stream is about.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// The place that a request was allowed for by a role in a folder alone, if it was: its stream ends when the flow is moved.
#[derive(Clone, Debug, Default)]
pub(crate) struct Held(Arc<OnceLock<(TenantId, FlowId, Option<Folder>)>>);

impl Held {
    /// Notes where it is.
    pub(crate) fn hold(&self, tenant: TenantId, flow: FlowId, folder: Option<Folder>) {
        let _ = self.0.set((tenant, flow, folder));
    }

    /// Ends when the flow is somewhere else, and never where there is none.
    pub(crate) async fn moved(self, app: App) {
        let Some((tenant, flow, folder)) = self.0.get() else { return pending().await };
        loop {
            sleep(LOOK_EVERY).await;
            let current = app.engine().current_flow(*tenant, *flow).await;
            if !current.is_ok_and(|current| current.record.folder == *folder) {
                return;
            }
        }
    }
}
