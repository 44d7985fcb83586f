//! Tenants: none sees, counts, changes or deletes what another has, even under the same names, keys and flows.

use std::fmt::Debug;

use steadflow_core::budget::Budget;
use steadflow_core::caller::{Actor, ActorKind};
use steadflow_core::failure::ErrorClass;
use steadflow_core::ids::{AgentId, FlowId, TenantId};
use steadflow_core::tenant::TenantQuota;

use super::identities::{invitation, key as key_of, principal, service, sign_in};
use super::passkeys::passkey;
use super::samples::{
    ALL, FLOW, OTHER_FLOW, OURS, THEIRS, all_costs, all_counters, at, calls, completed, document, failed,
    finished_with, flow, id, key, keyed_by, new_agent, row, shown, uuid,
};
use super::subjects::subject;
use super::{Harness, commit, reopened, worker};
use crate::{
    AgentChange, AgentFilter, AgentUse, ApiKeyRecord, Catalogue, Changed, Committed, ExecutionFilter,
    ExecutionRow, ExpiryStep, FailureQuery, FlowChange, FlowDraftChange, FlowFilter, FlowRecord, Identities,
    InvitationRecord, KeyCreated, OidcSubject, PasskeyCreated, PasskeyRecord, PrincipalChange,
    PrincipalChanged, PrincipalRecord, Rollup, SignInRecord, Store, TenantChange, TenantChanged, TenantPause,
    TenantRecord, TenantResumed, Tenants, VersionPage,
};

const OUR_AGENT: AgentId = AgentId::new(uuid(1));
const KEY: &str = "start:a";

/// What each method that takes a tenant returns to `tenant` when asked about our things.
async fn seen_by(store: &impl Store, tenant: TenantId) -> Vec<(&'static str, String)> {
    fn shown<T: Debug>(method: &'static str, answer: Result<T, crate::StoreError>) -> (&'static str, String) {
        (method, format!("{:?}", answer.expect("a store that is open answers")))
    }
    let versions = VersionPage { before: None, limit: 9 };
    let failures =
        FailureQuery { tenant, flow: None, folders: None, from: None, to: None, now: at(60), limit: 9 };
    let ours = ExecutionFilter { tenant: Some(tenant), ..ExecutionFilter::default() };
    let flows = FlowFilter { tenant: Some(tenant), ..FlowFilter::default() };
    let agents = AgentFilter { tenant: Some(tenant), ..AgentFilter::default() };
    let failed = ExecutionFilter { error_class: Some(ErrorClass::Timeout), ..ours.clone() };
    vec![
        shown("History::execution", store.execution(tenant, id(1)).await),
        shown("History::row", store.row(tenant, id(1)).await),
        shown("History::executions", store.executions(ours.clone(), ALL).await),
        shown("History::retried_by", store.retried_by(tenant, id(1), 9).await),
        shown("History::idempotency", store.idempotency(tenant, KEY.into()).await),
        shown("History::failures", store.failures(failures).await),
        shown("History::rollup_sums", store.rollup_sums(all_counters(tenant)).await),
        shown("History::cost_sums", store.cost_sums(all_costs(tenant)).await),
        shown("History::execution_counts", store.execution_counts(tenant, FLOW).await),
        shown("History::execution_counts", store.execution_counts(tenant, OTHER_FLOW).await),
        shown("Catalogue::flow", store.flow(tenant, FLOW).await),
        shown("Catalogue::flows", store.flows(flows.clone(), ALL).await),
        shown("Catalogue::flow_version", store.flow_version(tenant, FLOW, 1).await),
        shown("Catalogue::flow_versions", store.flow_versions(tenant, FLOW, versions).await),
        shown("Catalogue::flow_draft_marks", store.flow_draft_marks(tenant, vec![FLOW, OTHER_FLOW]).await),
        shown("Catalogue::agent", store.agent(tenant, OUR_AGENT).await),
        shown("Catalogue::agents", store.agents(agents.clone(), ALL).await),
        shown("Catalogue::agents_of", store.agents_of(tenant, vec![OUR_AGENT]).await),
        shown("Catalogue::count_agents", store.count_agents(agents).await),
        shown("Catalogue::count_flows", store.count_flows(flows.clone()).await),
        shown("History::count_executions", store.count_executions(ours.clone()).await),
        shown("History::count_executions", store.count_executions(failed).await),
        shown("Catalogue::agent_version", store.agent_version(tenant, OUR_AGENT, 1).await),
        shown("Catalogue::agent_versions", store.agent_versions(tenant, OUR_AGENT, versions).await),
        shown("Catalogue::agent_uses", store.agent_uses(tenant, vec![OUR_AGENT]).await),
        shown("Identities::principals", store.principals(tenant, ALL).await),
        shown("Identities::principal", store.principal(tenant, principal(1).id).await),
        shown("Identities::service_account", store.service_account(tenant, "deploy".into()).await),
        shown("Identities::api_keys", store.api_keys(tenant, None, ALL).await),
        shown("Identities::sign_ins", store.sign_ins(tenant, principal(1).id).await),
        shown("Identities::invitations", store.invitations(tenant).await),
        shown("Passkeys::passkeys", store.passkeys(tenant, principal(1).id).await),
        shown("Identities::oidc_subjects", store.oidc_subjects(tenant, principal(1).id).await),
    ]
}

/// Ids are unique in a database: those of the flow, the agent and the first of the executions of a tenant.
struct Ids {
    tenant: TenantId,
    own: u16,
    first: u16,
}

const OUR_IDS: Ids = Ids { tenant: OURS, own: 1, first: 1 };
const THEIR_IDS: Ids = Ids { tenant: THEIRS, own: 2, first: 11 };

/// Stores who may ask for a tenant.
async fn fill_identities(store: &impl Store, tenant: TenantId, own: u16) {
    let person = PrincipalRecord { tenant, ..principal(own) };
    let service = PrincipalRecord { id: principal(own + 10).id, tenant, ..service(own) };
    for principal in [person.clone(), service] {
        assert!(store.create_principal(principal).await.expect("a principal is stored"));
    }
    let created = store.create_api_key(ApiKeyRecord { tenant, ..key_of(own, own) }, 9).await;
    assert_eq!(created.expect("a key is stored"), KeyCreated::Done);
    let sign_in = SignInRecord { tenant, ..sign_in(own, own) };
    assert!(store.create_sign_in(sign_in, person.password, 9).await.expect("a sign-in is stored"));
    let invitation = InvitationRecord { tenant, ..invitation(own) };
    assert!(store.create_invitation(invitation, 9).await.expect("an invitation is stored"));
    let passkey = PasskeyRecord { tenant, ..passkey(own, own) };
    let created = store.create_passkey(passkey, 9).await.expect("a passkey is stored");
    assert_eq!(created, PasskeyCreated::Done);
    let subject = OidcSubject { tenant, ..subject(&own.to_string(), own) };
    assert!(store.create_oidc_subject(subject).await.expect("a subject is stored"));
}

/// Stores one of everything for a tenant. Executions and calls are of the flows and the agents of both tenants.
async fn fill(store: &impl Store, ids: Ids) -> Vec<Committed> {
    let Ids { tenant, own, first } = ids;
    store
        .create_flow(FlowRecord { tenant, name: "Same".into(), ..flow(own) })
        .await
        .expect("a flow is stored");
    let draft = FlowDraftChange {
        flow: flow(own).id,
        tenant,
        replaces: None,
        base_version: 1,
        definition: document("Edited").document,
        at: at(3),
        by: "Ann".into(),
    };
    store.put_flow_draft(draft).await.expect("a draft is stored");
    store.put_agent(AgentChange { tenant, ..new_agent(own) }).await.expect("an agent is stored");
    let uses =
        [1, 2].map(|agent| AgentUse { agent: AgentId::new(uuid(agent)), calls: 1, last_used_at: at(9) });
    let counts = vec![(key("a", "executions"), 1)];
    let ended = |row: ExecutionRow| {
        let (flow, counts) = (row.flow, counts.clone());
        finished_with(
            row,
            Rollup {
                tenant,
                flow,
                hour: at(0),
                counts,
                agents: uses.to_vec(),
                costs: vec![calls(1, "m", "EUR", 1.0)],
            },
        )
    };
    let of = |flow: FlowId, row: ExecutionRow| ExecutionRow { tenant, flow, ..row };
    let retry = ExecutionRow { retry_of: Some(id(1)), ..of(FLOW, completed(first + 1)) };
    let batch = [
        keyed_by(shown(of(FLOW, row(first))), tenant, KEY),
        ended(retry),
        ended(of(FLOW, failed(first + 2, "a"))),
        ended(of(OTHER_FLOW, failed(first + 3, "a"))),
        shown(of(OTHER_FLOW, row(first + 4))),
    ];
    fill_identities(store, tenant, own).await;
    let worker = worker(store).await;
    commit(store, worker, batch).await
}

fn assert_same(actual: &[(&str, String)], expected: &[(&str, String)]) {
    for (actual, expected) in actual.iter().zip(expected) {
        assert_eq!(actual, expected);
    }
}

pub async fn a_tenant_sees_nothing_of_another<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let nothing = seen_by(&store, OURS).await;

    fill(&store, OUR_IDS).await;

    for (ours, nothing) in seen_by(&store, OURS).await.iter().zip(&nothing) {
        assert_ne!(ours, nothing, "the tenant whose it is sees it");
    }
    assert_same(&seen_by(&store, THEIRS).await, &nothing);
}

pub async fn what_a_tenant_stores_adds_nothing_to_what_another_sees<H: Harness>(harness: &H) {
    let store = harness.open().await;
    fill(&store, OUR_IDS).await;
    let before = seen_by(&store, OURS).await;

    let committed = fill(&store, THEIR_IDS).await;

    assert!(committed.iter().all(|commit| *commit == Committed::Done), "{committed:?}");
    assert_same(&seen_by(&store, OURS).await, &before);
}

pub async fn a_tenant_changes_and_deletes_nothing_of_another<H: Harness>(harness: &H) {
    let store = harness.open().await;
    fill(&store, OUR_IDS).await;
    fill(&store, THEIR_IDS).await;
    let before = seen_by(&store, OURS).await;

    let change = FlowChange { document: Some(document("Stolen")), at: at(9), ..FlowChange::default() };
    let changed_flow = store.change_flow(THEIRS, FLOW, change).await.expect("a change");
    let stolen = AgentChange { tenant: THEIRS, document: document("Stolen").document, ..new_agent(1) };
    let changed_agent = store.put_agent(stolen).await.expect("a change");
    let deleted_flow = store.delete_flow(THEIRS, FLOW).await.expect("a deletion");
    let deleted_agent = store.delete_agent(THEIRS, OUR_AGENT, None).await.expect("a deletion");

    assert_eq!((changed_flow, changed_agent), (Changed::Missing, Changed::Missing));
    assert_eq!((deleted_flow, deleted_agent), (false, Changed::Missing));
    assert_same(&seen_by(&store, OURS).await, &before);
    let (person, key) = (principal(1).id, key_of(1, 1).id);
    let stolen = PrincipalChange { name: Some("Stolen".into()), ..PrincipalChange::default() };
    let changed = store.change_principal(THEIRS, person, stolen).await.expect("a change");
    let deleted = store.delete_principal(THEIRS, person).await.expect("a deletion");
    assert_eq!((changed, deleted), (PrincipalChanged::Missing, PrincipalChanged::Missing));
    assert!(!store.delete_api_key(THEIRS, key, None).await.expect("a deletion"));
    assert!(!store.delete_invitation(THEIRS, invitation(1).id).await.expect("a deletion"));
    let foreign = ApiKeyRecord { tenant: THEIRS, ..key_of(9, 1) };
    assert_eq!(store.create_api_key(foreign, 9).await.expect("an answer"), KeyCreated::Missing);
    assert_same(&seen_by(&store, OURS).await, &before);
    assert!(store.delete_flow(THEIRS, OTHER_FLOW).await.expect("a deletion"));
    let deleted = store.delete_agent(THEIRS, AgentId::new(uuid(2)), None).await.expect("a deletion");
    assert!(matches!(deleted, Changed::Done(_)), "{deleted:?}");
    assert_same(&seen_by(&store, OURS).await, &before);
}

async fn create(store: &impl Store, id: TenantId, name: &str) {
    assert!(store.create_tenant(TenantRecord::new(id, name.into(), at(1))).await.expect("it is new"));
}

async fn change(store: &impl Store, change: TenantChange) -> TenantChanged {
    store.change_tenant(THEIRS, change).await.expect("an answer")
}

pub async fn a_tenant_is_changed_and_disabled_before_it_is_deleted<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let (rename, disable) = (
        |name: &str| TenantChange { name: Some(name.into()), at: at(2), ..TenantChange::default() },
        |is| TenantChange { is_disabled: Some(is), at: at(3), ..TenantChange::default() },
    );
    let cancel = TenantChange { is_cancelling: Some(true), at: at(4), ..TenantChange::default() };
    let delete = TenantChange { deletes: true, at: at(5), ..TenantChange::default() };
    assert_eq!(change(&store, rename("new")).await, TenantChanged::Missing);
    create(&store, THEIRS, "theirs").await;
    create(&store, TenantId::new(super::samples::uuid(98)), "others").await;

    assert_eq!(change(&store, rename("others")).await, TenantChanged::NameTaken);
    assert!(matches!(change(&store, rename("new")).await, TenantChanged::Done(_)));
    assert_eq!(change(&store, delete.clone()).await, TenantChanged::NotDisabled);
    assert_eq!(change(&store, cancel.clone()).await, TenantChanged::NotDisabled);
    assert!(matches!(change(&store, disable(true)).await, TenantChanged::Done(_)));
    assert!(matches!(change(&store, cancel.clone()).await, TenantChanged::Done(_)));
    let TenantChanged::Done(enabled) = change(&store, disable(false)).await else {
        panic!("it is not deleted")
    };
    assert_eq!((enabled.disabled_at, enabled.cancelling_since), (None, None), "nothing more is cancelled");
    assert!(matches!(change(&store, disable(true)).await, TenantChanged::Done(_)));
    let TenantChanged::Done(deleting) = change(&store, delete).await else { panic!("it is disabled") };
    assert_eq!(change(&store, disable(false)).await, TenantChanged::Deleting);

    let store = reopened(harness, store).await;
    let expected = TenantRecord {
        disabled_at: Some(at(3)),
        deleting_since: Some(at(5)),
        ..TenantRecord::new(THEIRS, "new".into(), at(1))
    };
    assert_eq!(*deleting, expected);
    assert!(store.tenants().await.expect("all").into_iter().flatten().any(|tenant| tenant == expected));
}

pub async fn everything_of_a_tenant_is_paused_and_resumed_once<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let by = |id: &str| Actor { kind: ActorKind::User, id: Some(id.into()) };
    let pause = |tenant, second, id: &str, reason: Option<&str>| TenantPause {
        tenant,
        at: at(second),
        by: by(id),
        reason: reason.map(Into::into),
        resumed: None,
    };
    let first = pause(THEIRS, 1, "ann", Some("The provider\0is \"down\""));
    let ours = pause(OURS, 2, "bob", None);
    let resumed = TenantResumed { at: at(4), by: by("eva") };

    assert!(!store.resume_tenant(THEIRS, resumed.clone()).await.expect("an answer"), "it is not paused");
    assert!(store.pause_tenant(first.clone()).await.expect("an answer"));
    assert!(!store.pause_tenant(pause(THEIRS, 3, "bob", None)).await.expect("an answer"), "it is paused");
    assert!(store.pause_tenant(ours.clone()).await.expect("an answer"));
    assert!(store.resume_tenant(THEIRS, resumed.clone()).await.expect("an answer"));
    assert!(!store.resume_tenant(THEIRS, resumed.clone()).await.expect("an answer"), "it is resumed");

    let store = reopened(harness, store).await;
    let over = TenantPause { resumed: Some(resumed.clone()), ..first };
    let mut expected = vec![ours.clone(), over];
    expected.sort_unstable_by_key(|pause| pause.tenant);
    assert_eq!(store.pauses().await.expect("all"), expected);

    // A pause that was begun again is another one: what has ended the one before forgets nothing of it.
    assert!(store.pause_tenant(pause(THEIRS, 5, "eva", None)).await.expect("an answer"));
    store.forget_pause(THEIRS, resumed.at).await.expect("an answer");
    assert_eq!(store.pauses().await.expect("all").len(), 2);
    let again = TenantResumed { at: at(6), by: by("ann") };
    assert!(store.resume_tenant(THEIRS, again.clone()).await.expect("an answer"));
    store.forget_pause(THEIRS, again.at).await.expect("an answer");
    assert_eq!(store.pauses().await.expect("all"), [ours]);
}

pub async fn what_a_tenant_may_use_and_uses_is_known<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let quota = TenantQuota {
        executions: Some(7),
        starts_per_minute: Some(60),
        stored_bytes: Some(u64::MAX),
        per_day: Budget { max_tokens: Some(1_000), max_cost: Some(0.1), currency: None },
    };
    store.put_tenant_quota(OURS, quota).await.expect("it is stored");
    store.put_tenant_quota(THEIRS, TenantQuota { executions: Some(1), ..quota }).await.expect("it is stored");
    store.put_tenant_quota(THEIRS, TenantQuota::default()).await.expect("it is deleted");
    fill(&store, OUR_IDS).await;
    fill(&store, THEIR_IDS).await;

    assert_eq!(store.tenant_quotas().await.expect("all"), [(OURS, quota)]);
    let mut counts = store.unfinished_counts().await.expect("all");
    counts.sort_unstable();
    assert_eq!(counts, [(OURS, 2), (THEIRS, 2)], "of each, two have not ended");
    let (mut after, mut bytes) = (None, [0, 0]);
    loop {
        let found = store.tenant_bytes(ExpiryStep { after, limit: 3 }).await.expect("it is measured");
        for (tenant, more) in found.bytes {
            bytes[usize::from(tenant == THEIRS)] += more;
        }
        after = found.next;
        if after.is_none() {
            break;
        }
    }
    assert!(bytes[0] > 0 && bytes[0] == bytes[1], "both have the same: {bytes:?}");
}
