//! Measures the writer: chains of ten nodes, each step durable before the next, on the disk of the current directory.
//!
//! `cargo run --release -p steadflow-store-sqlite --example commit_rate -- [EXECUTIONS] [CONCURRENT] [SHARDS]`
//!
//! Each shard drives its part of the concurrent executions in step and commits them as one batch, as the engine does.
//! An execution is eleven rows of the tail and an end with row, journal and 45 counters.
#![expect(clippy::print_stdout, reason = "the figures are what it is for")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use steadflow_core::execution::ExecutionStatus;
use steadflow_core::ids::{ExecutionId, FlowId, NodeId, TenantId};
use steadflow_core::timestamp::Timestamp;
use steadflow_store::{Commit, ExecutionRow, Log, Projection, Rollup, RollupKey, Worker};
use steadflow_store_sqlite::{SqliteOptions, SqliteStore};
use uuid::Uuid;

const NODES: u64 = 10;
const NODE_COUNTERS: u64 = 4;
const FLOW_COUNTERS: u64 = 5;
const NOW: Timestamp = Timestamp::from_micros(1_795_000_000_000_000);

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1).map(|text| text.parse().expect("a number"));
    let executions: u64 = arguments.next().unwrap_or(100_000);
    let concurrent = arguments.next().unwrap_or(64);
    let shards = arguments.next().unwrap_or(2);
    let directory = tempfile::tempdir_in(".").expect("a directory");
    let path = directory.path().join("rate.db");
    let store = Arc::new(SqliteStore::open(&path, SqliteOptions::default()).expect("a new database"));
    let worker = store.register("rate".into(), NOW, Duration::from_secs(3_600)).await.expect("a worker");

    let began = (Instant::now(), writer_time());
    let drives = (0..shards).map(|shard| {
        let load = Load { store: Arc::clone(&store), worker, shard, width: concurrent / shards };
        tokio::spawn(load.drive(executions / concurrent))
    });
    let mut slowest = Duration::ZERO;
    for drive in drives.collect::<Vec<_>>() {
        slowest = slowest.max(drive.await.expect("a shard"));
    }

    let (elapsed, busy) = (began.0.elapsed(), writer_time() - began.1);
    let executions = (executions / concurrent * concurrent) as f64;
    let each = |time: Duration| time.as_secs_f64() * 1e6 / executions;
    println!("executions            {executions:>12} ({concurrent} at a time, {shards} shards)");
    println!("executions per second {:>12.0}", executions / elapsed.as_secs_f64());
    println!("commits per second    {:>12.0}", executions * (NODES + 2) as f64 / elapsed.as_secs_f64());
    println!("time per execution    {:>12.1} µs", each(elapsed));
    println!("writer's CPU          {:>12.1} µs per execution", each(busy));
    println!("slowest commit        {:>12.1} ms", slowest.as_secs_f64() * 1e3);
    println!(
        "file                  {:>12} KiB",
        std::fs::metadata(&path).map_or(0, |file| file.len() / 1024)
    );
}

struct Load {
    store: Arc<SqliteStore>,
    worker: Worker,
    shard: u64,
    width: u64,
}

impl Load {
    /// Drives rounds of executions, and returns how long the slowest commit took.
    async fn drive(self, rounds: u64) -> Duration {
        let records: Vec<Arc<str>> = (1..=NODES + 2).map(record).collect();
        let journal = format!("[{}]", records.join(","));
        let mut slowest = Duration::ZERO;
        for round in 0..rounds {
            for seq in 1..=NODES + 2 {
                let ids = (0..self.width).map(|lane| id(round, self.shard * self.width + lane));
                let record = &records[seq as usize - 1];
                let commits = ids.map(|id| commit(id, seq, record, &journal)).collect();
                let began = Instant::now();
                self.store.commit(self.worker, commits).await.expect("a commit");
                slowest = slowest.max(began.elapsed());
            }
        }
        slowest
    }
}

fn id(round: u64, lane: u64) -> ExecutionId {
    let time = u128::from(0x0190_0000_0000 + round) << 80;
    ExecutionId::new(Uuid::from_u128(time | 0x7000_8000_0000_0000_0000 | u128::from(lane)))
}

fn record(seq: u64) -> Arc<str> {
    let at = NOW.as_micros() + seq as i64 * 150;
    let output = format!(r#"{{"value":{seq},"text":"{}"}}"#, "x".repeat(60));
    let node = seq.saturating_sub(2);
    let begin = format!(r#"{{"attempt_started":{{"node":{},"attempt":1,"input":{output}}}}}"#, node + 1);
    let end = format!(r#"{{"node_completed":{{"node":{node},"output":{output}}}}}"#);
    match seq {
        1 => format!(
            r#"[1,{at},[{{"accepted":{{"tenant":"{0}","flow":"{0}","version":1,"trigger_data":{output},"triggered_by":"api","worker":"rate"}}}},"started"]]"#,
            Uuid::nil()
        ),
        last if last == NODES + 2 => format!(r#"[{seq},{at},[{end},{{"finished":{{"status":"completed"}}}}]]"#),
        _ => format!("[{seq},{at},[{end},{begin}]]"),
    }
    .into()
}

fn commit(execution: ExecutionId, seq: u64, record: &Arc<str>, journal: &str) -> Commit {
    let projection = if seq == NODES + 2 {
        Projection::Finished {
            row: Box::new(row(execution)),
            journal: journal.to_owned(),
            rollup: Box::new(rollup()),
        }
    } else {
        Projection::Tail
    };
    let record = Some(Arc::clone(record));
    Commit {
        execution,
        seq,
        record,
        idempotency: None,
        projection,
        takes: Vec::new(),
        sends: Vec::new(),
        sessions: None,
        slot: None,
        follows: None,
    }
}

fn row(id: ExecutionId) -> ExecutionRow {
    ExecutionRow {
        id,
        tenant: TenantId::DEFAULT,
        flow: FlowId::new(Uuid::max()),
        flow_version: 1,
        status: ExecutionStatus::Completed,
        retrying: false,
        recovered: false,
        current_node: Some(NodeId::new("node-10")),
        context_id: None,
        context_type: None,
        triggered_by: "api".into(),
        retry_of: None,
        forked_from: None,
        parent: None,
        parent_node: None,
        index: 0,
        shares_slot: false,
        queue: None,
        error_message: None,
        error_class: None,
        fingerprint: None,
        created_at: NOW,
        started_at: Some(NOW),
        completed_at: Some(NOW),
        total_nodes: NODES as u32,
        completed_nodes: NODES as u32,
        failed_nodes: 0,
        attempts: NODES as u32,
        waiting_for: None,
    }
}

fn rollup() -> Rollup {
    let node = |node: u64, count: u64| {
        let name = (node > 0).then(|| NodeId::new(format!("node-{node}")));
        (0..count).map(move |metric| {
            (RollupKey { node: name.clone(), metric: format!("metric:{metric}").into() }, 1)
        })
    };
    let counts = node(0, FLOW_COUNTERS).chain((1..=NODES).flat_map(|number| node(number, NODE_COUNTERS)));
    let (tenant, flow) = (TenantId::DEFAULT, FlowId::new(Uuid::max()));
    Rollup { tenant, flow, hour: NOW, counts: counts.collect(), agents: Vec::new(), costs: Vec::new() }
}

/// How long the writer's thread has been on a processor; zero if the system does not report it.
fn writer_time() -> Duration {
    let threads = std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let writers = threads.filter(|thread| {
        std::fs::read_to_string(thread.path().join("comm"))
            .is_ok_and(|name| name.starts_with("steadflow-sqlit"))
    });
    let nanos = writers.filter_map(|thread| {
        let times = std::fs::read_to_string(thread.path().join("schedstat")).ok()?;
        times.split(' ').next()?.parse().ok()
    });
    nanos.map(Duration::from_nanos).sum()
}
