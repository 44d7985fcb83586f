//! Making keys.

use std::sync::Arc;
use std::time::Duration;

use steadflow_access::{Grantor, IssueError, KEYS_MAX, NETWORKS_MAX, NewKey, issue, service_account};
use steadflow_core::access::{CredentialKind, FLOWS_MAX, FlowScope, Grants, Principal, Token};
use steadflow_core::caller::{Actor, ActorKind, Caller, Role};
use steadflow_core::ids::{FlowId, PrincipalId, TenantId};
use steadflow_store::{Identities, PrincipalChange};
use uuid::Uuid;

use super::{NOW, key, new_key, store};

#[tokio::test]
async fn nobody_makes_a_key_that_may_more_than_they() {
    let store = store().await;
    let actor = Actor { kind: ActorKind::User, id: Some("p2@example.com".into()) };
    let operator = Caller { tenant: TenantId::DEFAULT, actor, role: Role::Operator };
    let owner = |number| PrincipalId::new(Uuid::from_u128(number));

    let more = issue(&*store, Grantor::local(&operator), new_key(), NOW).await.unwrap_err();
    assert_eq!(
        more.to_string(),
        "Your role is operator, so you cannot give the role editor. Give operator at most."
    );
    let of_viewer = NewKey { principal: owner(1), ..new_key() };
    let more = issue(&*store, Grantor::local(&Caller::LOCAL), of_viewer, NOW).await.unwrap_err();
    assert_eq!(more.to_string(), "Person 1 is viewer, so a key of it cannot be editor.");
    let less = NewKey { role: Role::Viewer, ..new_key() };
    let issued = issue(&*store, Grantor::local(&operator), less.clone(), NOW).await.unwrap();
    assert_eq!(&*issued.record.created_by, "p2@example.com");

    let other_tenant = Caller { tenant: TenantId::new(Uuid::from_u128(9)), ..Caller::LOCAL };
    let foreign = issue(&*store, Grantor::local(&other_tenant), less, NOW).await.unwrap_err();
    assert!(matches!(foreign, IssueError::Missing), "{foreign}");
}

#[tokio::test]
async fn a_key_makes_keys_that_are_as_limited_as_it_is() {
    let store = store().await;
    let flow = |number| FlowId::new(Uuid::from_u128(number));
    let flows =
        |numbers: &[u128]| FlowScope::Only(Arc::new(numbers.iter().map(|number| flow(*number)).collect()));
    let networks = |texts: &[&str]| Some(texts.iter().map(|text| text.parse().unwrap()).collect::<Vec<_>>());
    let at = |seconds| Some(NOW.plus(Duration::from_secs(seconds)));
    let own = Principal {
        id: new_key().principal,
        caller: Caller::LOCAL,
        grants: Grants::default(),
        folders: None,
        scope: flows(&[1, 2]),
        networks: Some(["203.0.113.0/24".into(), "2001:db8::/64".into()].into()),
        expires_at: at(60),
        credential: Token::new([1; 32]).hash(CredentialKind::Key),
    };
    let same = NewKey {
        flows: flows(&[1, 2]),
        networks: networks(&["203.0.113.0/25", "2001:db8::/64"]),
        expires_at: at(60),
        ..new_key()
    };
    let made = async |new| issue(&*store, Grantor::new(&Caller::LOCAL, Some(&own)), new, NOW).await;

    assert!(made(same.clone()).await.is_ok());
    for (new, too_much) in [
        (NewKey { flows: FlowScope::All, ..same.clone() }, "/flow_ids"),
        (NewKey { flows: flows(&[2, 3]), ..same.clone() }, "/flow_ids/1"),
        (NewKey { networks: None, ..same.clone() }, "/addresses"),
        (
            NewKey { networks: networks(&["203.0.113.0/25", "203.0.112.0/23"]), ..same.clone() },
            "/addresses/1",
        ),
        (NewKey { networks: networks(&["0.0.0.0/0"]), ..same.clone() }, "/addresses/0"),
        (NewKey { networks: networks(&["::/0"]), ..same.clone() }, "/addresses/0"),
        (NewKey { expires_at: None, ..same.clone() }, "/expires_at"),
        (NewKey { expires_at: at(61), ..same.clone() }, "/expires_at"),
    ] {
        let Err(IssueError::MoreThanOwn(refused)) = made(new).await else {
            panic!("{too_much} was not refused")
        };
        assert_eq!(refused.pointer, too_much, "{refused}");
    }
    for limited in [
        Principal { networks: None, expires_at: None, ..own.clone() },
        Principal { scope: FlowScope::All, expires_at: None, ..own.clone() },
        Principal { scope: FlowScope::All, networks: None, ..own.clone() },
    ] {
        let grantor = Grantor::new(&Caller::LOCAL, Some(&limited));
        assert!(grantor.check_unlimited("/role").is_err(), "{limited:?}");
    }
}

#[tokio::test]
async fn keys_of_one_are_limited_and_none_is_made_for_who_is_disabled() {
    let store = store().await;
    for _ in 0..KEYS_MAX {
        key(&store, new_key()).await;
    }

    let more = issue(&*store, Grantor::local(&Caller::LOCAL), new_key(), NOW).await.unwrap_err();
    assert!(matches!(more, IssueError::TooMany), "{more}");
    let disable = PrincipalChange { is_disabled: Some(true), ..PrincipalChange::default() };
    store.change_principal(TenantId::DEFAULT, new_key().principal, disable).await.unwrap();
    let disabled = issue(&*store, Grantor::local(&Caller::LOCAL), new_key(), NOW).await.unwrap_err();
    assert!(matches!(disabled, IssueError::Disabled(_)), "{disabled}");
}

#[tokio::test]
async fn a_key_has_so_many_limits() {
    let store = store().await;
    let flows = |count: usize| {
        let ids = (0..count).map(|number| FlowId::new(Uuid::from_u128(number as u128)));
        FlowScope::Only(Arc::new(ids.collect()))
    };
    let networks = |count: usize| Some(vec!["203.0.113.0/24".parse().unwrap(); count]);
    let issued = async |flows, networks| {
        issue(&*store, Grantor::local(&Caller::LOCAL), NewKey { flows, networks, ..new_key() }, NOW).await
    };

    assert!(issued(flows(FLOWS_MAX), networks(NETWORKS_MAX)).await.is_ok());
    for (flows, networks) in [
        (flows(FLOWS_MAX + 1), None),
        (flows(0), None),
        (FlowScope::All, networks(NETWORKS_MAX + 1)),
        (FlowScope::All, networks(0)),
    ] {
        let refused = issued(flows, networks).await.unwrap_err();
        assert!(matches!(refused, IssueError::Limits), "{refused}");
    }
}

#[tokio::test]
async fn a_service_account_is_made_once() {
    let store = store().await;
    let named = |role| {
        let store = Arc::clone(&store);
        async move { service_account(&*store, TenantId::DEFAULT, "cli".into(), role, NOW).await.unwrap() }
    };

    let made = named(Role::Editor).await;

    assert_eq!(named(Role::Admin).await, made, "its role stays");
    let issued = key(&store, NewKey { principal: made.id, ..new_key() }).await;
    assert_eq!(issued.record.principal, made.id);
}

#[test]
fn an_address_is_a_network_of_one() {
    for (text, network) in [
        ("203.0.113.7", "203.0.113.7/32"),
        ("203.0.113.7/24", "203.0.113.0/24"),
        ("2001:db8::1", "2001:db8::1/128"),
    ] {
        assert_eq!(steadflow_access::network(text).unwrap().to_string(), network);
    }
    for text in ["", "localhost", "203.0.113.7/33", "203.0.113", "*"] {
        assert!(steadflow_access::network(text).is_err(), "{text}");
    }
}
