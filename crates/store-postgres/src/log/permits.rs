//! The protection of agents, which all processes keep to together.

use std::collections::BTreeSet;

use futures_util::future::try_join3;
use steadflow_core::protection::{PermitAsk, Permits, SharedGate};
use steadflow_core::timestamp::Timestamp;
use steadflow_store::{StoreError, Worker};
use tokio_postgres::Client;

use super::driven::Lessee;
use crate::PostgresStore;
use crate::columns::{get, number, timestamp};
use crate::error::{Error, Result};
use crate::session::transaction;
use crate::value::params;

impl PostgresStore {
    /// See [`steadflow_store::Log::permit`].
    pub(super) async fn permit_calls(
        &self,
        worker: Worker,
        ask: &PermitAsk,
        now: Timestamp,
    ) -> Result<Permits> {
        let (lessee, now) = (self.own(worker)?.lessee, self.moment(now));
        transaction!(&self.pool, |db| permitted(db, lessee, ask, now).await)
    }
}

/// Answers a question. Who asks for the same agent meanwhile waits.
async fn permitted(db: &Client, worker: Lessee, ask: &PermitAsk, now: Option<i64>) -> Result<Permits> {
    let agent = ask.agent.uuid();
    let insert = "INSERT INTO agent_gates (agent, gate) VALUES ($1, '') ON CONFLICT (agent) DO NOTHING";
    let select = "SELECT gate FROM agent_gates WHERE agent = $1 FOR UPDATE";
    // Behind the lock, so that time does not run backwards from one answer to the next.
    let living = "SELECT epoch, incarnation = $2,
            coalesce($1, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint)
        FROM workers WHERE NOT is_fenced";
    let (_, row, workers) = try_join3(
        db.execute_typed(insert, params![agent]),
        db.query_typed_one(select, params![agent]),
        db.query_typed(living, params![now, worker.incarnation]),
    )
    .await?;
    let (mut epochs, mut asked_at) = (BTreeSet::new(), None);
    for row in &workers {
        epochs.insert(number::<u64>(row, 0)?);
        if get(row, 1)? {
            asked_at = Some(timestamp(row, 2)?);
        }
    }
    let now = asked_at.ok_or(StoreError::Fenced)?;
    let mut gate = match get(&row, 0)? {
        "" => SharedGate::new(&ask.protection, now),
        stored => serde_json::from_str(stored)
            .map_err(|error| Error::Unreadable(format!("the protection of agent {}: {error}", ask.agent)))?,
    };
    let permits = gate.ask(worker.epoch, &epochs, ask, now);
    let stored = serde_json::to_string(&gate).expect("a gate has string keys only");
    let sql = "UPDATE agent_gates SET gate = $2 WHERE agent = $1";
    db.execute_typed(sql, params![agent, stored]).await?;
    Ok(permits)
}
