//! Slots of flows, which several processes take.

use futures_util::future::join_all;
use steadflow_core::flow_control::{QueuePlace, SlotLimits};
use steadflow_core::ids::FlowId;
use steadflow_store::conformance::Harness;
use steadflow_store::{
    Catalogue, Commit, Committed, ExecutionRow, History, Log, Projection, SlotClaim, SlotsOf, Worker,
};
use steadflow_store_postgres::PostgresStore;

use super::Temporary;
use super::processes::{commit, ended, flow, processes, row, uuid, worker};

/// How many executions each process starts at once.
const STARTS: u32 = 20;

/// The start of an execution that takes a slot.
fn start(number: u32, key: Option<&str>, limits: SlotLimits) -> Commit {
    let place = key.map(|key| QueuePlace { key: Some(key.into()), ..QueuePlace::default() });
    let claim = SlotClaim { flow: FlowId::new(uuid(1)), key: key.map(Into::into), limits };
    let row = ExecutionRow { queue: place.map(Box::new), ..row(number) };
    Commit { slot: Some(Box::new(claim)), ..commit(number, Projection::Shown(Box::new(row))) }
}

const fn all(limit: u32) -> SlotLimits {
    SlotLimits { all: Some(limit), per_key: None }
}

/// Has each process start executions, one a batch, all at once.
async fn starts(stores: &[(PostgresStore, Worker)], start: impl Fn(u32) -> Commit) -> Vec<Committed> {
    let starts = (0..STARTS).flat_map(|number| {
        let start = &start;
        (0..).zip(stores).map(move |(place, (store, worker))| {
            store.commit(*worker, vec![start(1 + number + place * STARTS)])
        })
    });
    let answers = join_all(starts).await;
    answers.into_iter().flat_map(|answers| answers.expect("a batch is written")).collect()
}

async fn workers(database: &Temporary) -> Vec<(PostgresStore, Worker)> {
    let mut workers = Vec::new();
    for store in processes(database).await {
        let worker = worker(&store).await;
        workers.push((store, worker));
    }
    workers[0].0.create_flow(flow(1)).await.expect("a flow");
    workers
}

fn started(answers: &[Committed]) -> usize {
    answers.iter().filter(|answer| **answer == Committed::Done).count()
}

#[tokio::test]
async fn no_more_executions_start_than_the_flow_allows() {
    let database = Temporary::new();
    let workers = workers(&database).await;

    let answers = starts(&workers, |number| start(number, None, all(7))).await;

    assert_eq!(started(&answers), 7);
    let (store, worker) = &workers[0];
    let again = store.commit(*worker, vec![start(900, None, all(7))]).await.expect("a batch");
    assert_eq!(again, [Committed::NoSlot(SlotsOf { flow: 7, key: 7 })]);
    assert_eq!(store.execution(row(900).tenant, row(900).id).await.expect("a read"), None);
}

#[tokio::test]
async fn no_more_executions_start_with_a_key_than_the_flow_allows() {
    let database = Temporary::new();
    let workers = workers(&database).await;
    let limits = SlotLimits { all: Some(9), per_key: Some(2) };
    let key = |number: u32| ["a", "b", "c", "d", "e"][number as usize % 5];

    let answers = starts(&workers, |number| start(number, Some(key(number)), limits)).await;

    assert_eq!(started(&answers), 9);
    let slots = workers[0].0.slots(None, 100).await.expect("slots are read");
    assert!(slots.iter().all(|slots| slots.taken <= 2), "{slots:?}");
}

#[tokio::test]
async fn a_slot_is_free_once_its_execution_has_ended() {
    let database = Temporary::new();
    let workers = workers(&database).await;
    let [(first, of_first), (second, of_second), ..] = &workers[..] else { panic!("there are three") };
    first.commit(*of_first, vec![start(1, None, all(1))]).await.expect("a start");
    let refused = second.commit(*of_second, vec![start(2, None, all(1)), commit(3, Projection::Tail)]).await;
    let taken = SlotsOf { flow: 1, key: 1 };
    assert_eq!(refused.expect("a batch"), [Committed::NoSlot(taken), Committed::Done], "only that one");

    let end = Commit { seq: 1, record: None, ..ended(1) };
    first.commit(*of_first, vec![end]).await.expect("an end");

    let answers = second.commit(*of_second, vec![start(2, None, all(1))]).await.expect("a batch");
    assert_eq!(answers, [Committed::Done]);
}

#[tokio::test]
async fn what_follows_from_a_start_that_is_refused_does_not_come_about() {
    let database = Temporary::new();
    let store = database.open().await;
    let worker = worker(&store).await;
    let child = Commit { follows: Some(row(1).id), ..commit(2, Projection::Tail) };

    let answers = store.commit(worker, vec![start(1, None, all(0)), child]).await.expect("a batch");

    assert_eq!(answers, [Committed::NoSlot(SlotsOf::default()), Committed::Skipped]);
    assert_eq!(store.recover(worker, super::processes::at(0), 9).await.expect("a look"), []);
}
