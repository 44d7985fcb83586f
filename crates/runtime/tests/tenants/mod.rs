//! Tenants: a deletion that is interrupted anywhere goes on, and one tenant's queue does not keep another one waiting.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use steadflow_core::caller::Caller;
use steadflow_core::ids::{FlowId, TenantId};
use steadflow_core::payload::Payload;
use steadflow_core::tenant::TenantQuota;
use steadflow_runtime::{NewEvent, NewFlow, QuotaReached, RuntimeError, Start, Started, delete_tenant};
use steadflow_store::{
    ExecutionFilter, FlowStatus, Page, Store, TenantChange, TenantChanged, TenantRecord, Tenants,
};
use tokio::time::timeout;
use uuid::Uuid;

use crate::support::{Bench, TENANT, echo};

const OTHER: TenantId = TenantId::new(Uuid::from_u128(7));
const PAGE: Page = Page { before: None, limit: 1_000 };

async fn flow_of(bench: &Bench, caller: &Caller, nodes: Value) -> FlowId {
    let document = json!({ "name": "test", "flow_definition": { "nodes": nodes } });
    let new = NewFlow::new(document, FlowStatus::Active);
    let id = new.id;
    bench.engine.create_flow(caller, new).await.expect("the flow is valid");
    id
}

async fn start_as(
    bench: &Bench,
    caller: &Caller,
    flow: FlowId,
    wait: Option<Duration>,
) -> Result<Started, RuntimeError> {
    let start = Start {
        caller: caller.clone(),
        flow,
        context_id: None,
        context_type: None,
        trigger_data: Payload::null(),
        triggered_by: "test".into(),
        priority: None,
        trace: None,
        key: None,
        wait,
    };
    bench.engine.start_execution(start).await
}

/// Runs flows of both tenants, and lets the other one be deleted.
async fn deleting(executions: usize) -> Bench {
    let bench = Bench::new().await;
    let record = TenantRecord::new(OTHER, "other".into(), bench.engine.now());
    assert!(bench.store.create_tenant(record).await.expect("it can be done"));
    for tenant in [TENANT, OTHER] {
        let caller = Caller { tenant, ..Caller::LOCAL };
        for _ in 0..3 {
            let flow = flow_of(&bench, &caller, json!([echo("a", json!(1))])).await;
            for _ in 0..executions {
                let started = start_as(&bench, &caller, flow, Some(Duration::from_secs(5)))
                    .await
                    .expect("it can be done");
                assert!(started.ended.is_some());
            }
        }
    }
    let change = TenantChange { is_disabled: Some(true), deletes: true, ..TenantChange::default() };
    assert!(matches!(
        bench.store.change_tenant(OTHER, change).await.expect("it can be done"),
        TenantChanged::Done(_)
    ));
    bench
}

async fn count(store: &dyn Store, tenant: TenantId) -> usize {
    let filter = ExecutionFilter { tenant: Some(tenant), ..ExecutionFilter::default() };
    store.executions(filter, PAGE).await.expect("it can be done").len()
}

#[tokio::test(start_paused = true)]
async fn a_deletion_goes_on_wherever_it_was_interrupted() {
    let mut interrupted = 0;
    for steps in 0_u64.. {
        let bench = deleting(2).await;
        let store: Arc<dyn Store> = Arc::new(bench.store.reopen());

        // Each step is followed by a pause.
        let first = timeout(Duration::from_millis(20 * steps + 1), delete_tenant(&store, OTHER)).await;
        interrupted += u32::from(first.is_err());
        delete_tenant(&store, OTHER).await.unwrap();

        assert_eq!((count(&*store, OTHER).await, count(&*store, TENANT).await), (0, 6));
        assert!(store.tenants().await.unwrap().is_empty());
        assert!(store.doctor().await.unwrap().is_empty());
        if first.is_ok() {
            break;
        }
    }
    assert!(interrupted > 3, "{interrupted}");
}

#[tokio::test(start_paused = true)]
async fn a_quota_is_exact_while_executions_start_and_end() {
    let bench = Bench::new().await;
    let quota = TenantQuota { executions: Some(8), ..TenantQuota::default() };
    bench.store.put_tenant_quota(TENANT, quota).await.unwrap();
    bench.engine.read_tenants().await.unwrap();
    let flow = bench.flow(json!({}), json!([echo("a", json!({ "takes": 1 }))]), json!([])).await;
    let start = || start_as(&bench, &Caller::LOCAL, flow, None);

    for _ in 0..5 {
        let all = futures_util::future::join_all((0..20).map(|_| start())).await;
        let started = all.iter().filter(|started| started.is_ok()).count();
        assert_eq!(started, 8, "as many as may run at once");
        for refused in all.into_iter().filter_map(Result::err) {
            assert!(matches!(refused, RuntimeError::Quota(QuotaReached::Executions { max: 8 })), "{refused}");
        }
        bench.engine.read_tenants().await.unwrap();
        assert_eq!(bench.engine.tenant_use(TENANT).unfinished, Some(8));
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
    assert_eq!(count(&bench.store, TENANT).await, 40);
}

/// One tenant has queued more than can run for a long time. Another one's executions do not wait for these.
#[tokio::test(start_paused = true)]
async fn a_long_queue_of_one_tenant_delays_no_start_of_another() {
    let bench = Bench::new().await;
    let settings = json!({ "max_concurrent_executions": 1 });
    let flow = bench.flow(settings, json!([echo("a", json!({ "takes": 1 }))]), json!([])).await;
    for _ in 0..5_000 {
        start_as(&bench, &Caller::LOCAL, flow, None).await.unwrap();
    }
    let caller = Caller { tenant: OTHER, ..Caller::LOCAL };
    let other = flow_of(&bench, &caller, json!([echo("a", json!(1))])).await;

    let begun = tokio::time::Instant::now();
    let started = start_as(&bench, &caller, other, Some(Duration::from_secs(60))).await.unwrap();

    assert_eq!(started.ended.expect("it ends").execution.result(), Some(Payload::parse("1".into()).unwrap()));
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
}

/// One tenant has sent many events, and has as many schedules that are due. Another one's start is among the first.
#[tokio::test(start_paused = true)]
async fn events_and_schedules_of_tenants_take_turns() {
    const MANY: usize = 300;
    let bench = Bench::new().await;
    let other = Caller { tenant: OTHER, ..Caller::LOCAL };
    let on_event = || json!([{ "id": "start", "type": "trigger", "event": "paid" }]);
    let each_minute = || json!([{ "id": "start", "type": "trigger", "schedule": { "cron": "* * * * *" } }]);
    for caller in [&Caller::LOCAL, &other] {
        flow_of(&bench, caller, on_event()).await;
    }
    let send = async |tenant| {
        let event = NewEvent { name: "paid".into(), correlation: None, key: None, data: Payload::null() };
        bench.engine.send_event(tenant, event).await.unwrap();
    };
    for _ in 0..MANY {
        send(TENANT).await;
    }
    send(OTHER).await;
    for _ in 0..MANY {
        flow_of(&bench, &Caller::LOCAL, each_minute()).await;
    }
    flow_of(&bench, &other, each_minute()).await;

    // In the order in which they were accepted.
    let mut changes = bench.engine.changes();
    let engine = bench.engine.clone();
    tokio::spawn(async move { tokio::join!(engine.deliver_events(), engine.keep_schedules()) });
    let mut started = Vec::new();
    while started.len() < 2 * (MANY + 1) {
        let change = changes.recv().await.expect("the listener keeps up");
        if change.is_new {
            started.push(change.tenant);
        }
    }

    let places: Vec<usize> = (0..started.len()).filter(|at| started[*at] == OTHER).collect();
    let (by_event, by_schedule) = (places[0], places[1] - (MANY + 1));
    assert!(by_event < 33 && by_schedule < 33, "{places:?}");
}
