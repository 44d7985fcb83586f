//! What rows have, as the types of `core`.

use std::fmt::Display;
use std::str::FromStr;
use std::sync::Arc;

use steadflow_core::execution::ExecutionStatus;
use steadflow_core::flow_control::QueuePlace;
use steadflow_core::ids::{AgentId, ExecutionId, FlowId, NodeId, TenantId};
use steadflow_core::payload::Payload;
use steadflow_core::timestamp::Timestamp;
use steadflow_store::{Damaged, Listed, VersionId};
use tokio_postgres::Row;
use tokio_postgres::types::FromSql;
use uuid::Uuid;

use crate::error::{Error, Result, message};
use crate::value;

/// Reads a column.
pub(crate) fn get<'r, T: FromSql<'r>>(row: &'r Row, column: usize) -> Result<T> {
    row.try_get(column).map_err(|error| Error::Unreadable(message(&error)))
}

pub(crate) fn execution_id(row: &Row, column: usize) -> Result<ExecutionId> {
    get(row, column).map(ExecutionId::new)
}

pub(crate) fn execution_id_or_none(row: &Row, column: usize) -> Result<Option<ExecutionId>> {
    Ok(get::<Option<Uuid>>(row, column)?.map(ExecutionId::new))
}

pub(crate) fn flow_id(row: &Row, column: usize) -> Result<FlowId> {
    get(row, column).map(FlowId::new)
}

pub(crate) fn agent_id(row: &Row, column: usize) -> Result<AgentId> {
    get(row, column).map(AgentId::new)
}

pub(crate) fn tenant_id(row: &Row, column: usize) -> Result<TenantId> {
    get(row, column).map(TenantId::new)
}

pub(crate) fn timestamp(row: &Row, column: usize) -> Result<Timestamp> {
    get(row, column).map(Timestamp::from_micros)
}

pub(crate) fn timestamp_or_none(row: &Row, column: usize) -> Result<Option<Timestamp>> {
    Ok(get::<Option<i64>>(row, column)?.map(Timestamp::from_micros))
}

/// Reads a text that was stored by [`value::stored`].
pub(crate) fn text(row: &Row, column: usize) -> Result<Arc<str>> {
    Ok(value::read(get(row, column)?).into())
}

pub(crate) fn text_or_none(row: &Row, column: usize) -> Result<Option<Arc<str>>> {
    Ok(get::<Option<String>>(row, column)?.map(|text| value::read(text).into()))
}

pub(crate) fn node(row: &Row, column: usize) -> Result<NodeId> {
    Ok(NodeId::new(text(row, column)?))
}

pub(crate) fn node_or_none(row: &Row, column: usize) -> Result<Option<NodeId>> {
    Ok(text_or_none(row, column)?.map(NodeId::new))
}

/// Reads a number that is never below zero.
pub(crate) fn number<T: TryFrom<i64>>(row: &Row, column: usize) -> Result<T> {
    let number: i64 = get(row, column)?;
    T::try_from(number).map_err(|_| Error::Unreadable(format!("{number} is out of range")))
}

pub(crate) fn number_or_none<T: TryFrom<i64>>(row: &Row, column: usize) -> Result<Option<T>> {
    get::<Option<i64>>(row, column)?.map(|_| number(row, column)).transpose()
}

/// Reads a value by its name.
pub(crate) fn named<T: FromStr>(row: &Row, column: usize) -> Result<T> {
    let name: &str = get(row, column)?;
    name.parse().map_err(|_| Error::Unreadable(format!("no such name: {name}")))
}

pub(crate) fn named_or_none<T: FromStr>(row: &Row, column: usize) -> Result<Option<T>> {
    get::<Option<&str>>(row, column)?.map(|_| named(row, column)).transpose()
}

pub(crate) fn status(row: &Row, column: usize) -> Result<ExecutionStatus> {
    let name: &str = get(row, column)?;
    let status = ExecutionStatus::ALL.into_iter().find(|status| status.as_str() == name);
    status.ok_or_else(|| Error::Unreadable(format!("no status is called {name}")))
}

pub(crate) fn queue_place(row: &Row, column: usize) -> Result<Option<Box<QueuePlace>>> {
    let Some(text) = get::<Option<&str>>(row, column)? else { return Ok(None) };
    let place = serde_json::from_str(text).map_err(|error| Error::Unreadable(error.to_string()))?;
    Ok(Some(Box::new(place)))
}

/// Reads JSON.
pub(crate) fn payload(row: &Row, column: usize) -> Result<Payload> {
    Payload::parse(get(row, column)?).map_err(|error| Error::Unreadable(error.to_string()))
}

/// Reads a row of a list, whose first column is its id. One that cannot be read is an entry of its own.
pub(crate) fn listed<T>(row: &Row, read: impl FnOnce(&Row) -> Result<T>) -> Result<Listed<T>> {
    listed_as(row, read, || get(row, 0).unwrap_or_default())
}

/// Reads a version of a flow or an agent of a list: their ids are in the first column, and the numbers in the third.
pub(crate) fn listed_version<T>(
    row: &Row,
    read: impl FnOnce(&Row) -> Result<T>,
) -> Result<Listed<T, VersionId>> {
    let id =
        || VersionId { of: get(row, 0).unwrap_or_default(), version: number(row, 2).unwrap_or(u32::MAX) };
    listed_as(row, read, id)
}

/// Reads a row of a list whose id is elsewhere.
pub(crate) fn listed_as<T, Id: Display>(
    row: &Row,
    read: impl FnOnce(&Row) -> Result<T>,
    id: impl FnOnce() -> Id,
) -> Result<Listed<T, Id>> {
    match read(row) {
        Ok(row) => Ok(Ok(row)),
        Err(Error::Unreadable(reason)) => Ok(Err(Damaged { id: id(), reason })),
        Err(error) => Err(error),
    }
}

/// Passes over what cannot be read, in lists that only name rows: those rows are damaged in the lists that show them.
pub(crate) fn readable<T>(read: Result<T>) -> Option<Result<T>> {
    match read {
        Err(Error::Unreadable(_)) => None,
        read => Some(read),
    }
}
