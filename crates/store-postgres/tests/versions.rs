//! Two versions on one database: the older one leaves alone what only the newer one can read, and works on with a newer schema.

use steadflow_core::event::FORMAT;
use steadflow_core::execution::ExecutionStatus;
use steadflow_core::ids::ExecutionId;
use steadflow_store::conformance::Harness;
use steadflow_store::{
    Catalogue, Commit, ExecutionRow, History, InboxInput, Log, Projection, Store, StoreError, Worker,
};
use steadflow_store_postgres::{OpenError, PostgresStore};

use crate::common::Temporary;
use crate::direct::processes::{OURS, at, commit, ended, flow, row, uuid, worker};

/// A process of the next version.
async fn newer(database: &Temporary) -> (PostgresStore, Worker) {
    let mut options = database.options();
    options.format = i64::from(FORMAT) + 1;
    let store = PostgresStore::open(options).await.expect("the database opens");
    let worker = worker(&store).await;
    (store, worker)
}

async fn older(database: &Temporary) -> (PostgresStore, Worker) {
    let store = database.open().await;
    let worker = worker(&store).await;
    (store, worker)
}

const fn id(number: u32) -> ExecutionId {
    ExecutionId::new(uuid(number))
}

/// One that is parked, and due or waiting for its slot.
fn parked(number: u32, wake_at: Option<i64>) -> Commit {
    let status = if wake_at.is_some() { ExecutionStatus::Running } else { ExecutionStatus::Pending };
    let row = Box::new(ExecutionRow { status, ..row(number) });
    let journal = "[[1,0,[]]]".into();
    commit(number, Projection::Parked { row, journal, wake_at: wake_at.map(at) })
}

fn shown(number: u32) -> Commit {
    commit(number, Projection::Shown(Box::new(row(number))))
}

/// Returns which executions a worker takes over.
async fn recovered(store: &PostgresStore, worker: Worker) -> Vec<ExecutionId> {
    let found = store.recover(worker, at(0), 99).await.expect("a recovery");
    found.into_iter().map(|stored| stored.id).collect()
}

/// It is there, and it is not guessed what it is.
async fn is_not_read(store: &PostgresStore, numbers: &[u32]) {
    for number in numbers {
        let unread = store.execution(OURS, id(*number)).await;
        assert!(matches!(unread, Err(StoreError::Database { .. })), "{number}: {unread:?}");
    }
}

#[tokio::test]
async fn what_a_newer_version_has_parked_is_left_to_it() {
    let database = Temporary::new();
    let ((old, of_old), (new, of_new)) = (older(&database).await, newer(&database).await);
    new.commit(of_new, vec![parked(1, Some(5)), parked(2, None)]).await.expect("a commit");
    old.commit(of_old, vec![parked(3, Some(5)), parked(4, None)]).await.expect("a commit");
    let input =
        |number| InboxInput { execution: id(number), tenant: OURS, input: "{}".into(), created_at: at(1) };
    old.send(input(1)).await.expect("an input");
    old.send(input(3)).await.expect("an input");

    let due = async |store: &PostgresStore| {
        let due = store.due(None, at(9), 9).await.expect("a look");
        due.into_iter().map(|(_, id)| id).collect::<Vec<_>>()
    };
    let queued = async |store: &PostgresStore| {
        let queued = store.queued(None, 9).await.expect("a look");
        queued.into_iter().map(|queued| queued.execution).collect::<Vec<_>>()
    };
    let inputs = async |store: &PostgresStore, worker| {
        let inbox = store.inbox(worker, None, 9).await.expect("a look");
        inbox.into_iter().map(|item| item.sent.execution).collect::<Vec<_>>()
    };
    assert_eq!((due(&old).await, queued(&old).await), (vec![id(3)], vec![id(4)]));
    assert_eq!(inputs(&old, of_old).await, [id(3)]);
    assert_eq!((due(&new).await, queued(&new).await), (vec![id(1), id(3)], vec![id(2), id(4)]));
    assert_eq!(inputs(&new, of_new).await, [id(1), id(3)], "nothing of it was deleted");
    assert_eq!(old.take(of_old, id(1)).await.expect("a look"), None);
    is_not_read(&old, &[1, 2]).await;
    assert!(old.execution(OURS, id(3)).await.expect("a read").is_some());
    let findings = old.doctor().await.expect("it is examined");
    assert!(findings.len() == 1 && findings[0].starts_with("2 executions"), "{findings:?}");

    // The newer one reads everything, and what it has driven once is its own.
    assert!(new.take(of_new, id(1)).await.expect("a look").is_some());
    assert!(new.take(of_new, id(3)).await.expect("a look").is_some());
    let again = Commit { seq: 2, record: Some("[2,0,[]]".into()), ..parked(3, Some(6)) };
    new.commit(of_new, vec![again]).await.expect("a commit");
    assert_eq!(due(&old).await, []);
}

#[tokio::test]
async fn what_a_newer_version_has_left_is_taken_over_by_a_newer_one_alone() {
    let database = Temporary::new();
    let ((old, of_old), (new, of_new)) = (older(&database).await, newer(&database).await);
    // In the tail alone, in a list, and taken over from the older one.
    new.commit(of_new, vec![commit(1, Projection::Tail), shown(2)]).await.expect("a commit");
    is_not_read(&old, &[1, 2]).await;
    let (gone, of_gone) = older(&database).await;
    gone.commit(of_gone, vec![shown(3), commit(4, Projection::Tail)]).await.expect("a commit");
    gone.release(of_gone).await.expect("a release");
    assert_eq!(recovered(&new, of_new).await, [id(3), id(4)]);

    is_not_read(&old, &[1, 2, 3, 4]).await;
    new.release(of_new).await.expect("a release");

    assert_eq!(recovered(&old, of_old).await, []);
    is_not_read(&old, &[1, 2, 3, 4]).await;
    let findings = old.doctor().await.expect("it is examined");
    assert!(findings.len() == 1 && findings[0].starts_with("4 executions"), "{findings:?}");
    let (next, of_next) = newer(&database).await;
    assert_eq!(recovered(&next, of_next).await, [id(1), id(2), id(3), id(4)]);
}

#[tokio::test]
async fn a_version_starts_on_a_newer_schema_that_allows_it() {
    let database = Temporary::new();
    drop(database.open().await);
    let later = |number: i64, from: i64| {
        format!("INSERT INTO schema_migrations VALUES ({number}, 'later', 'text', 0, {from})")
    };

    database.change(&later(2, 1)).await;
    let store = database.open().await;
    store.create_flow(flow(1)).await.expect("it works");
    database.change(&later(3, 3)).await;
    let refused = PostgresStore::open(database.options()).await.expect_err("it is too new");
    database.change("DELETE FROM schema_migrations WHERE number > 1").await;
    database.change("UPDATE schema_migrations SET checksum = 'other' WHERE number = 1").await;
    let differs = PostgresStore::open(database.options()).await.expect_err("it is another one");

    assert!(matches!(refused, OpenError::Newer { found: 3, known: 1, .. }), "{refused}");
    assert!(matches!(differs, OpenError::Differs { migration: 1, .. }), "{differs}");
}

#[tokio::test]
async fn a_version_works_on_when_a_newer_one_adds_to_the_schema() {
    let database = Temporary::new();
    let (store, of_store) = older(&database).await;
    store.create_flow(flow(1)).await.expect("a flow");
    store.commit(of_store, vec![shown(1), parked(2, Some(5)), shown(3)]).await.expect("a commit");

    // What a migration may do that older versions work beside: see the guide for PostgreSQL.
    let tables = "DO $$ DECLARE found regclass; BEGIN
        FOR found IN SELECT c.oid FROM pg_class c WHERE relkind IN ('r', 'p') AND NOT relispartition
            AND relnamespace = current_schema()::regnamespace
        LOOP EXECUTE format('ALTER TABLE %s ADD COLUMN later bigint NOT NULL DEFAULT 7', found); END LOOP;
        END $$; CREATE TABLE later (id bigint PRIMARY KEY); CREATE INDEX later_index ON executions (later)";
    database.change(tables).await;

    assert_eq!(database.number("SELECT max(later) FROM executions").await, 7);
    let next = Commit { seq: 2, record: Some("[2,0,[]]".into()), ..shown(1) };
    store.commit(of_store, vec![next, ended(4), parked(5, None)]).await.expect("a commit");
    assert!(store.take(of_store, id(2)).await.expect("a look").is_some());
    store.release(of_store).await.expect("a release");
    let of_next = worker(&store).await;
    assert_eq!(recovered(&store, of_next).await, [id(1), id(2), id(3)]);
    assert!(store.execution(OURS, id(4)).await.expect("a read").is_some());
    assert_eq!(store.doctor().await.expect("it is examined"), [""; 0]);
}

#[tokio::test]
async fn a_schema_of_others_is_refused_and_what_extensions_have_in_it_is_not() {
    let database = Temporary::new();
    database.make().await;
    // It has views.
    database.change("CREATE EXTENSION pg_stat_statements").await;
    database.open().await.close().await.expect("it closes");
    database.open().await.close().await.expect("it closes");

    let database = Temporary::new();
    database.make().await;
    database.change("CREATE EXTENSION pg_stat_statements; CREATE TABLE theirs (n int)").await;
    let refused = PostgresStore::open(database.options()).await;
    assert!(matches!(refused, Err(OpenError::Foreign { .. })), "{refused:?}");
}
