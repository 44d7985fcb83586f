//! `steadflow run`: runs one flow in this process, with the same engine as a server.

mod progress;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use serde_json::json;
use steadflow_access::{MasterKey, MasterKeySource};
use steadflow_core::caller::Caller;
use steadflow_core::execution::{Execution, ExecutionStatus};
use steadflow_core::flow::Fault;
use steadflow_core::ids::{ExecutionId, FlowId};
use steadflow_core::payload::Payload;
use steadflow_nodes::McpCommands;
use steadflow_runtime::{Engine, NewFlow, RuntimeError, Start};
use steadflow_store::{FlowStatus, MemoryStore, Store};
use tokio::signal::unix::{SignalKind, signal};

use crate::args::Run;
use crate::demo::{self, Peer};
use crate::document::Document;
use crate::given;
use crate::open_files::OpenFiles;
use crate::output;
use crate::settings::{Access, Database};
use crate::source::Source;
use crate::validate::INVALID;
use crate::wiring;
use progress::Progress;

/// The exit status of a program that was ended with Ctrl-C, by convention of shells.
const INTERRUPTED: u8 = 130;
/// The time that calls get to finish after the execution has ended; nothing waits for them.
const GRACE: Duration = Duration::ZERO;
/// How long the lease of the process lasts without renewal.
const LEASE: Duration = Duration::from_secs(15);

/// Runs a flow and prints its result.
pub(crate) async fn run(args: Run, mut access: Access) -> anyhow::Result<ExitCode> {
    let mut file = match Source::read(&args.file) {
        Ok(file) => file,
        Err(line) => return Ok(invalid(&[line])),
    };
    let peer = if demo::calls_peer(&file.value) { Some(start_peer(&mut file).await?) } else { None };
    let document = match read(&args, &mut file) {
        Ok(document) => document,
        Err(faults) => return Ok(invalid(&faults)),
    };
    let faults = document.code_faults().await.map_err(anyhow::Error::msg)?;
    if !faults.is_empty() {
        return Ok(invalid(&file.lines(&faults)));
    }
    let unlisted = unlisted(&file, &document, &access.commands);
    if !unlisted.is_empty() {
        return Ok(invalid(&unlisted));
    }
    let trigger_data = trigger_data(args.trigger.as_deref(), &document)?;
    if let Some(peer) = peer {
        demo::allow(&mut access.egress, &peer.address());
    }
    let store: Arc<dyn Store> = match &args.database {
        Some(url) => wiring::open_store(&Database::parse(url)?).await?,
        None => {
            // What is encrypted does not outlive this process.
            access.master_key = Some(MasterKeySource::Given(MasterKey::draw()?).into());
            Arc::new(MemoryStore::default())
        }
    };
    let engine = wiring::start(store, access, OpenFiles::raised().calls, None, LEASE).await?.engine;
    let flow = store_flow(&engine, &file, &document).await?;
    let end = execute(&engine, flow, trigger_data).await;
    engine.shutdown(GRACE).await.context("Could not close the database")?;
    Ok(report(end?))
}

/// The end of an execution, and whether Ctrl-C caused it.
struct End {
    execution: Execution,
    is_interrupted: bool,
}

fn invalid(lines: &[String]) -> ExitCode {
    lines.iter().for_each(output::note);
    ExitCode::from(INVALID)
}

/// Returns a line for each agent that names a local command which is not there.
fn unlisted(file: &Source, document: &Document, commands: &McpCommands) -> Vec<String> {
    let named = document.agents.iter().enumerate();
    let named = named.filter_map(|(at, agent)| Some((at, agent.command()?)));
    named
        .filter(|(_, name)| !commands.commands.contains_key(*name))
        .map(|(at, name)| {
            let message = format!(
                "there is no local command `{name}`. `run` knows those of a settings file that is named with `--config`, as \
                 `[mcp.{name}]`"
            );
            file.line(&Fault { pointer: format!("/agents/{at}/config/command"), message })
        })
        .collect()
}

/// Starts the demo service and makes the flow use it.
async fn start_peer(file: &mut Source) -> anyhow::Result<Peer> {
    let peer = Peer::start().await?;
    output::note(format_args!(
        "`{}` is the demo service, which runs on {} until the end.",
        demo::PLACEHOLDER,
        peer.address()
    ));
    demo::point_to(&mut file.value, &peer.base());
    Ok(peer)
}

fn read(args: &Run, file: &mut Source) -> Result<Document, Vec<String>> {
    if let Some(seconds) = args.timeout {
        let value = &mut file.value;
        let flow = if value.get("flow").is_some() { &mut value["flow"] } else { value };
        if let Some(settings) = flow.as_object_mut() {
            settings.insert("timeout_seconds".into(), seconds.into());
        }
    }
    Document::parse(&file.value).map_err(|faults| file.lines(&faults))
}

/// Returns what was given or, without it, the example of the flow's trigger.
fn trigger_data(given: Option<&str>, document: &Document) -> anyhow::Result<Payload> {
    let Some(given) = given else {
        let example = document.flow.graph.trigger_example().cloned();
        if let Some(example) = &example {
            output::note(format_args!("Trigger data: the flow's example, {}", example.as_str()));
        }
        return Ok(example.unwrap_or_else(|| Payload::from_value(&json!({}))));
    };
    given::json(given, "trigger data")
}

/// Stores the flow with its agents, and prints what is probably not meant in it.
async fn store_flow(engine: &Engine, file: &Source, document: &Document) -> anyhow::Result<FlowId> {
    for agent in &document.agents {
        let stored = engine.put_agent(&Caller::LOCAL, agent.id, &agent.document).await;
        stored.context("Could not store the agents")?;
    }
    let new = NewFlow::new(document.flow_document()?, FlowStatus::Active);
    let flow = new.id;
    engine.create_flow(&Caller::LOCAL, new).await.context("Could not store the flow")?;
    for warning in engine.flow_warnings(Caller::LOCAL.tenant, &document.flow).await? {
        output::note(file.line(&document.warning(&warning)));
    }
    Ok(flow)
}

async fn execute(engine: &Engine, flow: FlowId, trigger_data: Payload) -> anyhow::Result<End> {
    let start = Start {
        caller: Caller::LOCAL,
        flow,
        context_id: None,
        context_type: None,
        trigger_data,
        triggered_by: "cli".into(),
        priority: None,
        trace: None,
        key: None,
        wait: None,
    };
    let started = engine.start_execution(start).await.context("Could not start the flow")?;
    follow(engine, started.execution).await
}

/// Shows the progress of an execution until it ends. Ctrl-C cancels it.
async fn follow(engine: &Engine, id: ExecutionId) -> anyhow::Result<End> {
    // One listener for the whole time, which also keeps signals that arrive while it is not polled.
    let mut interrupts = signal(SignalKind::interrupt()).context("Could not listen for Ctrl-C")?;
    let mut changes = engine.follow(id);
    let mut progress = Progress::new();
    let mut ticks = tokio::time::interval(Progress::TICK);
    let mut is_interrupted = false;
    loop {
        let execution = engine.execution(Caller::LOCAL.tenant, id).await?.execution;
        progress.show(&execution, engine.now());
        if execution.status().is_finished() {
            progress.end();
            // Who runs a flow here may see its result.
            let execution = engine.unmasked_execution(Caller::LOCAL.tenant, id).await?.execution;
            return Ok(End { execution, is_interrupted });
        }
        if needs_decision(&execution) {
            progress.line("The execution waits for a person's decision, which `run` does not support, and is cancelled. Use `steadflow serve`.");
            end_now(engine, &execution).await?;
        }
        loop {
            tokio::select! {
                () = changes.after(execution.seq()) => break,
                _ = ticks.tick() => progress.tick(engine.now()),
                // While it undoes what it did, one stops that.
                _ = interrupts.recv() => {
                    is_interrupted = true;
                    let execution = engine.execution(Caller::LOCAL.tenant, id).await?.execution;
                    end_now(engine, &execution).await?;
                }
                end = engine.wait_for_end() => {
                    end.context("The engine has stopped")?;
                    bail!("The engine has stopped");
                }
            }
        }
    }
}

/// Returns whether nothing can happen until a person makes a decision.
fn needs_decision(execution: &Execution) -> bool {
    let waits = |node: &steadflow_core::execution::NodeExecution| progress::waits_for_decision(node);
    execution.nodes().iter().any(waits) && !execution.nodes().iter().any(progress::continues)
}

/// Cancels an execution or, while it undoes what it did, stops that.
async fn end_now(engine: &Engine, execution: &Execution) -> anyhow::Result<()> {
    let asked = match execution.ending_as() {
        None => engine.cancel(&Caller::LOCAL, execution.id()).await,
        Some(_) => engine.stop_compensation(&Caller::LOCAL, execution.id()).await,
    };
    match asked {
        // It may have ended, or begun to undo what it did, in the meantime.
        Ok(()) | Err(RuntimeError::Rejected(_)) => Ok(()),
        Err(error) => Err(error).context("Could not cancel the execution"),
    }
}

fn report(end: End) -> ExitCode {
    let execution = end.execution;
    let span = execution.started_at().zip(execution.completed_at()).map(|(from, to)| to.since(from));
    let took = span.map(|span| format!(" after {}", output::span(span))).unwrap_or_default();
    let status = execution.status();
    if status == ExecutionStatus::Completed {
        let recovered = if execution.is_recovered() { ", with retries" } else { "" };
        output::note(format_args!("completed{took}{recovered}"));
        output::payload(&execution.result().unwrap_or_default());
        return ExitCode::SUCCESS;
    }
    output::note(format_args!("{status}{took}"));
    if let Some(error) = execution.error() {
        output::notes(&error.message);
    }
    if end.is_interrupted { ExitCode::from(INTERRUPTED) } else { ExitCode::FAILURE }
}
