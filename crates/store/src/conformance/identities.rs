//! What [`Identities`](crate::Identities) means.

use std::sync::Arc;

use steadflow_core::access::{CredentialHash, CredentialKind, FlowScope, Grant, Grants, Token};
use steadflow_core::caller::{Actor, ActorKind, Role};
use steadflow_core::ids::{KeyId, PrincipalId, TenantId};

use super::samples::{ALL, FLOW, OURS, THEIRS, at, uuid};
use super::{Harness, reopened};
use crate::{
    ApiKeyRecord, CredentialUse, Identities, InvitationRecord, KeyCreated, Listed, Page, PasswordHash,
    PrincipalChange, PrincipalChanged, PrincipalKind, PrincipalRecord, SignInRecord, SignIns, Store,
    TenantRecord, Tenants,
};

pub(super) fn principal(number: u16) -> PrincipalRecord {
    PrincipalRecord {
        id: PrincipalId::new(uuid(number)),
        tenant: OURS,
        kind: PrincipalKind::Person,
        name: format!("Person {number}").into(),
        email: Some(format!("p{number}@example.com").into()),
        role: Role::Editor,
        grants: Grants::default(),
        password: Some(PasswordHash::new(format!("$argon2id${number}"))),
        created_at: at(1),
        disabled_at: None,
    }
}

pub(super) fn service(number: u16) -> PrincipalRecord {
    PrincipalRecord {
        kind: PrincipalKind::Service,
        name: "deploy".into(),
        email: None,
        password: None,
        ..principal(number)
    }
}

pub(super) fn hash(number: u16, kind: CredentialKind) -> CredentialHash {
    let mut bytes = [0xff; 32];
    bytes[..2].copy_from_slice(&number.to_be_bytes());
    Token::new(bytes).hash(kind)
}

/// A key of the principal of a number.
pub(super) fn key(number: u16, of: u16) -> ApiKeyRecord {
    ApiKeyRecord {
        id: KeyId::new(uuid(number)),
        tenant: OURS,
        principal: PrincipalId::new(uuid(of)),
        hash: hash(number, CredentialKind::Key),
        prefix: format!("sf_live_{number:08}").into(),
        name: format!("Key {number}").into(),
        role: Role::Admin,
        flows: FlowScope::Only(Arc::new([FLOW].into())),
        folders: None,
        networks: Some(["203.0.113.0/24".into()].into()),
        created_at: at(1),
        created_by: "p1@example.com".into(),
        expires_at: Some(at(1_000)),
        used_at: None,
        used_from: None,
    }
}

/// A sign-in of the principal of a number.
pub(super) fn sign_in(number: u16, of: u16) -> SignInRecord {
    SignInRecord {
        hash: hash(number, CredentialKind::SignIn),
        id: uuid(number),
        tenant: OURS,
        principal: PrincipalId::new(uuid(of)),
        created_at: at(1),
        expires_at: at(100),
        used_at: at(i64::from(number)),
        address: Some("203.0.113.7".into()),
        user_agent: Some("Browser\0 1".into()),
    }
}

pub(super) fn invitation(number: u16) -> InvitationRecord {
    InvitationRecord {
        hash: hash(number, CredentialKind::Invitation),
        id: uuid(number),
        tenant: OURS,
        role: Role::Operator,
        grants: Grants::new([Grant {
            folder: "billing/refunds".parse().expect("a folder"),
            role: Role::Editor,
        }]),
        email: Some("new@example.com".into()),
        principal: None,
        is_first_admin: false,
        created_at: at(1),
        created_by: "p1@example.com".into(),
        expires_at: at(100),
    }
}

pub(super) async fn create(store: &impl Store, principals: impl IntoIterator<Item = PrincipalRecord>) {
    for principal in principals {
        assert!(store.create_principal(principal).await.expect("an answer"), "it is new");
    }
}

pub(super) async fn create_key(store: &impl Store, key: ApiKeyRecord) {
    assert_eq!(store.create_api_key(key, 9).await.expect("an answer"), KeyCreated::Done);
}

/// Signs the principal of a sample in.
pub(super) async fn create_sign_in(store: &impl Store, sign_in: SignInRecord, max: usize) {
    let found = store.principal(sign_in.tenant, sign_in.principal).await.expect("an answer");
    let password = found.expect("there is one").password;
    assert!(store.create_sign_in(sign_in, password, max).await.expect("an answer"));
}

pub(super) async fn change(store: &impl Store, number: u16, change: PrincipalChange) -> PrincipalChanged {
    let id = PrincipalId::new(uuid(number));
    store.change_principal(OURS, id, change).await.expect("an answer")
}

/// Returns which of these credentials stand for something.
pub(super) async fn stand_for(store: &impl Store, hashes: &[CredentialHash]) -> Vec<CredentialHash> {
    let found = store.credentials(hashes.to_vec()).await.expect("an answer");
    let mut found: Vec<_> = found.into_iter().map(|(hash, _)| hash).collect();
    found.sort_by_key(|found| hashes.iter().position(|hash| hash == found));
    found
}

pub(super) fn sound<T>(rows: Vec<Listed<T>>) -> Vec<T> {
    rows.into_iter().map(|row| row.expect("it is sound")).collect()
}

pub(super) fn is_done(changed: &PrincipalChanged) -> bool {
    matches!(changed, PrincipalChanged::Done(_))
}

pub async fn identities_survive_reopening<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let tenant = |number: u16, name: &str| TenantRecord {
        disabled_at: (number == 2).then(|| at(2)),
        ..TenantRecord::new(TenantId::new(uuid(number)), name.into(), at(1))
    };
    let tenants = [tenant(1, "a"), tenant(2, "b")];
    for tenant in tenants.clone() {
        assert!(store.create_tenant(tenant).await.expect("it is new"));
    }
    assert!(!store.create_tenant(tenant(3, "a")).await.expect("its name is taken"));
    let disabled = PrincipalRecord { disabled_at: Some(at(3)), password: None, ..principal(2) };
    create(&store, [principal(1), disabled.clone(), service(3)]).await;
    create_key(&store, key(1, 1)).await;
    let plain = ApiKeyRecord { flows: FlowScope::All, networks: None, expires_at: None, ..key(2, 3) };
    create_key(&store, plain.clone()).await;
    create_sign_in(&store, sign_in(5, 1), 9).await;
    assert!(store.create_invitation(invitation(6), 9).await.expect("an answer"));

    let store = reopened(harness, store).await;

    assert_eq!(sound(store.tenants().await.expect("all")), tenants);
    let principals = sound(store.principals(OURS, ALL).await.expect("ours"));
    assert_eq!(principals, [service(3), disabled, principal(1)]);
    let before = Page { before: Some(uuid(3)), limit: 1 };
    let second = sound(store.principals(OURS, before).await.expect("ours"));
    assert_eq!(second, principals[1..2]);
    assert_eq!(sound(store.api_keys(OURS, None, ALL).await.expect("ours")), [plain.clone(), key(1, 1)]);
    let of = Some(PrincipalId::new(uuid(1)));
    assert_eq!(sound(store.api_keys(OURS, of, ALL).await.expect("ours")), [key(1, 1)]);
    let page = Page { before: Some(uuid(2)), limit: 9 };
    assert_eq!(sound(store.api_keys(OURS, None, page).await.expect("ours")), [key(1, 1)]);
    let sign_ins = store.sign_ins(OURS, PrincipalId::new(uuid(1))).await.expect("ours");
    assert_eq!(sound(sign_ins), [sign_in(5, 1)]);
    assert_eq!(sound(store.invitations(OURS).await.expect("ours")), [invitation(6)]);
    let hash = invitation(6).hash;
    assert_eq!(store.invitation(hash).await.expect("an answer"), Some(invitation(6)));
    let service_account = store.service_account(OURS, "deploy".into()).await.expect("an answer");
    assert_eq!(service_account, Some(service(3)));
}

pub async fn an_email_belongs_to_one_person<H: Harness>(harness: &H) {
    let store = harness.open().await;
    create(&store, [principal(1)]).await;

    let same = PrincipalRecord { email: principal(1).email, ..principal(2) };
    assert!(!store.create_principal(same.clone()).await.expect("an answer"));
    let of_other_tenant = PrincipalRecord { tenant: THEIRS, ..same };
    assert!(!store.create_principal(of_other_tenant).await.expect("an answer"));
    create(&store, [service(3), PrincipalRecord { tenant: THEIRS, ..service(4) }]).await;
    assert!(!store.create_principal(service(5)).await.expect("each tenant has a name once"));
    create(&store, [PrincipalRecord { name: "deploy".into(), ..principal(6) }]).await;

    let found = store.person("p1@example.com".into()).await.expect("an answer");
    assert_eq!(found, Some(principal(1)));
    assert_eq!(store.person("P1@example.com".into()).await.expect("an answer"), None);
    let other = PrincipalRecord { name: "other".into(), ..service(7) };
    create(&store, [other]).await;
    let taken = PrincipalChange { name: Some("deploy".into()), ..PrincipalChange::default() };
    assert_eq!(change(&store, 7, taken.clone()).await, PrincipalChanged::NameTaken);
    assert!(is_done(&change(&store, 1, taken).await), "people have the names that they have");
}

pub async fn the_last_admin_stays<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let admin = |number| PrincipalRecord { role: Role::Admin, ..principal(number) };
    let off = PrincipalRecord { disabled_at: Some(at(1)), ..admin(3) };
    let theirs = PrincipalRecord { tenant: THEIRS, ..admin(4) };
    let machine = PrincipalRecord { role: Role::Admin, ..service(5) };
    create(&store, [admin(1), admin(2), off, theirs, machine, principal(6)]).await;
    let role = |role| PrincipalChange { role: Some(role), at: at(9), ..PrincipalChange::default() };
    let disable =
        |is_disabled| PrincipalChange { is_disabled: Some(is_disabled), at: at(9), ..Default::default() };

    assert!(is_done(&change(&store, 2, role(Role::Editor)).await), "there is another one");
    assert_eq!(change(&store, 1, role(Role::Operator)).await, PrincipalChanged::LastAdmin);
    assert_eq!(change(&store, 1, disable(true)).await, PrincipalChanged::LastAdmin);
    let id = |number| PrincipalId::new(uuid(number));
    assert_eq!(store.delete_principal(OURS, id(1)).await.expect("an answer"), PrincipalChanged::LastAdmin);
    assert!(is_done(&change(&store, 1, role(Role::Admin)).await), "it stays one");
    for number in [5, 6] {
        assert!(is_done(&change(&store, number, disable(true)).await), "they are not it");
    }
    assert!(is_done(&change(&store, 3, disable(false)).await));
    assert!(is_done(&change(&store, 1, disable(true)).await), "there is another one");
    assert!(is_done(&store.delete_principal(OURS, id(1)).await.expect("an answer")));

    let left = store.principal(OURS, id(3)).await.expect("an answer").expect("it is there");
    assert_eq!((left.role, left.disabled_at), (Role::Admin, None));
    assert_eq!(store.principal(OURS, id(1)).await.expect("an answer"), None);
    assert_eq!(change(&store, 1, role(Role::Admin)).await, PrincipalChanged::Missing);
}

pub async fn an_admin_is_a_person_or_a_key<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let has_admin = async |seconds| store.has_admin(at(seconds)).await.expect("an answer");
    let theirs = PrincipalRecord { tenant: THEIRS, role: Role::Admin, ..principal(1) };
    let machine = PrincipalRecord { role: Role::Admin, ..service(2) };
    create(&store, [theirs, machine, principal(3)]).await;
    create_key(&store, key(1, 3)).await;
    create_key(&store, ApiKeyRecord { role: Role::Editor, ..key(2, 2) }).await;
    assert!(!has_admin(5).await, "a key may do no more than its principal and than it says");

    create_key(&store, key(3, 2)).await;
    assert!(has_admin(999).await && !has_admin(1_000).await, "a key that is over is none");
    let disable = PrincipalChange { is_disabled: Some(true), ..PrincipalChange::default() };
    assert!(is_done(&change(&store, 2, disable).await));
    assert!(!has_admin(5).await);
    let promote = PrincipalChange { role: Some(Role::Admin), ..PrincipalChange::default() };
    assert!(is_done(&change(&store, 3, promote).await));
    assert!(has_admin(2_000).await);
}

pub async fn keys_are_counted_and_deleted<H: Harness>(harness: &H) {
    let store = harness.open().await;
    create(&store, [principal(1), principal(2)]).await;
    let created = async |key, max| store.create_api_key(key, max).await.expect("an answer");

    assert_eq!(created(key(1, 1), 2).await, KeyCreated::Done);
    assert_eq!(created(key(2, 1), 2).await, KeyCreated::Done);
    assert_eq!(created(key(3, 1), 2).await, KeyCreated::TooMany);
    assert_eq!(created(key(3, 2), 2).await, KeyCreated::Done);
    assert_eq!(created(key(4, 9), 2).await, KeyCreated::Missing);
    assert_eq!(created(ApiKeyRecord { tenant: THEIRS, ..key(4, 1) }, 2).await, KeyCreated::Missing);

    let delete = async |number, of: Option<u16>| {
        let of = of.map(|of| PrincipalId::new(uuid(of)));
        store.delete_api_key(OURS, KeyId::new(uuid(number)), of).await.expect("an answer")
    };
    assert!(!delete(1, Some(2)).await, "it is not theirs");
    assert!(delete(1, Some(1)).await && delete(3, None).await && !delete(3, None).await);
    let hashes = [1, 2, 3].map(|number| key(number, 1).hash);
    assert_eq!(stand_for(&store, &hashes).await, hashes[1..2]);
    assert_eq!(created(key(5, 1), 2).await, KeyCreated::Done, "there is room again");
}

pub async fn credentials_stand_for_who_has_them<H: Harness>(harness: &H) {
    let store = harness.open().await;
    create(&store, [principal(1)]).await;
    create_key(&store, key(1, 1)).await;
    create_key(&store, ApiKeyRecord { role: Role::Viewer, flows: FlowScope::All, ..key(2, 1) }).await;
    create_sign_in(&store, sign_in(3, 1), 9).await;
    let hashes = [key(1, 1).hash, key(2, 1).hash, sign_in(3, 1).hash];
    let unknown = [hash(1, CredentialKind::SignIn), hash(3, CredentialKind::Key)];

    let found = store.credentials([&hashes[..], &unknown].concat()).await.expect("an answer");

    assert_eq!(found.len(), 3, "{found:?}");
    let of = |hash| found.iter().find(|(known, _)| *known == hash).expect("it is known").1.clone();
    let [large, small, person] = hashes.map(of);
    let actor = |kind, id: &str| Actor { kind, id: Some(id.into()) };
    assert_eq!(large.actor, actor(ActorKind::Key, "sf_live_00000001"));
    assert_eq!((large.tenant, large.principal), (OURS, principal(1).id));
    assert_eq!((large.role, small.role), (Role::Editor, Role::Viewer), "the lesser role counts");
    assert_eq!((large.flows, small.flows), (key(1, 1).flows, FlowScope::All));
    assert_eq!((large.networks, large.expires_at), (key(1, 1).networks, Some(at(1_000))));
    assert_eq!(person.actor, actor(ActorKind::User, "p1@example.com"));
    assert_eq!((person.role, person.flows, person.networks), (Role::Editor, FlowScope::All, None));
    assert_eq!((person.expires_at, person.used_at), (Some(at(100)), Some(at(3))));
    assert!(store.credentials(Vec::new()).await.expect("an answer").is_empty());
}

pub async fn uses_are_stored<H: Harness>(harness: &H) {
    let store = harness.open().await;
    create(&store, [principal(1)]).await;
    create_key(&store, key(1, 1)).await;
    create_sign_in(&store, sign_in(2, 1), 9).await;
    let used = |hash, from: &str| CredentialUse { hash, at: at(50), from: Some(from.into()) };
    let unknown = hash(9, CredentialKind::Key);

    let uses = vec![used(key(1, 1).hash, "a"), used(unknown, "b"), used(sign_in(2, 1).hash, "c")];
    store.used_credentials(uses).await.expect("it is stored");

    let store = reopened(harness, store).await;
    let keys = sound(store.api_keys(OURS, None, ALL).await.expect("ours"));
    assert_eq!((keys[0].used_at, keys[0].used_from.as_deref()), (Some(at(50)), Some("a")));
    let sign_ins = sound(store.sign_ins(OURS, principal(1).id).await.expect("ours"));
    assert_eq!((sign_ins[0].used_at, sign_ins[0].address.as_deref()), (at(50), Some("c")));
    assert_eq!(sign_ins[0].created_at, at(1));
}

pub async fn a_credential_of_a_disabled_principal_stands_for_nothing<H: Harness>(harness: &H) {
    let store = harness.open().await;
    create(&store, [principal(1)]).await;
    create_key(&store, key(1, 1)).await;
    create_sign_in(&store, sign_in(2, 1), 9).await;
    let hashes = [key(1, 1).hash, sign_in(2, 1).hash];
    assert_eq!(stand_for(&store, &hashes).await, hashes);
    let disable =
        |is_disabled| PrincipalChange { is_disabled: Some(is_disabled), ..PrincipalChange::default() };

    assert!(is_done(&change(&store, 1, disable(true)).await));
    assert!(stand_for(&store, &hashes).await.is_empty());
    let refused = store.create_sign_in(sign_in(3, 1), principal(1).password, 9).await.expect("an answer");
    assert!(!refused, "nor do they sign in");
    assert!(is_done(&change(&store, 1, disable(false)).await));
    assert_eq!(
        stand_for(&store, &hashes).await,
        hashes[..1],
        "the sign-in has ended, the key is theirs again"
    );
    assert!(is_done(&store.delete_principal(OURS, principal(1).id).await.expect("an answer")));
    assert!(stand_for(&store, &hashes).await.is_empty());
    assert!(store.api_keys(OURS, None, ALL).await.expect("ours").is_empty(), "its keys go with it");
}

pub async fn a_credential_of_a_disabled_tenant_stands_for_nothing<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let of = |number: u16| TenantId::new(uuid(number));
    for (number, disabled_at) in [(11, None), (12, Some(at(2)))] {
        let (id, name) = (of(number), format!("t{number}").into());
        let tenant = TenantRecord { disabled_at, ..TenantRecord::new(id, name, at(1)) };
        assert!(store.create_tenant(tenant).await.expect("it is new"));
    }
    // Of the last one, there is no record.
    for number in [11, 12, 13] {
        create(&store, [PrincipalRecord { tenant: of(number), ..principal(number) }]).await;
        create_key(&store, ApiKeyRecord { tenant: of(number), ..key(number, number) }).await;
        let sign_in = SignInRecord { tenant: of(number), ..sign_in(number, number) };
        create_sign_in(&store, sign_in, 9).await;
    }

    let hashes = [11, 12, 13].map(|number| [key(number, 1).hash, sign_in(number, 1).hash]);
    assert_eq!(stand_for(&store, hashes.as_flattened()).await, hashes[0]);
}

pub async fn sign_ins_end_with_a_password_or_role<H: Harness>(harness: &H) {
    let store = harness.open().await;
    create(&store, [principal(1), principal(2)]).await;
    let hashes = [3, 4, 5].map(|number| sign_in(number, 1).hash);
    let sign_in_all = async || {
        for number in [3, 4] {
            create_sign_in(&store, sign_in(number, 1), 9).await;
        }
    };
    create_sign_in(&store, sign_in(5, 2), 9).await;
    sign_in_all().await;

    let none = PrincipalChange { name: Some("New".into()), ..PrincipalChange::default() };
    assert!(is_done(&change(&store, 1, none).await));
    assert_eq!(stand_for(&store, &hashes).await, hashes, "a name ends nothing");
    let password = Some(PasswordHash::new("$argon2id$new"));
    let own = PrincipalChange { password: password.clone(), keep: Some(hashes[1]), ..Default::default() };
    let PrincipalChanged::Done(changed) = change(&store, 1, own).await else { panic!("it is changed") };
    assert_eq!((&*changed.name, changed.password.clone()), ("New", password));
    assert_eq!(stand_for(&store, &hashes).await, hashes[1..]);
    let old = store.create_sign_in(sign_in(6, 1), principal(1).password, 9).await.expect("an answer");
    assert!(!old, "who had typed the old password is late");
    let role = PrincipalChange { role: Some(Role::Viewer), ..PrincipalChange::default() };
    assert!(is_done(&change(&store, 1, role).await));
    assert_eq!(stand_for(&store, &hashes).await, hashes[2..], "others stay");
}

pub async fn sign_ins_are_limited_and_deleted<H: Harness>(harness: &H) {
    let store = harness.open().await;
    create(&store, [principal(1), principal(2)]).await;
    let hashes = [3, 4, 5, 6].map(|number| sign_in(number, 1).hash);
    for number in [4, 3, 5] {
        create_sign_in(&store, sign_in(number, 1), 2).await;
    }
    create_sign_in(&store, sign_in(6, 2), 2).await;
    assert_eq!(
        stand_for(&store, &hashes).await,
        hashes[1..],
        "the one that was used the longest ago is over"
    );
    let delete = async |which| store.delete_sign_ins(which).await.expect("an answer");

    let listed = sound(store.sign_ins(OURS, principal(1).id).await.expect("ours"));
    assert_eq!(listed, [sign_in(5, 1), sign_in(4, 1)], "the last used is the first");
    assert_eq!(delete(SignIns::Known(principal(2).id, uuid(4))).await, 0, "it is not theirs");
    assert_eq!(delete(SignIns::Known(principal(1).id, uuid(4))).await, 1);
    create_sign_in(&store, sign_in(4, 1), 9).await;
    assert_eq!(delete(SignIns::Of(principal(1).id, Some(hashes[1]))).await, 1);
    assert_eq!(stand_for(&store, &hashes).await, [hashes[1], hashes[3]]);
    assert_eq!(delete(SignIns::One(hashes[1])).await, 1);
    assert_eq!(delete(SignIns::Of(principal(1).id, None)).await, 0);
    create_sign_in(&store, sign_in(3, 1), 9).await;
    assert_eq!(delete(SignIns::OverAt(at(99), 9)).await, 0);
    assert_eq!(delete(SignIns::OverAt(at(100), 1)).await, 1);
    assert_eq!(delete(SignIns::OverAt(at(100), 9)).await, 1);
    assert!(stand_for(&store, &hashes).await.is_empty());
}
