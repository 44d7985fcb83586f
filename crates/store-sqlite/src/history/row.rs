//! Rows of `executions`.

use rusqlite::types::{ToSqlOutput, Value, ValueRef};
use rusqlite::{Row, Statement, ToSql, params};
use steadflow_core::execution::Wait;
use steadflow_store::{ExecutionRow, Fingerprint};

use crate::columns::{
    blob, error_class_or_none, execution_id, execution_id_or_none, flow_id, node_or_none, queue_place,
    status, tenant_id, text, text_or_none, timestamp, timestamp_or_none, unreadable,
};
use crate::log::projections::Hold;

/// The columns that [`read`] reads, in its order.
pub(crate) const COLUMNS: &str = include_str!("../queries/execution_columns.sql");

/// The parameter that names the row; those before are the columns.
const NUMBER: usize = 36;

/// Inserts or changes the row `number` by `statement`.
pub(crate) fn write(
    statement: &mut Statement<'_>,
    number: i64,
    row: &ExecutionRow,
    hold: Hold,
) -> rusqlite::Result<()> {
    bind(statement, row, hold)?;
    statement.raw_bind_parameter(NUMBER, number)?;
    statement.raw_execute().map(drop)
}

fn bind(statement: &mut Statement<'_>, row: &ExecutionRow, hold: Hold) -> rusqlite::Result<()> {
    let print = row.fingerprint.as_ref();
    let queue = row.queue.as_ref().map(|place| serde_json::to_string(place).expect("it has plain values"));
    let parameters: &[&dyn ToSql] = params![
        blob(row.id.uuid()),
        blob(row.tenant.uuid()),
        blob(row.flow.uuid()),
        row.flow_version,
        row.status.as_str(),
        row.retrying,
        row.recovered,
        row.current_node.as_ref().map(|node| node.as_str()),
        row.context_id.as_deref(),
        row.context_type.as_deref(),
        &*row.triggered_by,
        row.retry_of.map(|id| blob(id.uuid())),
        row.error_message.as_deref(),
        row.error_class.map(|class| class.as_str()),
        print.map(|print| &*print.id),
        print.and_then(|print| print.node.as_ref()).map(|node| node.as_str()),
        print.and_then(|print| print.class).map(|class| class.as_str()),
        print.map(|print| &*print.message),
        row.created_at.as_micros(),
        row.started_at.map(|at| at.as_micros()),
        row.completed_at.map(|at| at.as_micros()),
        row.total_nodes,
        row.completed_nodes,
        row.failed_nodes,
        row.attempts,
        row.waiting_for.map(Wait::as_str),
        row.waiting_for.and_then(Wait::until).map(|until| until.as_micros()),
        hold.owner,
        hold.wake_at.map(|at| at.as_micros()),
        row.parent.map(|id| blob(id.uuid())),
        row.shares_slot.then_some(true),
        row.parent_node.as_ref().map(|node| node.as_str()),
        row.parent.map(|_| row.index),
        row.forked_from.map(|id| blob(id.uuid())),
        queue,
    ];
    // Half of them are null in most rows, and so are those that are not bound.
    statement.clear_bindings();
    for (at, parameter) in parameters.iter().enumerate() {
        let value = parameter.to_sql()?;
        if !is_null(&value) {
            // Nothing is bound where a statement does not have the parameter: an update leaves some columns alone.
            statement.raw_bind_parameter(at + 1, value)?;
        }
    }
    Ok(())
}

fn is_null(value: &ToSqlOutput<'_>) -> bool {
    matches!(value, ToSqlOutput::Borrowed(ValueRef::Null) | ToSqlOutput::Owned(Value::Null))
}

/// Reads a row whose columns are [`COLUMNS`].
pub(crate) fn read(row: &Row<'_>) -> rusqlite::Result<ExecutionRow> {
    Ok(ExecutionRow {
        id: execution_id(row, 0)?,
        tenant: tenant_id(row, 1)?,
        flow: flow_id(row, 2)?,
        flow_version: row.get(3)?,
        status: status(row, 4)?,
        retrying: row.get(5)?,
        recovered: row.get(6)?,
        current_node: node_or_none(row, 7)?,
        context_id: text_or_none(row, 8)?,
        context_type: text_or_none(row, 9)?,
        triggered_by: text(row, 10)?,
        retry_of: execution_id_or_none(row, 11)?,
        error_message: text_or_none(row, 12)?,
        error_class: error_class_or_none(row, 13)?,
        fingerprint: fingerprint(row, 14)?,
        created_at: timestamp(row, 18)?,
        started_at: timestamp_or_none(row, 19)?,
        completed_at: timestamp_or_none(row, 20)?,
        total_nodes: row.get(21)?,
        completed_nodes: row.get(22)?,
        failed_nodes: row.get(23)?,
        attempts: row.get(24)?,
        waiting_for: waiting_for(row, 25)?,
        parent: execution_id_or_none(row, 27)?,
        shares_slot: row.get::<_, Option<bool>>(28)?.unwrap_or(false),
        parent_node: node_or_none(row, 29)?,
        index: row.get::<_, Option<u32>>(30)?.unwrap_or(0),
        forked_from: execution_id_or_none(row, 31)?,
        queue: queue_place(row, 32)?,
    })
}

/// Reads a fingerprint from four columns, of which `column` is the first.
pub(crate) fn fingerprint(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Fingerprint>> {
    let Some(id) = text_or_none(row, column)? else { return Ok(None) };
    Ok(Some(Fingerprint {
        id,
        node: node_or_none(row, column + 1)?,
        class: error_class_or_none(row, column + 2)?,
        message: text(row, column + 3)?,
    }))
}

/// Reads what an execution waits for from two columns, of which `column` is the first.
fn waiting_for(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Wait>> {
    let Some(name) = row.get_ref(column)?.as_str_or_null()? else { return Ok(None) };
    let wait = Wait::named(name, timestamp_or_none(row, column + 1)?);
    wait.map(Some).ok_or_else(|| unreadable(column, format!("nothing waits for {name} like this")))
}
