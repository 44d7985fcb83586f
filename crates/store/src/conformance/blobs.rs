//! References to blobs are kept as long records are, and say how much there is.

use std::sync::Arc;
use std::time::Duration;

use super::samples::{OURS, appended, at, completed, finished, id, read, record};
use super::{Harness, commit, reopened, worker};
use crate::{
    Blob, BlobPlace, Blobs, Commit, ExpiryStep, History, Kept, Projection, Retention, Store, StoreError,
    Tenants, journal_of,
};

/// The reference to a blob that has a million bytes for each record.
fn blob(seq: u64) -> Blob {
    Blob { bytes: seq * 1_000_000, ..Blob::of(&seq.to_le_bytes()) }
}

/// Three records, of which the last two are in blobs.
fn records() -> Vec<Arc<str>> {
    let reference = |seq| Arc::from(blob(seq).reference());
    vec![record(1), reference(2), reference(3)]
}

/// The commits of an execution that ends with its third record.
fn ended(number: u16) -> Vec<Commit> {
    let Projection::Finished { row, rollup, .. } = finished(completed(number)).projection else {
        return Vec::new();
    };
    let end = Projection::Finished { row, rollup, journal: journal_of(&records()) };
    let last = Commit { record: records().pop(), ..appended(number, 3, end) };
    vec![appended(number, 1, Projection::Tail), in_tail(number), last]
}

/// The second commit of an execution, of a record in a blob.
fn in_tail(number: u16) -> Commit {
    Commit { record: records().into_iter().nth(1), ..appended(number, 2, Projection::Tail) }
}

fn place(number: u16, seq: u64) -> BlobPlace {
    BlobPlace { execution: id(number), seq, blob: Some(blob(seq)) }
}

async fn places(store: &impl Store) -> Vec<BlobPlace> {
    let (mut places, mut after) = (Vec::new(), None);
    loop {
        let page = store.blobs(after, 2).await.expect("references are read");
        let Some(last) = page.last() else { return places };
        after = Some((last.execution, last.seq));
        places.extend(page);
    }
}

async fn findings(store: &impl Store) -> Vec<String> {
    store.doctor().await.expect("an examination")
}

pub async fn references_are_kept_counted_and_found<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let worker = worker(&store).await;
    commit(&store, worker, [ended(1), vec![appended(2, 1, Projection::Tail), in_tail(2)]].concat()).await;

    let store = reopened(harness, store).await;

    assert_eq!(read(&store, 1).await.records, records());
    assert_eq!(read(&store, 2).await.records, records()[..2]);
    assert_eq!(places(&store).await, [place(1, 2), place(1, 3), place(2, 2)]);
    let bytes = store.journal_bytes(id(1)).await.expect("it is measured");
    assert!((5_000_000..5_010_000).contains(&bytes), "{bytes}");
    let all =
        store.tenant_bytes(ExpiryStep { after: None, limit: 9 }).await.expect("they are measured").bytes;
    let ours: u64 = all.iter().filter(|(tenant, _)| *tenant == OURS).map(|(_, bytes)| bytes).sum();
    assert!((5_000_000..5_010_000).contains(&ours), "{ours}");
    let shown = store.shown_of(vec![id(1), id(2), id(3)]).await.expect("they are looked for");
    assert_eq!(shown, [id(1)]);
    assert_eq!(findings(&store).await, Vec::<String>::new());
}

pub async fn a_deleted_execution_is_named_until_its_blobs_are_forgotten<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let worker = worker(&store).await;
    commit(&store, worker, ended(1)).await;
    commit(&store, worker, [appended(2, 1, Projection::Tail), in_tail(2)]).await;

    expire(&store).await.expect("a deletion");
    while store.shrink().await.expect("room is returned") {}

    let store = reopened(harness, store).await;
    assert_eq!(store.execution(OURS, id(1)).await.expect("a read"), None);
    assert_eq!(places(&store).await, [place(2, 2)], "what was deleted has none");
    assert_eq!(store.deleted_blobs(9).await.expect("they are named"), [id(1)]);
    assert_eq!(findings(&store).await, Vec::<String>::new());
    store.forget_blobs(vec![id(1)]).await.expect("they are forgotten");
    assert_eq!(store.deleted_blobs(9).await.expect("they are named"), []);
}

async fn expire(store: &impl Store) -> Result<(), StoreError> {
    let all = Kept { completed: Some(Duration::from_secs(60)), failed: None, cancelled: None };
    let retention = Arc::new(Retention { all, ..Retention::default() });
    store.expire(retention, at(3_600), ExpiryStep { after: None, limit: 9 }).await.map(drop)
}
