//! The engine of the demo is a process of its own, so that the studio can have it killed. What started it holds the socket
//! that both listen on: while no engine lives, connections wait, and the next engine answers them.

use std::env;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitCode, ExitStatus};

use anyhow::{Context, bail};
use rustix::process::{Pid, Signal, getppid, kill_process};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use crate::output;

/// Set for the engine: the id of the process that started it. Its standard input is the socket that it listens on.
const SUPERVISOR: &str = "DEMO_SUPERVISOR_PID";

/// Kills this process as `kill -9` does.
pub(crate) fn kill() {
    let killed = kill_process(rustix::process::getpid(), Signal::KILL);
    debug_assert!(killed.is_ok(), "a process may kill itself");
}

/// Returns the socket to listen on if this process is the engine of a demo. From then on it ends with its supervisor.
pub(crate) fn inherited_listener() -> anyhow::Result<Option<TcpListener>> {
    let Ok(supervisor) = env::var(SUPERVISOR) else { return Ok(None) };
    end_with_parent().context("Could not ask to end with the process that started this one")?;
    if getppid().map(|parent| parent.as_raw_nonzero().to_string()) != Some(supervisor) {
        bail!(
            "The process that started this engine of a demo has ended. Start the demo again with `steadflow serve --demo`"
        );
    }
    let socket = std::io::stdin().as_fd().try_clone_to_owned();
    let socket = socket.context("The engine of a demo has no socket to listen on")?;
    // Its flags are those of the supervisor's, so nothing on it blocks.
    let listener = TcpListener::from_std(socket.into());
    listener.map(Some).context("The socket of the demo cannot be used to listen")
}

#[cfg(target_os = "linux")]
fn end_with_parent() -> std::io::Result<()> {
    Ok(rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?)
}

#[cfg(not(target_os = "linux"))]
fn end_with_parent() -> std::io::Result<()> {
    Ok(())
}

/// Runs the engine with the arguments of this process, and again whenever it is killed, until it ends in another way.
pub(crate) async fn supervise(listener: &std::net::TcpListener) -> anyhow::Result<ExitCode> {
    let mut ended = signal(SignalKind::child()).context("Could not listen for signals")?;
    let mut terminate = signal(SignalKind::terminate()).context("Could not listen for signals")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("Could not listen for signals")?;
    let mut engine = start(listener)?;
    loop {
        tokio::select! {
            _ = ended.recv() => {}
            _ = terminate.recv() => pass_on(&engine, Signal::TERM),
            _ = interrupt.recv() => pass_on(&engine, Signal::INT),
        }
        match engine.try_wait().context("Could not ask whether the engine lives")? {
            Some(status) if status.signal() == Some(Signal::KILL.as_raw()) => {
                output::note("The engine was killed. Starting it again; executions go on where they were.");
                engine = start(listener)?;
            }
            Some(status) => return Ok(exit_code(status)),
            None => {}
        }
    }
}

/// In a process group of its own, so that Ctrl-C in a terminal reaches it once: passed on by this process.
fn start(listener: &std::net::TcpListener) -> anyhow::Result<Child> {
    let program = env::current_exe().context("The program has no path")?;
    let socket = listener.try_clone().context("Could not share the socket with the engine")?;
    Command::new(program)
        .args(env::args_os().skip(1))
        .env(SUPERVISOR, std::process::id().to_string())
        .stdin(OwnedFd::from(socket))
        .process_group(0)
        .spawn()
        .context("Could not start the engine")
}

fn pass_on(engine: &Child, signal: Signal) {
    // It may have ended meanwhile, which the next look at it shows.
    let _ = kill_process(Pid::from_child(engine), signal);
}

fn exit_code(status: ExitStatus) -> ExitCode {
    let code = status.code().or_else(|| Some(128 + status.signal()?));
    code.and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from)
}
