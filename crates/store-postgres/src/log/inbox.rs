//! Inputs for executions that another process may drive.

use std::collections::HashSet;

use steadflow_core::ids::ExecutionId;
use steadflow_store::{InboxId, InboxInput, InboxItem, Worker};
use tokio_postgres::{Client, Row};
use uuid::Uuid;

use super::{driven::Driven, leases};
use crate::PostgresStore;
use crate::columns::{execution_id, get, number, tenant_id, timestamp};
use crate::error::Result;
use crate::session::{session, transaction};
use crate::statement_cache::QueryCached;
use crate::value::{int, params};

/// Rows that are read at once.
const PART: i64 = 1_000;

/// See [`steadflow_store::Log::send`].
pub(crate) async fn send(db: &Client, input: &InboxInput) -> Result<InboxId> {
    let sql =
        "INSERT INTO inbox (execution, tenant, input, created_at) VALUES ($1, $2, $3, $4) RETURNING number";
    let (execution, tenant) = (input.execution.uuid(), input.tenant.uuid());
    let at = input.created_at.as_micros();
    let row = db.query_typed_one(sql, params![execution, tenant, &*input.input, at]).await?;
    number(&row, 0).map(InboxId)
}

/// Stores several inputs.
pub(super) async fn send_all(db: &impl QueryCached, inputs: &[&InboxInput]) -> Result<()> {
    let sql = "INSERT INTO inbox (execution, tenant, input, created_at)
        SELECT execution, tenant, input, at FROM UNNEST($1, $2, $3, $4)
            WITH ORDINALITY AS sent (execution, tenant, input, at, place) ORDER BY place";
    let executions: Vec<Uuid> = inputs.iter().map(|input| input.execution.uuid()).collect();
    let tenants: Vec<Uuid> = inputs.iter().map(|input| input.tenant.uuid()).collect();
    let texts: Vec<&str> = inputs.iter().map(|input| &*input.input).collect();
    let times: Vec<i64> = inputs.iter().map(|input| input.created_at.as_micros()).collect();
    db.query_cached(sql, params![executions, tenants, texts, times]).await?;
    Ok(())
}

/// Locks those of `items` that are there, and returns them.
pub(super) async fn lock(db: &impl QueryCached, items: &[InboxId]) -> Result<HashSet<InboxId>> {
    if items.is_empty() {
        return Ok(HashSet::new());
    }
    let sql = "SELECT number FROM inbox WHERE number = ANY($1) ORDER BY number FOR UPDATE";
    let rows = db.query_cached(sql, params![numbers(items)]).await?;
    rows.iter().map(|row| number(row, 0).map(InboxId)).collect()
}

pub(super) async fn delete(db: &impl QueryCached, items: &[InboxId]) -> Result<()> {
    db.query_cached("DELETE FROM inbox WHERE number = ANY($1)", params![numbers(items)]).await?;
    Ok(())
}

fn numbers(items: &[InboxId]) -> Vec<i64> {
    items.iter().map(|item| int(item.0)).collect()
}

impl PostgresStore {
    pub(super) async fn send_input(&self, input: InboxInput) -> Result<InboxId> {
        send(&*session(&self.pool).await?, &input).await
    }

    /// See [`steadflow_store::Log::discard`].
    pub(super) async fn discard_inputs(&self, worker: Worker, items: Vec<InboxId>) -> Result<()> {
        let lessee = self.own(worker)?.lessee;
        transaction!(&self.pool, |db| {
            leases::hold(db, lessee).await?;
            delete(db, &items).await
        })
    }

    /// See [`steadflow_store::Log::inbox`].
    pub(super) async fn inputs(
        &self,
        worker: Worker,
        after: Option<InboxId>,
        limit: usize,
    ) -> Result<Vec<InboxItem>> {
        let own = self.own(worker)?;
        let driven = own.driven.lock().await;
        let (mut items, mut late) = (Vec::new(), Vec::new());
        let mut after = after.map_or(0, |after| int(after.0));
        let db = session(&self.worker_pool).await?;
        leases::hold(&db, own.lessee).await?;
        while items.len() < limit {
            let looked_for = params![after, PART, driven.format];
            let rows = db.query_typed(include_str!("../queries/inbox.sql"), looked_for).await?;
            let Some(last) = rows.last() else { break };
            after = get(last, 0)?;
            let elsewhere = driven_elsewhere(&db, &driven, &rows).await?;
            for row in &rows {
                match place(row, worker, &driven, &elsewhere)? {
                    Place::Elsewhere => {}
                    Place::Late => late.push(InboxId(number(row, 0)?)),
                    Place::Here if items.len() < limit => items.push(item(row)?),
                    Place::Here => break,
                }
            }
        }
        if !late.is_empty() {
            delete(&*db, &late).await?;
        }
        Ok(items)
    }
}

/// Where an input belongs.
enum Place {
    /// To this worker, or to nobody.
    Here,
    /// To another worker.
    Elsewhere,
    /// To an execution that has ended.
    Late,
}

fn place(row: &Row, worker: Worker, driven: &Driven, elsewhere: &HashSet<ExecutionId>) -> Result<Place> {
    let (execution, owner) = (execution_id(row, 1)?, get::<Option<i64>>(row, 6)?);
    let is_elsewhere =
        owner.is_some_and(|owner| owner != int(worker.epoch)) || elsewhere.contains(&execution);
    Ok(match get(row, 5)? {
        true => Place::Late,
        false if driven.tip(execution).is_some() => Place::Here,
        false if is_elsewhere => Place::Elsewhere,
        false => Place::Here,
    })
}

/// Returns those executions without a row that only the tail of another worker knows.
async fn driven_elsewhere(db: &Client, driven: &Driven, rows: &[Row]) -> Result<HashSet<ExecutionId>> {
    let mut unknown: Vec<Uuid> = Vec::new();
    for row in rows {
        let (execution, has_row) = (execution_id(row, 1)?, get::<bool>(row, 7)?);
        if !has_row && driven.tip(execution).is_none() {
            unknown.push(execution.uuid());
        }
    }
    if unknown.is_empty() {
        return Ok(HashSet::new());
    }
    let sql = include_str!("../queries/in_tails.sql");
    let found = db.query_typed(sql, params![unknown, int(driven.lessee.epoch)]).await?;
    found.iter().map(|row| execution_id(row, 0)).collect()
}

fn item(row: &Row) -> Result<InboxItem> {
    let sent = InboxInput {
        execution: execution_id(row, 1)?,
        tenant: tenant_id(row, 2)?,
        input: get::<&str>(row, 3)?.into(),
        created_at: timestamp(row, 4)?,
    };
    Ok(InboxItem { id: InboxId(number(row, 0)?), sent })
}
