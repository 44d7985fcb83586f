//! `steadflow mcp-supervisor`: runs an MCP server that is a local command, so that nothing is left of it when it is no longer
//! wanted, however that comes about.
//!
//! The server of Steadflow starts this program again for each command, with the pipes and the environment of the command
//! ([ADR 20](../../../docs/adr/0020-a-supervisor-for-each-command.md)). The end of standard input says that the command is to
//! end, also when the server was killed. What the command has started, and left, becomes a child of the supervisor, which
//! ends only after all of it has. It is not a command for people, so it is not among the arguments.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, ErrorKind};
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::process::{
    Pid, Signal, WaitId, WaitIdOptions, WaitIdStatus, WaitOptions, getpid, getppid, kill_process,
    kill_process_group, set_child_subreaper, set_parent_process_death_signal, setsid, waitid, waitpid,
};
use rustix::stdio::{dup2_stderr, dup2_stdout};

use crate::output;
use crate::settings::SUPERVISOR;

/// This program, and its first argument as a supervisor.
const PROGRAM: &str = SUPERVISOR[0];
const SUPERVISE: &str = SUPERVISOR[1];
/// Its first argument where it becomes the command.
const BECOME: &str = "mcp-command";

/// How long the command may take to end after its standard input has ended, and after SIGTERM.
const GRACE: Duration = Duration::from_secs(2);
/// The longest time between two looks at what is left.
const NAP_MAX: Duration = Duration::from_millis(200);

/// Exit statuses of programs that do not run, as shells have them, and of what may go well later (`EX_TEMPFAIL`).
const CANNOT_RUN: u8 = 126;
const NOT_FOUND: u8 = 127;
const NOT_NOW: u8 = 75;
/// What is added to the number of a signal that has ended the command, as shells do.
const SIGNALLED: i32 = 128;

/// Does what `arguments` ask for, if this is the work of a supervisor.
pub(crate) fn run_if_asked(mut arguments: impl Iterator<Item = OsString>) -> Option<ExitCode> {
    let first = arguments.next()?;
    let rest: Vec<OsString> = arguments.collect();
    if first == SUPERVISE {
        Some(supervise(&rest))
    } else if first == BECOME {
        Some(become_command(&rest))
    } else {
        None
    }
}

fn supervise(command: &[OsString]) -> ExitCode {
    match start(command) {
        Ok(server) => {
            thread::spawn(move || end_with_input(server));
            let status = status_of(server);
            sweep(server);
            exit_code(status)
        }
        Err(error) => failed(command.first(), &error),
    }
}

/// Starts the command in a session of its own, and lets go of what it writes to.
fn start(command: &[OsString]) -> io::Result<Pid> {
    // Signals of a terminal are not for it. It leads no group, so this cannot fail.
    let _ = setsid();
    // It is no server, so a kill of all servers by name is not meant for it.
    let _ = std::fs::write("/proc/self/comm", SUPERVISE);
    set_child_subreaper(Some(getpid()))?;
    let supervisor = getpid().as_raw_nonzero().to_string();
    let child = Command::new(PROGRAM).arg(BECOME).arg(supervisor).args(command).spawn()?;
    let nowhere = File::options().write(true).open("/dev/null")?;
    dup2_stdout(&nowhere)?;
    dup2_stderr(&nowhere)?;
    Ok(Pid::from_child(&child))
}

/// Becomes the command, which is killed if its supervisor is.
fn become_command(arguments: &[OsString]) -> ExitCode {
    let [supervisor, program, arguments @ ..] = arguments else { return ExitCode::from(CANNOT_RUN) };
    let supervisor = supervisor.to_str().and_then(|text| text.parse().ok()).and_then(Pid::from_raw);
    let prepared = setsid().and_then(|_| set_parent_process_death_signal(Some(Signal::KILL)));
    if let Err(error) = prepared {
        return failed(Some(program), &error.into());
    }
    if getppid() != supervisor {
        return ExitCode::from(NOT_NOW);
    }
    failed(Some(program), &Command::new(program).args(arguments).exec())
}

/// Says why a program does not run.
fn failed(program: Option<&OsString>, error: &io::Error) -> ExitCode {
    let program = program.map(OsString::as_os_str).unwrap_or(OsStr::new("nothing"));
    output::note(format_args!("{} cannot be run: {error}", program.display()));
    let again = [Errno::AGAIN, Errno::NOMEM, Errno::MFILE, Errno::NFILE, Errno::TXTBSY, Errno::IO];
    let may_pass = Errno::from_io_error(error).is_some_and(|error| again.contains(&error));
    ExitCode::from(match (may_pass, error.kind() == ErrorKind::NotFound) {
        (true, _) => NOT_NOW,
        (false, true) => NOT_FOUND,
        (false, false) => CANNOT_RUN,
    })
}

/// Ends the command some time after its standard input has ended, for which nobody reads it here.
fn end_with_input(server: Pid) {
    let stdin = io::stdin();
    let mut input = [PollFd::new(&stdin, PollFlags::empty())];
    while matches!(poll(&mut input, None), Err(Errno::INTR)) {}
    for signal in [Signal::TERM, Signal::KILL] {
        thread::sleep(GRACE);
        // It is not reaped before this program ends, so its number stands for no other.
        let _ = kill_process_group(server, signal);
    }
}

/// Waits for the end of the command, without reaping it, and reaps what it has left until then.
fn status_of(server: Pid) -> Option<WaitIdStatus> {
    let look = |id, options| waitid(id, WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | options);
    loop {
        match look(WaitId::Pid(server), WaitIdOptions::NOHANG) {
            Ok(None) | Err(Errno::INTR) => {}
            Ok(Some(status)) => return Some(status),
            Err(_) => return None,
        }
        // Somebody has ended, or will.
        let _ = look(WaitId::All, WaitIdOptions::empty());
        left_by(server);
    }
}

/// Ends all that the command has left, first politely.
fn sweep(server: Pid) {
    if left_by(server).is_empty() {
        return;
    }
    let signal_all = |left: &[Pid], signal| {
        let _ = kill_process_group(server, signal);
        for pid in left {
            let _ = kill_process(*pid, signal);
        }
    };
    signal_all(&left_by(server), Signal::TERM);
    let (begun, mut nap) = (Instant::now(), Duration::from_millis(5));
    loop {
        let left = left_by(server);
        if left.is_empty() {
            return;
        }
        if begun.elapsed() >= GRACE {
            signal_all(&left, Signal::KILL);
        }
        thread::sleep(nap);
        nap = (nap * 2).min(NAP_MAX);
    }
}

/// Returns the children of this program, which are those of the command whose parents have ended, and reaps those that have
/// ended themselves. A child of this program is not gone before it is reaped, so its number stands for no other.
fn left_by(server: Pid) -> Vec<Pid> {
    let children = children().into_iter().filter(|pid| *pid != server);
    children.filter(|pid| !matches!(waitpid(Some(*pid), WaitOptions::NOHANG), Ok(Some(_)))).collect()
}

fn children() -> Vec<Pid> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| Pid::from_raw(entry.file_name().to_str()?.parse().ok()?));
    let own = getpid();
    pids.filter(|pid| parent_of(*pid) == Some(own)).collect()
}

fn parent_of(pid: Pid) -> Option<Pid> {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).ok()?;
    // The name in parentheses may hold anything; the state and the parent follow it.
    let (_, fields) = stat.rsplit_once(") ")?;
    Pid::from_raw(fields.split(' ').nth(1)?.parse().ok()?)
}

fn exit_code(status: Option<WaitIdStatus>) -> ExitCode {
    let code = status.and_then(|status| {
        status.exit_status().or_else(|| status.terminating_signal().map(|signal| SIGNALLED + signal))
    });
    ExitCode::from(code.and_then(|code| u8::try_from(code).ok()).unwrap_or(u8::MAX))
}
