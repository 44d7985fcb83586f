//! The local commands that the operator has listed, and what is known of each.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use steadflow_core::agent::SecretText;
use steadflow_core::failure::{ErrorClass, Failure};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use super::era::Era;
use super::process::{Ended, Launch, Process, User};
use crate::responses::Share;
use crate::secrets::{Keyring, Scrubber};

/// How long a command that has failed twice in a row is not started again; each further time doubles it.
const BACKOFF: Duration = Duration::from_secs(1);
const BACKOFF_MAX: Duration = Duration::from_secs(60);

/// A local command: an MCP server that is started here, and speaks over its standard input and output.
#[derive(Clone, Debug)]
pub struct McpCommand {
    /// The program, as an absolute path.
    pub program: PathBuf,
    /// Its arguments, exactly as they are.
    pub arguments: Vec<OsString>,
    /// All of its environment, by the names of variables.
    pub env: BTreeMap<String, SecretText>,
    /// The directory in which it runs.
    pub directory: PathBuf,
}

/// The local commands that agents may name.
#[derive(Clone, Debug, Default)]
pub struct McpCommands {
    /// The program that supervises a command, with its first arguments; the command follows them. It must end the command,
    /// with all of its processes, when its standard input ends.
    pub supervisor: Vec<OsString>,
    /// The commands by their names.
    pub commands: BTreeMap<String, McpCommand>,
}

/// The commands, and which of them run.
#[derive(Debug, Default)]
pub(crate) struct Commands(BTreeMap<String, Arc<Listed>>);

/// A command of the operator.
#[derive(Debug)]
pub(super) struct Listed {
    pub(super) name: Arc<str>,
    supervisor: Arc<[OsString]>,
    command: McpCommand,
    known: Arc<Known>,
    running: Mutex<Option<Arc<Process>>>,
}

/// What is known of a command from its processes before.
#[derive(Debug)]
pub(super) struct Known {
    /// Who holds it has a process.
    alone: Arc<Semaphore>,
    memory: Mutex<Memory>,
}

#[derive(Debug, Default)]
struct Memory {
    /// What it spoke last, if it cannot be asked.
    era: Option<Era>,
    /// How many of its processes have failed in a row.
    failures: u32,
    /// When it may be started again, and why not now.
    until: Option<(Instant, Arc<Ended>)>,
}

impl Commands {
    pub(crate) fn new(listed: McpCommands) -> Self {
        let supervisor: Arc<[OsString]> = listed.supervisor.into();
        let listed = listed.commands.into_iter().map(|(name, command)| {
            let listed = Listed {
                name: name.as_str().into(),
                supervisor: Arc::clone(&supervisor),
                command,
                known: Arc::new(Known { alone: Arc::new(Semaphore::new(1)), memory: Mutex::default() }),
                running: Mutex::default(),
            };
            (name, Arc::new(listed))
        });
        Self(listed.collect())
    }

    /// Finds a command.
    ///
    /// # Errors
    /// A failure of class `configuration` if the operator has not listed it.
    pub(super) fn find(&self, name: &str) -> Result<Arc<Listed>, Failure> {
        self.0.get(name).cloned().ok_or_else(|| {
            let message = format!(
                "There is no local command `{name}`. An operator adds it to `steadflow.toml`, as `[mcp.{name}]`, and \
                 starts the server again."
            );
            Failure::new(ErrorClass::Configuration, message)
        })
    }
}

impl Listed {
    /// Returns the environment of the command, whose secrets are masked in what comes back.
    ///
    /// # Errors
    /// There is no such secret.
    pub(super) fn env(&self, keyring: &mut Keyring<'_>) -> Result<Vec<(String, String)>, Failure> {
        let variables = self.command.env.iter();
        variables.map(|(name, text)| Ok((name.clone(), keyring.open_header(name, text)?))).collect()
    }

    /// Begins a conversation with the command, which is started if it does not run.
    ///
    /// # Errors
    /// It has failed several times in a row, and it is too early to try again.
    pub(super) fn user(&self, start: Start, scrubber: &Scrubber) -> Result<User, Failure> {
        let mut running = self.running.lock();
        if let Some(user) = running.as_ref().and_then(Process::enter) {
            return Ok(user);
        }
        self.known.check(&self.name, scrubber)?;
        let Start { env, discovery_max, bytes_max, share } = start;
        let (name, supervisor) = (Arc::clone(&self.name), Arc::clone(&self.supervisor));
        let launch =
            Launch { name, supervisor, command: self.command.clone(), env, discovery_max, bytes_max, share };
        let process = Process::start(launch, Arc::clone(&self.known));
        let user = process.enter();
        *running = Some(process);
        user.ok_or_else(|| {
            Failure::new(ErrorClass::Internal, format!("The local command `{}` was not started.", self.name))
        })
    }
}

impl Known {
    /// Waits until the process before is gone.
    pub(super) async fn alone(&self) -> OwnedSemaphorePermit {
        let alone = Arc::clone(&self.alone).acquire_owned().await;
        alone.expect("the semaphore is never closed")
    }

    /// Returns what the command speaks, if it need not be asked.
    pub(super) fn era(&self) -> Option<Era> {
        self.memory.lock().era
    }

    /// Remembers what it speaks. One of an earlier protocol may not like to be asked.
    pub(super) fn remember(&self, era: Era) {
        self.memory.lock().era = Some(era).filter(|era| *era == Era::Handshake);
    }

    /// Remembers that a process has ended.
    pub(super) fn ended(&self, ended: &Arc<Ended>, has_served: bool) {
        self.memory.lock().ended(ended, has_served, Instant::now());
    }

    fn check(&self, name: &str, scrubber: &Scrubber) -> Result<(), Failure> {
        let memory = self.memory.lock();
        let Some((until, ended)) = &memory.until else { return Ok(()) };
        let wait = until.saturating_duration_since(Instant::now());
        if wait.is_zero() {
            return Ok(());
        }
        let failure = ended.failure(name, scrubber);
        let message = format!(
            "The local command `{name}` has failed {} times in a row, and is not started again for {:.1} s. {}",
            memory.failures,
            wait.as_secs_f64(),
            failure.message
        );
        Err(Failure { message, retry_after: Some(wait), ..failure })
    }
}

impl Memory {
    fn ended(&mut self, ended: &Arc<Ended>, has_served: bool, now: Instant) {
        if !ended.was_ready() {
            // It may speak another protocol now.
            self.era = None;
        }
        self.failures = match (ended.is_fault(), has_served) {
            (false, _) => 0,
            (true, true) => 1,
            (true, false) => self.failures.saturating_add(1),
        };
        let doublings = self.failures.checked_sub(2);
        self.until = doublings.map(|doublings| {
            let wait = BACKOFF.saturating_mul(2_u32.saturating_pow(doublings)).min(BACKOFF_MAX);
            (now + wait, Arc::clone(ended))
        });
    }
}

/// What a command is started with, beside what the operator says.
pub(super) struct Start {
    pub(super) env: Vec<(String, String)>,
    pub(super) discovery_max: Duration,
    pub(super) bytes_max: usize,
    pub(super) share: Share,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_for_a_failing_command_doubles() {
        let (now, mut memory) = (Instant::now(), Memory::default());
        let wait = |memory: &mut Memory, ended: Ended, has_served| {
            memory.ended(&Arc::new(ended), has_served, now);
            memory.until.as_ref().map(|(until, _)| (*until - now).as_secs())
        };

        let waits: Vec<_> = (0..9).map(|_| wait(&mut memory, Ended::crashed(), false)).collect();

        assert_eq!(waits, [None, Some(1), Some(2), Some(4), Some(8), Some(16), Some(32), Some(60), Some(60)]);
        assert_eq!(wait(&mut memory, Ended::crashed(), true), None, "it had worked");
        assert_eq!(wait(&mut memory, Ended::crashed(), false), Some(1));
        assert_eq!(wait(&mut memory, Ended::unused(), false), None, "nothing is wrong with it");
        assert_eq!(wait(&mut memory, Ended::crashed(), false), None);
    }

    #[test]
    fn what_a_command_speaks_is_forgotten_when_it_does_not_start() {
        let known = Known { alone: Arc::new(Semaphore::new(1)), memory: Mutex::default() };
        known.remember(Era::Handshake);
        known.ended(&Arc::new(Ended::crashed()), true);
        assert_eq!(known.era(), Some(Era::Handshake));

        known.ended(&Arc::new(Ended::unused()), false);

        assert_eq!(known.era(), None);
    }
}
