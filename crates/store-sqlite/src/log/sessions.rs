//! [`Sessions`] for [`SqliteStore`].

use rusqlite::{Connection, OptionalExtension, Row, params};
use steadflow_core::ids::{AgentId, ExecutionId, NodeId, TenantId};
use steadflow_core::session::{
    SessionAnswer, SessionChange, SessionClaim, SessionHolder, SessionId, SessionSummary, SessionTurn,
    SummaryPlace, WhenBusy, part_of,
};
use steadflow_core::timestamp::Timestamp;
use steadflow_store::{
    Claimed, SessionDeleted, SessionPage, SessionRecord, Sessions, StoreError, StoreFuture, Worker,
    interrupt_of,
};

use crate::SqliteStore;
use crate::columns::{agent_id, blob, execution_id, payload, rows_max, tenant_id, text, timestamp};
use crate::error::store_error;
use crate::history::costs::stored;
use crate::writer::Writer;

use super::inbox;

impl Sessions for SqliteStore {
    fn claim_session(&self, worker: Worker, claim: SessionClaim, now: Timestamp) -> StoreFuture<'_, Claimed> {
        Box::pin(self.write("claim_session", 0, move |writer| self::claim(writer, worker, &claim, now)))
    }

    fn sessions(
        &self,
        tenant: TenantId,
        agent: AgentId,
        page: SessionPage,
    ) -> StoreFuture<'_, Vec<SessionRecord>> {
        Box::pin(self.read("sessions", move |db| list(db, tenant, agent, &page)))
    }

    fn count_sessions(&self, tenant: TenantId, agent: AgentId) -> StoreFuture<'_, u64> {
        let sql = "SELECT count(*) FROM sessions WHERE tenant = ?1 AND agent = ?2";
        let of = (blob(tenant.uuid()), blob(agent.uuid()));
        Box::pin(
            self.read("count_sessions", move |db| db.prepare_cached(sql)?.query_row(of, |row| row.get(0))),
        )
    }

    fn session(&self, id: SessionId) -> StoreFuture<'_, Option<SessionRecord>> {
        Box::pin(self.read("session", move |db| Ok(find(db, &id)?.map(|(_, record)| record))))
    }

    fn session_turns(
        &self,
        id: SessionId,
        last: u32,
        turns_max: u32,
        bytes_max: u64,
    ) -> StoreFuture<'_, Vec<SessionTurn>> {
        Box::pin(self.read("session_turns", move |db| turns(db, &id, last, (turns_max, bytes_max))))
    }

    fn session_summary(&self, id: SessionId, up_to: u32) -> StoreFuture<'_, Option<SessionSummary>> {
        Box::pin(self.read("session_summary", move |db| summary(db, &id, up_to)))
    }

    fn delete_session(&self, id: SessionId) -> StoreFuture<'_, SessionDeleted> {
        Box::pin(self.change("delete_session", move |db| delete(db, &id)))
    }

    fn expire_sessions(&self, before: Timestamp, limit: usize) -> StoreFuture<'_, usize> {
        Box::pin(self.change("expire_sessions", move |db| expire(db, before, limit)))
    }
}

const COLUMNS: &str =
    "SELECT number, tenant, agent, key, turns, bytes, created_at, used_at, holder, holder_node FROM sessions";

fn claim(
    writer: &mut Writer,
    worker: Worker,
    claim: &SessionClaim,
    now: Timestamp,
) -> Result<Claimed, StoreError> {
    const CALL: &str = "claim_session";
    writer.check_lease(CALL, worker.epoch)?;
    if writer.tips.tip(claim.execution).is_none_or(|tip| tip.owner != worker.epoch) {
        return Ok(Claimed::NotOurs);
    }
    claimed(&writer.db, claim, now).map_err(|error| store_error(CALL, error))
}

/// Gives a session to a node, unless another one has it.
fn claimed(db: &Connection, claim: &SessionClaim, now: Timestamp) -> rusqlite::Result<Claimed> {
    let holder = SessionHolder { execution: claim.execution, node: claim.node_id.clone() };
    let (number, mut last) = match find(db, &claim.session)? {
        Some((_, SessionRecord { holder: Some(other), .. })) if other != holder => {
            if claim.when_busy == WhenBusy::Interrupt {
                inbox::send(db, &interrupt_of(claim, &other, now))?;
            }
            return Ok(Claimed::Busy(other));
        }
        Some((number, record)) => (Some(number), record.turns),
        None => (None, 0),
    };
    if let Some(execution) = claim.regenerates {
        let sql =
            "SELECT 1 FROM session_turns WHERE session = ?1 AND number = ?2 AND execution = ?3 AND node = ?4";
        let turn = params![number, last, blob(execution.uuid()), claim.node_id.as_str()];
        if !db.prepare_cached(sql)?.exists(turn)? {
            return Ok(Claimed::Answer(SessionAnswer::Moved));
        }
        last -= 1;
    }
    let SessionId { tenant, agent, key } = &claim.session;
    let sql = "INSERT INTO sessions (tenant, agent, key, turns, bytes, created_at, used_at, holder, holder_node)
        VALUES (?1, ?2, ?3, 0, 0, ?4, ?4, ?5, ?6)
        ON CONFLICT (tenant, agent, key)
        DO UPDATE SET used_at = excluded.used_at, holder = excluded.holder, holder_node = excluded.holder_node";
    db.prepare_cached(sql)?.execute(params![
        blob(tenant.uuid()),
        blob(agent.uuid()),
        &**key,
        now.as_micros(),
        blob(holder.execution.uuid()),
        holder.node.as_str(),
    ])?;
    let sql = "SELECT number, bytes FROM session_turns WHERE session = ?1 AND number <= ?2 ORDER BY number DESC LIMIT ?3";
    let mut statement = db.prepare_cached(sql)?;
    let sizes = statement
        .query_map(params![number, last, claim.sizes_max()], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let sizes = sizes.collect::<rusqlite::Result<Vec<(u32, u64)>>>()?;
    let summary = match number {
        Some(number) if claim.has_summary => last_summary(db, number, last)?,
        Some(_) | None => None,
    };
    Ok(Claimed::Answer(SessionAnswer::Taken(part_of(claim, last, summary, sizes))))
}

/// Changes the sessions that nodes of an execution have. One that a node does not have is left alone.
pub(crate) fn change(
    db: &Connection,
    execution: ExecutionId,
    changes: &[SessionChange],
) -> rusqlite::Result<()> {
    for change in changes {
        match change {
            SessionChange::Add(turn) => add(db, turn)?,
            SessionChange::Summarize(summary) => summarize(db, summary)?,
            SessionChange::Leave(node) => leave(db, execution, node)?,
        }
    }
    Ok(())
}

fn add(db: &Connection, turn: &SessionTurn) -> rusqlite::Result<()> {
    let sql = "UPDATE sessions SET holder = NULL, holder_node = NULL, turns = ?3, used_at = ?4
        WHERE holder = ?1 AND holder_node = ?2 RETURNING number";
    let (execution, node) = (blob(turn.execution.uuid()), turn.node.as_str());
    let held = params![execution, node, turn.number, turn.at.as_micros()];
    let number: Option<i64> = db.prepare_cached(sql)?.query_row(held, |row| row.get(0)).optional()?;
    let Some(number) = number else { return Ok(()) };
    // The sum of all turns would take the longer, the longer the conversation is.
    let sql = "UPDATE sessions SET bytes = bytes + ?3
            - coalesce((SELECT bytes FROM session_turns WHERE session = ?1 AND number = ?2), 0)
        WHERE number = ?1";
    db.prepare_cached(sql)?.execute(params![number, turn.number, stored(turn.bytes())])?;
    let sql = "INSERT OR REPLACE INTO session_turns
        (session, number, bytes, execution, node, input_tokens, output_tokens, answered_at, question, answer)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
    db.prepare_cached(sql)?.execute(params![
        number,
        turn.number,
        stored(turn.bytes()),
        execution,
        node,
        stored(turn.input_tokens),
        stored(turn.output_tokens),
        turn.at.as_micros(),
        turn.question.as_str(),
        turn.answer.as_str(),
    ])?;
    Ok(())
}

/// Adds a summary, if its node has the session.
fn summarize(db: &Connection, summary: &SessionSummary) -> rusqlite::Result<()> {
    let sql = "INSERT OR REPLACE INTO session_summaries
        (session, up_to, bytes, execution, node, written_at, summary)
        SELECT number, ?3, ?4, ?1, ?2, ?5, ?6 FROM sessions WHERE holder = ?1 AND holder_node = ?2";
    let written = params![
        blob(summary.execution.uuid()),
        summary.node.as_str(),
        summary.up_to,
        stored(summary.bytes()),
        summary.at.as_micros(),
        &*summary.text,
    ];
    db.prepare_cached(sql)?.execute(written).map(drop)
}

/// Returns where the newest summary is that reaches to no turn behind this one.
fn last_summary(db: &Connection, session: i64, up_to: u32) -> rusqlite::Result<Option<SummaryPlace>> {
    let sql = "SELECT up_to, bytes FROM session_summaries WHERE session = ?1 AND up_to <= ?2
        ORDER BY up_to DESC LIMIT 1";
    let place = |row: &Row<'_>| Ok(SummaryPlace { up_to: row.get(0)?, bytes: row.get(1)? });
    db.prepare_cached(sql)?.query_row((session, up_to), place).optional()
}

fn summary(db: &Connection, id: &SessionId, up_to: u32) -> rusqlite::Result<Option<SessionSummary>> {
    let Some((session, _)) = find(db, id)? else { return Ok(None) };
    let sql = "SELECT up_to, execution, node, written_at, summary FROM session_summaries
        WHERE session = ?1 AND up_to <= ?2 ORDER BY up_to DESC LIMIT 1";
    let read = |row: &Row<'_>| {
        Ok(SessionSummary {
            session: id.clone(),
            up_to: row.get(0)?,
            execution: execution_id(row, 1)?,
            node: NodeId::new(row.get_ref(2)?.as_str()?),
            at: timestamp(row, 3)?,
            text: text(row, 4)?,
        })
    };
    db.prepare_cached(sql)?.query_row((session, up_to), read).optional()
}

fn leave(db: &Connection, execution: ExecutionId, node: &NodeId) -> rusqlite::Result<()> {
    let held = (blob(execution.uuid()), node.as_str());
    let sql = "DELETE FROM sessions WHERE holder = ?1 AND holder_node = ?2 AND turns = 0";
    db.prepare_cached(sql)?.execute(held)?;
    let sql = "UPDATE sessions SET holder = NULL, holder_node = NULL WHERE holder = ?1 AND holder_node = ?2";
    db.prepare_cached(sql)?.execute(held).map(drop)
}

fn find(db: &Connection, id: &SessionId) -> rusqlite::Result<Option<(i64, SessionRecord)>> {
    let SessionId { tenant, agent, key } = id;
    let sql = format!("{COLUMNS} WHERE tenant = ?1 AND agent = ?2 AND key = ?3");
    let of = params![blob(tenant.uuid()), blob(agent.uuid()), &**key];
    db.prepare_cached(&sql)?.query_row(of, |row| Ok((row.get(0)?, read(row)?))).optional()
}

fn list(
    db: &Connection,
    tenant: TenantId,
    agent: AgentId,
    page: &SessionPage,
) -> rusqlite::Result<Vec<SessionRecord>> {
    let sql = format!(
        "{COLUMNS} WHERE tenant = ?1 AND agent = ?2 AND used_at <= ?3 AND (used_at < ?3 OR key > ?4)
         ORDER BY used_at DESC, key LIMIT ?5"
    );
    let (at, key) = page.after.as_ref().map_or((i64::MAX, ""), |(at, key)| (at.as_micros(), &**key));
    let of = params![blob(tenant.uuid()), blob(agent.uuid()), at, key, rows_max(page.limit)];
    db.prepare_cached(&sql)?.query_map(of, read)?.collect()
}

/// Reads the columns of [`COLUMNS`].
fn read(row: &Row<'_>) -> rusqlite::Result<SessionRecord> {
    let holder = match row.get_ref(8)?.as_blob_or_null()? {
        None => None,
        Some(_) => Some(SessionHolder {
            execution: execution_id(row, 8)?,
            node: NodeId::new(row.get_ref(9)?.as_str()?),
        }),
    };
    Ok(SessionRecord {
        session: SessionId { tenant: tenant_id(row, 1)?, agent: agent_id(row, 2)?, key: text(row, 3)? },
        turns: row.get(4)?,
        bytes: row.get(5)?,
        created_at: timestamp(row, 6)?,
        used_at: timestamp(row, 7)?,
        holder,
    })
}

fn turns(
    db: &Connection,
    id: &SessionId,
    last: u32,
    (turns_max, bytes_max): (u32, u64),
) -> rusqlite::Result<Vec<SessionTurn>> {
    let Some((session, _)) = find(db, id)? else { return Ok(Vec::new()) };
    let sql =
        "SELECT number, bytes, execution, node, input_tokens, output_tokens, answered_at, question, answer
        FROM session_turns WHERE session = ?1 AND number <= ?2 ORDER BY number DESC LIMIT ?3";
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query((session, last, turns_max))?;
    let (mut turns, mut bytes): (Vec<SessionTurn>, u64) = (Vec::new(), 0);
    while let Some(row) = rows.next()? {
        bytes = bytes.saturating_add(row.get(1)?);
        if !turns.is_empty() && bytes > bytes_max {
            break;
        }
        turns.push(SessionTurn {
            session: id.clone(),
            number: row.get(0)?,
            execution: execution_id(row, 2)?,
            node: NodeId::new(row.get_ref(3)?.as_str()?),
            input_tokens: row.get(4)?,
            output_tokens: row.get(5)?,
            at: timestamp(row, 6)?,
            question: payload(row, 7)?,
            answer: payload(row, 8)?,
        });
    }
    turns.reverse();
    Ok(turns)
}

fn delete(db: &Connection, id: &SessionId) -> rusqlite::Result<SessionDeleted> {
    match find(db, id)? {
        None => Ok(SessionDeleted::Missing),
        Some((_, SessionRecord { holder: Some(holder), .. })) => Ok(SessionDeleted::Busy(holder)),
        Some((number, _)) => {
            delete_one(db, number)?;
            Ok(SessionDeleted::Done)
        }
    }
}

fn delete_one(db: &Connection, number: i64) -> rusqlite::Result<()> {
    db.prepare_cached("DELETE FROM session_turns WHERE session = ?1")?.execute([number])?;
    db.prepare_cached("DELETE FROM session_summaries WHERE session = ?1")?.execute([number])?;
    db.prepare_cached("DELETE FROM sessions WHERE number = ?1")?.execute([number]).map(drop)
}

fn expire(db: &Connection, before: Timestamp, limit: usize) -> rusqlite::Result<usize> {
    let sql = "SELECT number FROM sessions WHERE holder IS NULL AND used_at < ?1 ORDER BY used_at LIMIT ?2";
    let mut statement = db.prepare_cached(sql)?;
    let old = statement.query_map((before.as_micros(), rows_max(limit)), |row| row.get(0))?;
    let old = old.collect::<rusqlite::Result<Vec<i64>>>()?;
    old.iter().try_for_each(|number| delete_one(db, *number))?;
    Ok(old.len())
}

/// Deletes the sessions of an agent.
pub(crate) fn delete_all(db: &Connection, tenant: TenantId, agent: AgentId) -> rusqlite::Result<()> {
    let of = (blob(tenant.uuid()), blob(agent.uuid()));
    for table in ["session_turns", "session_summaries"] {
        let sql = format!(
            "DELETE FROM {table} WHERE session IN
             (SELECT number FROM sessions WHERE tenant = ?1 AND agent = ?2)"
        );
        db.prepare_cached(&sql)?.execute(of)?;
    }
    db.prepare_cached("DELETE FROM sessions WHERE tenant = ?1 AND agent = ?2")?.execute(of).map(drop)
}
