//! Permits for calls of agents, which several processes ask for.

use steadflow_core::agent::Protection;
use steadflow_core::ids::AgentId;
use steadflow_core::protection::{Corrections, PermitAsk, Permits};
use steadflow_store::conformance::Harness;
use steadflow_store::{Log, StoreError, Worker};

use super::Temporary;
use super::processes::{at, at_once, processes, uuid, worker};

fn ask(running: u32, wanted: u32) -> PermitAsk {
    PermitAsk {
        agent: AgentId::new(uuid(5)),
        number: 1,
        protection: Protection { max_concurrency: Some(5), ..Protection::default() },
        running,
        wanted,
        has_probe: false,
        tokens: 100,
        corrections: Corrections::default(),
        ended: Vec::new(),
    }
}

#[tokio::test]
async fn no_more_calls_are_permitted_than_the_agent_allows() {
    let database = Temporary::new();
    let all = processes(&database).await;
    let mut workers: Vec<Worker> = Vec::new();
    for store in &all {
        workers.push(worker(store).await);
    }

    // Each asks as one that has nothing under way: what it was given before is gone.
    let given = at_once(&all, |store, number| {
        let place = (number / super::processes::TIMES) as usize;
        store.permit(workers[place], ask(0, 2), at(0))
    })
    .await;

    assert!(given.iter().all(|permits| permits.granted <= 2), "{given:?}");
    let mut running = 0;
    for (store, worker) in all.iter().zip(&workers) {
        let Permits { granted, .. } = store.permit(*worker, ask(0, 9), at(10)).await.expect("an answer");
        running += granted;
    }
    assert!(running <= 5, "{running}");
}

#[tokio::test]
async fn what_a_lost_process_had_is_permitted_to_others() {
    let database = Temporary::new();
    let [first, second] = [database.open().await, database.open().await];
    let (lost, other) = (worker(&first).await, worker(&second).await);
    assert_eq!(first.permit(lost, ask(0, 5), at(0)).await.expect("an answer").granted, 5);
    assert_eq!(second.permit(other, ask(0, 1), at(1)).await.expect("an answer").granted, 0);

    database.change(&format!("UPDATE workers SET is_fenced = true WHERE epoch = {}", lost.epoch)).await;

    assert!(matches!(first.permit(lost, ask(5, 1), at(2)).await, Err(StoreError::Fenced)));
    assert_eq!(second.permit(other, ask(0, 1), at(3)).await.expect("an answer").granted, 1);
}

#[tokio::test]
async fn a_gate_that_cannot_be_read_permits_nothing() {
    let database = Temporary::new();
    let store = database.open().await;
    let worker = worker(&store).await;
    store.permit(worker, ask(0, 1), at(0)).await.expect("an answer");
    database.change("UPDATE agent_gates SET gate = '{}'").await;

    let answer = store.permit(worker, ask(0, 1), at(0)).await;

    assert!(matches!(answer, Err(StoreError::Corrupt { .. })), "{answer:?}");
}
