//! Code of flows: each call has a process of its own, which is confined before it reads the code.
//!
//! What comes back is from a process that has run code of a person: it is read up to a bound, and checked like an answer from
//! the network.

mod sandboxes;

use std::borrow::Cow;
use std::ffi::OsString;
use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;

use serde_json::value::RawValue;
use serde_json::{Map, Value};
use steadflow_core::failure::{ErrorClass, Failure};
use steadflow_core::flow::{Fault, Flow};
use steadflow_core::json::{RepeatedKeys, check};
use steadflow_core::payload::Payload;
use steadflow_core::work::{Script, Stop, Work};
use steadflow_sandbox::{CHECK_CPU_MS, Failure as CodeFailure, Reply, Request, Run, Why};

pub(crate) use self::sandboxes::Sandboxes;
use self::sandboxes::{Ended, Sandbox};
use crate::slots::Party;

/// Room in a reply beside the output, in bytes.
const REPLY_BESIDE: usize = 64 * 1024;
/// The largest reply of a check: five thousand characters for each node of a large flow.
const CHECK_BYTES_MAX: usize = 16 * 1024 * 1024;
/// How long a sandbox may take that gets no CPU time, beside ten times its own.
const IDLE_MAX: Duration = Duration::from_secs(20);
/// How long a check waits for its turn: a person waits for it.
const CHECK_WAIT_MAX: Duration = Duration::from_secs(10);
/// Signals that say why a process has ended.
const SIGXCPU: i32 = 24;

/// Where code runs.
#[derive(Clone, Debug)]
pub struct CodeConfig {
    /// The program of a sandbox, with its first arguments. Without one, code does not run.
    pub program: Vec<OsString>,
    /// How many calls run at the same time. Each flow has a share of them; further ones wait.
    pub processes_max: usize,
}

impl Default for CodeConfig {
    /// Returns a configuration in which code does not run.
    fn default() -> Self {
        Self { program: Vec::new(), processes_max: 1 }
    }
}

/// Runs the code of a node on its input.
///
/// # Errors
/// Why there is no output.
pub(crate) async fn run_code(
    sandboxes: &Sandboxes,
    output_bytes_max: usize,
    stop: &Stop,
    work: &Work,
    script: &Script,
) -> Result<Payload, Failure> {
    // Each flow has its share of all processes; there is no peer to share.
    let party = Party { flow: work.flow, peer: work.flow.to_string().into() };
    let _slot = sandboxes.slots.acquire_unless(stop, party).await;
    let input: &RawValue = serde_json::from_str(work.input.as_str())
        .map_err(|error| internal(format!("The input of the node cannot be read: {error}.")))?;
    let cpu_ms = u64::try_from(script.cpu_max.as_millis()).unwrap_or(u64::MAX);
    let run = Run { source: Cow::Borrowed(&script.source), input, cpu_ms, output_bytes_max };
    let bytes_max = output_bytes_max + REPLY_BESIDE;
    let output = match ask(sandboxes, &Request::Run(run), cpu_ms, bytes_max).await? {
        Reply::Output(output) => output,
        Reply::Failure(failure) => return Err(failed(&failure)),
        Reply::Unavailable(why) => return Err(unavailable(&why)),
        Reply::Checked(_) => return Err(no_reply()),
    };
    check(output.get().as_bytes(), RepeatedKeys::LastCounts)
        .map_err(|error| script_failure(format!("The output of the code cannot be kept: {error}.")))?;
    Ok(Payload::from_raw(output))
}

/// Finds code of `flow` that is not JavaScript, with the JSON pointer of each. Needs a tokio runtime with I/O and time.
///
/// # Errors
/// Why it could not be checked, which says nothing about the flow.
pub async fn code_faults(config: CodeConfig, flow: &Flow) -> Result<Vec<Fault>, Failure> {
    faults_of(&Sandboxes::new(config), flow).await
}

/// As [`code_faults`], with sandboxes that are there.
pub(crate) async fn faults_of(sandboxes: &Sandboxes, flow: &Flow) -> Result<Vec<Fault>, Failure> {
    let nodes = flow.graph.all_nodes("").into_iter();
    let scripts =
        nodes.filter_map(|(below, node)| Some((below, Arc::clone(&node.kind.room().script()?.source))));
    let scripts: Vec<(String, Arc<str>)> = scripts.collect();
    if scripts.is_empty() {
        return Ok(Vec::new());
    }
    let sources = scripts.iter().map(|(_, source)| Cow::Borrowed(&**source)).collect();
    let _turn = tokio::time::timeout(CHECK_WAIT_MAX, sandboxes.checks.acquire()).await.map_err(|_| {
        let seconds = CHECK_WAIT_MAX.as_secs();
        internal(format!("Other code was being checked, and its turn did not come within {seconds} seconds."))
    })?;
    let fault = |below: &str, message| Fault { pointer: format!("/flow_definition{below}/source"), message };
    let found = match ask(sandboxes, &Request::Check(sources), CHECK_CPU_MS, CHECK_BYTES_MAX).await {
        Ok(Reply::Checked(found)) if found.len() == scripts.len() => found,
        Ok(Reply::Unavailable(why)) => return Err(unavailable(&why)),
        Ok(Reply::Checked(_) | Reply::Output(_) | Reply::Failure(_)) => return Err(no_reply()),
        // It is the code that takes so long.
        Err(failure) if failure.class == ErrorClass::Script => {
            let message = format!(
                "all code of the flow together takes too long to be read: more than {CHECK_CPU_MS} ms of CPU time"
            );
            return Ok(vec![fault(&scripts[0].0, message)]);
        }
        Err(failure) => return Err(failure),
    };
    let faults = scripts.iter().zip(found);
    Ok(faults.filter_map(|((below, _), found)| Some(fault(below, said(&found?)))).collect())
}

/// Asks a sandbox, and ends it.
async fn ask(
    sandboxes: &Sandboxes,
    request: &Request<'_>,
    cpu_ms: u64,
    bytes_max: usize,
) -> Result<Reply, Failure> {
    let sandbox = sandboxes
        .take()
        .await
        .map_err(|error| internal(format!("No process for code could be started: {error}.")))?;
    let text = serde_json::to_vec(request)
        .map_err(|error| internal(format!("The code cannot be sent to its process: {error}.")))?;
    let wait = Duration::from_millis(cpu_ms).saturating_mul(10).saturating_add(IDLE_MAX);
    let asking = Sandbox::ask(sandbox, text, bytes_max);
    let ended = tokio::time::timeout(wait, asking).await.map_err(|_| {
        internal(format!("The process of the code did not end within {} seconds.", wait.as_secs()))
    })?;
    let Ended { reply, status } =
        ended.map_err(|error| internal(format!("The process of the code failed: {error}.")))?;
    if !status.success() {
        return Err(failure_of_end(status, cpu_ms));
    }
    serde_json::from_slice(&reply).map_err(|_| no_reply())
}

/// Says why a process ended that should have replied.
fn failure_of_end(status: ExitStatus, cpu_ms: u64) -> Failure {
    match status.signal() {
        Some(SIGXCPU) => script_failure(format!(
            "The code took more than {cpu_ms} ms of CPU time, in one operation. Make it do less, or give it more with \
             `cpu_ms`."
        )),
        Some(signal) => {
            tracing::warn!(signal, "the process of code was killed");
            internal(format!(
                "The process of the code was ended by signal {signal}; other work is not affected."
            ))
        }
        None => internal(format!("The process of the code has ended without a reply ({status}).")),
    }
}

fn unavailable(why: &str) -> Failure {
    let message = format!("Code does not run here, because its process cannot be confined: {why}.");
    Failure::new(ErrorClass::Configuration, message)
}

fn no_reply() -> Failure {
    internal("The process of the code has written what is no reply.".to_owned())
}

fn failed(failure: &CodeFailure) -> Failure {
    let class = match failure.why {
        Why::Input => ErrorClass::Validation,
        Why::TooLarge => ErrorClass::OutputTooLarge,
        Why::Syntax | Why::Threw | Why::CpuTime | Why::Waits | Why::NotJson => ErrorClass::Script,
    };
    Failure { body: place_of(failure), ..Failure::new(class, said(failure)) }
}

/// Returns the message, with the place in the source.
fn said(failure: &CodeFailure) -> String {
    match (failure.line, failure.column) {
        (Some(line), Some(column)) => format!("{} (line {line}, column {column})", failure.message),
        (Some(line), None) => format!("{} (line {line})", failure.message),
        (None, _) => failure.message.clone(),
    }
}

fn place_of(failure: &CodeFailure) -> Option<Payload> {
    let mut place = Map::new();
    place.extend(failure.line.map(|line| ("line".to_owned(), Value::from(line))));
    place.extend(failure.column.map(|column| ("column".to_owned(), Value::from(column))));
    place.extend(failure.stack.clone().map(|stack| ("stack".to_owned(), Value::from(stack))));
    (!place.is_empty()).then(|| Payload::from_value(&Value::Object(place)))
}

fn script_failure(message: String) -> Failure {
    Failure::new(ErrorClass::Script, message)
}

fn internal(message: String) -> Failure {
    Failure::new(ErrorClass::Internal, message)
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use steadflow_core::limits::Limits;

    use super::*;

    fn flow() -> Flow {
        let code = json!({ "id": "a", "type": "code", "source": "return 1" });
        let document = json!({ "name": "Code", "flow_definition": { "nodes": [code], "edges": [] } });
        Flow::parse(&document, &Limits::DEFAULT).expect("a flow")
    }

    #[tokio::test]
    async fn a_check_that_cannot_be_made_says_nothing_about_the_flow() {
        let config = |program: &[&str]| CodeConfig {
            program: program.iter().map(OsString::from).collect(),
            ..CodeConfig::default()
        };

        let none = code_faults(config(&[]), &flow()).await.expect_err("no program");
        let missing = code_faults(config(&["/does/not/exist"]), &flow()).await.expect_err("no such program");
        let other = code_faults(config(&["/bin/true"]), &flow()).await.expect_err("no reply");

        assert!(none.message.contains("this program runs no code"), "{}", none.message);
        assert!(missing.message.contains("No process for code could be started"), "{}", missing.message);
        assert!(other.message.contains("what is no reply"), "{}", other.message);
    }

    #[tokio::test(start_paused = true)]
    async fn a_check_waits_for_its_turn_only_so_long() {
        let sandboxes = Sandboxes::new(CodeConfig::default());
        let _others = sandboxes.checks.acquire_many(2).await.expect("open");

        let refused = faults_of(&sandboxes, &flow()).await.expect_err("no turn");

        assert!(refused.message.contains("did not come within 10 seconds"), "{}", refused.message);
    }
}
