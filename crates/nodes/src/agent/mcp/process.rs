//! A local command that runs: one process for the calls of all executions.
//!
//! A task of its own drives it, so a call that is stopped stops no other. It ends when nobody is left who could call it: the
//! command sees the end of its standard input, and its supervisor ends what does not end by itself.

mod calls;
mod ended;
mod pipes;

use std::convert::Infallible;
use std::ffi::OsString;
use std::future::pending;
use std::io;
use std::pin::pin;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, timeout};

use self::calls::{Answer, Calls};
pub(crate) use self::ended::Ended;
use self::ended::Why;
use self::pipes::{Lines, Next, Tail};
use super::command::{Known, McpCommand};
use super::era::Era;
use super::message::{self, Message};
use crate::responses::Share;

/// How long a command may take until it can be called.
const START_MAX: Duration = Duration::from_secs(60);
/// How long the exit status of a command is waited for that does not write any more.
const STATUS_WAIT: Duration = Duration::from_secs(5);
/// How long the last words of a command are waited for that has ended.
const REST_WAIT: Duration = Duration::from_millis(100);
/// How long the supervisor may take to end everything, before it is killed itself.
const END_MAX: Duration = Duration::from_secs(15);
/// How long a command waits for its last process to be gone.
const LAST_GONE_MAX: Duration = Duration::from_secs(30);
/// Messages that wait for the command to read them.
const OUTBOX_MAX: usize = 256;
/// Requests of the command that are answered between two responses.
const QUESTIONS_MAX: u32 = 100;
/// How many bytes that are no response are read between two responses.
const BESIDE_BYTES_MAX: usize = 64 * 1024 * 1024;
/// How much of a line that is no message is kept.
const GARBAGE_BYTES: usize = 1_000;

/// What is started.
pub(super) struct Launch {
    pub(super) name: Arc<str>,
    /// The program that supervises the command, and its first arguments.
    pub(super) supervisor: Arc<[OsString]>,
    pub(super) command: McpCommand,
    pub(super) env: Vec<(String, String)>,
    /// How long the command may take to say which protocol it speaks.
    pub(super) discovery_max: Duration,
    /// The largest message.
    pub(super) bytes_max: usize,
    pub(super) share: Share,
}

/// A command that was started. The last handle ends it.
#[derive(Debug)]
pub(super) struct Process {
    calls: Arc<Calls>,
    outbox: mpsc::Sender<Outgoing>,
    phase: watch::Receiver<Phase>,
}

/// A message to the command.
#[derive(Debug)]
struct Outgoing {
    /// The number of a request, which is not sent if nobody waits for it any more.
    id: Option<u64>,
    text: Bytes,
}

#[derive(Clone, Debug)]
enum Phase {
    Starting,
    Ready(Era),
    Ended(Arc<Ended>),
}

/// The right to call a command. It does not end by itself in the meantime.
#[derive(Debug)]
pub(super) struct User(Arc<Process>);

/// A request that is under way. Dropping it cancels it.
struct Request<'a> {
    process: &'a Process,
    id: u64,
}

impl Process {
    /// Starts a command as soon as its last process is gone.
    pub(super) fn start(launch: Launch, known: Arc<Known>) -> Arc<Self> {
        let calls = Arc::new(Calls::new(Instant::now()));
        let (outbox, messages) = mpsc::channel(OUTBOX_MAX);
        let (tell, phase) = watch::channel(Phase::Starting);
        let driver =
            Driver { launch, known, calls: Arc::clone(&calls), answers: outbox.downgrade(), messages, tell };
        tokio::spawn(driver.drive());
        Arc::new(Self { calls, outbox, phase })
    }

    /// Begins a conversation, unless the command has ended or is about to.
    pub(super) fn enter(self: &Arc<Self>) -> Option<User> {
        self.calls.enter().then(|| User(Arc::clone(self)))
    }

    async fn phase(&self, is_it: impl FnMut(&Phase) -> bool) -> Phase {
        let mut phase = self.phase.clone();
        match phase.wait_for(is_it).await {
            Ok(phase) => phase.clone(),
            // The whole program is about to end.
            Err(_) => Phase::Ended(Arc::new(Ended::unused())),
        }
    }

    async fn ended(&self) -> Arc<Ended> {
        match self.phase(|phase| matches!(phase, Phase::Ended(_))).await {
            Phase::Ended(ended) => ended,
            Phase::Starting | Phase::Ready(_) => Arc::new(Ended::unused()),
        }
    }

    /// Sends a message, unless too many wait.
    fn notify(&self, message: &Value) {
        // A command that does not read is ended for that.
        drop(self.outbox.try_send(Outgoing { id: None, text: line_of(message) }));
    }
}

impl User {
    /// Waits until the command is ready. Returns which protocol it speaks.
    pub(super) async fn ready(&self) -> Result<Era, Arc<Ended>> {
        match self.0.phase(|phase| !matches!(phase, Phase::Starting)).await {
            Phase::Ready(era) => Ok(era),
            Phase::Ended(ended) => Err(ended),
            Phase::Starting => Err(Arc::new(Ended::unused())),
        }
    }

    /// Sends a request, and waits for its answer.
    pub(super) async fn request(&self, method: &str, params: Value) -> Result<Answer, Arc<Ended>> {
        let process = &*self.0;
        let (id, answer) = process.calls.ask();
        let request = Request { process, id };
        let message = message::request(id, method, params);
        let sent = process.outbox.send(Outgoing { id: Some(id), text: line_of(&message) }).await;
        let answer = if sent.is_ok() { answer.await.ok() } else { None };
        drop(request);
        let Some(answer) = answer else { return Err(process.ended().await) };
        process.calls.serve();
        Ok(answer)
    }
}

impl Drop for User {
    fn drop(&mut self) {
        self.0.calls.leave(Instant::now());
    }
}

impl Drop for Request<'_> {
    fn drop(&mut self) {
        let Self { process, id } = self;
        let Some(cancelled) = process.calls.withdraw(*id, Instant::now()) else { return };
        let params = json!({ "requestId": id, "reason": "the attempt has ended" });
        process.notify(&message::notification("notifications/cancelled", params));
        process.notify(&message::request(
            cancelled.ping,
            "ping",
            message::with_meta(json!({}), message::meta()),
        ));
    }
}

fn line_of(message: &Value) -> Bytes {
    let mut text = message.to_string();
    text.push('\n');
    text.into()
}

/// Drives one command.
struct Driver {
    launch: Launch,
    known: Arc<Known>,
    calls: Arc<Calls>,
    answers: mpsc::WeakSender<Outgoing>,
    messages: mpsc::Receiver<Outgoing>,
    tell: watch::Sender<Phase>,
}

/// A command that was started.
struct Started {
    child: Child,
    stdin: ChildStdin,
    stdout: ChildStdout,
    stderr: ChildStderr,
}

/// What is left of a command of which nothing more is read.
struct Left {
    child: Child,
    stderr: ChildStderr,
}

impl Driver {
    async fn drive(mut self) {
        let Ok(_alone) = timeout(LAST_GONE_MAX, self.known.alone()).await else {
            return self.end(Ended { why: Why::Unfinished, ..Ended::unused() });
        };
        let (mut ended, mut left) = self.run(self.known.era()).await;
        if ended.is_without_answer() && self.known.era().is_none() {
            leave(left).await;
            self.calls.restart();
            (ended, left) = self.run(Some(Era::Handshake)).await;
        }
        self.end(ended);
        leave(left).await;
    }

    /// Says that the command has ended, to those who wait for it, and to the next one.
    fn end(&self, ended: Ended) {
        let ended = Arc::new(ended);
        if ended.is_fault() {
            tracing::warn!(mcp.command = %self.launch.name, "an MCP command ended by itself, or had to be ended");
        }
        self.known.ended(&ended, self.calls.has_served());
        self.tell.send_replace(Phase::Ended(ended));
        self.calls.close();
    }

    /// Runs the command until it ends or has to. A server of a known `era` is not asked what it speaks.
    async fn run(&mut self, era: Option<Era>) -> (Ended, Option<Left>) {
        let Started { child, stdin, stdout, stderr } = match self.launch.spawn() {
            Ok(started) => started,
            Err(error) => return (Ended { why: Why::NotStarted(error), ..Ended::unused() }, None),
        };
        let Self { launch, known, calls, answers, messages, tell } = self;
        let (mut left, tail) = (Left { child, stderr }, Tail::default());
        let mut was_ready = false;
        let mut why = {
            let lines = Lines::new(stdout, launch.share.clone(), launch.bytes_max);
            let mut reading = pin!(read(lines, launch, calls, answers));
            let mut writing = pin!(write(messages, stdin, calls));
            let mut watching = pin!(calls.watch());
            let mut starting = pin!(timeout(START_MAX, start(launch, calls, answers.upgrade(), era)));
            let mut keeping = pin!(keep(&tail, &mut left.stderr));
            loop {
                tokio::select! {
                    why = &mut reading => break why,
                    why = &mut writing => break why,
                    reason = &mut watching => break Why::Dismissed(reason),
                    started = &mut starting, if !was_ready => match started {
                        Ok(Ok(era)) => {
                            was_ready = true;
                            known.remember(era);
                            tell.send_replace(Phase::Ready(era));
                        }
                        Ok(Err(why)) => break why,
                        Err(_) => break Why::NotReady(START_MAX),
                    },
                    never = &mut keeping => match never {},
                }
            }
        };
        if was_ready {
            // The next call begins with the next process.
            calls.shut();
        }
        let is_of_one = calls.pending() <= 1;
        if matches!(why, Why::Gone(_)) {
            why = Why::Gone(left.status(&tail).await);
        }
        (Ended { why, was_ready, is_of_one, last: tail.text() }, Some(left))
    }
}

impl Launch {
    fn spawn(&self) -> io::Result<Started> {
        let [program, arguments @ ..] = &*self.supervisor else {
            return Err(io::Error::new(io::ErrorKind::NotFound, "nothing supervises local commands here"));
        };
        let mut child = Command::new(program)
            .args(arguments)
            .arg(&self.command.program)
            .args(&self.command.arguments)
            .env_clear()
            .envs(self.env.iter().map(|(name, value)| (name, value)))
            .current_dir(&self.command.directory)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (Some(stdin), Some(stdout), Some(stderr)) = pipes else {
            return Err(io::Error::other("it has no pipes"));
        };
        Ok(Started { child, stdin, stdout, stderr })
    }

    fn who(&self) -> String {
        format!("`{}`", self.name)
    }
}

impl Left {
    /// Waits for the end of the supervisor, while what the command writes is read. `None` if it takes too long.
    async fn wait(&mut self, tail: &Tail, time_max: Duration) -> Option<ExitStatus> {
        let Self { child, stderr } = self;
        tokio::select! {
            status = timeout(time_max, child.wait()) => status.ok()?.ok(),
            never = keep(tail, stderr) => match never {},
        }
    }

    /// Returns the exit status of the command, which is that of its supervisor; `None` if it has not ended.
    async fn status(&mut self, tail: &Tail) -> Option<i32> {
        let status = self.wait(tail, STATUS_WAIT).await?;
        // All that it wrote is there. Somebody else may hold the pipe, which has no end then.
        drop(timeout(REST_WAIT, tail.keep(&mut self.stderr)).await);
        status.code()
    }
}

async fn keep(tail: &Tail, stderr: &mut ChildStderr) -> Infallible {
    tail.keep(stderr).await;
    pending().await
}

/// Waits until the supervisor has ended, with all that it supervises.
async fn leave(left: Option<Left>) {
    let Some(mut left) = left else { return };
    if left.wait(&Tail::default(), END_MAX).await.is_none() {
        tracing::error!("the supervisor of an MCP command did not end, and is killed");
        drop(left.child.kill().await);
    }
}

/// Sends messages until nobody is left who could send one.
async fn write(messages: &mut mpsc::Receiver<Outgoing>, mut stdin: ChildStdin, calls: &Calls) -> Why {
    while let Some(Outgoing { id, text }) = messages.recv().await {
        if id.is_none_or(|id| calls.send(id)) && stdin.write_all(&text).await.is_err() {
            return Why::Gone(None);
        }
    }
    Why::Unused
}

/// Reads messages until the command ends, or writes what is none.
async fn read(
    mut lines: Lines<ChildStdout>,
    launch: &Launch,
    calls: &Calls,
    answers: &mpsc::WeakSender<Outgoing>,
) -> Why {
    let (mut beside, mut questions) = (0, 0);
    loop {
        let (line, taken) = match lines.next().await {
            Ok(Next::Line(line, taken)) => (line, taken),
            Ok(Next::TooLong) => return Why::TooLong(launch.bytes_max),
            Ok(Next::End) | Err(_) => return Why::Gone(None),
        };
        if line.trim_ascii().is_empty() {
            continue;
        }
        beside += line.len();
        let messages = match launch.share.read(line.len(), taken, move || Ok(messages(&line))).await {
            Ok(Ok(messages)) => messages,
            Ok(Err(garbage)) => return garbage,
            Err(failure) => return Why::Refused(failure),
        };
        for message in messages {
            match message {
                Message::Response(id, response) => {
                    if calls.answer(id, response) {
                        (beside, questions) = (0, 0);
                    }
                }
                Message::Question { id, method } => {
                    questions += 1;
                    let text = line_of(&message::answer(&id, &method));
                    if let Some(answers) = answers.upgrade() {
                        // One that asks more than it reads waits in vain.
                        drop(answers.try_send(Outgoing { id: None, text }));
                    }
                }
                Message::Other => {}
            }
        }
        if questions > QUESTIONS_MAX {
            return Why::Questions(QUESTIONS_MAX);
        }
        if beside > BESIDE_BYTES_MAX {
            return Why::Flood(BESIDE_BYTES_MAX);
        }
    }
}

fn messages(line: &[u8]) -> Result<Vec<Message>, Why> {
    message::read(line).map_err(|error| {
        let line = String::from_utf8_lossy(&line[..line.len().min(GARBAGE_BYTES)]).into_owned();
        Why::Garbage { line, error: error.to_string() }
    })
}

/// Finds out which protocol the command speaks, and begins it.
async fn start(
    launch: &Launch,
    calls: &Calls,
    outbox: Option<mpsc::Sender<Outgoing>>,
    era: Option<Era>,
) -> Result<Era, Why> {
    let Some(outbox) = outbox else { return Err(Why::Unused) };
    let ask = async |method, params, time_max| {
        let (id, answer) = calls.ask();
        let text = line_of(&message::request(id, method, params));
        drop(outbox.send(Outgoing { id: Some(id), text }).await);
        let answer = timeout(time_max, answer).await;
        calls.forget(id);
        answer.ok().and_then(Result::ok)
    };
    if era.is_none() {
        let params = message::with_meta(json!({}), message::meta());
        match ask("server/discover", params, launch.discovery_max).await {
            Some(Ok(found)) if message::is_modern_server(&found) => return Ok(Era::Modern),
            Some(Err(error)) if message::is_modern(error.code) => {
                return Err(Why::Refused(error.failure(&launch.who(), "server/discover")));
            }
            Some(_) | None => {}
        }
    }
    let Some(answer) = ask("initialize", message::handshake(), START_MAX).await else {
        return Err(Why::NotReady(START_MAX));
    };
    let result = answer.map_err(|error| Why::Refused(error.failure(&launch.who(), "initialize")))?;
    message::chosen_version(&result, &launch.who(), "Check the command.").map_err(Why::Refused)?;
    let text = line_of(&message::notification("notifications/initialized", json!({})));
    drop(outbox.send(Outgoing { id: None, text }).await);
    Ok(Era::Handshake)
}
