//! What an execution takes through shard and database, for each of its nodes.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use steadflow_core::caller::Actor;
use steadflow_core::event::Accepted;
use steadflow_core::execution::{FlowVersion, Input, NewExecution};
use steadflow_core::ids::{ExecutionId, TenantId};
use steadflow_core::payload::Payload;
use steadflow_core::timestamp::Timestamp;
use steadflow_core::work::Outcome;
use steadflow_runtime::shard::{Accept, Action, Message, Origin, Reply, ReplyId, Shard, ShardConfig};
use steadflow_store::{Log, Store};
use steadflow_store_sqlite::{SqliteOptions, SqliteStore};
use uuid::Uuid;

use crate::{Guard, chain};

const START: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);
const LEASE: Duration = Duration::from_secs(3_600);
const CHAIN: u32 = 10;
/// Executions at once, so commits in a batch.
const AT_ONCE: u32 = 64;
const EXECUTIONS: u32 = 512;

pub(crate) const COMMIT: Guard = Guard {
    name: "commit_a_node",
    counted: 15_950,
    units: EXECUTIONS * CHAIN,
    run: |nodes| commit(nodes / CHAIN),
};

fn version() -> Arc<FlowVersion> {
    chain::version(&chain::document(CHAIN as usize, |_| json!({ "value": "${trigger_data.value}" })))
}

fn accept(flow: &Arc<FlowVersion>, number: u32) -> Message {
    let accepted = Accepted {
        trigger_data: Payload::from_value(&json!({ "value": 42 })),
        actor: Actor::USER,
        ..Accepted::new(TenantId::DEFAULT, flow.flow_id, 1, "w1".into())
    };
    Message::Accept(Box::new(Accept {
        new: NewExecution {
            id: ExecutionId::new(Uuid::from_u128(u128::from(number))),
            pinned: Arc::clone(flow).into(),
            accepted,
        },
        limits: steadflow_core::flow_control::SlotLimits::default(),
        idempotency: None,
        reply: ReplyId(u64::from(number) * 2),
        wait: Some(ReplyId(u64::from(number) * 2 + 1)),
    }))
}

/// Runs so many executions from acceptance to their ends, `AT_ONCE` at a time.
async fn drive(store: &SqliteStore, executions: u32) -> u32 {
    let worker = store.register("w1".into(), START, LEASE).await.expect("it registers");
    let (flow, mut shard) = (version(), Shard::new(ShardConfig::new("w1".into())));
    let (mut accepted, mut ended, mut now) = (0, 0, START);
    while ended < executions {
        now = now.plus(Duration::from_micros(100));
        while accepted < executions && accepted - ended < AT_ONCE {
            accepted += 1;
            shard.handle(accept(&flow, accepted), now);
        }
        shard.tick(now);
        if let Some((id, batch)) = shard.take_batch(now) {
            let committed = store.commit(worker, batch).await;
            shard.committed(id, committed, now).expect("the worker is not fenced");
        }
        for action in shard.take_actions() {
            match action {
                Action::StartStep(work) => {
                    let (execution, call) = (work.execution, work.key());
                    let input = Input::StepEnded { call, outcome: Outcome::completed(work.input) };
                    shard.handle(Message::Input { execution, input, from: Origin::Engine }, now);
                }
                Action::Reply(_, Reply::Snapshot(_)) => ended += 1,
                Action::StopStep(_)
                | Action::LookIntoInbox
                | Action::Decide(_)
                | Action::ClaimSession(_)
                | Action::AwaitEvent(_)
                | Action::Load(_)
                | Action::Discard(_)
                | Action::Unclaimed(_)
                | Action::Gate(_)
                | Action::Reply(..)
                | Action::Publish(_) => {}
            }
        }
    }
    ended
}

/// Runs so many executions on a database of their own.
fn commit(executions: u32) {
    let directory = tempfile::tempdir().expect("a directory can be made");
    let store = SqliteStore::open(directory.path().join("steadflow.db"), SqliteOptions::default());
    let store = store.expect("the database opens");
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime starts");
    black_box(runtime.block_on(drive(black_box(&store), executions)));
    runtime.block_on(store.close()).expect("the database closes");
}
