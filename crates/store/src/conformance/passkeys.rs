//! What [`Passkeys`](crate::Passkeys) means.

use steadflow_core::ids::PrincipalId;

use super::identities::principal;
use super::samples::{OURS, THEIRS, at, uuid};
use super::{Harness, reopened};
use crate::{Identities, PasskeyCreated, PasskeyRecord, Passkeys, Store};

/// A passkey of the principal of a number.
pub(super) fn passkey(number: u16, of: u16) -> PasskeyRecord {
    PasskeyRecord {
        id: uuid(number),
        credential: number.to_be_bytes().as_slice().into(),
        tenant: OURS,
        principal: PrincipalId::new(uuid(of)),
        name: format!("Phone {number}").into(),
        public_key: [0, 1, 2].as_slice().into(),
        counter: 0,
        created_at: at(1),
        used_at: None,
    }
}

async fn of(store: &impl Store, number: u16) -> Vec<PasskeyRecord> {
    let found = store.passkeys(OURS, PrincipalId::new(uuid(number))).await.expect("an answer");
    found.into_iter().map(|row| row.expect("it is sound")).collect()
}

pub async fn passkeys_are_counted_used_once_and_deleted<H: Harness>(harness: &H) {
    let store = harness.open().await;
    for number in [1, 2] {
        assert!(store.create_principal(principal(number)).await.expect("it is new"));
    }
    let create = async |new: PasskeyRecord| store.create_passkey(new, 2).await.expect("an answer");
    assert_eq!(create(passkey(1, 1)).await, PasskeyCreated::Done);
    let same = PasskeyRecord { credential: passkey(1, 1).credential, ..passkey(2, 2) };
    assert_eq!(create(same).await, PasskeyCreated::Taken);
    assert_eq!(create(passkey(3, 9)).await, PasskeyCreated::Missing);
    assert_eq!(create(PasskeyRecord { tenant: THEIRS, ..passkey(3, 1) }).await, PasskeyCreated::Missing);
    assert_eq!(create(passkey(3, 1)).await, PasskeyCreated::Done);
    assert_eq!(create(passkey(4, 1)).await, PasskeyCreated::TooMany);
    let used = async |number: u16, counter: u32, begun: i64| {
        store.use_passkey(uuid(number), counter, at(begun)).await.expect("an answer")
    };

    assert_eq!([used(1, 0, 5).await, used(1, 0, 5).await, used(1, 0, 4).await], [true, false, false]);
    assert_eq!([used(1, 0, 6).await, used(1, 3, 7).await], [true, true], "it counts from now on");
    assert_eq!([used(1, 3, 8).await, used(1, 0, 8).await, used(1, 2, 8).await], [false; 3], "it was copied");
    assert!(used(1, u32::MAX, 9).await);
    assert!(!used(9, 1, 9).await);

    let store = reopened(harness, store).await;
    let first = PasskeyRecord { counter: u32::MAX, used_at: Some(at(9)), ..passkey(1, 1) };
    assert_eq!(of(&store, 1).await, [first.clone(), passkey(3, 1)]);
    let found = async |number: u16| store.passkey(passkey(number, 1).credential).await.expect("an answer");
    assert_eq!((found(1).await, found(2).await), (Some(first), None));
    let delete = async |tenant, of: u16, number: u16| {
        store.delete_passkey(tenant, PrincipalId::new(uuid(of)), uuid(number)).await.expect("an answer")
    };
    assert_eq!(
        [delete(THEIRS, 1, 1).await, delete(OURS, 2, 1).await, delete(OURS, 1, 1).await],
        [false, false, true]
    );
    store.delete_principal(OURS, principal(1).id).await.expect("an answer");
    assert_eq!(found(3).await, None, "it goes with the person");
}
