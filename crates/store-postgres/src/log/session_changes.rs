//! What commits change in sessions.

use futures_util::future::try_join;
use steadflow_core::ids::{AgentId, ExecutionId, NodeId, TenantId};
use steadflow_core::session::{SessionChange, SessionSummary, SessionTurn};
use tokio_postgres::Client;

use crate::error::Result;
use crate::value::{int, params, stored};

/// Changes the sessions that nodes of an execution have. One that a node does not have is left alone.
pub(crate) async fn change(db: &Client, execution: ExecutionId, changes: &[SessionChange]) -> Result<()> {
    for change in changes {
        match change {
            SessionChange::Add(turn) => add(db, turn).await?,
            SessionChange::Summarize(summary) => summarize(db, summary).await?,
            SessionChange::Leave(node) => leave(db, execution, node).await?,
        }
    }
    Ok(())
}

async fn add(db: &Client, turn: &SessionTurn) -> Result<()> {
    db.execute_typed(
        include_str!("../queries/add_turn.sql"),
        params![
            turn.execution.uuid(),
            stored(turn.node.as_str()),
            i64::from(turn.number),
            turn.at.as_micros(),
            int(turn.bytes()),
            int(turn.input_tokens),
            int(turn.output_tokens),
            turn.question.as_str(),
            turn.answer.as_str(),
        ],
    )
    .await?;
    Ok(())
}

/// Adds a summary, if its node has the session.
async fn summarize(db: &Client, summary: &SessionSummary) -> Result<()> {
    let sql = "INSERT INTO session_summaries
            (tenant, agent, key, up_to, bytes, execution, node, written_at, summary)
        SELECT tenant, agent, key, $3, $4, $1, $2, $5, $6
        FROM (SELECT tenant, agent, key FROM sessions WHERE holder = $1 AND holder_node = $2 FOR UPDATE) AS held
        ON CONFLICT (tenant, agent, key, up_to) DO UPDATE SET
            bytes = excluded.bytes,
            execution = excluded.execution,
            node = excluded.node,
            written_at = excluded.written_at,
            summary = excluded.summary";
    db.execute_typed(
        sql,
        params![
            summary.execution.uuid(),
            stored(summary.node.as_str()),
            i64::from(summary.up_to),
            int(summary.bytes()),
            summary.at.as_micros(),
            stored(&summary.text),
        ],
    )
    .await?;
    Ok(())
}

async fn leave(db: &Client, execution: ExecutionId, node: &NodeId) -> Result<()> {
    let (execution, node) = (execution.uuid(), stored(node.as_str()));
    let held = params![execution, node];
    let empty = "DELETE FROM sessions WHERE holder = $1 AND holder_node = $2 AND turns = 0";
    let others =
        "UPDATE sessions SET holder = NULL, holder_node = NULL WHERE holder = $1 AND holder_node = $2";
    try_join(db.execute_typed(empty, held), db.execute_typed(others, held)).await?;
    Ok(())
}

/// Deletes the sessions of an agent.
pub(crate) async fn delete_all(db: &Client, tenant: TenantId, agent: AgentId) -> Result<()> {
    // What adds a turn has its session locked.
    for sql in [
        "SELECT 1 FROM sessions WHERE tenant = $1 AND agent = $2 ORDER BY key FOR UPDATE",
        "DELETE FROM session_turns WHERE tenant = $1 AND agent = $2",
        "DELETE FROM session_summaries WHERE tenant = $1 AND agent = $2",
        "DELETE FROM sessions WHERE tenant = $1 AND agent = $2",
    ] {
        db.execute_typed(sql, params![tenant.uuid(), agent.uuid()]).await?;
    }
    Ok(())
}
