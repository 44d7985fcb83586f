//! Roles in folders.

use steadflow_core::access::{CredentialKind, Grant, Grants};
use steadflow_core::caller::Role;
use steadflow_core::folder::Folder;

use super::identities::{create, create_key, create_sign_in, hash, key, principal, sign_in};
use super::samples::{OURS, at};
use super::{Harness, reopened};
use crate::{ApiKeyRecord, Identities, Page, PrincipalChange, PrincipalRecord};

pub async fn roles_in_folders_limit_keys_and_end_no_sign_in<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let folder = |text: &str| text.parse::<Folder>().expect("a folder");
    let grant = |text: &str, role| Grant { folder: folder(text), role };
    let grants = Grants::new([grant("a", Role::Editor), grant("b", Role::Viewer)]);
    let person = PrincipalRecord { role: Role::None, grants: grants.clone(), ..principal(1) };
    create(&store, [person.clone()]).await;
    assert_eq!(store.principal(OURS, person.id).await.expect("a principal"), Some(person.clone()));
    let limited = ApiKeyRecord { role: Role::Operator, folders: Some([folder("a/x")].into()), ..key(1, 1) };
    create_key(&store, limited.clone()).await;
    let keys = store.api_keys(OURS, None, Page { before: None, limit: 9 }).await.expect("keys");
    assert_eq!(keys, [Ok(limited)]);
    let stands_for = async || {
        let found = store.credentials(vec![hash(1, CredentialKind::Key)]).await.expect("credentials");
        let (_, found) = found.into_iter().next().expect("it stands for somebody");
        (found.role, found.grants, found.folders)
    };
    let limit = Some([folder("a/x")].into());
    let own = Grants::new([grant("a/x", Role::Operator)]);
    assert_eq!(stands_for().await, (Role::None, own, limit));
    create_sign_in(&store, sign_in(2, 1), 9).await;
    let signed_in = store.credentials(vec![sign_in(2, 1).hash]).await.expect("credentials");
    assert_eq!((signed_in[0].1.role, &signed_in[0].1.grants), (Role::None, &grants));

    let change = PrincipalChange {
        grants: Some(Grants::new([grant("a/x/y", Role::Viewer)])),
        at: at(9),
        ..PrincipalChange::default()
    };
    assert!(!change.ends_sign_ins());
    store.change_principal(OURS, person.id, change).await.expect("a change");

    let store = reopened(harness, store).await;
    let found = store.credentials(vec![hash(1, CredentialKind::Key)]).await.expect("credentials");
    assert_eq!(found[0].1.grants, Grants::new([grant("a/x/y", Role::Viewer)]));
}
