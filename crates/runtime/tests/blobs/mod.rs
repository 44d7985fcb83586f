//! Records in a blob storage that fails in every way.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use serde_json::{Value, json};
use steadflow_core::execution::ExecutionStatus;
use steadflow_core::ids::ExecutionId;
use steadflow_runtime::{Engine, EngineConfig, Offload, RuntimeError, UpkeepConfig};
use steadflow_store::{
    Blob, BlobError, BlobFuture, BlobStorage, Blobs, Kept, Retention, StoreError, is_reference,
};

use crate::support::{Bench, TENANT, echo, pass};

/// What is wrong with the storage.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Fault {
    #[default]
    None,
    /// It answers nothing.
    Down,
    /// It has lost all blobs.
    Lost,
    /// It returns other bytes of the same length.
    Damaged,
}

/// A storage in memory.
#[derive(Clone, Debug, Default)]
struct Faulty(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    fault: Fault,
    blobs: BTreeMap<(ExecutionId, Blob), Arc<str>>,
    puts: usize,
    calls: usize,
}

impl Faulty {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("no test panics while it holds this lock")
    }

    fn set(&self, fault: Fault) {
        self.state().fault = fault;
    }

    fn config(&self) -> EngineConfig {
        EngineConfig { blobs: Offload::to(Arc::new(self.clone())), ..EngineConfig::default() }
    }

    fn answer<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut State) -> Result<T, BlobError>,
    ) -> BlobFuture<'static, T> {
        let mut state = self.state();
        state.calls += 1;
        let answer = match state.fault {
            Fault::Down => Err(BlobError::Failed("connection refused".into())),
            Fault::None | Fault::Lost | Fault::Damaged => work(&mut state),
        };
        Box::pin(async move {
            tokio::task::yield_now().await;
            answer
        })
    }
}

impl BlobStorage for Faulty {
    fn place(&self) -> String {
        "faulty:".into()
    }

    fn check(&self) -> BlobFuture<'_, ()> {
        self.answer(|_| Ok(()))
    }

    fn put(&self, execution: ExecutionId, blob: Blob, record: Arc<str>) -> BlobFuture<'_, ()> {
        self.answer(|state| {
            state.puts += 1;
            state.blobs.insert((execution, blob), record);
            Ok(())
        })
    }

    fn read(&self, execution: ExecutionId, blob: Blob) -> BlobFuture<'_, Vec<u8>> {
        self.answer(|state| {
            let found = state.blobs.get(&(execution, blob)).filter(|_| state.fault != Fault::Lost);
            let mut found = found.map(|record| record.as_bytes().to_vec()).ok_or(BlobError::Missing)?;
            if state.fault == Fault::Damaged {
                found[70_000] ^= 1;
            }
            Ok(found)
        })
    }

    fn length(&self, execution: ExecutionId, blob: Blob) -> BlobFuture<'_, u64> {
        let found = self.read(execution, blob);
        Box::pin(async move { found.await.map(|found| found.len() as u64) })
    }

    fn delete(&self, execution: ExecutionId, blob: Blob) -> BlobFuture<'_, ()> {
        self.answer(|state| {
            state.blobs.remove(&(execution, blob));
            Ok(())
        })
    }

    fn delete_all(&self, execution: ExecutionId) -> BlobFuture<'_, ()> {
        self.answer(|state| {
            state.blobs.retain(|(of, _), _| *of != execution);
            Ok(())
        })
    }

    fn executions(&self, _: Option<ExecutionId>, _: usize) -> BlobFuture<'_, Vec<ExecutionId>> {
        self.answer(|state| Ok(state.blobs.keys().map(|(id, _)| *id).collect()))
    }
}

/// A node that returns 100,000 bytes, and more of `what`.
fn large(id: &str, what: Value) -> Value {
    let mut input = json!({ "text": "x".repeat(100_000) });
    input.as_object_mut().expect("it is one").extend(what.as_object().expect("it is one").clone());
    echo(id, input)
}

async fn status(engine: &Engine, id: ExecutionId) -> ExecutionStatus {
    engine.row(TENANT, id).await.expect("there is one").status
}

#[tokio::test(start_paused = true)]
async fn an_execution_with_large_data_waits_for_the_storage_and_others_do_not() {
    let storage = Faulty::default();
    let bench = Bench::configured(storage.config()).await;
    let edges = json!([{ "from": "a", "to": "b" }]);
    let wide = bench.flow(json!({}), json!([large("a", json!({})), echo("b", json!(1))]), edges).await;
    let narrow = bench.flow(json!({}), json!([echo("a", json!(1))]), json!([])).await;

    storage.set(Fault::Down);
    let (waits, goes_on) = (bench.start(wide).await, bench.start(narrow).await);
    assert_eq!(bench.ended(goes_on).await.execution.status(), ExecutionStatus::Completed);
    pass(Duration::from_secs(60)).await;
    assert_eq!(status(&bench.engine, waits).await, ExecutionStatus::Running);
    let calls = storage.state().calls;
    assert!(
        (100..300).contains(&calls),
        "it is tried twice a second, with a deletion of what may be there: {calls}"
    );
    assert_eq!(bench.engine.blobs().counts().map(|counts| counts.is_up), Some(false));

    storage.set(Fault::None);
    let ended = bench.ended(waits).await;

    assert_eq!(ended.execution.status(), ExecutionStatus::Completed);
    let stored = bench.store.execution_now(TENANT, waits).expect("it is read").expect("it is there");
    let (references, places): (Vec<_>, _) = stored.records.iter().partition(|record| is_reference(record));
    let places: Vec<&Arc<str>> = places;
    assert!(references.len() == 1 && places.iter().all(|record| record.len() < 65_536), "{stored:?}");
    assert_eq!(bench.engine.execution(TENANT, waits).await.expect("it is read").journal, ended.journal);
    assert_eq!(storage.state().blobs.len(), 1);
    assert_eq!(bench.engine.blobs().counts().map(|counts| (counts.is_up, counts.written)), Some((true, 1)));
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_read_at_a_start_is_taken_over_once_the_storage_is_back() {
    let storage = Faulty::default();
    let bench = Bench::configured(storage.config()).await;
    let nodes = json!([large("a", json!({})), echo("b", json!({ "takes": 5_000 }))]);
    let edges = json!([{ "from": "a", "to": "b" }]);
    let retry = json!({ "retry_on_failure": true, "retry_count": 3 });
    let wide = bench.flow(retry, nodes, edges).await;
    let narrow = bench.flow(json!({}), json!([echo("a", json!({ "takes": 5_000 }))]), json!([])).await;
    let (unread, read) = (bench.start(wide).await, bench.start(narrow).await);
    pass(Duration::from_secs(5)).await;

    storage.set(Fault::Down);
    let bench = bench.after_crash_with(storage.config()).await;
    pass(Duration::from_secs(60)).await;
    let others = bench.engine.execution(TENANT, read).await.expect("it is read").journal.len();
    assert!(others > 2, "it was taken over at once");
    let asked = bench.engine.execution(TENANT, unread).await;
    assert!(matches!(&asked, Err(RuntimeError::Blobs(reason)) if reason.contains("faulty:")), "{asked:?}");

    storage.set(Fault::None);
    pass(Duration::from_secs(20)).await;
    let events = format!("{:?}", bench.events(unread).await);

    assert!(
        events.contains("Adopted") && events.contains("Interrupted"),
        "{}",
        &events[events.len() - 900..]
    );
    assert_eq!(bench.ended(unread).await.execution.status(), ExecutionStatus::Completed);
}

#[tokio::test(start_paused = true)]
async fn a_blob_that_is_missing_or_damaged_is_named_and_stops_nothing_else() {
    let storage = Faulty::default();
    let bench = Bench::configured(storage.config()).await;
    let wide = bench.flow(json!({}), json!([large("a", json!({}))]), json!([])).await;
    let id = bench.start(wide).await;
    bench.ended(id).await;
    let said = async |bench: &Bench| match bench.engine.execution(TENANT, id).await {
        Err(RuntimeError::Store(error)) => {
            let StoreError::Corrupt { what, reason } = &*error else { panic!("{error}") };
            format!("{what}: {reason}")
        }
        other => panic!("{other:?}"),
    };
    let blob = bench.store.blobs(None, 9).await.unwrap()[0].blob.expect("it is readable");
    let name = format!("record 3 of execution {id}: its blob {id}/{blob}");

    storage.set(Fault::Lost);
    assert_eq!(
        said(&bench).await,
        format!("{name} is not in faulty:; put it back, or set up the storage that it is in")
    );
    storage.set(Fault::Damaged);
    assert_eq!(
        said(&bench).await,
        format!("{name} in faulty: is not what was written; put it back from a copy")
    );
    let without = bench.again().await;
    let needs =
        format!("record 3 of execution {id}: it is in blob {blob}, and there is no blob storage here");
    assert!(said(&without).await.starts_with(&needs), "{}", said(&without).await);
    storage.set(Fault::None);
    assert!(bench.engine.execution(TENANT, id).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn blobs_are_deleted_with_their_execution_also_after_a_crash() {
    let storage = Faulty::default();
    let bench = Bench::configured(storage.config()).await;
    let wide = bench.flow(json!({}), json!([large("a", json!({}))]), json!([])).await;
    let id = bench.start(wide).await;
    bench.ended(id).await;
    // A crash came between this one and its commit.
    storage.put(id, Blob::of(b"left"), "left".into()).await.expect("it is put");
    pass(Duration::from_secs(3_600)).await;

    storage.set(Fault::Down);
    keep_up(&bench.engine);
    pass(Duration::from_secs(5)).await;
    assert!(bench.engine.execution(TENANT, id).await.is_err(), "it is deleted");
    assert_eq!(storage.state().blobs.len(), 2);

    let bench = bench.after_crash_with(storage.config()).await;
    storage.set(Fault::None);
    keep_up(&bench.engine);
    pass(Duration::from_secs(10)).await;

    assert_eq!(storage.state().blobs.len(), 0);
    assert_eq!(bench.store.deleted_blobs(9).await.unwrap(), []);
}

fn keep_up(engine: &Engine) {
    let all = Kept { completed: Some(Duration::from_secs(60)), ..Kept::default() };
    let config =
        UpkeepConfig { retention: Arc::new(Retention { all, ..Retention::default() }), reserve_bytes: 0 };
    let (upkeep, blobs) = (engine.clone(), engine.clone());
    tokio::spawn(async move { tokio::join!(upkeep.keep_up(config), blobs.keep_blobs()) });
}

#[tokio::test(start_paused = true)]
async fn what_a_commit_leaves_behind_is_deleted() {
    let storage = Faulty::default();
    let bench = Bench::configured(storage.config()).await;
    let wide = bench.flow(json!({}), json!([large("a", json!({ "takes": 5 }))]), json!([])).await;
    let id = bench.start(wide).await;
    pass(Duration::from_secs(1)).await;

    // Nothing is written from here on, whatever was put.
    bench.store.refuse_commits(true).unwrap();
    pass(Duration::from_secs(30)).await;
    let state = {
        let state = storage.state();
        (state.puts, state.blobs.len())
    };
    assert!(state.0 > 20 && state.1 <= 1, "{state:?}");
    bench.store.refuse_commits(false).unwrap();

    assert_eq!(bench.ended(id).await.execution.status(), ExecutionStatus::Completed);
    assert_eq!(storage.state().blobs.len(), 1);
}
