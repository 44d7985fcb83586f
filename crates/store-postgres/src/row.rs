//! Rows of `executions`.

use steadflow_core::execution::Wait;
use steadflow_core::ids::NodeId;
use steadflow_core::timestamp::Timestamp;
use steadflow_store::{ExecutionRow, Fingerprint};
use tokio_postgres::Row;

use crate::columns::{
    execution_id, execution_id_or_none, flow_id, get, named_or_none, node_or_none, number, number_or_none,
    queue_place, status, tenant_id, text, text_or_none, timestamp, timestamp_or_none,
};
use crate::error::{Error, Result};
use crate::statement_cache::QueryCached;
use crate::value::{int, params, stored};

/// The columns that [`read`] reads, in its order.
pub(crate) const COLUMNS: &str = include_str!("queries/execution_columns.sql");

/// Who drives an execution, as its row says it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Hold {
    /// The worker's epoch; `None` when it is parked or has ended.
    pub(crate) owner: Option<u64>,
    /// When a parked one is due.
    pub(crate) wake_at: Option<Timestamp>,
    /// The number of the last record that the row shows.
    pub(crate) seq: u64,
}

/// Inserts or changes rows, of which each is of another execution, and whose journals have this format. An error if one has ended.
pub(crate) async fn write(db: &impl QueryCached, rows: &[(&ExecutionRow, Hold)], format: i64) -> Result<()> {
    let mut rows = rows.to_vec();
    // Rows are locked in this order everywhere.
    rows.sort_unstable_by_key(|(row, _)| row.id);
    let all = Columns(&rows);
    db.query_cached(
        include_str!("queries/write_executions.sql"),
        params![
            all.of(|row| row.id.uuid()),
            all.of(|row| row.tenant.uuid()),
            all.of(|row| row.flow.uuid()),
            all.of(|row| i64::from(row.flow_version)),
            all.of(|row| row.status.as_str()),
            all.of(|row| row.retrying),
            all.of(|row| row.recovered),
            all.of(|row| row.current_node.as_ref().map(NodeId::as_str).map(stored)),
            all.of(|row| row.context_id.as_deref().map(stored)),
            all.of(|row| row.context_type.as_deref().map(stored)),
            all.of(|row| stored(&row.triggered_by)),
            all.of(|row| row.retry_of.map(|id| id.uuid())),
            all.of(|row| row.error_message.as_deref().map(stored)),
            all.of(|row| row.error_class.map(|class| class.as_str())),
            all.print(|print| Some(&*print.id)),
            all.print(|print| print.node.as_ref().map(NodeId::as_str).map(stored)),
            all.print(|print| print.class.map(|class| class.as_str())),
            all.print(|print| Some(stored(&print.message))),
            all.of(|row| row.created_at.as_micros()),
            all.of(|row| row.started_at.map(Timestamp::as_micros)),
            all.of(|row| row.completed_at.map(Timestamp::as_micros)),
            all.of(|row| i64::from(row.total_nodes)),
            all.of(|row| i64::from(row.completed_nodes)),
            all.of(|row| i64::from(row.failed_nodes)),
            all.of(|row| i64::from(row.attempts)),
            all.of(|row| row.waiting_for.map(Wait::as_str)),
            all.of(|row| row.waiting_for.and_then(Wait::until).map(Timestamp::as_micros)),
            all.of(|row| row.parent.map(|id| id.uuid())),
            all.of(|row| row.shares_slot),
            all.of(|row| row.parent_node.as_ref().map(NodeId::as_str).map(stored)),
            all.of(|row| row.parent.map(|_| i64::from(row.index))),
            all.of(|row| row.forked_from.map(|id| id.uuid())),
            all.of(queue),
            all.hold(|hold| hold.owner.map(int)),
            all.hold(|hold| hold.wake_at.map(Timestamp::as_micros)),
            all.hold(|hold| Some(int(hold.seq))),
            format,
        ],
    )
    .await?;
    Ok(())
}

/// Rows as columns.
struct Columns<'r>(&'r [(&'r ExecutionRow, Hold)]);

impl<'r> Columns<'r> {
    fn of<T>(&self, value: impl Fn(&'r ExecutionRow) -> T) -> Vec<T> {
        self.0.iter().map(|(row, _)| value(row)).collect()
    }

    fn print<T>(&self, value: impl Fn(&'r Fingerprint) -> Option<T>) -> Vec<Option<T>> {
        self.of(|row| row.fingerprint.as_ref().and_then(&value))
    }

    fn hold(&self, value: impl Fn(Hold) -> Option<i64>) -> Vec<Option<i64>> {
        self.0.iter().map(|(_, hold)| value(*hold)).collect()
    }
}

fn queue(row: &ExecutionRow) -> Option<String> {
    row.queue.as_ref().map(|place| serde_json::to_string(place).expect("it has plain values"))
}

/// Reads a row whose columns are [`COLUMNS`].
pub(crate) fn read(row: &Row) -> Result<ExecutionRow> {
    Ok(ExecutionRow {
        id: execution_id(row, 0)?,
        tenant: tenant_id(row, 1)?,
        flow: flow_id(row, 2)?,
        flow_version: number(row, 3)?,
        status: status(row, 4)?,
        retrying: get(row, 5)?,
        recovered: get(row, 6)?,
        current_node: node_or_none(row, 7)?,
        context_id: text_or_none(row, 8)?,
        context_type: text_or_none(row, 9)?,
        triggered_by: text(row, 10)?,
        retry_of: execution_id_or_none(row, 11)?,
        error_message: text_or_none(row, 12)?,
        error_class: named_or_none(row, 13)?,
        fingerprint: fingerprint(row, 14)?,
        created_at: timestamp(row, 18)?,
        started_at: timestamp_or_none(row, 19)?,
        completed_at: timestamp_or_none(row, 20)?,
        total_nodes: number(row, 21)?,
        completed_nodes: number(row, 22)?,
        failed_nodes: number(row, 23)?,
        attempts: number(row, 24)?,
        waiting_for: waiting_for(row, 25)?,
        parent: execution_id_or_none(row, 27)?,
        shares_slot: get(row, 28)?,
        parent_node: node_or_none(row, 29)?,
        index: number_or_none(row, 30)?.unwrap_or(0),
        forked_from: execution_id_or_none(row, 31)?,
        queue: queue_place(row, 32)?,
    })
}

/// Reads a fingerprint from four columns, of which `column` is the first.
pub(crate) fn fingerprint(row: &Row, column: usize) -> Result<Option<Fingerprint>> {
    let Some(id) = text_or_none(row, column)? else { return Ok(None) };
    Ok(Some(Fingerprint {
        id,
        node: node_or_none(row, column + 1)?,
        class: named_or_none(row, column + 2)?,
        message: text(row, column + 3)?,
    }))
}

/// Reads what an execution waits for from two columns, of which `column` is the first.
fn waiting_for(row: &Row, column: usize) -> Result<Option<Wait>> {
    let Some(name) = get::<Option<&str>>(row, column)? else { return Ok(None) };
    let wait = Wait::named(name, timestamp_or_none(row, column + 1)?);
    wait.map(Some).ok_or_else(|| Error::Unreadable(format!("nothing waits for {name} like this")))
}

#[cfg(test)]
mod tests {
    use steadflow_core::execution::ExecutionStatus;
    use steadflow_store::StoreError;
    use tokio_postgres::Client;

    use super::*;
    use crate::session::session;
    use crate::testing::{self, empty, ended, full};

    async fn stored_rows(db: &Client) -> Vec<ExecutionRow> {
        let sql = format!("SELECT {COLUMNS} FROM executions ORDER BY id");
        let rows = db.query_typed(&sql, &[]).await.unwrap();
        rows.iter().map(|row| read(row).unwrap()).collect()
    }

    #[tokio::test]
    async fn rows_are_read_as_they_were_written() {
        let store = testing::store().await;
        let db = session(&store.pool).await.unwrap();
        let (full, empty) = (full(10), empty(1));

        write(&*db, &[(&full, Hold::default()), (&empty, Hold::default())], 1).await.unwrap();

        assert_eq!(stored_rows(&db).await, [empty, full]);
    }

    #[tokio::test]
    async fn a_row_changes_until_it_has_ended() {
        let store = testing::store().await;
        let db = session(&store.pool).await.unwrap();
        let first = full(1);
        let hold = Hold { owner: Some(3), wake_at: Some(Timestamp::from_micros(4)), seq: 7 };
        write(&*db, &[(&first, Hold::default())], 1).await.unwrap();

        write(&*db, &[(&first, hold)], 1).await.unwrap();
        let held = db.query_typed_one("SELECT owner, wake_at FROM executions", &[]).await.unwrap();
        assert_eq!((get(&held, 0).unwrap(), get(&held, 1).unwrap()), (3_i64, 4_i64));

        write(&*db, &[(&ended(1), Hold::default())], 1).await.unwrap();
        let found = stored_rows(&db).await.remove(0);
        assert_eq!(found.status, ExecutionStatus::Completed);
        assert_eq!((found.error_message.as_ref(), found.fingerprint.as_ref()), (None, None));
        assert_eq!((&found.queue, found.parent), (&first.queue, first.parent), "whose it is stays");

        let refused = write(&*db, &[(&first, hold), (&full(2), hold)], 1).await.unwrap_err().of("commit");
        assert!(matches!(refused, StoreError::Refused { .. }), "{refused:?}");
        assert_eq!(stored_rows(&db).await, [found]);
    }
}
