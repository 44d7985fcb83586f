//! The server is killed with -9 under load, again and again; what clients and peers noted down must fit what it says.
//!
//! `KILLS=1000` kills more often than the usual 30 times.

mod backups;
mod check;
mod kinds;
mod load;
mod processes;
mod rolling;

use std::time::{Duration, Instant};

use steadflow_blackbox::{Peer, Server, Setup, Workplace, eventually};

use crate::kill::check::Findings;
use crate::kill::load::Load;

const KILLS: usize = 30;
/// The longest time from starting the process to serving, at the median and at worst.
const READY_MEDIAN: Duration = Duration::from_secs(1);
const READY_WORST: Duration = Duration::from_secs(3);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kill_9_under_load_loses_nothing_and_doubles_nothing() {
    let workplace = Workplace::new();
    let peer = Peer::start().await;
    let mut server = Setup::new(&workplace).start().await;
    let load = Load::start(vec![server.api().clone()], &kinds::kinds(&peer)).await;

    let began = Instant::now();
    let ready = kill_again_and_again(&mut server, &load).await;
    let (journal, killing) = (load.stop().await, began.elapsed());
    let findings = Findings::gather(server.api(), &peer, &journal).await;
    server.stop().await;
    let doctor = server.doctor();

    let (median, worst) = (ready[ready.len() / 2], ready[ready.len() - 1]);
    eprintln!(
        "{} kills in {killing:.1?}; ready after {median:.0?} (median), {worst:.0?} (worst)",
        ready.len()
    );
    eprintln!("{findings}");
    findings.assert_sound();
    findings.assert_telling(ready.len());
    assert_eq!(doctor.code, Some(0), "doctor found something:\n{}{}", doctor.stdout, doctor.stderr);
    assert!(median < READY_MEDIAN && worst < READY_WORST, "slow to serve again: {ready:?}");
}

/// Returns how long each restart took, in order of length.
async fn kill_again_and_again(server: &mut Server, load: &Load) -> Vec<Duration> {
    let kills = std::env::var("KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(KILLS);
    let mut ready = Vec::new();
    for kill in 0..kills {
        // Uneven, so that the kills fall into different moments of the flows' lives.
        let further = 10 + kill * 37 % 90;
        let before = load.accepted_count();
        eventually("the load goes on", Duration::from_secs(30), async || {
            (load.accepted_count() >= before + further).then_some(())
        })
        .await;
        server.kill();
        ready.push(server.restart().await);
    }
    ready.sort_unstable();
    ready
}
