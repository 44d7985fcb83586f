//! What happens to disks and processes: a second server, a full disk, a failed fsync, signals.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use reqwest::Method;
use serde_json::{Value, json};
use steadflow_blackbox::{
    Api, Peer, Setup, Workplace, echo, eventually, flow, http, millis_between, moment, node, with,
};

const SOON: Duration = Duration::from_secs(20);

#[tokio::test]
async fn a_second_server_on_the_same_database_says_so_and_ends() {
    let workplace = Workplace::new();
    let server = Setup::new(&workplace).start().await;

    let second = Setup::new(&workplace).start_in_vain().await;

    assert!(second.code.is_some_and(|code| code != 0), "{second:?}");
    assert!(second.stderr.contains("in use by another steadflow process"), "{}", second.stderr);
    server.api().get("flows").await.expect(200);
}

#[tokio::test]
async fn a_database_that_cannot_be_opened_is_named() {
    let workplace = Workplace::new();
    let text = workplace.path().join("text.db");
    std::fs::write(&text, "this is not a database, and long enough to be one".repeat(100))
        .expect("it is written");

    for path in [workplace.path().join("nowhere/steadflow.db"), text] {
        let run = Setup::new(&workplace).database(format!("sqlite:{}", path.display())).start_in_vain().await;

        assert!(run.code.is_some_and(|code| code != 0), "{run:?}");
        assert!(run.stderr.contains(&path.display().to_string()), "{}", run.stderr);
    }
}

#[tokio::test]
async fn a_full_disk_refuses_new_work_loses_nothing_and_heals_by_itself() {
    let workplace = Workplace::new();
    let Some(disk) = SmallDisk::mount(&workplace.path().join("disk")) else { return };
    let database = format!("sqlite:{}", disk.path.join("steadflow.db").display());
    let setup = Setup::new(&workplace).database(database);
    let mut server = setup.arguments(["--reserve-mib", "0"]).start().await;
    let document = flow("Load", &[echo("a", json!({ "text": "x".repeat(10_000) }))], &[]);
    let flow = server.api().create_flow(&document).await;
    let mut promised = vec![server.api().start(&flow, json!({})).await];

    disk.fill();
    let refused = eventually("a start is refused", SOON, async || {
        let answer = start(server.api(), &flow, &format!("full-{}", promised.len())).await.ok()?;
        match answer {
            Ok(id) => promised.push(id),
            Err(status) => return Some(status),
        }
        None
    })
    .await;
    server.api().get("flows").await.expect(200);
    disk.clear();
    let freed = Instant::now();
    let healed = eventually("starts are taken again", SOON, async || {
        start(server.api(), &flow, "healed").await.ok()?.ok()
    })
    .await;
    let healed_after = freed.elapsed();
    promised.push(healed);

    assert!(matches!(refused, 503 | 507), "{refused}");
    assert!(healed_after < Duration::from_secs(5), "{healed_after:?}");
    for id in &promised {
        assert_eq!(server.api().finished(id, SOON).await["status"], "completed");
    }
    let (_, executions) = server.api().counts().await;
    assert_eq!(executions, promised.len().min(100));
    server.stop().await;
    let doctor = server.doctor();
    assert_eq!(doctor.code, Some(0), "{}{}", doctor.stdout, doctor.stderr);
}

#[tokio::test]
async fn a_failed_fsync_ends_the_server_and_the_next_start_has_all_that_was_promised() {
    let workplace = Workplace::new();
    let traced = Command::new("strace").args(["-qq", "-o", "/dev/null", "true"]).output();
    if !traced.is_ok_and(|output| output.status.success()) {
        eprintln!("SKIPPED: strace is not there, or may not trace");
        return;
    }
    // Traced from a grandchild, so that the process we signal is the server itself.
    let inject = "inject=fdatasync,fsync:error=EIO:when=40+";
    let strace =
        ["strace", "-D", "-f", "-qq", "-o", "/dev/null", "-e", "trace=fdatasync,fsync", "-e", inject];
    let mut server = Setup::new(&workplace).wrapped_by(strace).start().await;
    let document = flow("Load", &[echo("a", json!({})), echo("b", json!({}))], &[("a", "b")]);
    let flow = server.api().create_flow(&document).await;

    let mut promised = Vec::new();
    let unsettled = eventually("the disk fails", SOON, async || {
        let key = format!("call-{}", promised.len());
        match start(server.api(), &flow, &key).await {
            Ok(Ok(id)) => promised.push(id),
            Ok(Err(status)) => {
                assert!((500..600).contains(&status), "{status}");
                return Some(key);
            }
            Err(_) => return Some(key),
        }
        None
    })
    .await;
    let status = server.ended(SOON).await;
    let log = server.log();
    drop(server);
    let mut healthy = Setup::new(&workplace).start().await;
    let again = start(healthy.api(), &flow, &unsettled).await.expect("it answers").expect("it is taken");
    promised.push(again);

    assert!(!status.success(), "it ended as if nothing had happened: {status}");
    assert!(log.contains("I/O error"), "{log}");
    for id in &promised {
        assert_eq!(healthy.api().finished(id, SOON).await["status"], "completed");
    }
    assert_eq!(healthy.api().counts().await.1, promised.len(), "the call of unknown outcome happened once");
    healthy.stop().await;
    let doctor = healthy.doctor();
    assert_eq!(doctor.code, Some(0), "{}{}", doctor.stdout, doctor.stderr);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sigterm_in_the_middle_of_a_call_hands_the_attempt_back_uncounted() {
    let (workplace, peer) = (Workplace::new(), Peer::start().await);
    let mut server = Setup::new(&workplace).arguments(["--grace-seconds", "1"]).start().await;
    let flow = server.api().create_flow(&flow("Hanging", &[http("call", &peer.url("/hang/1"))], &[])).await;
    let id = server.api().start(&flow, json!({})).await;
    eventually("the peer has the call", SOON, async || (!peer.calls_of(&id).is_empty()).then_some(())).await;

    let began = Instant::now();
    server.signal("TERM");
    let status = server.ended(SOON).await;
    let took = began.elapsed();
    server.restart().await;
    let execution = server.api().finished(&id, SOON).await;

    assert!(status.success(), "{status}");
    assert!((Duration::from_millis(900)..Duration::from_secs(3)).contains(&took), "{took:?}");
    assert_eq!(execution["status"], "completed", "{execution}");
    assert_eq!(execution["recovered"], false, "a restart is no failure");
    let attempts = node(&execution, "call")["attempts"].as_array().expect("attempts are listed");
    assert_eq!(attempts.len(), 2);
    assert_eq!(attempts[0]["error_class"], Value::Null);
    assert_eq!(peer.calls_of(&id).len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sigterm_lets_a_short_call_end() {
    let (workplace, peer) = (Workplace::new(), Peer::start().await);
    let mut server = Setup::new(&workplace).arguments(["--grace-seconds", "10"]).start().await;
    let flow = server.api().create_flow(&flow("Short", &[http("call", &peer.url("/slow/300"))], &[])).await;
    let id = server.api().start(&flow, json!({})).await;
    eventually("the peer has the call", SOON, async || (!peer.calls_of(&id).is_empty()).then_some(())).await;

    let began = Instant::now();
    server.signal("TERM");
    let status = server.ended(SOON).await;
    let took = began.elapsed();
    server.restart().await;
    let execution = server.api().finished(&id, SOON).await;

    assert!(status.success() && took < Duration::from_secs(3), "{status} after {took:?}");
    assert_eq!(execution["status"], "completed");
    assert_eq!(peer.calls_of(&id).len(), 1, "a call that ended in time is not repeated");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stopped_process_keeps_its_deadlines_when_it_goes_on() {
    let (workplace, peer) = (Workplace::new(), Peer::start().await);
    let server = Setup::new(&workplace).start().await;
    let hanging = flow("Hanging", &[http("call", &peer.url("/hang/9"))], &[]);
    let hanging = server.api().create_flow(&with(hanging, &json!({ "timeout_seconds": 1 }))).await;
    let delay = json!({ "id": "wait", "type": "delay", "delay_seconds": 1 });
    let waiting = flow("Waiting", &[delay, http("call", &peer.url("/ok"))], &[("wait", "call")]);
    let waiting = server.api().create_flow(&waiting).await;
    let hanging = server.api().start(&hanging, json!({})).await;
    let waiting = server.api().start(&waiting, json!({})).await;
    eventually("the peer has the call", SOON, async || (!peer.calls_of(&hanging).is_empty()).then_some(()))
        .await;

    server.signal("STOP");
    let stopped = Timestamp::now();
    eventually("both deadlines pass meanwhile", SOON, async || {
        (millis_between(stopped, Timestamp::now()) > 3000).then_some(())
    })
    .await;
    server.signal("CONT");
    let resumed = Timestamp::now();
    let hanging = server.api().finished(&hanging, SOON).await;
    let waiting = server.api().finished(&waiting, SOON).await;

    assert_eq!(hanging["error_message"], "Flow execution timed out after 1 seconds");
    assert_eq!(waiting["status"], "completed", "{waiting}");
    for execution in [&hanging, &waiting] {
        let late = millis_between(resumed, moment(&execution["completed_at"]));
        assert!(late < 1000, "{late} ms after it went on");
    }
    assert_eq!(peer.calls().len(), 2);
}

/// Starts `flow` under a key: the id, or the status of a refusal; an error where the outcome is unknown.
async fn start(api: &Api, flow: &str, key: &str) -> Result<Result<String, u16>, reqwest::Error> {
    let path = format!("flows/{flow}/execute");
    let answer = api.call(Method::POST, &path, &[("Idempotency-Key", key)], Some(&json!({}))).await?;
    let id = answer.body["execution_id"].as_str().map(str::to_owned);
    Ok(id.filter(|_| answer.status == 201).ok_or(answer.status))
}

/// A disk of a few megabytes, for as long as it lives.
struct SmallDisk {
    path: PathBuf,
}

impl SmallDisk {
    /// Mounts one; says so and gives none where that is not allowed.
    fn mount(path: &Path) -> Option<Self> {
        std::fs::create_dir_all(path).expect("a folder can be made");
        let mount = Command::new("mount").args(["-t", "tmpfs", "-o", "size=16m", "tmpfs"]).arg(path).output();
        match mount {
            Ok(output) if output.status.success() => Some(Self { path: path.to_owned() }),
            Ok(output) => {
                eprintln!(
                    "SKIPPED: no disk can be mounted: {}",
                    String::from_utf8_lossy(&output.stderr).trim()
                );
                None
            }
            Err(error) => {
                eprintln!("SKIPPED: no disk can be mounted: {error}");
                None
            }
        }
    }

    fn fill(&self) {
        let mut file = std::fs::File::create(self.path.join("filler")).expect("a file can be made");
        while file.write_all(&[0; 4096]).is_ok() {}
    }

    fn clear(&self) {
        std::fs::remove_file(self.path.join("filler")).expect("the filler can be removed");
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: the server that has files open there may be dropped after this.
        let _ = Command::new("umount").arg("--lazy").arg(&self.path).status();
    }
}
