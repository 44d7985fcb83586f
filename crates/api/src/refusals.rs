//! Refusals for the audit log, counted: what was refused because of a role or a limit, and sign-ins with a wrong password.
//!
//! Who is refused can ask again as often as they like, so each minute has an entry for each kind of refusal, with how many there were,
//! and only so many kinds. It is counted in the memory of each process.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use parking_lot::Mutex;
use steadflow_core::audit::{AuditEntry, AuditRefusals};
use steadflow_core::caller::{Actor, ActorKind};
use steadflow_core::ids::TenantId;
use steadflow_runtime::Engine;
use tokio::time::sleep;

/// How long refusals are counted before they are stored.
const COUNTED_FOR: Duration = Duration::from_secs(60);
/// How many kinds of refusals a tenant has an entry for, each time. Further ones have one together.
const KINDS_MAX: usize = 20;
/// What the entry of all further ones says.
const OTHERS: &str = "others";

/// What was refused, to whom.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Refusal {
    /// Whose log it belongs to.
    pub(crate) tenant: TenantId,
    /// What of an actor: a person or a key.
    pub(crate) kind: ActorKind,
    /// Who, or who they said to be.
    pub(crate) id: Option<Arc<str>>,
    /// From where.
    pub(crate) address: Option<IpAddr>,
    /// The operation of the API.
    pub(crate) action: Arc<str>,
    /// Its path, with placeholders.
    pub(crate) target: Arc<str>,
    /// How it was answered.
    pub(crate) status: u16,
}

impl Refusal {
    fn others(tenant: TenantId) -> Self {
        Self {
            tenant,
            kind: ActorKind::System,
            id: None,
            address: None,
            action: OTHERS.into(),
            target: OTHERS.into(),
            status: StatusCode::FORBIDDEN.as_u16(),
        }
    }
}

/// The refusals that are not stored yet.
#[derive(Debug, Default)]
pub(crate) struct Refusals(Mutex<HashMap<TenantId, HashMap<Refusal, u32>>>);

impl Refusals {
    /// Counts one.
    pub(crate) fn count(&self, refusal: Refusal) {
        let mut all = self.0.lock();
        let of_tenant = all.entry(refusal.tenant).or_default();
        let is_kept = of_tenant.len() < KINDS_MAX || of_tenant.contains_key(&refusal);
        let kind = if is_kept { refusal } else { Refusal::others(refusal.tenant) };
        let count = of_tenant.entry(kind).or_default();
        *count = count.saturating_add(1);
    }

    /// Stores each minute what was counted. It does not end.
    pub(crate) async fn keep(&self, engine: &Engine) {
        loop {
            sleep(COUNTED_FOR).await;
            self.store(engine).await;
        }
    }

    /// Stores what was counted since the last time.
    pub(crate) async fn store(&self, engine: &Engine) {
        let counted = std::mem::take(&mut *self.0.lock());
        for (refusal, count) in counted.into_values().flatten() {
            let Refusal { tenant, kind, id, address, action, target, status } = refusal;
            let entry = AuditEntry {
                at: engine.wall(),
                actor: Actor { kind, id },
                address: address.map(|address| address.to_string().into()),
                action,
                target,
                outcome: None,
                refused: Some(AuditRefusals { status, count }),
            };
            if let Err(error) = engine.store().append_audit(tenant, entry).await {
                tracing::error!(error = %error, count, "refusals are not in the audit log");
            }
        }
    }
}
