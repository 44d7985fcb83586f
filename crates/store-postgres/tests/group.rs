//! Batches of one worker that are written together.

use futures_util::FutureExt;
use futures_util::future::join_all;
use steadflow_store::conformance::Harness;
use steadflow_store::{Commit, Committed, History, Log, Projection, StoreError};

use super::Temporary;
use super::processes::{OURS, commit, row, worker};

const BATCHES: u32 = 200;

fn shown(number: u32) -> Commit {
    commit(number, Projection::Shown(Box::new(row(number))))
}

#[tokio::test]
async fn batches_that_come_while_another_is_written_are_written_together() {
    let database = Temporary::new();
    let store = database.open().await;
    let worker = worker(&store).await;

    let answers = join_all((1..=BATCHES).map(|number| store.commit(worker, vec![shown(number)]))).await;

    assert!(answers.iter().all(|answer| matches!(answer.as_deref(), Ok([Committed::Done]))), "{answers:?}");
    let transactions = database.number("SELECT max(sequence) FROM tail").await;
    assert!(transactions < i64::from(BATCHES) / 10, "{transactions} transactions");
    assert_eq!(database.number("SELECT count(*) FROM executions").await, i64::from(BATCHES));
}

#[tokio::test]
async fn a_batch_that_is_refused_takes_no_other_with_it() {
    let database = Temporary::new();
    let store = database.open().await;
    let worker = worker(&store).await;
    // It does not follow from what is stored.
    let wrong = Commit { seq: 5, ..shown(1_000) };
    let batch = |number: u32| if number == 7 { wrong.clone() } else { shown(number) };

    let answers = join_all((1..=20).map(|number| store.commit(worker, vec![batch(number)]))).await;

    for (number, answer) in (1..).zip(answers) {
        match answer {
            Ok(answers) => assert_eq!(answers, [Committed::Done]),
            Err(error) => {
                assert!(number == 7 && matches!(error, StoreError::Refused { .. }), "{number}: {error}")
            }
        }
    }
    assert_eq!(database.number("SELECT count(*) FROM executions").await, 19);
}

#[tokio::test]
async fn a_batch_whose_caller_goes_away_is_written_all_the_same() {
    let database = Temporary::new();
    let store = database.open().await;
    let worker = worker(&store).await;

    assert!(store.commit(worker, vec![shown(1)]).now_or_never().is_none());
    store.commit(worker, vec![shown(2)]).await.expect("a later one");

    assert!(store.execution(OURS, row(1).id).await.expect("a read").is_some());
}

#[tokio::test]
async fn a_worker_that_lost_its_lease_writes_none_of_its_batches() {
    let database = Temporary::new();
    let store = database.open().await;
    let worker = worker(&store).await;
    database.change("UPDATE workers SET is_fenced = true").await;

    let answers = join_all((1..=20).map(|number| store.commit(worker, vec![shown(number)]))).await;

    assert!(answers.iter().all(|answer| matches!(answer, Err(StoreError::Fenced))), "{answers:?}");
    assert_eq!(database.number("SELECT count(*) FROM executions").await, 0);
}
