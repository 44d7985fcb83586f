//! [`Sessions`] for [`PostgresStore`].

use futures_util::TryStreamExt;
use steadflow_core::ids::{AgentId, TenantId};
use steadflow_core::session::{
    SessionAnswer, SessionClaim, SessionHolder, SessionId, SessionSummary, SessionTurn, SummaryPlace,
    WhenBusy, part_of,
};
use steadflow_core::timestamp::Timestamp;
use steadflow_store::{
    Claimed, SessionDeleted, SessionPage, SessionRecord, Sessions, StoreFuture, Worker, interrupt_of,
};
use tokio_postgres::{Client, Row};

use crate::columns::{
    agent_id, execution_id, execution_id_or_none, node, number, payload, tenant_id, text, timestamp,
};
use crate::error::Result;
use crate::log::{inbox, leases};
use crate::session::{rows, session, transaction};
use crate::value::{params, rows_max, stored};
use crate::{PostgresStore, call};

impl Sessions for PostgresStore {
    fn claim_session(&self, worker: Worker, claim: SessionClaim, now: Timestamp) -> StoreFuture<'_, Claimed> {
        call("claim_session", self.claim_for_node(worker, claim, now))
    }

    fn sessions(
        &self,
        tenant: TenantId,
        agent: AgentId,
        page: SessionPage,
    ) -> StoreFuture<'_, Vec<SessionRecord>> {
        call("sessions", async move { list(&*session(&self.pool).await?, tenant, agent, &page).await })
    }

    fn count_sessions(&self, tenant: TenantId, agent: AgentId) -> StoreFuture<'_, u64> {
        call("count_sessions", async move {
            let sql = "SELECT count(*) FROM sessions WHERE tenant = $1 AND agent = $2";
            let db = session(&self.pool).await?;
            number(&db.query_typed_one(sql, params![tenant.uuid(), agent.uuid()]).await?, 0)
        })
    }

    fn session(&self, id: SessionId) -> StoreFuture<'_, Option<SessionRecord>> {
        call("session", async move { find(&*session(&self.pool).await?, &id, "").await })
    }

    fn session_turns(
        &self,
        id: SessionId,
        last: u32,
        turns_max: u32,
        bytes_max: u64,
    ) -> StoreFuture<'_, Vec<SessionTurn>> {
        call("session_turns", async move {
            turns(&*session(&self.pool).await?, &id, last, (turns_max, bytes_max)).await
        })
    }

    fn session_summary(&self, id: SessionId, up_to: u32) -> StoreFuture<'_, Option<SessionSummary>> {
        call("session_summary", async move { last_summary(&*session(&self.pool).await?, &id, up_to).await })
    }

    fn delete_session(&self, id: SessionId) -> StoreFuture<'_, SessionDeleted> {
        call("delete_session", async move { transaction!(&self.pool, |db| delete(db, &id).await) })
    }

    fn expire_sessions(&self, before: Timestamp, limit: usize) -> StoreFuture<'_, usize> {
        call("expire_sessions", async move {
            let sql = include_str!("queries/expire_sessions.sql");
            let db = session(&self.pool).await?;
            let deleted = db.execute_typed(sql, params![before.as_micros(), rows_max(limit)]).await?;
            Ok(usize::try_from(deleted).unwrap_or(usize::MAX))
        })
    }
}

impl PostgresStore {
    /// While it is claimed, the worker commits nothing: a node that ends does so before or after it.
    async fn claim_for_node(&self, worker: Worker, claim: SessionClaim, now: Timestamp) -> Result<Claimed> {
        let own = self.own(worker)?;
        let driven = own.driven.lock().await;
        transaction!(&self.worker_pool, |db| {
            leases::hold(db, own.lessee).await?;
            match driven.tip(claim.execution) {
                Some(_) => claimed(db, &claim, now).await,
                None => Ok(Claimed::NotOurs),
            }
        })
    }
}

/// Gives a session to a node, unless another one has it.
async fn claimed(db: &Client, claim: &SessionClaim, now: Timestamp) -> Result<Claimed> {
    let holder = SessionHolder { execution: claim.execution, node: claim.node_id.clone() };
    let mut found = find(db, &claim.session, "FOR UPDATE").await?;
    while found.is_none() && claim.regenerates.is_none() {
        if create(db, &claim.session, &holder, now).await? {
            return Ok(Claimed::Answer(SessionAnswer::Taken(part_of(claim, 0, None, []))));
        }
        found = find(db, &claim.session, "FOR UPDATE").await?;
    }
    let Some(record) = found else { return Ok(Claimed::Answer(SessionAnswer::Moved)) };
    if let Some(other) = record.holder.filter(|other| *other != holder) {
        if claim.when_busy == WhenBusy::Interrupt {
            inbox::send(db, &interrupt_of(claim, &other, now)).await?;
        }
        return Ok(Claimed::Busy(other));
    }
    let SessionId { tenant, agent, key } = &claim.session;
    let (tenant, agent, key, node) =
        (tenant.uuid(), agent.uuid(), stored(key), stored(claim.node_id.as_str()));
    let mut last = record.turns;
    if let Some(execution) = claim.regenerates {
        let sql = "SELECT 1 FROM session_turns
            WHERE tenant = $1 AND agent = $2 AND key = $3 AND number = $4 AND execution = $5 AND node = $6";
        if db
            .query_typed_opt(sql, params![tenant, agent, key, i64::from(last), execution.uuid(), node])
            .await?
            .is_none()
        {
            return Ok(Claimed::Answer(SessionAnswer::Moved));
        }
        last -= 1;
    }
    let sql = "UPDATE sessions SET used_at = $4, holder = $5, holder_node = $6
        WHERE tenant = $1 AND agent = $2 AND key = $3";
    db.execute_typed(sql, params![tenant, agent, key, now.as_micros(), claim.execution.uuid(), node]).await?;
    let sql = "SELECT number, bytes FROM session_turns
        WHERE tenant = $1 AND agent = $2 AND key = $3 AND number <= $4 ORDER BY number DESC LIMIT $5";
    let sizes = db
        .query_typed(sql, params![tenant, agent, key, i64::from(last), i64::from(claim.sizes_max())])
        .await?;
    let sizes = sizes.iter().map(|row| Ok((number(row, 0)?, number(row, 1)?)));
    let sizes = sizes.collect::<Result<Vec<(u32, u64)>>>()?;
    let summary = if claim.has_summary { last_summary(db, &claim.session, last).await? } else { None };
    let place = summary.map(|summary| SummaryPlace { up_to: summary.up_to, bytes: summary.bytes() });
    Ok(Claimed::Answer(SessionAnswer::Taken(part_of(claim, last, place, sizes))))
}

/// Makes a session for a node; false if there is one.
async fn create(db: &Client, id: &SessionId, holder: &SessionHolder, now: Timestamp) -> Result<bool> {
    let sql =
        "INSERT INTO sessions (tenant, agent, key, turns, bytes, created_at, used_at, holder, holder_node)
        VALUES ($1, $2, $3, 0, 0, $4, $4, $5, $6) ON CONFLICT (tenant, agent, key) DO NOTHING";
    let SessionId { tenant, agent, key } = id;
    let created = db
        .execute_typed(
            sql,
            params![
                tenant.uuid(),
                agent.uuid(),
                stored(key),
                now.as_micros(),
                holder.execution.uuid(),
                stored(holder.node.as_str()),
            ],
        )
        .await?;
    Ok(created > 0)
}

const COLUMNS: &str =
    "SELECT tenant, agent, key, turns, bytes, created_at, used_at, holder, holder_node FROM sessions";

async fn find(db: &Client, id: &SessionId, lock: &str) -> Result<Option<SessionRecord>> {
    let SessionId { tenant, agent, key } = id;
    let sql = format!("{COLUMNS} WHERE tenant = $1 AND agent = $2 AND key = $3 {lock}");
    let found = db.query_typed_opt(&sql, params![tenant.uuid(), agent.uuid(), stored(key)]).await?;
    found.as_ref().map(read).transpose()
}

async fn list(
    db: &Client,
    tenant: TenantId,
    agent: AgentId,
    page: &SessionPage,
) -> Result<Vec<SessionRecord>> {
    let sql = format!(
        "{COLUMNS} WHERE tenant = $1 AND agent = $2 AND used_at <= $3 AND (used_at < $3 OR key COLLATE \"C\" > $4)
         ORDER BY used_at DESC, key COLLATE \"C\" LIMIT $5"
    );
    let (at, key) = page.after.as_ref().map_or((i64::MAX, ""), |(at, key)| (at.as_micros(), &**key));
    let found = db
        .query_typed(&sql, params![tenant.uuid(), agent.uuid(), at, stored(key), rows_max(page.limit)])
        .await?;
    found.iter().map(read).collect()
}

/// Reads the columns of [`COLUMNS`].
fn read(row: &Row) -> Result<SessionRecord> {
    let holder = match execution_id_or_none(row, 7)? {
        None => None,
        Some(execution) => Some(SessionHolder { execution, node: node(row, 8)? }),
    };
    Ok(SessionRecord {
        session: SessionId { tenant: tenant_id(row, 0)?, agent: agent_id(row, 1)?, key: text(row, 2)? },
        turns: number(row, 3)?,
        bytes: number(row, 4)?,
        created_at: timestamp(row, 5)?,
        used_at: timestamp(row, 6)?,
        holder,
    })
}

async fn turns(
    db: &Client,
    id: &SessionId,
    last: u32,
    (turns_max, bytes_max): (u32, u64),
) -> Result<Vec<SessionTurn>> {
    let sql =
        "SELECT number, bytes, execution, node, input_tokens, output_tokens, answered_at, question, answer
        FROM session_turns
        WHERE tenant = $1 AND agent = $2 AND key = $3 AND number <= $4 ORDER BY number DESC LIMIT $5";
    let SessionId { tenant, agent, key } = id;
    let mut found = rows(
        db,
        sql,
        params![tenant.uuid(), agent.uuid(), stored(key), i64::from(last), i64::from(turns_max)],
    )
    .await?;
    let (mut turns, mut bytes): (Vec<SessionTurn>, u64) = (Vec::new(), 0);
    while let Some(row) = found.try_next().await? {
        bytes = bytes.saturating_add(number(&row, 1)?);
        if !turns.is_empty() && bytes > bytes_max {
            break;
        }
        turns.push(SessionTurn {
            session: id.clone(),
            number: number(&row, 0)?,
            execution: execution_id(&row, 2)?,
            node: node(&row, 3)?,
            input_tokens: number(&row, 4)?,
            output_tokens: number(&row, 5)?,
            at: timestamp(&row, 6)?,
            question: payload(&row, 7)?,
            answer: payload(&row, 8)?,
        });
    }
    turns.reverse();
    Ok(turns)
}

/// Returns the newest summary that reaches to no turn behind this one.
async fn last_summary(db: &Client, id: &SessionId, up_to: u32) -> Result<Option<SessionSummary>> {
    let sql = "SELECT up_to, execution, node, written_at, summary FROM session_summaries
        WHERE tenant = $1 AND agent = $2 AND key = $3 AND up_to <= $4 ORDER BY up_to DESC LIMIT 1";
    let SessionId { tenant, agent, key } = id;
    let found =
        db.query_typed_opt(sql, params![tenant.uuid(), agent.uuid(), stored(key), i64::from(up_to)]).await?;
    let read = |row: &Row| {
        Ok(SessionSummary {
            session: id.clone(),
            up_to: number(row, 0)?,
            execution: execution_id(row, 1)?,
            node: node(row, 2)?,
            at: timestamp(row, 3)?,
            text: text(row, 4)?,
        })
    };
    found.as_ref().map(read).transpose()
}

async fn delete(db: &Client, id: &SessionId) -> Result<SessionDeleted> {
    let Some(record) = find(db, id, "FOR UPDATE").await? else { return Ok(SessionDeleted::Missing) };
    if let Some(holder) = record.holder {
        return Ok(SessionDeleted::Busy(holder));
    }
    let SessionId { tenant, agent, key } = id;
    for sql in [
        "DELETE FROM session_turns WHERE tenant = $1 AND agent = $2 AND key = $3",
        "DELETE FROM session_summaries WHERE tenant = $1 AND agent = $2 AND key = $3",
        "DELETE FROM sessions WHERE tenant = $1 AND agent = $2 AND key = $3",
    ] {
        db.execute_typed(sql, params![tenant.uuid(), agent.uuid(), stored(key)]).await?;
    }
    Ok(SessionDeleted::Done)
}
