//! Inputs for executions that another worker may drive, and commits that process or send them.

use std::time::Duration;

use super::super::samples::{
    HOUR, OURS, THEIRS, accepted, appended, at, completed, finished, id, input, keyed, parked, read, records,
    row,
};
use super::super::{Harness, commit, reopened, worker};
use crate::{
    Commit, Committed, History, IdempotencyHit, InboxId, InboxInput, InboxItem, Log, Projection, Store,
    StoreError, Worker,
};

async fn send(store: &impl Store, number: u16, text: &str) -> InboxId {
    store.send(input(number, text)).await.expect("an input is sent")
}

async fn inbox(store: &impl Store, worker: Worker) -> Vec<InboxItem> {
    store.inbox(worker, None, 1_000).await.expect("an inbox")
}

/// The texts of what the inbox holds for `worker`, in order.
async fn texts(store: &impl Store, worker: Worker) -> Vec<String> {
    inbox(store, worker).await.iter().map(|item| item.sent.input.to_string()).collect()
}

/// The next record of an execution that processes `items`.
fn taking(number: u16, seq: u64, items: &[InboxId]) -> Commit {
    Commit { takes: items.to_vec(), ..appended(number, seq, Projection::Tail) }
}

pub async fn inputs_are_read_oldest_first<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let worker = worker(&store).await;
    commit(&store, worker, [accepted(1), parked(row(2), None)]).await;
    let theirs = InboxInput { tenant: THEIRS, created_at: at(7), ..input(2, "\"ü\"") };

    let first = store.send(theirs.clone()).await.expect("an input is sent");
    let second = send(&store, 1, "b").await;

    assert!(first < second);
    let expected = [InboxItem { id: first, sent: theirs }, InboxItem { id: second, sent: input(1, "b") }];
    assert_eq!(inbox(&store, worker).await, expected);
    assert_eq!(inbox(&store, worker).await, expected, "reading takes nothing");
    assert_eq!(store.inbox(worker, None, 1).await.expect("an inbox"), expected[..1]);
    assert_eq!(store.inbox(worker, Some(first), 9).await.expect("an inbox"), expected[1..]);
}

pub async fn inputs_of_another_workers_executions_are_not_read<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let first = worker(&store).await;
    let second = worker(&store).await;
    commit(&store, first, [accepted(1), parked(row(2), Some(at(99)))]).await;
    for (number, text) in [(1, "owned"), (2, "parked"), (3, "not there yet")] {
        send(&store, number, text).await;
    }

    assert_eq!(texts(&store, first).await, ["owned", "parked", "not there yet"]);
    assert_eq!(texts(&store, second).await, ["parked", "not there yet"]);
    assert_eq!(
        store.inbox(second, None, 1).await.expect("an inbox").len(),
        1,
        "what is not ours takes no place"
    );
}

pub async fn inputs_follow_their_execution_to_its_next_worker<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let first = store.register("first".into(), at(0), Duration::from_secs(15)).await.expect("it registers");
    let second = worker(&store).await;
    commit(&store, first, [accepted(1)]).await;
    send(&store, 1, "a").await;
    assert!(texts(&store, second).await.is_empty());

    assert_eq!(store.recover(second, at(16), 9).await.expect("a recovery").len(), 1);

    assert_eq!(texts(&store, second).await, ["a"]);
    let fenced = store.inbox(first, None, 9).await;
    assert!(matches!(fenced, Err(StoreError::Fenced)), "{fenced:?}");
}

pub async fn an_input_for_a_finished_execution_is_dropped<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let worker = worker(&store).await;
    commit(&store, worker, [accepted(1), finished(completed(2))]).await;
    let late = send(&store, 2, "late").await;
    send(&store, 1, "in time").await;

    assert_eq!(texts(&store, worker).await, ["in time"]);

    let answers = commit(&store, worker, [taking(1, 2, &[late])]).await;
    assert_eq!(answers, [Committed::Gone(vec![late])]);
}

pub async fn a_commit_takes_an_input_and_sends_others<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let worker = worker(&store).await;
    commit(&store, worker, [accepted(1), accepted(2)]).await;
    let taken = send(&store, 1, "taken").await;
    send(&store, 1, "left").await;

    let sends = vec![input(2, "sent"), input(3, "sent, too")];
    let answers = commit(&store, worker, [Commit { sends, ..taking(1, 2, &[taken]) }]).await;

    assert_eq!(answers, [Committed::Done]);
    assert_eq!(texts(&store, worker).await, ["left", "sent", "sent, too"]);
    assert_eq!(read(&store, 1).await.records, records(2));
}

pub async fn a_commit_without_a_record_takes_and_sends_too<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let worker = worker(&store).await;
    commit(&store, worker, [accepted(1)]).await;
    let taken = send(&store, 1, "taken").await;

    let sends = vec![input(2, "sent")];
    commit(&store, worker, [Commit { record: None, sends, ..taking(1, 1, &[taken]) }]).await;

    assert_eq!(texts(&store, worker).await, ["sent"]);
    assert_eq!(read(&store, 1).await.records, records(1));
}

pub async fn a_commit_that_takes_a_deleted_input_changes_nothing<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let worker = worker(&store).await;
    commit(&store, worker, [accepted(1), accepted(2)]).await;
    let (gone, left) = (send(&store, 1, "gone").await, send(&store, 1, "left").await);
    commit(&store, worker, [taking(1, 2, &[gone])]).await;

    let stale = Commit { sends: vec![input(2, "never")], ..taking(1, 3, &[left, gone]) };
    let stale = keyed(stale, "start:a");
    let answers = commit(&store, worker, [stale, appended(2, 2, Projection::Tail)]).await;

    assert_eq!(answers, [Committed::Gone(vec![gone]), Committed::Done]);
    assert_eq!(texts(&store, worker).await, ["left"]);
    assert_eq!(read(&store, 1).await.records, records(2));
    assert_eq!(read(&store, 2).await.records, records(2), "the rest of the batch is written");
    let key = commit(&store, worker, [keyed(taking(1, 3, &[left]), "start:a")]).await;
    assert_eq!(key, [Committed::Done], "its key is not used");
}

pub async fn what_follows_from_a_skipped_commit_is_skipped<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let worker = worker(&store).await;
    let gone = send(&store, 1, "gone").await;
    commit(&store, worker, [Commit { takes: vec![gone], ..keyed(accepted(1), "start:a") }]).await;
    let from = |first, commit| Commit { follows: Some(id(first)), ..commit };

    let batch = [
        taking(1, 2, &[gone]),
        from(1, accepted(2)),
        from(2, accepted(3)),
        keyed(accepted(4), "start:a"),
        from(4, accepted(5)),
        accepted(6),
        from(6, accepted(7)),
    ];
    let answers = commit(&store, worker, batch).await;

    let skipped = |at: usize| answers[at] == Committed::Skipped;
    assert_eq!(answers[0], Committed::Gone(vec![gone]));
    assert!(matches!(answers[3], Committed::Hit(_)), "{:?}", answers[3]);
    assert!(skipped(1) && skipped(2) && skipped(4), "{answers:?}");
    assert_eq!(answers[5..], [Committed::Done, Committed::Done]);
    let is_there = async |number| store.execution(OURS, id(number)).await.expect("a read").is_some();
    for number in [2, 3, 4, 5] {
        assert!(!is_there(number).await, "{number} is written");
    }
    assert!(is_there(6).await && is_there(7).await);
}

pub async fn an_input_that_starts_an_execution_starts_it_once<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let first = worker(&store).await;
    let second = worker(&store).await;
    let start = send(&store, 1, "start").await;
    assert_eq!((inbox(&store, first).await.len(), inbox(&store, second).await.len()), (1, 1));

    let answers = [
        commit(&store, second, [taking(1, 1, &[start])]).await,
        commit(&store, first, [taking(1, 1, &[start])]).await,
    ];

    assert_eq!(answers, [vec![Committed::Done], vec![Committed::Gone(vec![start])]]);
    assert_eq!(read(&store, 1).await.records, records(1));
    assert_eq!(store.take(first, id(1)).await.expect("a take"), None, "it is the second's");
}

pub async fn an_input_that_another_worker_took_is_deleted<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let first = worker(&store).await;
    let second = worker(&store).await;
    commit(&store, first, [parked(row(1), None)]).await;
    let item = send(&store, 1, "a").await;
    let seen = inbox(&store, first).await;

    store.take(second, id(1)).await.expect("a take").expect("it is parked");
    let Projection::Parked { row, journal, wake_at } = parked(row(1), None).projection else { return };
    let again = Projection::Parked { row, journal, wake_at };
    let parking = Commit { record: None, takes: vec![item], ..appended(1, 1, again) };
    assert_eq!(commit(&store, second, [parking]).await, [Committed::Done]);
    store.take(first, id(1)).await.expect("a take").expect("it is parked again");

    assert_eq!(seen.iter().map(|item| item.id).collect::<Vec<_>>(), [item]);
    assert_eq!(commit(&store, first, [taking(1, 2, &[item])]).await, [Committed::Gone(vec![item])]);
    assert_eq!(read(&store, 1).await.records, records(1));
}

pub async fn a_commit_that_is_refused_takes_and_sends_nothing<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let first = store.register("first".into(), at(0), Duration::from_micros(1)).await.expect("it registers");
    let item = send(&store, 1, "a").await;
    let second = store.register("second".into(), at(9), HOUR).await.expect("it registers");
    commit(&store, second, [keyed(accepted(2), "start:a")]).await;

    let commit_of = |number| Commit { sends: vec![input(3, "never")], ..taking(number, 1, &[item]) };
    let fenced = store.commit(first, vec![commit_of(1)]).await;
    let hit = commit(&store, second, [keyed(commit_of(1), "start:a")]).await;

    assert!(matches!(fenced, Err(StoreError::Fenced)), "{fenced:?}");
    assert_eq!(hit, [Committed::Hit(IdempotencyHit { execution: id(2), request_hash: [7; 32] })]);
    assert_eq!(texts(&store, second).await, ["a"]);
}

pub async fn discarded_inputs_are_deleted<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let worker = worker(&store).await;
    let (first, second) = (send(&store, 1, "a").await, send(&store, 9, "b").await);
    send(&store, 1, "c").await;

    store.discard(worker, vec![first, second]).await.expect("items are discarded");
    store.discard(worker, vec![first]).await.expect("an item that no longer exists is ignored");

    assert_eq!(texts(&store, worker).await, ["c"]);
    store.release(worker).await.expect("a lease is released");
    let fenced = store.discard(worker, vec![first]).await;
    assert!(matches!(fenced, Err(StoreError::Fenced)), "{fenced:?}");
}

pub async fn the_inbox_survives_reopening<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let first = worker(&store).await;
    let sends = vec![input(1, "sent with a commit")];
    commit(&store, first, [accepted(1), Commit { sends, ..accepted(2) }]).await;
    let last = send(&store, 1, "sent alone").await;
    store.discard(first, vec![last]).await.expect("an item is discarded");
    let kept = inbox(&store, first).await;
    store.release(first).await.expect("a lease is released");

    let store = reopened(harness, store).await;

    let second = worker(&store).await;
    store.recover(second, at(0), 9).await.expect("a recovery");
    assert_eq!(inbox(&store, second).await, kept);
    assert!(send(&store, 1, "new").await > last, "a number is never given again");
}
