//! The stream over all executions: what changed is gathered, read and told once, however many listen.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::response::sse::Event;
use serde_json::json;
use steadflow_core::ids::{ExecutionId, FlowId};
use steadflow_runtime::{Changes, row_of};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{broadcast, mpsc};
use tokio::time::{Instant, timeout_at};

use crate::app::App;
use crate::views::row::RowView;
use crate::watch::event;

/// Changes of one execution within this time are told as one.
const TOLD_EVERY: Duration = Duration::from_millis(100);
/// Executions that are told at a time; more are a reason to read the list anew.
const TOLD_MAX: usize = 100;
/// How often listeners are sent to read the list anew.
const RESYNC_EVERY: Duration = Duration::from_secs(1);
/// Tellings that a slow listener may lag behind.
const BACKLOG: usize = 64;

/// What changed in a moment.
#[derive(Debug)]
struct Telling {
    rows: Vec<(FlowId, Event)>,
    /// Changes that are not told one by one.
    missed: usize,
}

/// Tells all listeners. It works only while somebody listens.
#[derive(Debug)]
pub(crate) struct Feed {
    listeners: broadcast::Sender<Arc<Telling>>,
    is_running: Mutex<bool>,
}

impl Feed {
    pub(crate) fn new() -> Self {
        Self { listeners: broadcast::Sender::new(BACKLOG), is_running: Mutex::new(false) }
    }

    /// Listens to all changes from here on.
    pub(crate) fn listen(app: &App) -> Listener {
        let feed = app.feed();
        let mut is_running = feed.is_running.lock().unwrap_or_else(PoisonError::into_inner);
        let listener = Listener { tellings: feed.listeners.subscribe() };
        if !*is_running {
            *is_running = true;
            tokio::spawn(run(app.clone(), app.engine().changes()));
        }
        listener
    }

    /// Tells whether nobody listens any more; the next listener then starts the work anew.
    fn may_stop(&self) -> bool {
        let mut is_running = self.is_running.lock().unwrap_or_else(PoisonError::into_inner);
        *is_running = self.listeners.receiver_count() > 0;
        !*is_running
    }
}

/// One that listens.
pub(crate) struct Listener {
    tellings: broadcast::Receiver<Arc<Telling>>,
}

impl Listener {
    /// Passes on what concerns `flow`, or everything, until nobody reads or the server ends all streams.
    pub(crate) async fn pass_on(mut self, app: &App, flow: Option<FlowId>, events: &mpsc::Sender<Event>) {
        let mut end = app.streams_end();
        loop {
            let telling = tokio::select! {
                telling = self.tellings.recv() => telling,
                _ = end.changed() => return,
                () = events.closed() => return,
            };
            let passed = match telling {
                Ok(telling) => pass(&telling, flow, events).await,
                Err(RecvError::Lagged(tellings)) => events.send(resync(tellings)).await.map_err(drop),
                Err(RecvError::Closed) => Err(()),
            };
            if passed.is_err() {
                return;
            }
        }
    }
}

async fn pass(telling: &Telling, flow: Option<FlowId>, events: &mpsc::Sender<Event>) -> Result<(), ()> {
    for (of, row) in &telling.rows {
        if flow.is_none_or(|flow| flow == *of) {
            events.send(row.clone()).await.map_err(drop)?;
        }
    }
    if telling.missed > 0 {
        events.send(resync(telling.missed as u64)).await.map_err(drop)?;
    }
    Ok(())
}

fn resync(missed: u64) -> Event {
    event("resync", &json!({ "missed": missed }), None)
}

async fn run(app: App, mut changes: Changes) {
    let (mut missed, mut resync_at) = (0, Instant::now());
    while !app.feed().may_stop() {
        let Some((changed, lagged)) = gather(&app, &mut changes).await else { return };
        missed += lagged;
        let rows = if changed.len() > TOLD_MAX {
            missed += changed.len();
            Vec::new()
        } else {
            read(&app, &changed).await
        };
        let is_due = missed > 0 && Instant::now() >= resync_at;
        let telling = Telling { rows, missed: if is_due { std::mem::take(&mut missed) } else { 0 } };
        if is_due {
            resync_at = Instant::now() + RESYNC_EVERY;
        }
        if !telling.rows.is_empty() || telling.missed > 0 {
            // An error means that the last listener has just left.
            let _ = app.feed().listeners.send(Arc::new(telling));
        }
    }
}

/// Returns what changed within the next moment, and how many changes were missed; `None` when the engine has ended.
async fn gather(app: &App, changes: &mut Changes) -> Option<(BTreeSet<ExecutionId>, usize)> {
    let (mut changed, mut missed) = (BTreeSet::new(), 0);
    let until = Instant::now() + TOLD_EVERY;
    while let Ok(change) = timeout_at(until, changes.recv()).await {
        match change {
            Ok(change) if change.tenant == app.tenant() => {
                changed.insert(change.execution);
            }
            Ok(_) => {}
            Err(RecvError::Lagged(count)) => missed += usize::try_from(count).unwrap_or(usize::MAX),
            Err(RecvError::Closed) => return None,
        }
    }
    Some((changed, missed))
}

async fn read(app: &App, changed: &BTreeSet<ExecutionId>) -> Vec<(FlowId, Event)> {
    let mut rows = Vec::new();
    for id in changed {
        // One that is gone meanwhile was deleted with its flow.
        let Ok(snapshot) = app.engine().execution(app.tenant(), *id).await else { continue };
        let row = row_of(&snapshot.execution);
        let name = app.flow_name(row.flow).await;
        rows.push((row.flow, event("execution", &RowView::new(&row, name.as_deref()), None)));
    }
    rows
}
