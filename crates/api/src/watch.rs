//! Following one execution: its journal, and the views that each record changes.
//!
//! A follower keeps a copy of the execution and folds each new record into it, so what it sends depends only on the
//! journal and is the same however often it reconnects. Only the last message of a record has the record's number as
//! its id: a follower that was cut off in the middle of a record receives all of it again. The copy keeps no values but
//! short inputs of nodes that run.

use std::collections::BTreeSet;

use steadflow_core::event::{Event as JournalEvent, Record};
use steadflow_core::execution::{Execution, NodeExecution, NodeStatus};
use steadflow_core::ids::{ExecutionId, NodeIndex, TenantId};
use steadflow_core::payload::Payload;
use steadflow_runtime::{ExecutionSnapshot, Following, row_of};
use tokio::sync::watch;

use crate::app::App;
use crate::backlog;
use crate::heavy::{NODES_AT_ONCE, RECORDS_AT_ONCE};
use crate::sse::{PART_BYTES, Reader, Source};
use crate::views::event::Journal;
use crate::views::execution::{ExecutionView, Later};
use crate::views::message::{ExecutionMessage, Missed, RecordEnd};
use crate::views::node::NodeView;
use crate::views::row::RowView;
use crate::views::shown::{Room, preview_of_input};

/// How much of the inputs of nodes that run a follower keeps, in bytes.
const INPUT_BYTES: usize = 256 * 1024;

/// About what a follower's copy takes without inputs, in bytes: in any case, and for each node.
const COPY_BYTES: [usize; 2] = [8 * 1024, 1024];

/// Returns about how many bytes the copy of a follower takes.
pub(crate) fn copy_bytes(execution: &Execution) -> usize {
    let [always, node] = COPY_BYTES;
    always + node * execution.nodes().len()
}

/// What a follower has at hand.
pub(crate) struct Sources {
    pub(crate) app: App,
    pub(crate) tenant: TenantId,
    pub(crate) id: ExecutionId,
    pub(crate) changes: Following,
    pub(crate) end: watch::Receiver<bool>,
}

/// One follower of one execution.
pub(crate) struct Follower {
    sources: Sources,
    copy: Execution,
    /// What the copy takes.
    _room: backlog::Room,
    journal: Journal,
    /// The last record that there is, as far as is known.
    last: u64,
}

impl Follower {
    /// Returns a follower, and the messages that it begins with: everything after record `last_seen` or, where that is
    /// unknown, a snapshot.
    pub(crate) fn begin(
        sources: Sources,
        room: backlog::Room,
        snapshot: &ExecutionSnapshot,
        last_seen: Option<u64>,
    ) -> (Self, String) {
        let known = last_seen.and_then(|seq| replayed_to(snapshot, seq));
        let is_known = known.is_some();
        let copy = known.unwrap_or_else(|| snapshot.execution.clone());
        let journal = Journal::after(&copy);
        let mut follower = Self { sources, copy, _room: room, journal, last: snapshot.execution.seq() };
        follower.shed((0..follower.copy.nodes().len()).filter_map(index).collect());
        let text = if is_known { follower.catch_up(snapshot) } else { Some(snapshot_message(snapshot)) };
        (follower, text.unwrap_or_default())
    }

    /// Begins again with a snapshot.
    fn resync(&mut self, snapshot: &ExecutionSnapshot) -> String {
        let missed = Missed { missed: snapshot.execution.seq() - self.copy.seq() };
        self.copy = snapshot.execution.clone();
        self.journal = Journal::after(&self.copy);
        self.shed((0..self.copy.nodes().len()).filter_map(index).collect());
        ExecutionMessage::Resync(missed).to_text(None) + &snapshot_message(snapshot)
    }

    fn has_much_to_read(&self, snapshot: &ExecutionSnapshot) -> bool {
        let seen = usize::try_from(self.copy.seq()).unwrap_or(usize::MAX);
        snapshot.journal.iter().skip(seen).map(|record| record.len()).sum::<usize>() > RECORDS_AT_ONCE
    }

    /// Returns messages of records that the copy does not have, until it has all or they are long enough for a part;
    /// `None` if the journal cannot be read.
    fn catch_up(&mut self, snapshot: &ExecutionSnapshot) -> Option<String> {
        let mut text = String::new();
        let seen = usize::try_from(self.copy.seq()).unwrap_or(usize::MAX);
        for record in snapshot.journal.iter().skip(seen) {
            self.add_record(serde_json::from_str(record).ok()?, &mut text)?;
            if text.len() >= PART_BYTES {
                break;
            }
        }
        Some(text)
    }

    fn add_record(&mut self, record: Record, text: &mut String) -> Option<()> {
        for event in self.journal.read(&record) {
            text.push_str(&ExecutionMessage::Journal(event).to_text(None));
        }
        let (at, named, cuts_off) = (record.1, named_nodes(&record), cuts_off(&record));
        self.copy.fold(record).ok()?;
        let changed = changed_nodes(&self.copy, named, cuts_off);
        let mut room = Room::with_previews(self.copy.id());
        for &node in &changed {
            let view = NodeView::new(&self.copy, node, &mut room);
            text.push_str(&ExecutionMessage::Node(view).to_text(None));
        }
        let row = row_of(&self.copy);
        let row = RowView::new(&row, Some(&self.copy.flow().flow.settings.name));
        let end = ExecutionMessage::Execution(RecordEnd::new(row, at.into()));
        text.push_str(&end.to_text(Some(self.copy.seq())));
        self.shed(changed);
        Some(())
    }

    /// Drops the values that no later message has.
    fn shed(&mut self, nodes: BTreeSet<NodeIndex>) {
        let kept = |node: &NodeExecution| node.input.as_ref().filter(|_| !node.is_ended()).map(Payload::len);
        let has_room = self.copy.nodes().iter().filter_map(kept).sum::<usize>() <= INPUT_BYTES;
        let (id, flow) = (self.copy.id(), self.copy.flow().clone());
        self.copy.shed(nodes, |node, input| {
            let name = flow.flow.graph.node(node).id.as_str();
            preview_of_input(id, name, input, has_room)
        });
    }
}

impl Source for Follower {
    async fn next(&mut self, reader: Reader) -> Option<String> {
        if self.copy.status().is_finished() {
            return None;
        }
        let Sources { app, tenant, id, changes, end } = &mut self.sources;
        if self.copy.seq() >= self.last {
            tokio::select! {
                () = changes.after(self.copy.seq()) => {}
                _ = end.changed() => return None,
            }
        }
        let app = app.clone();
        let snapshot = app.engine().execution(*tenant, *id).await.ok()?;
        self.last = snapshot.execution.seq();
        match reader {
            Reader::KeepsUp => {
                let is_long = self.has_much_to_read(&snapshot);
                app.heavy_turns().view(is_long, || self.catch_up(&snapshot)).await.ok()?
            }
            Reader::IsBehind => {
                let is_long = self.copy.nodes().len() > NODES_AT_ONCE;
                app.heavy_turns().view(is_long, || self.resync(&snapshot)).await.ok()
            }
        }
    }
}

fn snapshot_message(snapshot: &ExecutionSnapshot) -> String {
    let later = Later::default();
    let view = ExecutionView::new(&snapshot.execution, &later);
    ExecutionMessage::Snapshot(Box::new(view)).to_text(Some(snapshot.execution.seq()))
}

fn index(at: usize) -> Option<NodeIndex> {
    u16::try_from(at).ok().map(NodeIndex)
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

/// Returns whether a record ends nodes that it does not name.
fn cuts_off(record: &Record) -> bool {
    let is_one = |event: &JournalEvent| {
        matches!(event, JournalEvent::CompensationStarted { .. } | JournalEvent::Finished { .. })
    };
    record.2.iter().any(is_one)
}

/// The nodes that a record changed: those that it names and, at the end of an execution or where it begins to undo what it did,
/// every node that it cut off, and those that undo others and have nothing to undo.
fn changed_nodes(
    execution: &Execution,
    mut named: BTreeSet<NodeIndex>,
    cuts_off: bool,
) -> BTreeSet<NodeIndex> {
    if cuts_off {
        let cut_off =
            execution.nodes().iter().enumerate().filter(|(_, node)| node.status() == NodeStatus::Cancelled);
        named.extend(cut_off.filter_map(|(at, _)| index(at)));
        named.extend(execution.graph().handlers.all());
    }
    named
}
