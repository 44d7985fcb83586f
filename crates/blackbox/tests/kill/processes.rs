//! Three processes on one PostgreSQL, under load: killed, paused beyond their lease, cut off from the database, and the database
//! itself crashed and paused.
//!
//! `FAULTS=300` makes more than the usual 15 faults.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use steadflow_blackbox::{Cluster, Peer, eventually};
use tokio::time::sleep;

use crate::check::Findings;
use crate::kinds;
use crate::load::Load;

const FAULTS: usize = 15;
const PROCESSES: usize = 3;
/// How long work may stand still after a fault: a lease, and the time to notice that it has ended.
const STANDS_STILL_FOR: Duration = Duration::from_secs(30);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fault {
    /// kill -9 and a new start.
    Killed,
    /// Paused until another process has taken over.
    Paused,
    /// All connections to the database are ended.
    Disconnected,
    /// The database crashes and starts again.
    DatabaseCrashed,
    /// The database says nothing for a while.
    DatabasePaused,
}

const ALL: [Fault; 5] =
    [Fault::Killed, Fault::Disconnected, Fault::Paused, Fault::DatabaseCrashed, Fault::DatabasePaused];

async fn make(cluster: &mut Cluster, fault: Fault, process: usize) {
    let server = &mut cluster.servers[process];
    match fault {
        Fault::Killed => {
            server.kill();
            server.restart().await;
        }
        Fault::Paused => {
            server.signal("STOP");
            // This is the fault itself, not a wait for something.
            sleep(Duration::from_secs(Cluster::LEASE_SECONDS + 2)).await;
            server.signal("CONT");
        }
        Fault::Disconnected => {
            let sql = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                WHERE application_name = 'steadflow'";
            cluster.database.ask(sql);
        }
        Fault::DatabaseCrashed => {
            cluster.database.crash();
            cluster.database.begin();
        }
        Fault::DatabasePaused => {
            cluster.database.signal("STOP");
            sleep(Duration::from_secs(1)).await;
            cluster.database.signal("CONT");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn faults_of_processes_and_of_the_database_lose_nothing_and_double_nothing() {
    let peer = Peer::start().await;
    let mut cluster = Cluster::start(PROCESSES).await;
    let apis = cluster.servers.iter().map(|server| server.api().clone()).collect();
    let load = Load::start(apis, &kinds::kinds(&peer)).await;

    let began = Instant::now();
    let faults = std::env::var("FAULTS").ok().and_then(|text| text.parse().ok()).unwrap_or(FAULTS);
    let mut made: BTreeMap<Fault, usize> = BTreeMap::new();
    for number in 0..faults {
        let fault = ALL[number % ALL.len()];
        let before = load.accepted_count();
        eventually("the load goes on", STANDS_STILL_FOR, async || {
            (load.accepted_count() >= before + 10 + number * 37 % 40).then_some(())
        })
        .await;
        make(&mut cluster, fault, number % PROCESSES).await;
        *made.entry(fault).or_default() += 1;
    }
    let (journal, took) = (load.stop().await, began.elapsed());
    let findings = Findings::gather(cluster.servers[0].api(), &peer, &journal).await;
    for server in &mut cluster.servers {
        server.stop().await;
    }
    let doctor = cluster.servers[0].doctor();

    eprintln!("{made:?} in {took:.1?}");
    eprintln!("{findings}");
    findings.assert_sound();
    assert_eq!(doctor.code, Some(0), "doctor found something:\n{}{}", doctor.stdout, doctor.stderr);
}
