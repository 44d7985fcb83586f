//! A thousand clients of the event stream.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use serde_json::json;
use steadflow_core::timestamp::Timestamp;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use super::connection::Connection;
use super::delays::Delays;
use super::figures::Figures;
use super::target::Target;
use super::{flows, load, process};
use crate::args::Bench;

const FOLLOWERS: u32 = 1_000;
/// Executions per second while the delay is measured.
const PER_SECOND: u32 = 20;
const CHAIN: u32 = 10;

/// Measures the cost of followers of all executions, the delay of their events, and the throughput with them.
pub(super) async fn followers(target: &Target, args: &Bench, figures: &mut Figures) -> anyhow::Result<()> {
    let flow = target.create_flow(&flows::chain(CHAIN)).await?;
    let alone = load::repeat(target, args, &flow, 64).await?;
    let before = process::resident_bytes(target.pid()?)?;
    let delays = Delays::default();
    let mut followers = Vec::new();
    for _ in 0..FOLLOWERS {
        followers.push(Follower::open(target, delays.clone()).await?);
    }
    let grown = process::resident_bytes(target.pid()?)? - before;
    figures.add_one("1,000 followers: memory each", "bytes", grown / f64::from(FOLLOWERS));

    steady_load(target, args, &flow).await?;
    delays.report("1,000 followers, 20 ends/s", figures).context("No follower received an event")?;

    let beside = load::repeat(target, args, &flow, 64).await?;
    ensure!(followers.iter().all(Follower::is_open), "The stream of a follower ended");
    let [alone, beside] = [alone, beside].map(|loads| loads.executions_per_second.times(f64::from(CHAIN)));
    figures.add("chain of 10 echo, 64 concurrent, no followers", "nodes/s", alone);
    figures.add("the same with 1,000 followers", "nodes/s", beside);
    Ok(())
}

async fn steady_load(target: &Target, args: &Bench, flow: &str) -> anyhow::Result<()> {
    let request = target.execute_request(flow, true, &json!({ "trigger_data": { "value": 42 } }));
    let mut connection = Connection::open(target.address()).await?;
    let mut ticks = tokio::time::interval(Duration::from_secs(1) / PER_SECOND);
    let began = Instant::now();
    while began.elapsed().as_secs_f64() < args.seconds {
        ticks.tick().await;
        load::expect_completed(&connection.send(&request).await?)?;
        target.count(1);
    }
    Ok(())
}

/// One client. Disconnects when it is dropped.
struct Follower {
    reading: JoinHandle<()>,
    is_open: Arc<AtomicBool>,
}

impl Follower {
    async fn open(target: &Target, delays: Delays) -> anyhow::Result<Self> {
        let mut stream =
            TcpStream::connect(target.address()).await.context("Could not connect to the server")?;
        stream
            .write_all(&target.get_request("/events"))
            .await
            .context("The connection to the server broke")?;
        let mut buffer = Vec::with_capacity(16 * 1_024);
        // The stream starts with a snapshot; after that, no event is missed.
        while !buffer.windows(15).any(|window| window == b"event: snapshot") {
            ensure!(stream.read_buf(&mut buffer).await? > 0, "The event stream ended before its first event");
        }
        let is_open = Arc::new(AtomicBool::new(true));
        let reading = tokio::spawn(read(stream, delays, Arc::clone(&is_open)));
        Ok(Self { reading, is_open })
    }

    fn is_open(&self) -> bool {
        self.is_open.load(Ordering::Relaxed)
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.reading.abort();
    }
}

/// Reads the stream until it ends, and records the delay of each execution that ended.
async fn read(mut stream: TcpStream, delays: Delays, is_open: Arc<AtomicBool>) {
    let mut buffer = Vec::with_capacity(16 * 1_024);
    while stream.read_buf(&mut buffer).await.is_ok_and(|read| read > 0) {
        let whole = buffer.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        for line in buffer[..whole].split(|byte| *byte == b'\n').filter(|line| line.starts_with(b"data: {")) {
            if let Some(ended) = ended_at(line) {
                delays.push_since(ended);
            }
        }
        buffer.drain(..whole);
    }
    is_open.store(false, Ordering::Relaxed);
}

fn ended_at(line: &[u8]) -> Option<Timestamp> {
    const KEY: &str = "\"completed_at\":\"";
    let line = std::str::from_utf8(line).ok()?;
    let from = line.find(KEY)? + KEY.len();
    Timestamp::parse(line[from..].split('"').next()?).ok()
}
