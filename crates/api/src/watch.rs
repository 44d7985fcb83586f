//! Following one execution: its journal, and the views that each record changes.
//!
//! A follower keeps a copy of the execution and folds each new record into it, so what it sends depends only on the
//! journal and is the same however often it reconnects. Only the last message of a record has the record's number as
//! its id: a follower that was cut off in the middle of a record receives all of it again.

use std::collections::BTreeSet;

use axum::response::sse::Event;
use steadflow_core::event::{Event as JournalEvent, Record};
use steadflow_core::execution::{Execution, NodeStatus};
use steadflow_core::ids::{ExecutionId, NodeIndex, TenantId};
use steadflow_runtime::{Engine, ExecutionSnapshot, Following, RuntimeError, row_of};
use tokio::sync::{mpsc, watch};

use crate::views::event::Journal;
use crate::views::execution::ExecutionView;
use crate::views::message::{ExecutionMessage, RecordEnd};
use crate::views::node::NodeView;
use crate::views::row::RowView;

/// Messages that may wait for a slow reader; then its stream waits, and nothing else does.
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

/// The reader is gone, the server ends all streams, or the execution cannot be read.
struct Closed;

impl Follower {
    /// Sends everything after record `last_seen` or, where that is unknown, begins with a snapshot; continues until the
    /// execution has ended.
    pub(crate) async fn run(mut self, snapshot: ExecutionSnapshot, last_seen: Option<u64>) {
        // The stream just ends; a client that wants more asks again, with the id of the last message it got.
        let _ = self.follow(snapshot, last_seen).await;
    }

    async fn follow(
        &mut self,
        mut snapshot: ExecutionSnapshot,
        last_seen: Option<u64>,
    ) -> Result<(), Closed> {
        let known = last_seen.and_then(|seq| replayed_to(&snapshot, seq));
        let mut copy = match known {
            Some(copy) => copy,
            None => {
                let (view, seq) = (ExecutionView::new(&snapshot.execution, &[]), snapshot.execution.seq());
                self.send(&ExecutionMessage::Snapshot(view), Some(seq)).await?;
                snapshot.execution.clone()
            }
        };
        let mut journal = Journal::after(&copy);
        loop {
            self.catch_up(&mut copy, &mut journal, &snapshot).await?;
            if copy.status().is_finished() {
                return Ok(());
            }
            self.wait(copy.seq()).await?;
            snapshot = self.engine.execution(self.tenant, self.id).await.map_err(|_: RuntimeError| Closed)?;
        }
    }

    /// Sends every record of `snapshot` that `copy` does not have.
    async fn catch_up(
        &self,
        copy: &mut Execution,
        journal: &mut Journal,
        snapshot: &ExecutionSnapshot,
    ) -> Result<(), Closed> {
        let seen = usize::try_from(copy.seq()).unwrap_or(usize::MAX);
        for text in snapshot.journal.iter().skip(seen) {
            let record: Record = serde_json::from_str(text).map_err(|_| Closed)?;
            for event in journal.read(&record) {
                self.send(&ExecutionMessage::Journal(event), None).await?;
            }
            let (at, named) = (record.1, named_nodes(&record));
            copy.fold(record).map_err(|_| Closed)?;
            for node in changed_nodes(copy, named) {
                self.send(&ExecutionMessage::Node(NodeView::new(copy, node)), None).await?;
            }
            let row = row_of(copy);
            let row = RowView::new(&row, Some(&copy.flow().flow.settings.name));
            let end = ExecutionMessage::Execution(RecordEnd::new(row, at.into()));
            self.send(&end, Some(copy.seq())).await?;
        }
        Ok(())
    }

    /// Waits until the execution has a record after `seq`.
    async fn wait(&mut self, seq: u64) -> Result<(), Closed> {
        tokio::select! {
            () = self.changes.after(seq) => Ok(()),
            _ = self.end.changed() => Err(Closed),
            () = self.events.closed() => Err(Closed),
        }
    }

    async fn send(&self, message: &ExecutionMessage<'_>, id: Option<u64>) -> Result<(), Closed> {
        self.events.send(message.to_event(id)).await.map_err(|_| Closed)
    }
}

/// Rebuilds the execution as it was after record `seq`; `None` if there is no such record.
fn replayed_to(snapshot: &ExecutionSnapshot, seq: u64) -> Option<Execution> {
    let records = snapshot.journal.get(..usize::try_from(seq).ok()?)?;
    let records: Vec<Record> =
        records.iter().map(|text| serde_json::from_str(text)).collect::<Result<_, _>>().ok()?;
    Execution::replay(snapshot.execution.id(), snapshot.execution.flow().clone(), records).ok()
}

/// The nodes that the events of `record` name.
fn named_nodes(record: &Record) -> BTreeSet<NodeIndex> {
    record.2.iter().filter_map(JournalEvent::node).collect()
}

/// The nodes that a record changed: those that it names and, at the end, every node that it cut off.
fn changed_nodes(execution: &Execution, mut named: BTreeSet<NodeIndex>) -> BTreeSet<NodeIndex> {
    if execution.status().is_finished() {
        let cut_off =
            execution.nodes().iter().enumerate().filter(|(_, node)| node.status() == NodeStatus::Cancelled);
        named.extend(cut_off.filter_map(|(at, _)| u16::try_from(at).ok()).map(NodeIndex));
    }
    named
}
