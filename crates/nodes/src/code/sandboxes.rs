//! The processes in which code runs. Each serves one call; a few wait ready, so that a call does not wait for a start.

use std::ffi::OsString;
use std::io;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, mpsc};
use std::thread;

use parking_lot::Mutex;
use steadflow_sandbox::ENVIRONMENT;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, oneshot};

use super::CodeConfig;
use crate::slots::Slots;

/// How many processes wait ready, once code has run.
const READY_MAX: usize = 2;

/// How many checks of sources run at the same time.
const CHECKS_AT_ONCE: usize = 2;

/// All sandboxes.
pub(crate) struct Sandboxes {
    /// Who may have one.
    pub(crate) slots: Arc<Slots>,
    /// Who may check sources: few at once, so that they do not take the processes of nodes that run.
    pub(super) checks: Semaphore,
    program: Arc<[OsString]>,
    ready: Arc<Mutex<Vec<Sandbox>>>,
    /// The thread that starts processes, once there is one.
    starter: Mutex<Option<mpsc::Sender<Order>>>,
}

/// A process that has not read its request. Dropping it kills it.
pub(super) struct Sandbox {
    child: Child,
    stdin: ChildStdin,
    stdout: ChildStdout,
}

/// How a process ended, and what it wrote until then.
pub(super) struct Ended {
    pub(super) reply: Vec<u8>,
    pub(super) status: ExitStatus,
}

/// What the thread is to do that starts processes.
enum Order {
    /// Start one for a call.
    Give(oneshot::Sender<io::Result<Sandbox>>),
    /// Start one for later, if there is room.
    Keep,
}

impl Sandboxes {
    pub(crate) fn new(config: CodeConfig) -> Self {
        Self {
            slots: Slots::new(config.processes_max),
            checks: Semaphore::new(CHECKS_AT_ONCE),
            program: config.program.into(),
            ready: Arc::default(),
            starter: Mutex::new(None),
        }
    }

    /// Returns a process that waits for its request.
    ///
    /// # Errors
    /// It cannot be started.
    pub(super) async fn take(&self) -> io::Result<Sandbox> {
        let starter = self.starter()?;
        let ready = self.ready.lock().pop();
        let (give, given) = oneshot::channel();
        let is_alive = |sandbox: &mut Sandbox| matches!(sandbox.child.try_wait(), Ok(None));
        let found = ready.and_then(|mut sandbox| is_alive(&mut sandbox).then_some(sandbox));
        if found.is_none() {
            drop(starter.send(Order::Give(give)));
        }
        drop(starter.send(Order::Keep));
        match found {
            Some(sandbox) => Ok(sandbox),
            None => given.await.unwrap_or_else(|_| Err(io::Error::other("the server ends"))),
        }
    }

    /// Returns the way to the thread that starts processes. They die with it, so it lives as long as the sandboxes are used.
    ///
    /// # Errors
    /// There is none, and it cannot be started now.
    fn starter(&self) -> io::Result<mpsc::Sender<Order>> {
        let mut starter = self.starter.lock();
        if let Some(starter) = &*starter {
            return Ok(starter.clone());
        }
        let (sender, orders) = mpsc::channel();
        let (program, ready, runtime) =
            (Arc::clone(&self.program), Arc::clone(&self.ready), Handle::current());
        let work = move || {
            let _runtime = runtime.enter();
            for order in orders {
                match order {
                    Order::Give(give) => drop(give.send(Sandbox::start(&program))),
                    Order::Keep => {
                        while ready.lock().len() < READY_MAX {
                            let Ok(sandbox) = Sandbox::start(&program) else { break };
                            ready.lock().push(sandbox);
                        }
                    }
                }
            }
        };
        thread::Builder::new().name("sandboxes".to_owned()).spawn(work)?;
        Ok(starter.insert(sender).clone())
    }
}

impl std::fmt::Debug for Sandboxes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sandboxes").field("program", &self.program).finish_non_exhaustive()
    }
}

impl Sandbox {
    fn start(program: &[OsString]) -> io::Result<Self> {
        let [program, arguments @ ..] = program else {
            return Err(io::Error::new(io::ErrorKind::NotFound, "this program runs no code"));
        };
        let mut child = Command::new(program)
            .args(arguments)
            .arg(std::process::id().to_string())
            .env_clear()
            .envs(ENVIRONMENT)
            .current_dir("/")
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        match (child.stdin.take(), child.stdout.take()) {
            (Some(stdin), Some(stdout)) => Ok(Self { child, stdin, stdout }),
            _ => Err(io::Error::other("it has no pipes")),
        }
    }

    /// Sends a request, and reads what the process writes until it ends, up to `bytes_max`.
    ///
    /// # Errors
    /// It writes more, or cannot be read.
    pub(super) async fn ask(self, request: Vec<u8>, bytes_max: usize) -> io::Result<Ended> {
        let Self { mut child, mut stdin, stdout } = self;
        let write = async move {
            // One that has ended says why by its status.
            drop(stdin.write_all(&request).await);
        };
        let mut reply = Vec::new();
        let mut bounded = stdout.take(bytes_max as u64 + 1);
        let ((), read) = tokio::join!(write, bounded.read_to_end(&mut reply));
        read?;
        if reply.len() > bytes_max {
            return Err(io::Error::other("it writes without end"));
        }
        Ok(Ended { reply, status: child.wait().await? })
    }
}
