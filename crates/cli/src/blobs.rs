//! Blobs from outside of a server: whether they are there, and what becomes of them with a backup.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, bail};
use futures_util::stream::{StreamExt, TryStreamExt, iter};
use steadflow_blobs::Folder;
use steadflow_core::ids::ExecutionId;
use steadflow_runtime::Offload;
use steadflow_store::{Blob, BlobError, BlobPlace, BlobStorage, Store};

use crate::output;
use crate::settings::BlobSettings;

/// References that are read at once.
const PAGE: usize = 1_000;
/// Blobs that are looked at, or copied, at the same time.
const AT_ONCE: usize = 16;
/// Findings that are named; more are only counted.
const FINDINGS_MAX: usize = 100;

/// Returns the storage of a server. One that does not answer may come back; one that refuses it does not change its mind.
pub(crate) async fn opened(settings: &BlobSettings) -> anyhow::Result<Offload> {
    let storage = settings.storage();
    match storage.check().await {
        Ok(()) => {}
        Err(BlobError::Failed(reason)) => {
            tracing::error!(
                storage = storage.place(),
                reason,
                "the blob storage does not answer: what has large data waits until it does"
            );
        }
        Err(error @ (BlobError::Missing | BlobError::Refused(_))) => {
            bail!("The blob storage {} cannot be used: {error}", storage.place())
        }
    }
    Ok(Offload::to(storage))
}

/// What `doctor` finds.
#[derive(Debug, Default)]
pub(crate) struct Examined {
    pub(crate) findings: Vec<String>,
    pub(crate) notes: Vec<String>,
}

/// Looks whether the blobs that a database refers to are there; `deep`: and whether they are what was written.
pub(crate) async fn examine(
    store: &dyn Store,
    storage: Option<&dyn BlobStorage>,
    deep: bool,
) -> anyhow::Result<Examined> {
    let (mut examined, mut after, mut count) = (Examined::default(), None, 0);
    let mut findings = Vec::new();
    loop {
        let page = store.blobs(after, PAGE).await.context("Could not read the references to blobs")?;
        let Some(last) = page.last() else { break };
        after = Some((last.execution, last.seq));
        count += page.len();
        let Some(storage) = storage else { continue };
        let found = iter(page).map(|place| looked_at(storage, place, deep)).buffered(AT_ONCE);
        findings.extend(found.try_filter_map(async |finding| Ok(finding)).try_collect::<Vec<_>>().await?);
    }
    match storage {
        None if count > 0 => examined.findings.push(format!(
            "{} are in blobs, and no blob storage is set up here. Name the one that they are in with --blobs, or as `storage` in \
             the part `[blobs]` of the settings file.",
            output::count(count, "record")
        )),
        None => {}
        Some(storage) => {
            examined.notes.push(format!("{}: {}", storage.place(), output::count(count, "blob")));
            examined.notes.extend(lost(store, storage).await?);
        }
    }
    let more = findings.len().saturating_sub(FINDINGS_MAX);
    findings.truncate(FINDINGS_MAX);
    examined.findings.extend(findings);
    if more > 0 {
        examined.findings.push(format!("The same is true of {more} more blobs."));
    }
    Ok(examined)
}

/// Returns what is wrong with a blob.
async fn looked_at(
    storage: &dyn BlobStorage,
    place: BlobPlace,
    deep: bool,
) -> anyhow::Result<Option<String>> {
    let BlobPlace { execution, seq, blob } = place;
    let Some(blob) = blob else {
        return Ok(Some(format!(
            "Record {seq} of execution {execution} is in a blob, and the reference to it is damaged."
        )));
    };
    let of = format!("The blob {execution}/{blob} of record {seq} of execution {execution}");
    let is_whole = if deep {
        storage.read(execution, blob).await.map(|found| Blob::of(&found) == blob)
    } else {
        storage.length(execution, blob).await.map(|bytes| bytes == blob.bytes)
    };
    match is_whole {
        Ok(true) => Ok(None),
        Ok(false) => Ok(Some(format!("{of} is not what was written."))),
        Err(BlobError::Missing) => Ok(Some(format!("{of} is not in {}.", storage.place()))),
        Err(BlobError::Refused(reason) | BlobError::Failed(reason)) => {
            bail!("Could not look into {}: {reason}", storage.place())
        }
    }
}

/// Says which executions have blobs and are not in the database. Another database may have them, so this is no finding.
async fn lost(store: &dyn Store, storage: &dyn BlobStorage) -> anyhow::Result<Vec<String>> {
    let (mut after, mut lost) = (None, Vec::new());
    loop {
        let found = storage.executions(after, PAGE).await;
        let found = found.with_context(|| format!("Could not look into {}", storage.place()))?;
        let Some(last) = found.last() else { break };
        after = Some(*last);
        let known = store.shown_of(found.clone()).await.context("Could not look for executions")?;
        for id in found.into_iter().filter(|id| !known.contains(id)) {
            if !is_referred_to(store, id).await? {
                lost.push(id);
            }
        }
    }
    let deleted = store.deleted_blobs(PAGE).await.context("Could not read what was deleted")?;
    lost.retain(|id| !deleted.contains(id));
    let mut notes = Vec::new();
    if !deleted.is_empty() {
        let count = output::count(deleted.len(), "deleted execution");
        notes.push(format!("{count} still may have blobs: the server deletes them."));
    }
    if let Some(first) = lost.first() {
        notes.push(format!(
            "{} in {} have blobs and are not in this database, such as {first}. Unless another database has them, a crash or an older \
             backup left them, and they can be deleted.",
            output::count(lost.len(), "execution"),
            storage.place()
        ));
    }
    Ok(notes)
}

/// Returns whether a database refers to a blob of an execution: one that runs may have no row yet.
async fn is_referred_to(store: &dyn Store, id: ExecutionId) -> anyhow::Result<bool> {
    let next = store.blobs(Some((id, 0)), 1).await.context("Could not read the references to blobs")?;
    Ok(next.first().is_some_and(|place| place.execution == id))
}

/// Copies the blobs that a backup refers to. `still_needed` returns what the database refers to afterwards: what was deleted
/// meanwhile is not missed.
pub(crate) async fn back_up(
    blobs: Option<BlobSettings>,
    places: &[BlobPlace],
    to: &Path,
    still_needed: impl Fn() -> anyhow::Result<Vec<BlobPlace>>,
) -> anyhow::Result<ExitCode> {
    let count = output::count(places.len(), "record");
    let from = match blobs {
        None => {
            output::note(format_args!(
                "{count} are in blobs, which are NOT in the backup: no blob storage is set up here. Name it with --blobs."
            ));
            return Ok(ExitCode::FAILURE);
        }
        Some(BlobSettings::S3(bucket)) => {
            output::note(format_args!(
                "{count} are in blobs of {}, which are not in the backup: keep them there.",
                bucket.place()
            ));
            return Ok(ExitCode::SUCCESS);
        }
        Some(BlobSettings::Folder(from)) => from,
    };
    let copied = iter(places).map(|place| copy(&from, to, *place)).buffered(AT_ONCE);
    let mut missing: Vec<BlobPlace> =
        copied.try_filter_map(async |missing| Ok(missing)).try_collect().await?;
    if !missing.is_empty() {
        let needed = still_needed()?;
        missing.retain(|place| needed.contains(place));
    }
    for BlobPlace { execution, seq, .. } in &missing {
        output::line(format_args!(
            "The blob of record {seq} of execution {execution} is not in {}.",
            from.place()
        ));
    }
    output::note(format_args!(
        "{count} are in blobs, which are in {}. Keep it with the backup.",
        to.display()
    ));
    if missing.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    output::note(format_args!("{} missing: see `steadflow doctor`.", output::count(missing.len(), "blob")));
    Ok(ExitCode::FAILURE)
}

/// Copies a blob; on one disk, the copy is the same file with another name, as blobs never change. Returns its place if it is missing.
async fn copy(from: &Folder, to: &Path, place: BlobPlace) -> anyhow::Result<Option<BlobPlace>> {
    let Some(blob) = place.blob else { return Ok(Some(place)) };
    match from.copy_to(&Folder::new(to), place.execution, blob).await {
        Ok(()) => Ok(None),
        Err(BlobError::Missing) => Ok(Some(place)),
        Err(error) => Err(error)
            .with_context(|| format!("Could not copy blobs of {} to {}", from.place(), to.display())),
    }
}

/// Puts blobs of a backup into the storage where that lacks them, and says which are nowhere.
pub(crate) async fn restore(
    storage: Option<std::sync::Arc<dyn BlobStorage>>,
    places: &[BlobPlace],
    from: &Path,
) -> anyhow::Result<ExitCode> {
    let count = output::count(places.len(), "record");
    let Some(storage) = storage else {
        output::note(format_args!(
            "{count} are in blobs, and no blob storage is set up here. Name the one that the server will use with --blobs, and restore \
             again: the blobs of the backup are in {}.",
            from.display()
        ));
        return Ok(ExitCode::FAILURE);
    };
    let from = Folder::new(from);
    let put = iter(places).map(|place| put_back(&*storage, &from, *place)).buffered(AT_ONCE);
    let missing: Vec<BlobPlace> = put.try_filter_map(async |missing| Ok(missing)).try_collect().await?;
    for BlobPlace { execution, seq, .. } in &missing {
        output::note(format_args!(
            "The blob of record {seq} of execution {execution} is neither in {} nor in {}.",
            storage.place(),
            from.place()
        ));
    }
    let there = output::count(places.len() - missing.len(), "blob");
    output::note(format_args!("{}: {there} of {count} are there.", storage.place()));
    Ok(if missing.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Sees to it that a blob is in the storage. Returns its place if it is nowhere.
async fn put_back(
    storage: &dyn BlobStorage,
    from: &Folder,
    place: BlobPlace,
) -> anyhow::Result<Option<BlobPlace>> {
    let Some(blob) = place.blob else { return Ok(Some(place)) };
    let context = || format!("Could not put blobs into {}", storage.place());
    match storage.length(place.execution, blob).await {
        Ok(bytes) if bytes == blob.bytes => return Ok(None),
        Ok(_) | Err(BlobError::Missing) => {}
        Err(error) => return Err(error).with_context(context),
    }
    let found = match from.read(place.execution, blob).await {
        Ok(found) if Blob::of(&found) == blob => String::from_utf8(found).ok(),
        Ok(_) | Err(BlobError::Missing) => None,
        Err(error) => return Err(error).with_context(|| format!("Could not read {}", from.place())),
    };
    let Some(record) = found else { return Ok(Some(place)) };
    storage.put(place.execution, blob, record.into()).await.with_context(context)?;
    Ok(None)
}
