//! Databases that are moved to the other store and back.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use steadflow_core::event::{Event, Record};
use steadflow_core::execution::ExecutionStatus;
use steadflow_core::flow_control::SlotLimits;
use steadflow_core::ids::ExecutionId;
use steadflow_store::batch::{Batch, Place, entries};
use steadflow_store::conformance::Harness;
use steadflow_store::parts::{self, Column, CopyError, Digest, Kind, PARTS, Part, PartRow, PartValue, Parts};
use steadflow_store::{
    Commit, Committed, Events, ExecutionRow, Log, Projection, RollupQuery, SlotClaim, SlotsOf, Store,
    StoreError, Worker, journal_of,
};
use steadflow_store_postgres::PostgresParts;
use steadflow_store_sqlite::{OpenError, SqliteOptions, SqliteParts, SqliteStore};
use tempfile::TempDir;
use uuid::Uuid;

use crate::common::Temporary;
use crate::direct::processes::{HOUR, OURS, at, ended, row as execution, uuid, worker};

steadflow_store::conformance_tests!(ThereAndBack::new());

/// A database of SQLite that is moved to PostgreSQL and back each time that it is opened again.
#[derive(Debug)]
struct ThereAndBack {
    directory: TempDir,
    opened: AtomicU32,
}

impl ThereAndBack {
    fn new() -> Self {
        Self { directory: tempfile::tempdir().expect("a folder"), opened: AtomicU32::new(0) }
    }

    fn file(&self, number: u32) -> PathBuf {
        self.directory.path().join(format!("{number}.db"))
    }
}

impl Harness for ThereAndBack {
    type Store = SqliteStore;

    async fn open(&self) -> SqliteStore {
        let number = self.opened.fetch_add(1, Ordering::Relaxed);
        if number > 0 {
            let between = Temporary::new();
            moved(&file(&self.file(number - 1)), &server(&between).await).await;
            moved(
                &PostgresParts::source(&between.options()).await.expect("a source"),
                &target(&self.file(number)),
            )
            .await;
        }
        SqliteStore::open(self.file(number), SqliteOptions::default()).expect("the database opens")
    }
}

fn file(path: &PathBuf) -> SqliteParts {
    SqliteParts::source(path).expect("a source")
}

fn target(path: &PathBuf) -> SqliteParts {
    SqliteParts::target(path).expect("a target")
}

async fn server(database: &Temporary) -> PostgresParts {
    database.make().await;
    PostgresParts::target(&database.options()).await.expect("a target")
}

/// Moves as `steadflow move` does. Returns what each part adds up to.
async fn moved(source: &dyn Parts, target: &dyn Parts) -> Vec<(&'static str, Digest)> {
    let mut all = Vec::new();
    let copied = parts::copy(source, target, |copied| all.push((copied.part, copied.digest))).await;
    copied.expect("it is copied");
    let counters = source.counters().await.expect("counters");
    target.complete(counters).await.expect("it is completed");
    source.leave("elsewhere".into()).await.expect("it is left");
    target.arrive().await.expect("it has arrived");
    assert_eq!(target.counters().await.expect("counters"), counters);
    all
}

/// Rows of every part that differ in every column, and that refer to one another.
fn rows(part: &'static Part) -> Vec<PartRow> {
    let count = match part.name {
        "alerts_seen" => 1,
        // More than a page.
        "rollups" | "records" => 1_500,
        _ => 20,
    };
    (1..=count).map(|number| row(part, number)).collect()
}

fn row(part: &'static Part, number: u32) -> PartRow {
    if part.name == "records" {
        return record(number);
    }
    let has_null = |at: u32| (number + at).is_multiple_of(3);
    let value = |(at, column): (u32, &Column)| {
        if column.is_nullable && has_null(at) { PartValue::Null } else { value(part, column, (at, number)) }
    };
    (0..).zip(part.columns).map(value).collect()
}

fn value(part: &Part, column: &Column, (at, number): (u32, u32)) -> PartValue {
    // Each text is as long as no other one of its row, so that exchanged columns are found.
    let long = "x".repeat(at as usize);
    match (part.name, column.name, column.kind) {
        ("alerts_seen", "id", _) => PartValue::Int(1),
        ("inbox", "number", _) => PartValue::Int(i64::from(number) * 7),
        ("signing_keys", "key", _) | (_, "hash", Kind::Bytes) => {
            PartValue::Bytes([number.to_le_bytes(); 8].as_flattened().to_vec())
        }
        ("principals", "kind", _) => PartValue::Text(["person", "service"][number as usize % 2].into()),
        // Executions, alerts and sessions that others refer to.
        (_, _, Kind::Id) => PartValue::Id(uuid(number)),
        ("sessions" | "session_turns" | "session_summaries", "key", _) => {
            PartValue::Text(format!("\0 {number}"))
        }
        (_, _, Kind::Int) => PartValue::Int(i64::MAX - i64::from(100 * at + number)),
        (_, _, Kind::Real) => PartValue::Real(f64::from(number) / 3.0 + f64::from(at)),
        (_, _, Kind::Flag) => PartValue::Flag((number + at).is_multiple_of(2)),
        (_, _, Kind::Text) => PartValue::Text(format!("{number} {long} \0 ' \\ \u{10FFFF}0 ß 東")),
        (_, _, Kind::Json) => {
            PartValue::Text(format!("{{\"{number} {long}\":[1.50, 1e400, \"\u{10FFFF}0 \\u0000 '\"]}}"))
        }
        (_, _, Kind::Bytes) => PartValue::Bytes([&[0, 255], long.as_bytes(), &number.to_le_bytes()].concat()),
    }
}

/// One of an execution that has no row yet.
fn record(number: u32) -> PartRow {
    let execution = ExecutionId::new(uuid(1_000 + number / 10));
    let seq = u64::from(number % 10 + 1) - u64::from(number < 10);
    let mut batch = Batch::default();
    batch.push(execution, seq, &format!("[{seq},{number},[]]"));
    let place = Place { worker: 1, sequence: 1 };
    let (stored, records) = batch.seal(place);
    let entry = entries(place, stored).expect("it was just made")[0].stored().to_vec();
    let seq = i64::try_from(seq).expect("it is small");
    vec![
        PartValue::Id(execution.uuid()),
        PartValue::Int(seq),
        PartValue::Bytes(entry),
        PartValue::Bytes(records.to_vec()),
    ]
}

#[tokio::test]
async fn every_value_of_every_part_survives() {
    let (directory, between) = (tempfile::tempdir().expect("a folder"), Temporary::new());
    let path = |name: &str| directory.path().join(name);
    let first = target(&path("first"));
    for part in PARTS {
        first.write(part, rows(part)).await.unwrap_or_else(|error| panic!("{}: {error:?}", part.name));
    }
    let counters = parts::Counters { epoch: 33, inbox: 1_000 };
    first.complete(counters).await.expect("it is completed");
    first.arrive().await.expect("it has arrived");
    drop(first);

    let there = moved(&file(&path("first")), &server(&between).await).await;
    let source = PostgresParts::source(&between.options()).await.expect("a source");
    let back = moved(&source, &target(&path("second"))).await;

    let mut made = Vec::new();
    for part in PARTS {
        let mut digest = Digest::default();
        rows(part).iter().for_each(|row| digest.add(row));
        made.push((part.name, digest));
    }
    assert_eq!(there, made);
    assert_eq!(back, made);
    assert_eq!(file(&path("second")).counters().await.expect("counters"), counters);
}

fn commit(number: u32, seq: u64, projection: Projection) -> Commit {
    let record = Some(format!("[{seq},0,[]]").into());
    Commit { seq, record, projection, ..ended(number) }
}

/// A commit as that of [`ended`], of an execution that has not ended.
fn running(number: u32, seq: u64, is_parked: bool) -> Commit {
    let Projection::Finished { mut row, .. } = ended(number).projection else { panic!("it has ended") };
    row.status = steadflow_core::execution::ExecutionStatus::Running;
    row.completed_at = None;
    let records: Vec<_> = (1..=seq).map(|seq| format!("[{seq},0,[]]").into()).collect();
    let journal = journal_of(&records);
    commit(
        number,
        seq,
        match is_parked {
            true => Projection::Parked { row, journal, wake_at: Some(at(5)) },
            false => Projection::Snapshot { row, journal },
        },
    )
}

async fn committed(store: &impl Store, worker: Worker, batch: Vec<Commit>) {
    store.commit(worker, batch).await.expect("a commit");
}

#[tokio::test]
async fn what_several_workers_have_left_goes_on() {
    let (directory, between) = (tempfile::tempdir().expect("a folder"), Temporary::new());
    let store = between.open().await;
    let (gone, one, other) = (worker(&store).await, worker(&store).await, worker(&store).await);
    // 1 to 3 are in tails alone, 4 has a journal that covers a part, 5 is parked after another worker had it, 6 to 8 have ended.
    committed(&store, gone, vec![commit(1, 1, Projection::Tail), commit(5, 1, Projection::Tail)]).await;
    committed(&store, gone, vec![commit(1, 2, Projection::Tail), running(5, 2, true), ended(6)]).await;
    committed(&store, one, vec![commit(2, 1, Projection::Tail), running(4, 1, false), ended(7)]).await;
    committed(&store, one, vec![commit(4, 2, Projection::Tail)]).await;
    committed(&store, other, vec![commit(3, 1, Projection::Tail), ended(8)]).await;
    store.take(other, ExecutionId::new(uuid(5))).await.expect("it is taken").expect("it is parked");
    committed(&store, other, vec![running(5, 3, true)]).await;
    store.release(gone).await.expect("a release");
    // Claims 1, whose records are in the tail of another worker from then on.
    assert_eq!(store.recover(one, at(0), 9).await.expect("a recovery").len(), 1);
    committed(&store, one, vec![commit(1, 3, Projection::Tail)]).await;
    let sums = async |store: &dyn Store| {
        let (from, to) = (None, None);
        let query =
            RollupQuery { tenant: OURS, flow: None, from, to, width: HOUR, buckets_max: 9, rows_max: 9 };
        store.rollup_sums(query).await.expect("sums").totals
    };
    let before = sums(&store).await;

    let in_use = PostgresParts::source(&between.options()).await.map(drop).expect_err("it is in use");
    store.release(one).await.expect("a release");
    store.release(other).await.expect("a release");
    store.close().await.expect("it closes");
    let source = PostgresParts::source(&between.options()).await.expect("a source");
    moved(&source, &target(&directory.path().join("db"))).await;

    assert!(in_use.to_string().contains("is in use by w, w (its lease ends in "), "{in_use}");
    let store = SqliteStore::open(directory.path().join("db"), SqliteOptions::default()).expect("it opens");
    let next = store.register("next".into(), at(0), HOUR).await.expect("a worker");
    assert_eq!(next.epoch, other.epoch + 1);
    let found = store.recover(next, at(0), 9).await.expect("a recovery");
    let found: Vec<_> = found.iter().map(|found| (found.id.uuid(), found.records.len())).collect();
    assert_eq!(found, [(uuid(1), 3), (uuid(2), 1), (uuid(3), 1), (uuid(4), 2)]);
    assert_eq!(store.due(None, at(9), 9).await.expect("due").len(), 1);
    assert_eq!(sums(&store).await, before);
    assert_eq!((before.executions, store.doctor().await.expect("findings")), (3, Vec::new()));
}

#[tokio::test]
async fn a_process_that_is_left_over_cannot_begin_to_work() {
    let (directory, between) = (tempfile::tempdir().expect("a folder"), Temporary::new());
    let store = between.open().await;
    let gone = worker(&store).await;
    committed(&store, gone, vec![commit(1, 1, Projection::Tail)]).await;
    store.release(gone).await.expect("a release");
    let source = PostgresParts::source(&between.options()).await.expect("a source");

    let meanwhile = store.register("left".into(), at(0), HOUR);
    let waits = tokio::time::timeout(std::time::Duration::from_millis(300), meanwhile).await;
    assert!(waits.is_err(), "{waits:?}");
    moved(&source, &target(&directory.path().join("db"))).await;

    let after = store.register("left".into(), at(0), HOUR).await.expect_err("it was moved");
    assert!(matches!(after, StoreError::Refused { .. }), "{after}");
    assert_eq!(between.number("SELECT count(*) FROM workers WHERE NOT is_fenced").await, 0);
}

#[tokio::test]
async fn what_must_not_be_opened_says_why() {
    let (directory, between) = (tempfile::tempdir().expect("a folder"), Temporary::new());
    let path = directory.path().join("db");
    let store = SqliteStore::open(&path, SqliteOptions::default()).expect("it opens");
    let source = SqliteParts::source(&path).map(drop).expect_err("it is in use");
    assert!(matches!(source, OpenError::Locked { .. }), "{source}");
    store.event_delivered(Uuid::nil()).await.expect("nothing to change");
    store.close().await.expect("it closes");

    // Half of the way.
    let target = server(&between).await;
    let said = |error: &dyn std::fmt::Display| error.to_string();
    let opened =
        steadflow_store_postgres::PostgresStore::open(between.options()).await.expect_err("unfinished");
    assert!(said(&opened).contains("a move to it has not finished"), "{opened}");
    let again = PostgresParts::target(&between.options()).await.map(drop).expect_err("unfinished");
    assert!(said(&again).contains("drop it, make it again"), "{again}");
    let reopened = PostgresParts::reopen(&between.options()).await.expect_err("unfinished");
    assert!(said(&reopened).contains("has not finished"), "{reopened}");

    moved(&file(&path), &target).await;

    between.open().await.close().await.expect("it opens");
    let opened = SqliteStore::open(&path, SqliteOptions::default()).expect_err("it was moved");
    assert!(said(&opened).contains("was moved to elsewhere"), "{opened}");
    assert!(said(&SqliteParts::source(&path).expect_err("it was moved")).contains("--reopen"));
    SqliteParts::reopen(&path).expect("it can be used again");
    assert!(said(&SqliteParts::reopen(&path).expect_err("it can be used")).contains("was not moved"));
    drop(SqliteStore::open(&path, SqliteOptions::default()).expect("it opens"));
}

#[tokio::test]
async fn what_has_something_is_not_written_to() {
    let (directory, between) = (tempfile::tempdir().expect("a folder"), Temporary::new());
    let path = directory.path().join("db");
    let first = target(&path);
    let part = parts::part("signing_keys").expect("it is one");
    first.write(part, rows(part)).await.expect("it is written");
    first.arrive().await.expect("it has arrived");
    drop(first);
    let store = between.open().await;
    let worker = worker(&store).await;
    committed(&store, worker, vec![commit(1, 1, Projection::Tail)]).await;
    store.release(worker).await.expect("a release");

    for refused in [
        SqliteParts::target(&path).map(drop).expect_err("it has keys").to_string(),
        SqliteParts::look_at_target(&path).expect_err("it has keys").to_string(),
    ] {
        assert!(
            refused.ends_with("is not empty: it has rows in signing_keys; name a file that is not there yet"),
            "{refused}"
        );
    }
    let options = between.options();
    for refused in [
        PostgresParts::target(&options).await.map(drop).expect_err("it has a tail").to_string(),
        PostgresParts::look_at_target(&options).await.expect_err("it has a tail").to_string(),
    ] {
        assert!(refused.ends_with("is not empty: it has rows in tail; name an empty database"), "{refused}");
    }
    let unused = directory.path().join("unused");
    SqliteParts::look_at_target(&unused).expect("it is not there");
    assert!(!unused.exists());
}

#[tokio::test]
async fn what_is_damaged_or_arrives_otherwise_is_named() {
    let (directory, between) = (tempfile::tempdir().expect("a folder"), Temporary::new());
    let store = between.open().await;
    let worker = worker(&store).await;
    committed(&store, worker, vec![commit(1, 1, Projection::Tail)]).await;
    store.release(worker).await.expect("a release");
    let source = PostgresParts::source(&between.options()).await.expect("a source");
    between.change("UPDATE tail SET records = '[1,1,[]]'").await;

    let path = directory.path().join("db");
    let copied = parts::copy(&source, &target(&path), drop).await.expect_err("it is damaged");

    let CopyError::Read { part: "records", source: damaged } = &copied else { panic!("{copied:?}") };
    assert!(damaged.to_string().contains("record 1 of execution"), "{damaged}");
}

#[tokio::test]
async fn what_had_just_started_when_its_process_died_holds_its_slot_after_a_move() {
    let directory = tempfile::tempdir().expect("a folder");
    let path = directory.path().join("0.db");
    let store = SqliteStore::open(path.clone(), SqliteOptions::default()).expect("the database opens");
    let here = store.register("w".into(), at(0), HOUR).await.expect("a worker is registered");
    let pending = ExecutionRow { status: ExecutionStatus::Pending, started_at: None, ..execution(1) };
    let accepted = commit(1, 1, Projection::Shown(Box::new(pending)));
    let started = serde_json::to_string(&Record(2, at(1), vec![Event::Started])).expect("a record is JSON");
    // The row is brought up to date once a second.
    let started = Commit { record: Some(started.into()), ..commit(1, 2, Projection::Tail) };
    store.commit(here, vec![accepted, started]).await.expect("a batch is written");
    store.close().await.expect("it is closed");
    drop(store);

    let database = Temporary::new();
    moved(&file(&path), &server(&database).await).await;

    let store = database.open().await;
    let limits = SlotLimits { all: Some(1), per_key: None };
    let claim = SlotClaim { flow: execution(2).flow, key: None, limits };
    let start =
        Commit { slot: Some(Box::new(claim)), ..commit(2, 1, Projection::Shown(Box::new(execution(2)))) };
    let answers = store.commit(worker(&store).await, vec![start]).await.expect("a batch is written");
    assert_eq!(answers, [Committed::NoSlot(SlotsOf { flow: 1, key: 1 })]);
}
