//! Values as columns and back.

use std::str::FromStr;
use std::sync::Arc;

use rusqlite::Row;
use rusqlite::types::Type;
use steadflow_core::execution::ExecutionStatus;
use steadflow_core::failure::ErrorClass;
use steadflow_core::ids::{AgentId, ExecutionId, FlowId, NodeId, TenantId};
use steadflow_core::payload::Payload;
use steadflow_core::timestamp::Timestamp;
use steadflow_store::{Damaged, Listed};
use uuid::Uuid;

/// An id as its 16 bytes.
pub(crate) fn blob(id: Uuid) -> [u8; 16] {
    id.into_bytes()
}

pub(crate) fn uuid(row: &Row<'_>, column: usize) -> rusqlite::Result<Uuid> {
    row.get(column).map(Uuid::from_bytes)
}

pub(crate) fn execution_id(row: &Row<'_>, column: usize) -> rusqlite::Result<ExecutionId> {
    uuid(row, column).map(ExecutionId::new)
}

pub(crate) fn flow_id(row: &Row<'_>, column: usize) -> rusqlite::Result<FlowId> {
    uuid(row, column).map(FlowId::new)
}

pub(crate) fn agent_id(row: &Row<'_>, column: usize) -> rusqlite::Result<AgentId> {
    uuid(row, column).map(AgentId::new)
}

pub(crate) fn tenant_id(row: &Row<'_>, column: usize) -> rusqlite::Result<TenantId> {
    uuid(row, column).map(TenantId::new)
}

pub(crate) fn timestamp(row: &Row<'_>, column: usize) -> rusqlite::Result<Timestamp> {
    row.get(column).map(Timestamp::from_micros)
}

pub(crate) fn timestamp_or_none(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Timestamp>> {
    Ok(row.get::<_, Option<i64>>(column)?.map(Timestamp::from_micros))
}

pub(crate) fn text(row: &Row<'_>, column: usize) -> rusqlite::Result<Arc<str>> {
    Ok(Arc::from(row.get_ref(column)?.as_str()?))
}

pub(crate) fn text_or_none(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Arc<str>>> {
    Ok(row.get_ref(column)?.as_str_or_null()?.map(Arc::from))
}

pub(crate) fn node_or_none(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<NodeId>> {
    Ok(row.get_ref(column)?.as_str_or_null()?.map(NodeId::new))
}

pub(crate) fn status(row: &Row<'_>, column: usize) -> rusqlite::Result<ExecutionStatus> {
    let text = row.get_ref(column)?.as_str()?;
    let status = ExecutionStatus::ALL.into_iter().find(|status| status.as_str() == text);
    status.ok_or_else(|| unreadable(column, format!("no status is called {text}")))
}

pub(crate) fn error_class_or_none(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<ErrorClass>> {
    row.get_ref(column)?.as_str_or_null()?.map(|text| named(column, text)).transpose()
}

/// Reads a value by its name.
pub(crate) fn named<T: FromStr>(column: usize, text: &str) -> rusqlite::Result<T> {
    text.parse().map_err(|_| unreadable(column, format!("no such name: {text}")))
}

pub(crate) fn payload(row: &Row<'_>, column: usize) -> rusqlite::Result<Payload> {
    Payload::parse(row.get(column)?).map_err(|error| unreadable(column, error.to_string()))
}

pub(crate) fn unreadable(column: usize, reason: String) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, Type::Text, reason.into())
}

pub(crate) fn execution_id_or_none(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<ExecutionId>> {
    Ok(row.get::<_, Option<[u8; 16]>>(column)?.map(|bytes| ExecutionId::new(Uuid::from_bytes(bytes))))
}

/// Reads a row of a list, whose first column is its id. One that cannot be read is an entry of its own.
pub(crate) fn listed<T>(
    row: &Row<'_>,
    read: impl Fn(&Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Listed<T>> {
    use rusqlite::Error::{FromSqlConversionFailure, IntegralValueOutOfRange, InvalidColumnType};
    match read(row) {
        Ok(row) => Ok(Ok(row)),
        Err(FromSqlConversionFailure(_, _, reason)) => damaged(row, reason.to_string()),
        Err(error @ (IntegralValueOutOfRange(..) | InvalidColumnType(..))) => damaged(row, error.to_string()),
        Err(error) => Err(error),
    }
}

fn damaged<T>(row: &Row<'_>, reason: String) -> rusqlite::Result<Listed<T>> {
    Ok(Err(Damaged { id: uuid(row, 0)?, reason }))
}

/// A number of rows as SQLite counts them; more than it can count is all.
pub(crate) fn rows_max(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}
