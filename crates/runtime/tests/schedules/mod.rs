//! Flows that start by themselves: once for each moment, whatever process is there.

use std::time::Duration;

use serde_json::{Value, json};
use steadflow_core::caller::{ActorKind, Caller};
use steadflow_core::execution::ExecutionStatus;
use steadflow_core::ids::{ExecutionId, FlowId, NodeId};
use steadflow_core::timestamp::Timestamp;
use steadflow_runtime::{DocumentEdit, ExecutionSnapshot, FlowEdit};
use steadflow_store::{FlowStatus, ScheduleRecord, Schedules};
use uuid::Uuid;

use crate::support::{Bench, TENANT, echo, pass};

const HOUR: Duration = Duration::from_secs(3_600);

/// A flow that starts by `schedule` and takes so many seconds.
async fn scheduled(bench: &Bench, schedule: Value, takes: u64) -> FlowId {
    let trigger = json!({ "id": "start", "type": "trigger", "schedule": schedule });
    let works = echo("work", json!({ "takes": takes }));
    bench.flow(json!({}), json!([trigger, works]), json!([{ "from": "start", "to": "work" }])).await
}

fn keep_schedules(bench: &Bench) {
    let engine = bench.engine.clone();
    tokio::spawn(async move { engine.keep_schedules().await });
}

/// The executions of a flow, oldest first.
pub(crate) async fn executions(bench: &Bench, flow: FlowId) -> Vec<ExecutionSnapshot> {
    let page = steadflow_store::Page { before: None, limit: 1_000 };
    let filter = steadflow_store::ExecutionFilter { flow: Some(flow), ..Default::default() };
    let rows = bench.engine.executions(filter, page).await.expect("they can be listed");
    let mut all = Vec::new();
    for row in rows.into_iter().rev().flatten() {
        all.push(bench.engine.execution(TENANT, row.id).await.expect("it exists"));
    }
    all
}

/// For which moments of the day a flow was started: it began at 08:00.
async fn moments(bench: &Bench, flow: FlowId) -> Vec<String> {
    let all = executions(bench, flow).await;
    let moment = |of: &ExecutionSnapshot| {
        let data = of.execution.accepted().trigger_data.to_value().expect("it can be read");
        data["scheduled_at"].as_str().expect("a moment")[11..19].to_owned()
    };
    all.iter().map(moment).collect()
}

pub(crate) async fn edit(bench: &Bench, flow: FlowId, status: Option<FlowStatus>, patch: Value) {
    let patch = patch.as_object().expect("an object").clone();
    let edit = FlowEdit { document: DocumentEdit::Patch(patch), status, ..FlowEdit::default() };
    bench.engine.edit_flow(&Caller::LOCAL, flow, edit).await.expect("it can be changed");
}

#[tokio::test(start_paused = true)]
async fn a_flow_starts_once_for_each_moment() {
    let bench = Bench::new().await;
    let flow = scheduled(&bench, json!({ "cron": "0 * * * *", "data": { "n": 1 } }), 1).await;
    keep_schedules(&bench);
    let later = scheduled(&bench, json!({ "cron": "30 8,9 * * *" }), 1).await;

    pass(3 * HOUR + Duration::from_secs(60)).await;

    assert_eq!(moments(&bench, flow).await, ["09:00:00", "10:00:00", "11:00:00"]);
    assert_eq!(moments(&bench, later).await, ["08:30:00", "09:30:00"], "also of a flow that is made later");
    let first = executions(&bench, flow).await.remove(0).execution;
    let accepted = first.accepted();
    assert_eq!(accepted.trigger_data.as_str(), r#"{"n":1,"scheduled_at":"2027-01-15T09:00:00+00:00"}"#);
    assert_eq!((&*accepted.triggered_by, accepted.actor.kind), ("schedule", ActorKind::Schedule));
    assert_eq!(accepted.actor.id.as_deref(), Some("start"));
    let late = first.created_at().since(Timestamp::parse("2027-01-15T09:00:00Z").unwrap());
    assert!(late < Duration::from_millis(100), "{late:?}");
}

#[tokio::test(start_paused = true)]
async fn a_flow_that_takes_longer_than_its_interval_never_piles_up() {
    let bench = Bench::new().await;
    keep_schedules(&bench);
    let every_two = |overlap: &str| json!({ "cron": "*/2 * * * * *", "overlap": overlap });
    let queue = scheduled(&bench, every_two("queue"), 5).await;
    let skip = scheduled(&bench, every_two("skip"), 5).await;
    let cancel = scheduled(&bench, every_two("cancel_previous"), 5).await;

    pass(Duration::from_secs(31)).await;

    let ended = async |flow| {
        let all = executions(&bench, flow).await;
        let count = |status| all.iter().filter(|of| of.execution.status() == status).count();
        (count(ExecutionStatus::Completed), count(ExecutionStatus::Cancelled), all.len())
    };
    assert_eq!(moments(&bench, skip).await, ["08:00:02", "08:00:08", "08:00:14", "08:00:20", "08:00:26"]);
    assert_eq!(ended(cancel).await, (0, 14, 15));
    let first = executions(&bench, cancel).await.remove(0).execution;
    assert_eq!(&*first.error().unwrap().message, "Cancelled because its schedule started the flow again");
    let (completed, cancelled, of_queue) = ended(queue).await;
    assert_eq!((cancelled, of_queue - completed), (0, 1), "one runs at a time");
    let waited = moments(&bench, queue).await;
    assert!(
        (5..=6).contains(&waited.len()) && waited.is_sorted(),
        "the last one that waited counts: {waited:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_moment_is_started_for_once_over_crashes() {
    let bench = Bench::new().await;
    let flow = scheduled(&bench, json!({ "cron": "0 * * * *" }), 1).await;
    keep_schedules(&bench);
    pass(HOUR + Duration::from_secs(60)).await;
    assert_eq!(moments(&bench, flow).await, ["09:00:00"]);
    let record = bench.store.schedules().await.unwrap().remove(0);
    let tick = Timestamp::parse("2027-01-15T09:00:00Z").unwrap();

    // It died when the execution was accepted, and before that was recorded.
    let before =
        ScheduleRecord { starting_at: Some(tick), next_at: Some(tick), last_at: None, ..record.clone() };
    bench.store.put_schedule(before.clone()).await.unwrap();
    let bench = bench.again().await;
    keep_schedules(&bench);
    pass(Duration::from_secs(60)).await;
    assert_eq!(moments(&bench, flow).await, ["09:00:00"]);
    assert_eq!(bench.store.schedules().await.unwrap(), std::slice::from_ref(&record));

    // It died before the execution was accepted; another process has started it since, by the same key.
    let unknown = ExecutionId::new(Uuid::from_u128(9));
    bench.store.put_schedule(ScheduleRecord { execution: Some(unknown), ..before }).await.unwrap();
    let bench = bench.again().await;
    keep_schedules(&bench);
    pass(Duration::from_secs(60)).await;
    assert_eq!(moments(&bench, flow).await, ["09:00:00"]);
    assert_eq!(bench.store.schedules().await.unwrap(), std::slice::from_ref(&record));

    // It died before the execution was accepted.
    let tick = Timestamp::parse("2027-01-15T10:00:00Z").unwrap();
    let next = ScheduleRecord { starting_at: Some(tick), execution: Some(unknown), ..record };
    bench.store.put_schedule(next).await.unwrap();
    let bench = bench.again().await;
    keep_schedules(&bench);
    pass(2 * HOUR).await;
    assert_eq!(moments(&bench, flow).await, ["10:00:00", "09:00:00", "11:00:00"], "by their ids");
}

#[tokio::test(start_paused = true)]
async fn two_processes_start_a_moment_once() {
    let bench = Bench::new().await;
    let flow = scheduled(&bench, json!({ "cron": "*/10 * * * *" }), 1).await;
    let other = bench.again().await;
    keep_schedules(&bench);
    keep_schedules(&other);

    pass(HOUR + Duration::from_secs(60)).await;

    let all = moments(&bench, flow).await;
    assert_eq!(all, ["08:10:00", "08:20:00", "08:30:00", "08:40:00", "08:50:00", "09:00:00"]);
}

#[tokio::test(start_paused = true)]
async fn a_thousand_missed_moments_start_one_execution_or_none() {
    let bench = Bench::new().await;
    let once = scheduled(&bench, json!({ "cron": "* * * * *" }), 1).await;
    let skip = scheduled(&bench, json!({ "cron": "* * * * *", "missed": "skip" }), 1).await;
    keep_schedules(&bench);
    pass(Duration::from_secs(61)).await;
    bench.engine.shutdown(Duration::ZERO).await.expect("it stops");
    pass(17 * HOUR).await;

    let bench = bench.again().await;
    keep_schedules(&bench);
    pass(Duration::from_secs(10)).await;

    assert_eq!(moments(&bench, once).await, ["08:01:00", "01:01:00"]);
    assert_eq!(
        moments(&bench, skip).await.len(),
        2,
        "the last one is not late: {:?}",
        moments(&bench, skip).await
    );
}

#[tokio::test(start_paused = true)]
async fn only_active_flows_start_and_begin_again_with_the_next_moment() {
    let bench = Bench::new().await;
    let flow = scheduled(&bench, json!({ "cron": "0 * * * *" }), 1).await;
    keep_schedules(&bench);
    pass(HOUR + Duration::from_secs(60)).await;
    edit(&bench, flow, Some(FlowStatus::Paused), json!({})).await;
    pass(HOUR).await;
    assert_eq!(bench.store.schedules().await.unwrap()[0].next_at, None);
    assert!(
        bench.engine.schedules(TENANT, Some(flow), None).await.unwrap().is_empty(),
        "it does not start by itself"
    );
    edit(&bench, flow, Some(FlowStatus::Active), json!({})).await;
    pass(HOUR).await;
    assert_eq!(moments(&bench, flow).await, ["09:00:00", "11:00:00"], "nothing was missed");

    let trigger = |minute: u32| json!({ "id": "start", "type": "trigger", "schedule": { "cron": format!("{minute} * * * *") } });
    edit(&bench, flow, None, json!({ "flow_definition": { "nodes": [trigger(30)], "edges": [] } })).await;
    pass(HOUR).await;
    let without = json!({ "id": "start", "type": "trigger" });
    edit(&bench, flow, None, json!({ "flow_definition": { "nodes": [without], "edges": [] } })).await;
    pass(HOUR).await;

    assert_eq!(moments(&bench, flow).await, ["09:00:00", "11:00:00", "11:30:00"]);
    assert!(bench.store.schedules().await.unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_still_runs_is_known_after_a_pause_an_edit_and_a_restart() {
    let bench = Bench::new().await;
    let schedule =
        |overlap: &str, missed: &str| json!({ "cron": "*/10 * * * *", "overlap": overlap, "missed": missed });
    let skip = scheduled(&bench, schedule("skip", "once"), 3_000).await;
    let queue = scheduled(&bench, schedule("queue", "skip"), 3_000).await;
    keep_schedules(&bench);
    pass(Duration::from_secs(660)).await;
    for flow in [skip, queue] {
        edit(&bench, flow, Some(FlowStatus::Paused), json!({})).await;
        pass(Duration::from_secs(1)).await;
        edit(&bench, flow, Some(FlowStatus::Active), json!({})).await;
    }
    let bench = bench.again().await;
    keep_schedules(&bench);

    pass(HOUR).await;

    assert_eq!(moments(&bench, skip).await, ["08:10:00", "09:00:00"]);
    let of_queue = moments(&bench, queue).await;
    assert_eq!(of_queue, ["08:10:00", "09:00:00"], "the one that waited is not missed");
}

#[tokio::test(start_paused = true)]
async fn a_start_that_the_flow_refuses_is_said_and_the_next_moment_tried() {
    let bench = Bench::new().await;
    let trigger = json!({ "id": "start", "type": "trigger", "schedule": { "cron": "0 * * * *" } });
    let settings = json!({ "context_id_template": "${trigger_data.missing.deep}" });
    let flow = bench.flow(settings, json!([trigger]), json!([])).await;
    keep_schedules(&bench);
    pass(HOUR + Duration::from_secs(60)).await;

    let record = bench.engine.schedules(TENANT, None, None).await.unwrap().remove(0).record;

    assert_eq!((record.flow, record.node), (flow, NodeId::new("start")));
    assert_eq!(record.next_at, Some(Timestamp::parse("2027-01-15T10:00:00Z").unwrap()));
    let why = "context_id_template: `${trigger_data.missing.deep}`: `trigger_data` has no field `missing`; it has `scheduled_at`";
    assert_eq!((record.execution, record.error.as_deref()), (None, Some(why)));
    assert!(executions(&bench, flow).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_set_back_or_forward_starts_nothing_twice() {
    let bench = Bench::new().await;
    let once = scheduled(&bench, json!({ "cron": "0 * * * *" }), 1).await;
    let skip = scheduled(&bench, json!({ "cron": "0 * * * *", "missed": "skip" }), 1).await;
    let delay = json!({ "id": "wait", "type": "delay", "delay_seconds": 7_200 });
    let delayed = bench.flow(json!({}), json!([delay]), json!([])).await;
    let delayed = bench.start(delayed).await;
    keep_schedules(&bench);
    pass(HOUR + Duration::from_secs(60)).await;

    // From 9:01 back to 7:01: what was started for 9:00 is not started again.
    bench.set_clock(-7_200);
    pass(2 * HOUR).await;
    let after_back = [moments(&bench, once).await, moments(&bench, skip).await];
    let timer = bench.engine.execution(TENANT, delayed).await.expect("it exists").execution.status();
    pass(HOUR).await;
    // From 10:01 forward to 15:31: the moments in between are missed.
    bench.set_clock(19_800);
    pass(HOUR).await;

    assert_eq!(after_back, [["09:00:00"], ["09:00:00"]]);
    assert_eq!(timer, ExecutionStatus::Completed, "a delay follows another clock");
    assert_eq!(moments(&bench, once).await, ["09:00:00", "10:00:00", "15:00:00", "16:00:00"]);
    assert_eq!(moments(&bench, skip).await, ["09:00:00", "10:00:00", "16:00:00"]);
}
