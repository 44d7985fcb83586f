//! Values as columns and back.

use std::fmt::Display;
use std::str::FromStr;
use std::sync::Arc;

use rusqlite::Row;
use rusqlite::types::Type;
use steadflow_core::execution::ExecutionStatus;
use steadflow_core::failure::ErrorClass;
use steadflow_core::flow_control::QueuePlace;
use steadflow_core::ids::{AgentId, ExecutionId, FlowId, NodeId, TenantId};
use steadflow_core::payload::Payload;
use steadflow_core::timestamp::Timestamp;
use steadflow_store::{Damaged, Listed, VersionId};
use uuid::Uuid;

use crate::error::is_unreadable;

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

pub(crate) fn queue_place(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Box<QueuePlace>>> {
    let Some(text) = row.get_ref(column)?.as_str_or_null()? else { return Ok(None) };
    let place = serde_json::from_str(text).map_err(|error| unreadable(column, error.to_string()))?;
    Ok(Some(Box::new(place)))
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
    listed_as(row, read, || first_bytes(row))
}

/// Reads a version of a flow or an agent of a list: their ids are in the first column, and the numbers in the third.
pub(crate) fn listed_version<T>(
    row: &Row<'_>,
    read: impl Fn(&Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Listed<T, VersionId>> {
    listed_as(row, read, || VersionId { of: first_bytes(row), version: row.get(2).unwrap_or(u32::MAX) })
}

/// Reads a row of a list whose id is elsewhere.
pub(crate) fn listed_as<T, Id: Display>(
    row: &Row<'_>,
    read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    id: impl FnOnce() -> Id,
) -> rusqlite::Result<Listed<T, Id>> {
    let reason = match read(row) {
        Ok(row) => return Ok(Ok(row)),
        Err(rusqlite::Error::FromSqlConversionFailure(_, _, reason)) => reason.to_string(),
        Err(error) if is_unreadable(&error) => error.to_string(),
        Err(error) => return Err(error),
    };
    Ok(Err(Damaged { id: id(), reason }))
}

/// Passes over what cannot be read, in lists that only name rows: those rows are damaged in the lists that show them.
pub(crate) fn readable<T>(read: rusqlite::Result<T>) -> Option<rusqlite::Result<T>> {
    match read {
        Err(error) if is_unreadable(&error) => None,
        read => Some(read),
    }
}

/// Returns the id in the first column, as far as it is one: what is too short is filled up with zeros.
pub(crate) fn first_bytes(row: &Row<'_>) -> Uuid {
    let mut id = [0; 16];
    let stored = row.get_ref(0).ok().and_then(|value| value.as_bytes().ok()).unwrap_or_default();
    id.iter_mut().zip(stored).for_each(|(byte, stored)| *byte = *stored);
    Uuid::from_bytes(id)
}

/// A number of rows as SQLite counts them; more than it can count is all.
pub(crate) fn rows_max(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}
