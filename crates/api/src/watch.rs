//! Following one execution: its journal, told as events.
//!
//! A follower keeps its own copy of the execution and folds each new record into it, so what it is told follows from
//! the journal alone, and is the same however often it reconnects. Only the last event of a record bears the record's
//! number as its id: a follower that was cut off in the middle of a record is told all of it again.

use std::collections::BTreeSet;

use axum::response::sse::Event;
use serde::Serialize;
use steadflow_core::event::{Event as JournalEvent, Record};
use steadflow_core::execution::{Execution, NodeStatus};
use steadflow_core::ids::{ExecutionId, NodeIndex, TenantId};
use steadflow_runtime::{Engine, ExecutionSnapshot, Following, RuntimeError, row_of};
use tokio::sync::{mpsc, watch};

use crate::views::execution::ExecutionView;
use crate::views::node::NodeView;
use crate::views::row::RowView;
use crate::views::wire::Time;

/// Events that may wait for a slow reader; then its stream waits, and nothing else does.
pub(crate) const WAITING_MAX: usize = 64;

/// One follower of one execution.
pub(crate) struct Follower {
    pub(crate) engine: Engine,
    pub(crate) tenant: TenantId,
    pub(crate) id: ExecutionId,
    pub(crate) changes: Following,
    pub(crate) end: watch::Receiver<bool>,
    pub(crate) events: mpsc::Sender<Event>,
}

/// The end of a record: the execution as it then was, and when that was decided.
#[derive(Serialize)]
struct Told<'a> {
    #[serde(flatten)]
    row: RowView<'a>,
    at: Time,
}

/// Nobody listens any more, or the server ends all streams.
struct Gone;

impl Follower {
    /// Tells everything after record `last_seen` or, where that is unknown, begins with a snapshot; goes on until the
    /// execution has ended.
    pub(crate) async fn run(mut self, snapshot: ExecutionSnapshot, last_seen: Option<u64>) {
        // The stream just ends; a client that wants more asks again, with the id of the last event it got.
        let _ = self.follow(snapshot, last_seen).await;
    }

    async fn follow(&mut self, snapshot: ExecutionSnapshot, last_seen: Option<u64>) -> Result<(), Gone> {
        let known = last_seen.and_then(|seq| replayed_to(&snapshot, seq));
        let mut copy = match known {
            Some(copy) => copy,
            None => {
                self.send(
                    "snapshot",
                    &ExecutionView::new(&snapshot.execution, &[]),
                    Some(snapshot.execution.seq()),
                )
                .await?;
                snapshot.execution.clone()
            }
        };
        let mut snapshot = snapshot;
        loop {
            self.catch_up(&mut copy, &snapshot).await?;
            if copy.status().is_finished() {
                return Ok(());
            }
            self.wait(copy.seq()).await?;
            snapshot = self.engine.execution(self.tenant, self.id).await.map_err(|_: RuntimeError| Gone)?;
        }
    }

    /// Tells every record of `snapshot` that `copy` does not have.
    async fn catch_up(&self, copy: &mut Execution, snapshot: &ExecutionSnapshot) -> Result<(), Gone> {
        let seen = usize::try_from(copy.seq()).unwrap_or(usize::MAX);
        for text in snapshot.journal.iter().skip(seen) {
            let record: Record = serde_json::from_str(text).map_err(|_| Gone)?;
            let (at, events) = (record.1.into(), record.2.clone());
            copy.fold(record).map_err(|_| Gone)?;
            for node in changed_nodes(copy, &events) {
                self.send("node", &NodeView::new(copy, node), None).await?;
            }
            let row = row_of(copy);
            let name = &copy.flow().flow.settings.name;
            let told = Told { row: RowView::new(&row, Some(name)), at };
            self.send("execution", &told, Some(copy.seq())).await?;
        }
        Ok(())
    }

    /// Waits until the execution has a record after `seq`.
    async fn wait(&mut self, seq: u64) -> Result<(), Gone> {
        tokio::select! {
            () = self.changes.after(seq) => Ok(()),
            _ = self.end.changed() => Err(Gone),
            () = self.events.closed() => Err(Gone),
        }
    }

    async fn send(&self, name: &str, view: &impl Serialize, id: Option<u64>) -> Result<(), Gone> {
        self.events.send(event(name, view, id)).await.map_err(|_| Gone)
    }
}

/// Returns an event that carries `view`.
pub(crate) fn event(name: &str, view: &impl Serialize, id: Option<u64>) -> Event {
    let data = serde_json::to_string(view).expect("views have string keys and no failing parts");
    let event = Event::default().event(name).data(data);
    match id {
        Some(id) => event.id(id.to_string()),
        None => event,
    }
}

/// Rebuilds the execution as it was after record `seq`; `None` if there is no such record.
fn replayed_to(snapshot: &ExecutionSnapshot, seq: u64) -> Option<Execution> {
    let records = snapshot.journal.get(..usize::try_from(seq).ok()?)?;
    let records: Vec<Record> =
        records.iter().map(|text| serde_json::from_str(text)).collect::<Result<_, _>>().ok()?;
    Execution::replay(snapshot.execution.id(), snapshot.execution.flow().clone(), records).ok()
}

/// The nodes that `events` changed. An end changes every node that it cut off.
fn changed_nodes(execution: &Execution, events: &[JournalEvent]) -> BTreeSet<NodeIndex> {
    let mut changed: BTreeSet<NodeIndex> = events.iter().filter_map(JournalEvent::node).collect();
    if execution.status().is_finished() {
        let cut_off =
            execution.nodes().iter().enumerate().filter(|(_, node)| node.status() == NodeStatus::Cancelled);
        changed.extend(cut_off.filter_map(|(at, _)| u16::try_from(at).ok()).map(NodeIndex));
    }
    changed
}
