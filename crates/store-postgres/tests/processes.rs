//! What several processes do at the same time.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;
use steadflow_core::audit::{AuditEntry, AuditHead};
use steadflow_core::caller::Actor;
use steadflow_core::execution::ExecutionStatus;
use steadflow_core::external_event::{EventWait, ExternalEvent, NodeWait};
use steadflow_core::ids::{AgentId, ExecutionId, FlowId, NodeId, NodeIndex, TenantId};
use steadflow_core::payload::Payload;
use steadflow_core::session::{SessionAnswer, SessionClaim, SessionId, WhenBusy};
use steadflow_core::timestamp::Timestamp;
use steadflow_store::conformance::Harness;
use steadflow_store::{
    AgentChange, AgentRecord, AlertNote, AlertRecord, Alerts, Audit, AuditFrom, AuditPage, Catalogue,
    Changed, Claimed, Commit, Events, ExecutionRow, ExpiryStep, FlowChange, FlowRecord, FlowStatus, History,
    Kept, Log, MessageClaim, Projection, Retention, Rollup, RollupKey, RollupQuery, Sessions, Store,
    StoreError, Worker, journal_of,
};
use steadflow_store_postgres::PostgresStore;
use uuid::Uuid;

use super::Temporary;

pub(crate) const OURS: TenantId = TenantId::DEFAULT;
pub(crate) const HOUR: Duration = Duration::from_secs(3_600);

/// As many processes as a test has, and how often each of them does the same.
const PROCESSES: usize = 3;
pub(crate) const TIMES: u32 = 8;

pub(crate) async fn processes(database: &Temporary) -> Vec<PostgresStore> {
    let mut all = Vec::new();
    for _ in 0..PROCESSES {
        all.push(database.open().await);
    }
    // All connections are made before, so that nothing is waited for later.
    at_once(&all, |store, _| store.alerts_seen()).await;
    all
}

/// Has each process do the same several times, all at once.
pub(crate) async fn at_once<'s, T, F: Future<Output = Result<T, StoreError>>>(
    processes: &'s [PostgresStore],
    work: impl Fn(&'s PostgresStore, u32) -> F,
) -> Vec<T> {
    let all = processes.iter().enumerate();
    let all = all.flat_map(|(place, store)| {
        (0..TIMES).map(move |time| (store, time + u32::try_from(place).unwrap_or(0) * TIMES))
    });
    let done = join_all(all.map(|(store, number)| work(store, number))).await;
    done.into_iter().map(|done| done.expect("nothing fails")).collect()
}

pub(crate) const fn uuid(number: u32) -> Uuid {
    Uuid::from_u128(number as u128)
}

pub(crate) const fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(1_800_000_000_000_000 + seconds * 1_000_000)
}

pub(crate) fn document(name: &str) -> Payload {
    Payload::from_value(&json!({ "name": name }))
}

pub(crate) fn flow(number: u32) -> FlowRecord {
    FlowRecord {
        id: FlowId::new(uuid(number)),
        tenant: OURS,
        version: 1,
        status: FlowStatus::Active,
        document: document("f"),
        name: "f".into(),
        category: None,
        is_template: false,
        starts_by_itself: false,
        webhook_path: Some("hook".into()),
        folder: None,
        created_at: at(0),
        updated_at: at(0),
    }
}

pub(crate) async fn worker(store: &PostgresStore) -> Worker {
    store.register("w".into(), at(0), HOUR * 10_000).await.expect("a worker is registered")
}

pub(crate) fn commit(number: u32, projection: Projection) -> Commit {
    Commit {
        execution: ExecutionId::new(uuid(number)),
        seq: 1,
        record: Some("[1,0,[]]".into()),
        idempotency: None,
        projection,
        takes: Vec::new(),
        sends: Vec::new(),
        sessions: None,
        slot: None,
        follows: None,
    }
}

/// An execution that has started.
pub(crate) fn row(number: u32) -> ExecutionRow {
    ExecutionRow {
        id: ExecutionId::new(uuid(number)),
        tenant: OURS,
        flow: FlowId::new(uuid(1)),
        flow_version: 1,
        status: ExecutionStatus::Running,
        retrying: false,
        recovered: false,
        current_node: None,
        context_id: None,
        context_type: None,
        triggered_by: "api".into(),
        retry_of: None,
        forked_from: None,
        parent: None,
        parent_node: None,
        index: 0,
        shares_slot: false,
        queue: None,
        error_message: None,
        error_class: None,
        fingerprint: None,
        created_at: at(0),
        started_at: Some(at(0)),
        completed_at: None,
        total_nodes: 1,
        completed_nodes: 0,
        failed_nodes: 0,
        attempts: 1,
        waiting_for: None,
    }
}

/// An execution that has ended, and counts for two nodes.
pub(crate) fn ended(number: u32) -> Commit {
    let row = ExecutionRow {
        status: ExecutionStatus::Completed,
        completed_at: Some(at(1)),
        completed_nodes: 1,
        ..row(number)
    };
    let key = |node: Option<u32>| RollupKey {
        node: node.map(|node| NodeId::new(node.to_string())),
        metric: "executions".into(),
    };
    let rollup = Rollup {
        tenant: OURS,
        flow: row.flow,
        hour: at(0),
        counts: vec![(key(Some(number % 2)), 1), (key(None), 1), (key(Some(2)), 1)],
        agents: Vec::new(),
        costs: Vec::new(),
    };
    let journal = journal_of(&[Arc::from("[1,0,[]]")]);
    commit(number, Projection::Finished { row: Box::new(row), journal, rollup: Box::new(rollup) })
}

#[tokio::test]
async fn one_flow_has_the_path_of_a_webhook() {
    let database = Temporary::new();
    let all = processes(&database).await;

    let created = at_once(&all, |store, number| async move {
        match store.create_flow(flow(number)).await {
            Ok(()) => Ok(true),
            Err(StoreError::WebhookTaken) => Ok(false),
            Err(error) => Err(error),
        }
    });

    assert_eq!(created.await.into_iter().filter(|is_created| *is_created).count(), 1);
}

#[tokio::test]
async fn each_change_makes_a_version_of_its_own() {
    let database = Temporary::new();
    let all = processes(&database).await;
    all[0].create_flow(flow(1)).await.expect("a flow");
    let id = flow(1).id;
    let change = |number: u32, if_revision| FlowChange {
        document: Some(steadflow_store::FlowDocument {
            document: document(&number.to_string()),
            name: number.to_string(),
            category: None,
            is_template: false,
            starts_by_itself: false,
            webhook_path: None,
        }),
        at: at(i64::from(number)),
        if_revision,
        ..FlowChange::default()
    };

    let changed = at_once(&all, |store, number| store.change_flow(OURS, id, change(number, None))).await;
    let version = |changed: Changed<FlowRecord>| {
        let Changed::Done(flow) = changed else { panic!("no revision was named: {changed:?}") };
        flow.version
    };
    let mut versions: Vec<u32> = changed.into_iter().map(version).collect();
    versions.sort_unstable();
    assert_eq!(versions, (2..=25).collect::<Vec<_>>());

    let now = all[0].flow(OURS, id).await.expect("a flow").expect("it is there").revision();
    let again = at_once(&all, |store, number| store.change_flow(OURS, id, change(number, Some(now)))).await;
    assert_eq!(again.iter().filter(|changed| matches!(changed, Changed::Done(_))).count(), 1);
    assert_eq!(again.iter().filter(|changed| matches!(changed, Changed::Conflict(_))).count(), 23);
}

#[tokio::test]
async fn agents_are_made_once_and_changed_one_after_the_other() {
    let database = Temporary::new();
    let all = processes(&database).await;

    let put = at_once(&all, |store, number| {
        store.put_agent(AgentChange {
            id: AgentId::new(uuid(1)),
            tenant: OURS,
            document: document(&number.to_string()),
            at: at(0),
            if_revision: None,
        })
    });

    let version = |changed: Changed<AgentRecord>| {
        let Changed::Done(agent) = changed else { panic!("no revision was named: {changed:?}") };
        agent.version
    };
    let mut versions: Vec<u32> = put.await.into_iter().map(version).collect();
    versions.sort_unstable();
    assert_eq!(versions, (1..=24).collect::<Vec<_>>());
}

#[tokio::test]
async fn one_node_takes_a_session() {
    let database = Temporary::new();
    let all = processes(&database).await;
    let mut workers = Vec::new();
    for (place, store) in (0..).zip(&all) {
        let worker = worker(store).await;
        let batch = (0..TIMES).map(|number| commit(place * TIMES + number + 1, Projection::Tail));
        store.commit(worker, batch.collect()).await.expect("a commit");
        workers.push(worker);
    }

    let claimed = at_once(&all, |store, number| {
        let claim = SessionClaim {
            session: SessionId { tenant: OURS, agent: AgentId::new(uuid(5)), key: "k".into() },
            execution: ExecutionId::new(uuid(number + 1)),
            node: NodeIndex(0),
            node_id: NodeId::new("n"),
            turns_max: 9,
            bytes_max: 99,
            has_summary: false,
            when_busy: WhenBusy::Wait,
            regenerates: None,
        };
        store.claim_session(workers[(number / TIMES) as usize], claim, at(0))
    })
    .await;

    let taken = |claimed: &&Claimed| matches!(claimed, Claimed::Answer(SessionAnswer::Taken(_)));
    assert_eq!(claimed.iter().filter(taken).count(), 1);
    assert_eq!(claimed.iter().filter(|claimed| matches!(claimed, Claimed::Busy(_))).count(), 23);
}

fn event(number: u32, key: Option<&str>) -> ExternalEvent {
    ExternalEvent {
        id: uuid(number),
        tenant: OURS,
        name: "paid".into(),
        correlation: Some(format!("order-{number}").into()),
        key: key.map(Into::into),
        data: document("e"),
        at: at(0),
    }
}

#[tokio::test]
async fn an_event_that_is_sent_several_times_is_stored_once() {
    let database = Temporary::new();
    let all = processes(&database).await;

    let known = at_once(&all, |store, number| store.put_event(event(number, Some("k")), at(-9))).await;

    let stored = all[0].events(OURS, None, 99).await.expect("events");
    assert_eq!(stored.len(), 1);
    assert_eq!(known.iter().filter(|known| known.is_none()).count(), 1);
    assert!(known.iter().flatten().all(|known| *known == stored[0].id), "{known:?}");

    let later = ExternalEvent { at: at(9), ..event(99, Some("k")) };
    assert_eq!(
        all[1].put_event(later, at(0)).await.expect("an event"),
        None,
        "the key is not known any more"
    );
}

#[tokio::test]
async fn what_processes_audit_is_one_chain() {
    let database = Temporary::new();
    let all = processes(&database).await;
    let entry = |number: u32| AuditEntry {
        at: at(i64::from(number)),
        actor: Actor::USER,
        address: None,
        action: number.to_string().into(),
        target: "/flows".into(),
        outcome: None,
        refused: None,
    };

    let added = at_once(&all, |store, number| store.append_audit(OURS, entry(number))).await;

    let page = AuditPage { from: AuditFrom::After(0), limit: 999 };
    let stored = all[1].audit(OURS, page).await.expect("it is read");
    let head = stored.iter().try_fold(AuditHead::START, |head, row| head.after(OURS, row));
    assert_eq!(head.map(|head| head.number), Ok(u64::from(TIMES) * 3));
    assert!(added.iter().all(|row| stored.contains(row)), "each is told what it has become");
}

#[tokio::test]
async fn an_event_and_its_wait_do_not_miss_each_other() {
    let database = Temporary::new();
    let all = processes(&database).await;

    let all = &all;
    let pair = async |store: &PostgresStore, number: u32| {
        let event = event(number, None);
        let wait = NodeWait {
            tenant: OURS,
            execution: ExecutionId::new(uuid(number)),
            node: NodeIndex(0),
            node_id: NodeId::new("n"),
            wait: EventWait {
                name: "paid".into(),
                correlation: event.correlation.clone(),
                since: at(-9),
                until: None,
            },
        };
        let other = &all[(number as usize + 1) % PROCESSES];
        let stored = async {
            other.put_event(event.clone(), at(-9)).await?;
            other.event_waits(event, None, 9).await
        };
        let (seen, waits) = futures_util::future::join(store.await_event(wait), stored).await;
        Ok(seen?.is_some() || !waits?.is_empty())
    };
    for round in 0..20 {
        let found = at_once(all, |store, number| pair(store, 100 * round + number)).await;
        assert!(found.into_iter().all(|found| found), "round {round}");
    }
}

pub(crate) fn alert(number: u32) -> AlertRecord {
    AlertRecord {
        id: uuid(number),
        tenant: OURS,
        document: document("a"),
        active_since: Some(at(0)),
        created_at: at(0),
        updated_at: at(0),
    }
}

#[tokio::test]
async fn a_tenant_has_no_more_alerts_than_it_may() {
    let database = Temporary::new();
    let all = processes(&database).await;
    all[0].create_alert(alert(9_999), 4).await.expect("an alert");

    let created = at_once(&all, |store, number| store.create_alert(alert(number), 4)).await;

    assert_eq!(created.into_iter().filter(|is_created| *is_created).count(), 3);
}

#[tokio::test]
async fn an_alert_is_noted_once_and_its_messages_are_taken_one_by_one() {
    let database = Temporary::new();
    let all = processes(&database).await;
    for number in 1..=4 {
        all[0].create_alert(alert(number), 9).await.expect("an alert");
    }

    let noted = at_once(&all, |store, number| {
        store.note_alert(AlertNote {
            alert: uuid(number % 4 + 1),
            active_since: at(0),
            key: (number % 8).to_string().into(),
            group: "g".into(),
            sample: document("s"),
            at: at(1),
            message: uuid(1_000 + number),
            window: HOUR,
        })
    });
    assert_eq!(noted.await.into_iter().filter(|is_new| *is_new).count(), 8);

    let claim = |number: u32, seconds| MessageClaim {
        now: at(seconds),
        until: at(seconds + 60),
        window: HOUR,
        message: uuid(2_000 + number),
        not_of: Arc::default(),
    };
    let claimed = at_once(&all, |store, number| store.claim_message(claim(number, 2))).await;
    let mut taken: Vec<_> =
        claimed.into_iter().flatten().map(|message| message.expect("it is sound")).collect();
    taken.sort_unstable_by_key(|message| message.alert);
    assert_eq!(taken.iter().map(|message| message.alert).collect::<Vec<_>>(), [1, 2, 3, 4].map(uuid));
    assert!(taken.iter().all(|message| (message.attempts, message.stands_for) == (1, 1)), "{taken:?}");
}

#[tokio::test]
async fn what_ends_is_counted_and_deleted_once() {
    let database = Temporary::new();
    let all = processes(&database).await;
    let mut workers = Vec::new();
    for store in &all {
        workers.push(worker(store).await);
    }

    at_once(&all, |store, number| {
        let batch = (0..5).map(|place| ended(number * 5 + place + 1)).collect();
        store.commit(workers[(number / TIMES) as usize], batch)
    })
    .await;

    let flow = FlowId::new(uuid(1));
    assert_eq!(all[0].execution_counts(OURS, flow).await.expect("counts").completed, 120);
    let query = RollupQuery {
        tenant: OURS,
        flow: None,
        from: None,
        to: None,
        width: HOUR,
        buckets_max: 9,
        rows_max: 9,
    };
    let sums = all[1].rollup_sums(query).await.expect("sums");
    let nodes = sums.nodes.iter().map(|sums| (sums.node.as_str(), sums.counts.executions));
    assert_eq!(nodes.collect::<Vec<_>>(), [("2", 120), ("0", 60), ("1", 60)]);
    assert_eq!((sums.totals.executions, sums.flows[0].counts.executions), (120, 120));

    let kept = Kept { completed: Some(HOUR), ..Kept::default() };
    let retention = Arc::new(Retention { all: kept, flows: Default::default() });
    let mut deleted = 0;
    loop {
        let step = ExpiryStep { after: None, limit: 50 };
        let expired = at_once(&all, |store, _| store.expire(Arc::clone(&retention), at(4_000), step)).await;
        match expired.into_iter().map(|expired| expired.deleted).sum::<usize>() {
            0 => break,
            some => deleted += some,
        }
    }
    assert_eq!(deleted, 120);
    assert_eq!(all[2].execution_counts(OURS, flow).await.expect("counts").total, 0);
    assert_eq!(all[2].doctor().await.expect("it is examined"), [""; 0]);
}

#[tokio::test]
async fn what_is_deleted_is_not_recovered_from_the_tail_of_another_process() {
    let database = Temporary::new();
    let all = processes(&database).await;
    let (first, second) = (worker(&all[0]).await, worker(&all[1]).await);
    let flow = FlowRecord { webhook_path: None, ..flow(1) };
    all[1].create_flow(flow.clone()).await.expect("a flow");
    let batch = vec![commit(1, Projection::Tail), commit(2, Projection::Tail)];
    all[0].commit(first, batch).await.expect("a commit");
    let mut end = Commit { seq: 2, record: Some("[2,0,[]]".into()), ..ended(1) };
    if let Projection::Finished { journal, .. } = &mut end.projection {
        *journal = journal_of(&[Arc::from("[1,0,[]]"), Arc::from("[2,0,[]]")]);
    }
    all[0].commit(first, vec![end]).await.expect("a commit");

    assert!(all[1].delete_flow(OURS, flow.id).await.expect("a deletion"));
    all[0].release(first).await.expect("a lease is released");

    let recovered = all[1].recover(second, at(0), 9).await.expect("a recovery");
    assert_eq!(recovered.into_iter().map(|stored| stored.id.uuid()).collect::<Vec<_>>(), [uuid(2)]);
    assert_eq!(all[1].execution(OURS, ExecutionId::new(uuid(1))).await.expect("a read"), None);
    assert_eq!(all[1].doctor().await.expect("it is examined"), [""; 0]);
}
