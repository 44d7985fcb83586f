//! [`Tenants`] for [`MemoryStore`].

use std::collections::BTreeMap;
use std::ops::Bound;

use steadflow_core::ids::{ExecutionId, TenantId};
use steadflow_core::tenant::TenantQuota;
use steadflow_core::timestamp::Timestamp;

use super::{Database, MemoryStore, all_sound, at_once};
use crate::{
    Expired, ExpiryStep, Listed, StoreFuture, TenantBytes, TenantChange, TenantChanged, TenantPause,
    TenantRecord, TenantResumed, Tenants,
};

impl Database {
    fn create_tenant(&mut self, tenant: TenantRecord) -> bool {
        let tenants = &mut self.identities.tenants;
        let is_free = tenants.values().all(|other| other.name != tenant.name);
        is_free && tenants.insert(tenant.id, tenant).is_none()
    }

    fn change_tenant(&mut self, id: TenantId, change: TenantChange) -> TenantChanged {
        let tenants = &mut self.identities.tenants;
        let Some(before) = tenants.get(&id).cloned() else { return TenantChanged::Missing };
        let after = match change.applied(before) {
            Ok(after) => after,
            Err(changed) => return changed,
        };
        if tenants.values().any(|other| other.id != id && other.name == after.name) {
            return TenantChanged::NameTaken;
        }
        tenants.insert(id, after.clone());
        TenantChanged::Done(Box::new(after))
    }

    fn unfinished_counts(&self) -> Vec<(TenantId, u64)> {
        let mut counts: BTreeMap<TenantId, u64> = BTreeMap::new();
        for row in self.rows.values().filter(|row| row.parent.is_none() && !row.status.is_finished()) {
            *counts.entry(row.tenant).or_default() += 1;
        }
        counts.into_iter().collect()
    }

    /// Returns the next executions, with their tenants and whether they have ended, and where the next step begins.
    fn next(&self, step: ExpiryStep) -> (Vec<(ExecutionId, TenantId, bool)>, Option<ExecutionId>) {
        let from = step.after.map_or(Bound::Unbounded, Bound::Excluded);
        let seen = self.rows.range((from, Bound::Unbounded)).take(step.limit);
        let seen: Vec<_> = seen.map(|(id, row)| (*id, row.tenant, row.status.is_finished())).collect();
        let next = seen.last().filter(|_| seen.len() == step.limit).map(|(id, ..)| *id);
        (seen, next)
    }

    fn bytes_of(&self, id: ExecutionId) -> u64 {
        let journal = self.journals.get(&id).map_or(0, |journal| journal.records.len());
        journal as u64 + self.long_bytes(id)
    }

    fn tenant_bytes(&self, step: ExpiryStep) -> TenantBytes {
        let (seen, next) = self.next(step);
        let mut bytes: Vec<_> = seen.iter().map(|(id, tenant, _)| (*tenant, self.bytes_of(*id))).collect();
        if next.is_none() {
            bytes.extend(self.sessions.iter().map(|(id, session)| (id.tenant, session.bytes())));
        }
        TenantBytes { bytes, next }
    }

    fn delete_executions_of(&mut self, tenant: TenantId, step: ExpiryStep) -> Expired {
        let (seen, next) = self.next(step);
        let of_tenant: Vec<_> = seen
            .into_iter()
            .filter(|(_, of, has_ended)| *of == tenant && *has_ended)
            .map(|(id, ..)| id)
            .collect();
        of_tenant.iter().for_each(|id| self.forget(*id));
        Expired { deleted: of_tenant.len(), next }
    }

    fn delete_rest_of(&mut self, tenant: TenantId) -> usize {
        let is_deleting =
            self.identities.tenants.get(&tenant).is_some_and(|record| record.deleting_since.is_some());
        if !is_deleting {
            return 0;
        }
        let mut deleted = 0;
        macro_rules! delete {
            ($($map:ident: $is_of:expr;)*) => {$(
                let before = self.$map.len();
                self.$map.retain($is_of);
                deleted += before - self.$map.len();
            )*};
        }
        delete! {
            inbox: |_, input| input.tenant != tenant;
            idempotency: |(of, _), _| *of != tenant;
            rollups: |(of, ..), _| *of != tenant;
            costs: |(of, ..), _| *of != tenant;
            flows: |_, flow| flow.tenant != tenant;
            flow_versions: |_, version| version.tenant != tenant;
            flow_drafts: |_, draft| draft.tenant != tenant;
            presence: |_, presence| presence.tenant != tenant;
            agents: |_, agent| agent.tenant != tenant;
            agent_versions: |_, version| version.tenant != tenant;
            agent_uses: |(of, _), _| *of != tenant;
            drawn: |(_, of, _), _| *of != tenant;
            sessions: |session, _| session.tenant != tenant;
            schedules: |_, schedule| schedule.tenant != tenant;
            events: |_, stored| stored.event.tenant != tenant;
            event_waits: |_, wait| wait.tenant != tenant;
            audit: |of, _| *of != tenant;
            notes: |key, _| key.tenant != tenant;
        }
        deleted += self.alerts.delete_of(tenant);
        deleted += self.secrets.delete_of(tenant);
        deleted += self.identities.delete_of(tenant);
        if deleted == 0 {
            self.quotas.remove(&tenant);
            self.pauses.remove(&tenant);
            self.identities.tenants.remove(&tenant);
        }
        deleted
    }
}

impl MemoryStore {
    fn in_database<T: Send + 'static>(&self, call: impl FnOnce(&mut Database) -> T) -> StoreFuture<'_, T> {
        at_once(self.open().map(|mut database| call(&mut database)))
    }
}

impl Tenants for MemoryStore {
    fn create_tenant(&self, tenant: TenantRecord) -> StoreFuture<'_, bool> {
        self.in_database(|database| database.create_tenant(tenant))
    }

    fn tenants(&self) -> StoreFuture<'_, Vec<Listed<TenantRecord>>> {
        self.in_database(|database| all_sound(database.identities.tenants.values().cloned().collect()))
    }

    fn change_tenant(&self, id: TenantId, change: TenantChange) -> StoreFuture<'_, TenantChanged> {
        self.in_database(|database| database.change_tenant(id, change))
    }

    fn tenant_quotas(&self) -> StoreFuture<'_, Vec<(TenantId, TenantQuota)>> {
        self.in_database(|database| database.quotas.iter().map(|(tenant, quota)| (*tenant, *quota)).collect())
    }

    fn put_tenant_quota(&self, tenant: TenantId, quota: TenantQuota) -> StoreFuture<'_, ()> {
        self.in_database(|database| {
            if quota.is_limited() {
                database.quotas.insert(tenant, quota);
            } else {
                database.quotas.remove(&tenant);
            }
        })
    }

    fn pauses(&self) -> StoreFuture<'_, Vec<TenantPause>> {
        self.in_database(|database| database.pauses.values().cloned().collect())
    }

    fn pause_tenant(&self, pause: TenantPause) -> StoreFuture<'_, bool> {
        self.in_database(|database| {
            let is_new = database.pauses.get(&pause.tenant).is_none_or(|before| before.resumed.is_some());
            if is_new {
                database.pauses.insert(pause.tenant, pause);
            }
            is_new
        })
    }

    fn resume_tenant(&self, tenant: TenantId, resumed: TenantResumed) -> StoreFuture<'_, bool> {
        self.in_database(move |database| {
            let pause = database.pauses.get_mut(&tenant).filter(|pause| pause.resumed.is_none());
            pause.map(|pause| pause.resumed = Some(resumed)).is_some()
        })
    }

    fn forget_pause(&self, tenant: TenantId, resumed_at: Timestamp) -> StoreFuture<'_, ()> {
        self.in_database(move |database| {
            let ended_then = |pause: &TenantPause| {
                pause.tenant == tenant
                    && pause.resumed.as_ref().is_some_and(|resumed| resumed.at == resumed_at)
            };
            database.pauses.retain(|_, pause| !ended_then(pause));
        })
    }

    fn unfinished_counts(&self) -> StoreFuture<'_, Vec<(TenantId, u64)>> {
        self.in_database(|database| database.unfinished_counts())
    }

    fn tenant_bytes(&self, step: ExpiryStep) -> StoreFuture<'_, TenantBytes> {
        self.in_database(|database| database.tenant_bytes(step))
    }

    fn delete_executions_of(&self, tenant: TenantId, step: ExpiryStep) -> StoreFuture<'_, Expired> {
        self.in_database(|database| database.delete_executions_of(tenant, step))
    }

    fn delete_rest_of(&self, tenant: TenantId, _limit: usize) -> StoreFuture<'_, usize> {
        self.in_database(|database| database.delete_rest_of(tenant))
    }
}
