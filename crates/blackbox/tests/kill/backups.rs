//! Backups that are made under load, some of them killed on the way, and databases that are made of them.
//!
//! `BACKUPS=100` makes more of them than usual.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::json;
use steadflow_blackbox::{Api, Peer, Run, Setup, Workplace, echo, eventually, flow, run, steadflow};

use crate::kill::kinds::{self, Then};
use crate::kill::load::{Journal, Load};

const BACKUPS: usize = 5;
/// Executions between two backups.
const FURTHER: usize = 40;
const SOON: Duration = Duration::from_secs(30);

/// A backup, and what must and must not be in it.
struct Backup {
    file: PathBuf,
    ended_before: String,
    accepted_after: String,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_under_load_is_the_database_of_one_moment() {
    let workplace = Workplace::new();
    let peer = Peer::start().await;
    let mut server = Setup::new(&workplace).start().await;
    let api = server.api().clone();
    let quick = api.create_flow(&flow("Quick", &[echo("a", json!({ "n": 1 }))], &[])).await;
    let load = Load::start(vec![api.clone()], &kinds::kinds(&peer)).await;

    let count = std::env::var("BACKUPS").ok().and_then(|text| text.parse().ok()).unwrap_or(BACKUPS);
    let mut backups = Vec::new();
    for number in 0..count {
        let before = load.accepted_count();
        eventually("the load goes on", SOON, async || {
            (load.accepted_count() >= before + FURTHER).then_some(())
        })
        .await;
        let file = workplace.path().join(format!("backup-{number}.db"));
        if number % 2 == 1 {
            kill_on_the_way(workplace.path(), &file);
        }
        backups.push(back_up(workplace.path(), &api, &quick, file).await);
    }
    let journal = load.stop().await;
    server.stop().await;

    let mut unfinished = 0;
    for backup in &backups {
        unfinished += restored(&peer, &journal, backup).await;
    }
    eprintln!("{} backups of {} executions, {unfinished} unfinished", backups.len(), journal.accepted.len());
    assert!(unfinished > backups.len(), "hardly anything was under way");
}

/// Kills a process that makes a backup as soon as it has begun; it must leave a whole file under this name, or none.
fn kill_on_the_way(folder: &Path, file: &Path) {
    let mut process = Command::new(steadflow())
        .args(["backup", name_of(file), "--database", "sqlite:steadflow.db"])
        .current_dir(folder)
        .stderr(Stdio::null())
        .spawn()
        .expect("the binary starts");
    let partial = file.with_extension("db.partial");
    while !partial.exists() && process.try_wait().expect("it can be asked").is_none() {
        std::thread::yield_now();
    }
    process.kill().expect("it is ours");
    process.wait().expect("it ends");
    if file.exists() {
        let restored = folder.join("whole.db");
        expect(&restore(file, &restored), 0);
        std::fs::remove_file(file).expect("it is ours");
        std::fs::remove_file(restored).expect("it is ours");
    }
}

async fn back_up(folder: &Path, api: &Api, quick: &str, file: PathBuf) -> Backup {
    let ended_before = api.start(quick, json!({})).await;
    api.finished(&ended_before, SOON).await;
    let (folder, name) = (folder.to_owned(), name_of(&file).to_owned());
    let made = tokio::task::spawn_blocking(move || {
        run(&folder, &["backup", &name, "--database", "sqlite:steadflow.db"])
    });
    expect(&made.await.expect("it does not panic"), 0);
    let accepted_after = api.start(quick, json!({})).await;
    Backup { file, ended_before, accepted_after }
}

/// Makes a database of a backup and serves it until all has ended. Returns how much had not when the backup was made.
async fn restored(peer: &Peer, journal: &Journal, backup: &Backup) -> usize {
    let workplace = Workplace::new();
    let made = restore(&backup.file, &workplace.path().join("steadflow.db"));
    expect(&made, 0);
    let mut server = Setup::new(&workplace).start().await;
    let api = server.api().clone();

    assert_eq!(api.execution(&backup.ended_before).await["status"], "completed");
    let after = api.get(&format!("executions/{}", backup.accepted_after)).await;
    assert_eq!(after.status, 404, "it was accepted after the backup");
    let to_cancel =
        journal.accepted.iter().filter(|started| journal.flows[started.flow].1.then == Then::Cancel);
    let to_cancel: HashSet<&str> = to_cancel.map(|started| started.id.as_str()).collect();
    let unfinished: Vec<&str> = made.stdout.lines().collect();
    for id in &unfinished {
        if to_cancel.contains(id) {
            api.post(&format!("executions/{id}/cancel"), &json!({})).await;
        }
    }
    for id in &unfinished {
        let ended = api.finished(id, SOON).await["status"].clone();
        let expected = journal.accepted.iter().find(|started| started.id == **id);
        // What a client had not noted down yet ends nevertheless.
        let ends = expected.map(|started| journal.flows[started.flow].1.ends);
        assert!(ends.is_none_or(|ends| ended == ends), "{id} ended as {ended} and not as {ends:?}");
    }
    assert!(!peer.calls().is_empty());
    server.stop().await;
    let doctor = server.doctor();
    assert_eq!(doctor.code, Some(0), "doctor found something:\n{}{}", doctor.stdout, doctor.stderr);
    unfinished.len()
}

fn restore(file: &Path, database: &Path) -> Run {
    let folder = file.parent().expect("it is in a folder");
    run(folder, &["restore", name_of(file), "--database", &format!("sqlite:{}", database.display())])
}

fn name_of(file: &Path) -> &str {
    file.file_name().and_then(|name| name.to_str()).expect("it was named here")
}

fn expect(run: &Run, code: i32) {
    assert_eq!(run.code, Some(code), "{}{}", run.stdout, run.stderr);
}
