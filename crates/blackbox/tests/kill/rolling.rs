//! An upgrade of processes on one PostgreSQL, one after the other, under load: from the binary that `STEADFLOW_OLDER_BIN` names, such as
//! the one of the release before, to the one under test. Without it both are the same, and what is tested is the hand-over.

use std::path::PathBuf;
use std::time::Duration;

use steadflow_blackbox::{Cluster, Peer, Postgres, eventually, steadflow};

use crate::kill::check::Findings;
use crate::kill::kinds;
use crate::kill::load::Load;

const PROCESSES: usize = 2;
const GOES_ON_WITHIN: Duration = Duration::from_secs(30);

async fn goes_on(load: &Load) {
    let before = load.accepted_count();
    eventually("the load goes on", GOES_ON_WITHIN, async || {
        (load.accepted_count() >= before + 40).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upgrade_of_one_process_after_the_other_loses_nothing_and_interrupts_nothing() {
    let older = std::env::var_os("STEADFLOW_OLDER_BIN").map_or_else(|| steadflow().to_owned(), PathBuf::from);
    let database = Postgres::start(100);
    let urls = vec![database.url(); PROCESSES];
    let mut cluster = Cluster::start_as(&older, database, &urls).await;
    let peer = Peer::start().await;
    let apis = cluster.servers.iter().map(|server| server.api().clone()).collect();
    let load = Load::start(apis, &kinds::kinds(&peer)).await;

    goes_on(&load).await;
    for server in &mut cluster.servers {
        server.stop().await;
        server.restart_as(steadflow().to_owned()).await;
        // Both versions drive executions now, and each takes over what the other has parked.
        goes_on(&load).await;
    }
    let journal = load.stop().await;
    let findings = Findings::gather(cluster.servers[0].api(), &peer, &journal).await;
    for server in &mut cluster.servers {
        server.stop().await;
    }
    let doctor = cluster.servers[0].doctor();

    eprintln!("{findings}");
    findings.assert_sound();
    findings.assert_none_interrupted();
    assert_eq!(doctor.code, Some(0), "doctor found something:\n{}{}", doctor.stdout, doctor.stderr);
    for server in &cluster.servers {
        assert!(!server.log().contains("not readable"), "{}", server.log());
    }
}
