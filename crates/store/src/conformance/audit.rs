//! What [`Audit`] means.

use steadflow_core::audit::{AuditEntry, AuditHead, AuditRow};
use steadflow_core::caller::Actor;
use steadflow_core::ids::TenantId;

use super::samples::{OURS, THEIRS, at};
use super::{Harness, reopened};
use crate::{Audit, AuditFrom, AuditPage, Store};

fn entry(action: &str) -> AuditEntry {
    AuditEntry {
        at: at(1),
        actor: Actor::USER,
        address: Some("2001:db8::7".into()),
        action: action.into(),
        target: "/flows/ß \0 '".into(),
        outcome: None,
        refused: None,
    }
}

async fn read(store: &impl Store, tenant: TenantId, from: AuditFrom, limit: usize) -> Vec<AuditRow> {
    store.audit(tenant, AuditPage { from, limit }).await.expect("it is read")
}

/// Returns the end of a log after all of it was verified.
async fn verified(store: &impl Store, tenant: TenantId) -> AuditHead {
    let rows = read(store, tenant, AuditFrom::After(0), 999).await;
    let head = rows.iter().try_fold(AuditHead::START, |head, row| head.after(tenant, row));
    head.expect("the chain is whole")
}

pub async fn what_was_audited_is_one_chain_for_each_tenant<H: Harness>(harness: &H) {
    let store = harness.open().await;
    assert_eq!(store.audit_heads().await.expect("they are read"), []);
    for (tenant, action) in [(OURS, "create_flow"), (OURS, "delete_flow"), (THEIRS, "cancel_execution")] {
        store.append_audit(tenant, entry(action)).await.expect("it is added");
    }
    let store = reopened(harness, store).await;
    let last = store.append_audit(OURS, entry("delete_agent")).await.expect("it is added");

    assert_eq!((last.number, serde_json::from_str(&last.entry).ok()), (3, Some(entry("delete_agent"))));
    let (ours, theirs) = (verified(&store, OURS).await, verified(&store, THEIRS).await);
    assert_eq!((ours, theirs.number), (AuditHead { number: 3, hash: last.hash }, 1));
    let mut heads = store.audit_heads().await.expect("they are read");
    heads.sort_by_key(|(_, head)| head.number);
    assert_eq!(heads, [(THEIRS, theirs), (OURS, ours)]);
}

pub async fn the_log_is_read_forwards_and_backwards_in_parts<H: Harness>(harness: &H) {
    let store = harness.open().await;
    for number in 1..=5 {
        store.append_audit(OURS, entry(&number.to_string())).await.expect("it is added");
    }
    let cases = [
        (AuditFrom::Newest(None), 2, &[5, 4][..]),
        (AuditFrom::Newest(Some(4)), 2, &[3, 2]),
        (AuditFrom::Newest(Some(1)), 2, &[]),
        (AuditFrom::Newest(Some(u64::MAX)), 9, &[5, 4, 3, 2, 1]),
        (AuditFrom::After(0), 2, &[1, 2]),
        (AuditFrom::After(4), 2, &[5]),
        (AuditFrom::After(u64::MAX), 2, &[]),
    ];

    for (from, limit, numbers) in cases {
        let rows = read(&store, OURS, from, limit).await;
        assert_eq!(rows.iter().map(|row| row.number).collect::<Vec<_>>(), numbers, "{from:?}");
    }
    assert_eq!(read(&store, THEIRS, AuditFrom::Newest(None), 9).await, []);
}
