//! A thousand agents whose models write at the same time, each with a client that reads what is written.

use std::convert::Infallible;
use std::time::Duration;

use anyhow::{Context, ensure};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::routing::post;
use futures_util::stream;
use serde_json::{Value, json};
use steadflow_core::timestamp::Timestamp;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::interval;

use super::delays::{Delays, now};
use super::figures::Figures;
use super::target::Target;
use super::{flows, process};
use crate::args::Bench;

const AGENTS: u32 = 1_000;
/// Tokens of each model per second.
const PER_SECOND: u32 = 10;

/// Measures the memory of an agent whose model writes, and the time from the model to a reader of the text.
pub(super) async fn agents(target: &Target, args: &Bench, figures: &mut Figures) -> anyhow::Result<()> {
    let model = Model::start().await?;
    let agent = target.create_agent(&flows::agent(&model.base)).await?;
    let flow = target.create_flow(&flows::asking(&agent)).await?;
    let before = process::resident_bytes(target.pid()?)?;
    let delays = Delays::default();
    let mut readers = Vec::new();
    for _ in 0..AGENTS {
        let execution = target.start_execution(&flow).await?;
        readers.push(read(target, &execution, delays.clone()).await?);
    }

    model.writes.send_replace(true);
    let half = Duration::from_secs_f64(args.seconds / 2.0);
    tokio::time::sleep(half).await;
    let grown = process::resident_bytes(target.pid()?)? - before;
    let cpu = process::cpu_seconds(target.pid()?)?;
    tokio::time::sleep(half).await;
    let busy = (process::cpu_seconds(target.pid()?)? - cpu) / half.as_secs_f64();
    model.writes.send_replace(false);
    for reader in readers {
        reader.await.context("A reader panicked")??;
    }
    target.count(u64::from(AGENTS));

    figures.add_one("1,000 agents that stream: memory each", "bytes", grown / f64::from(AGENTS));
    delays.report("1,000 agents, 10 tokens/s each", figures).context("No reader received a token")?;
    figures.add_one("the same: CPU of the server", "% of a core", busy * 100.0);
    Ok(())
}

/// Opens the stream of what the model of an execution writes, and reads it to its end.
async fn read(
    target: &Target,
    execution: &str,
    delays: Delays,
) -> anyhow::Result<JoinHandle<anyhow::Result<()>>> {
    let mut stream = TcpStream::connect(target.address()).await.context("Could not connect to the server")?;
    let path = format!("/executions/{execution}/nodes/{}/stream", flows::ASKING);
    stream.write_all(&target.get_request(&path)).await.context("The connection to the server broke")?;
    Ok(tokio::spawn(async move {
        let mut buffer = Vec::with_capacity(4 * 1_024);
        // The beginning of a stamp whose rest comes with the next piece.
        let mut begun = String::new();
        loop {
            ensure!(stream.read_buf(&mut buffer).await? > 0, "A stream broke before the end of its node");
            let whole = buffer.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
            for line in buffer[..whole].split(|byte| *byte == b'\n') {
                let Some(data) = line.strip_prefix(b"data: ") else { continue };
                let message: Value = serde_json::from_slice(data)?;
                if let Some(text) = message["text"].as_str() {
                    begun.push_str(text);
                    while let Some((stamp, rest)) = begun.split_once(';') {
                        delays.push_since(Timestamp::from_micros(stamp.parse()?));
                        begun = rest.to_owned();
                    }
                }
            }
            if buffer[..whole].windows(10).any(|window| window == b"event: end") {
                return Ok(());
            }
            buffer.drain(..whole);
        }
    }))
}

/// A model that writes the time while it is to write, and then ends its answer.
struct Model {
    base: String,
    writes: watch::Sender<bool>,
}

impl Model {
    async fn start() -> anyhow::Result<Self> {
        let listener =
            TcpListener::bind("127.0.0.1:0").await.context("Could not find a free port for the model")?;
        let base = format!("http://{}/v1", listener.local_addr().context("The model has no address")?);
        let writes = watch::Sender::new(false);
        let signal = writes.clone();
        let answer = move || {
            let writes = signal.subscribe();
            async move { ([("content-type", "text/event-stream")], Body::from_stream(tokens(writes))) }
        };
        let router = Router::new().route("/v1/chat/completions", post(answer));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(Self { base, writes })
    }
}

/// The pieces of an answer. It begins when it is to be written, and has its last two pieces when it is not any longer.
fn tokens(writes: watch::Receiver<bool>) -> impl stream::Stream<Item = Result<Bytes, Infallible>> {
    let ticks = interval(Duration::from_secs(1) / PER_SECOND);
    stream::unfold(Some((writes, ticks, false)), |writing| async move {
        let (mut writes, mut ticks, has_begun) = writing?;
        if !has_begun {
            writes.wait_for(|writes| *writes).await.ok()?;
            ticks.reset();
        }
        ticks.tick().await;
        if *writes.borrow() {
            let piece = json!({ "choices": [{ "delta": { "content": format!("{};", now().as_micros()) } }] });
            return Some((Ok(Bytes::from(format!("data: {piece}\n\n"))), Some((writes, ticks, true))));
        }
        let end = json!({ "choices": [{ "delta": {}, "finish_reason": "stop" }] });
        let usage = json!({ "choices": [], "usage": { "prompt_tokens": 10, "completion_tokens": 10 } });
        Some((Ok(Bytes::from(format!("data: {end}\n\ndata: {usage}\n\ndata: [DONE]\n\n"))), None))
    })
}
