//! The life of a sandbox: prepare, confine, read, run, answer.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Command, ExitCode};

use serde_json::value::RawValue;

use crate::confine::{confine, limit_cpu};
use crate::interpreter::Interpreter;
use crate::{CHECK_CPU_MS, COMMAND, Reply, Request};

/// Runs code, if the arguments ask for it.
pub fn run_if_asked(mut arguments: impl Iterator<Item = OsString>) -> Option<ExitCode> {
    arguments.next().filter(|first| first == COMMAND)?;
    let texts: Option<Vec<String>> = arguments.map(|text| text.into_string().ok()).collect();
    let reply = match texts.as_deref() {
        Some([parent]) => run(parent, None),
        Some([parent, act]) => run(parent, Some(act)),
        _ => Reply::Unavailable("it was not started by a server".to_owned()),
    };
    let text = serde_json::to_vec(&reply).unwrap_or_default();
    let is_written = io::stdout().write_all(&text).and_then(|()| io::stdout().flush()).is_ok();
    // What the interpreter holds goes with the process.
    std::process::exit(if is_written { 0 } else { 1 })
}

fn run(parent: &str, forbidden: Option<&str>) -> Reply {
    let unavailable = |error: &dyn std::fmt::Display| Reply::Unavailable(error.to_string());
    let interpreter = match Interpreter::new() {
        Ok(interpreter) => interpreter,
        Err(error) => return unavailable(&error),
    };
    if let Err(error) = confine(parent) {
        return unavailable(&error);
    }
    if let Some(act) = forbidden {
        try_to(act);
        return Reply::Output(RawValue::NULL.to_owned());
    }
    let mut text = Vec::new();
    if let Err(error) = io::stdin().lock().read_to_end(&mut text) {
        return unavailable(&error);
    }
    let request: Request<'_> = match serde_json::from_slice(&text) {
        Ok(request) => request,
        Err(error) => return unavailable(&error),
    };
    // The interpreter ends code in time; the kernel ends what does not let it.
    let cpu_ms = match &request {
        Request::Run(run) => run.cpu_ms,
        Request::Check(_) => CHECK_CPU_MS,
    };
    if let Err(error) = limit_cpu(cpu_ms.div_ceil(1_000) + 1) {
        return unavailable(&error);
    }
    interpreter.stop_after(cpu_ms);
    let reply = match &request {
        Request::Run(run) => interpreter.run(run).map_or_else(Reply::Failure, Reply::Output),
        Request::Check(sources) => {
            Reply::Checked(sources.iter().map(|source| interpreter.check(source).err()).collect())
        }
    };
    // Dropping it would take longer than the end of the process.
    std::mem::forget(interpreter);
    reply
}

/// Does what the sandbox denies.
fn try_to(act: &str) {
    match act {
        "open" => drop(File::open("/etc/hostname")),
        "socket" => drop(TcpStream::connect("127.0.0.1:9")),
        "fork" => drop(std::thread::Builder::new().spawn(|| {})),
        "exec" => drop(Command::new("/bin/true").spawn()),
        _ => {}
    }
}
