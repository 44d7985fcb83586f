//! Processes on one PostgreSQL, under load: killed, paused beyond their lease, cut off from the database with and without a word, and
//! the database itself crashed, paused and without room for a connection; directly and through a pooler.
//!
//! `FAULTS=300` makes more faults than usual, also longer ones; `SOAK_MINUTES=30` makes them for so long.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use steadflow_blackbox::{Cluster, Crowd, Link, Peer, Pooler, Postgres, eventually};
use tokio::time::sleep;

use crate::kill::check::Findings;
use crate::kill::kinds;
use crate::kill::load::Load;

const PROCESSES: usize = 3;
/// Fewer than the processes make.
const POOLED_CONNECTIONS: usize = 4;
/// Connections that the database accepts.
const CONNECTIONS: usize = 80;
/// How long what goes on longer than a lease takes.
const LONGER_THAN_A_LEASE: Duration = Duration::from_secs(Cluster::LEASE_SECONDS + 2);
/// How long work may stand still after a fault: a lease, and the time to notice that it has ended.
const STANDS_STILL_FOR: Duration = Duration::from_secs(30);
/// How long a process may take to accept new work again when what was wrong is over.
const COMES_BACK_WITHIN: Duration = Duration::from_secs(20);
/// In a long run, every so many faults is one that takes long.
const LONG_EVERY: usize = 50;

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
    /// The database says nothing for a second.
    DatabasePaused,
    /// It says nothing for longer than processes try.
    DatabasePausedLong,
    /// What a process and the database send each other arrives only after its lease has ended.
    Delayed,
    /// Nothing arrives any more on the connections of a process, and nobody is told.
    BlackHoled,
    /// All connections of the database are lost to others for a while.
    CrowdedOut,
    /// kill -9 of the pooler, and a new start.
    PoolerKilled,
}

const DIRECT: [Fault; 8] = [
    Fault::Killed,
    Fault::BlackHoled,
    Fault::Disconnected,
    Fault::Paused,
    Fault::CrowdedOut,
    Fault::DatabaseCrashed,
    Fault::Delayed,
    Fault::DatabasePaused,
];
const POOLED: [Fault; 4] = [Fault::Killed, Fault::PoolerKilled, Fault::DatabaseCrashed, Fault::PoolerKilled];

/// The processes, and what they reach the database through.
struct Scene {
    cluster: Cluster,
    /// One for each process.
    links: Vec<Link>,
    pooler: Option<Pooler>,
}

impl Scene {
    async fn direct() -> Self {
        let (database, mut links) = (Postgres::start(CONNECTIONS), Vec::new());
        for _ in 0..PROCESSES {
            links.push(Link::start(&database).await);
        }
        let urls: Vec<String> = links.iter().map(Link::url).collect();
        Self { cluster: Cluster::start_on(database, &urls).await, links, pooler: None }
    }

    async fn pooled() -> Self {
        let database = Postgres::start(CONNECTIONS);
        let pooler = Pooler::start(&database, POOLED_CONNECTIONS).await;
        let cluster = Cluster::start_on(database, &[pooler.url(), pooler.url()]).await;
        Self { cluster, links: Vec::new(), pooler: Some(pooler) }
    }

    async fn make(&mut self, fault: Fault, process: usize) {
        let Self { cluster: Cluster { servers, database, .. }, links, pooler } = self;
        let server = &mut servers[process];
        // Pauses are the fault itself, and no waits for something.
        match fault {
            Fault::Killed => {
                server.kill();
                server.restart().await;
            }
            Fault::Paused => {
                server.signal("STOP");
                sleep(LONGER_THAN_A_LEASE).await;
                server.signal("CONT");
            }
            Fault::Disconnected => {
                let sql = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                    WHERE application_name = 'steadflow'";
                database.ask(sql);
            }
            Fault::DatabaseCrashed => {
                database.crash();
                database.begin();
            }
            Fault::DatabasePaused => pause(database, Duration::from_secs(1)).await,
            Fault::DatabasePausedLong => pause(database, Duration::from_secs(30)).await,
            Fault::Delayed => {
                links[process].stand_still();
                sleep(LONGER_THAN_A_LEASE).await;
                links[process].go_on();
            }
            Fault::BlackHoled => {
                links[process].stand_still();
                sleep(LONGER_THAN_A_LEASE).await;
                links[process].go_on_without_the_old();
            }
            Fault::CrowdedOut => {
                let mut crowd = Crowd::take(database).await;
                crowd.displace(database, "steadflow", LONGER_THAN_A_LEASE).await;
            }
            Fault::PoolerKilled => pooler.as_mut().expect("there is one").restart().await,
        }
        for server in servers {
            server.comes_back(COMES_BACK_WITHIN).await;
        }
    }
}

async fn pause(database: &Postgres, time: Duration) {
    database.signal("STOP");
    sleep(time).await;
    database.signal("CONT");
}

/// When there have been enough faults.
#[derive(Clone, Copy, Debug)]
enum Enough {
    Faults(usize),
    At(Instant),
}

impl Enough {
    fn or(usual: usize) -> Self {
        let number = |name| std::env::var(name).ok().and_then(|text| text.parse::<usize>().ok());
        match number("SOAK_MINUTES") {
            Some(minutes) => Self::At(Instant::now() + Duration::from_secs(60 * minutes as u64)),
            None => Self::Faults(number("FAULTS").unwrap_or(usual)),
        }
    }

    fn is_reached(self, faults: usize) -> bool {
        match self {
            Self::Faults(enough) => faults >= enough,
            Self::At(end) => Instant::now() >= end,
        }
    }
}

/// Makes one fault after the other under load, and looks at what has become of everything.
async fn survives(mut scene: Scene, kinds_of_faults: &[Fault], enough: Enough) {
    let peer = Peer::start().await;
    let apis = scene.cluster.servers.iter().map(|server| server.api().clone()).collect();
    let load = Load::start(apis, &kinds::kinds(&peer)).await;

    let began = Instant::now();
    let mut made: BTreeMap<Fault, usize> = BTreeMap::new();
    for number in 0.. {
        if enough.is_reached(number) {
            break;
        }
        let is_long = number % LONG_EVERY == LONG_EVERY - 1;
        let fault =
            if is_long { Fault::DatabasePausedLong } else { kinds_of_faults[number % kinds_of_faults.len()] };
        let before = load.accepted_count();
        eventually("the load goes on", STANDS_STILL_FOR, async || {
            (load.accepted_count() >= before + 10 + number * 37 % 40).then_some(())
        })
        .await;
        let process = number % scene.cluster.servers.len();
        let accepted = load.accepted_count();
        eprintln!("{:.0?}, {accepted} accepted: {fault:?}, process {process}", began.elapsed());
        scene.make(fault, process).await;
        *made.entry(fault).or_default() += 1;
    }
    let (journal, took) = (load.stop().await, began.elapsed());
    let Scene { cluster: Cluster { servers, .. }, .. } = &mut scene;
    let findings = Findings::gather(servers[0].api(), &peer, &journal).await;
    for server in servers.iter_mut() {
        server.stop().await;
    }
    let doctor = servers[0].doctor();

    eprintln!("{made:?} in {took:.1?}");
    eprintln!("{findings}");
    findings.assert_sound();
    findings.assert_limit_was_reached();
    assert_eq!(doctor.code, Some(0), "doctor found something:\n{}{}", doctor.stdout, doctor.stderr);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn faults_of_processes_and_of_the_database_lose_nothing_and_double_nothing() {
    survives(Scene::direct().await, &DIRECT, Enough::or(DIRECT.len())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn faults_behind_a_pooler_lose_nothing_and_double_nothing() {
    survives(Scene::pooled().await, &POOLED, Enough::or(POOLED.len())).await;
}
