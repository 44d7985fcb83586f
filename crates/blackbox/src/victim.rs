//! The flow that an attack must not disturb.

use std::fmt;
use std::fs::File;
use std::io::Write;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use tokio::runtime::Builder;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};

use crate::api::Api;
use crate::document::{echo, flow};
use crate::server::{Server, Setup, Workplace};

/// How often the flow is started, and `/healthz` asked.
const EVERY: Duration = Duration::from_millis(20);
/// How long both are timed before an attack, and at least during one.
const TIMED_FOR: Duration = Duration::from_secs(1);
/// The worst that the flow may take under attack, at the 99th percentile.
const FLOW_P99_MAX: Duration = Duration::from_millis(500);
/// How much slower than before it may be, at the 99th percentile; checked by `make abuse` only, which is the only one that
/// measures a release build.
const FLOW_P99_FACTOR: u32 = 5;
/// What a quiet 99th percentile counts as, at least: on a machine of few cores it takes as long to be given one of them.
const QUIET_MIN: Duration = Duration::from_millis(10);
/// The worst that `/healthz` may take under attack.
const HEALTHZ_MAX: Duration = Duration::from_secs(1);

impl Setup {
    /// Limits the server to 4 GiB of address space.
    #[must_use]
    pub fn with_limited_memory(self) -> Self {
        self.wrapped_by(["prlimit", "--as=4294967296"])
    }
}

/// Returns how much of an attack to do: `long` in `make abuse`, else `short`.
pub fn scaled<T>(short: T, long: T) -> T {
    if is_long() { long } else { short }
}

fn is_long() -> bool {
    std::env::var_os("ABUSE").is_some_and(|kind| kind == "long")
}

/// Somebody else's small flow. It is started at a steady rate, beside calls of `/healthz`, and each call is timed.
///
/// The calls come from a thread of their own, so an attack that keeps the test busy does not count as slowness.
#[derive(Debug)]
pub struct Victim {
    address: SocketAddr,
    /// What its calls show, if they have to show anything.
    key: Option<String>,
    flow: String,
    quiet: Times,
}

impl Victim {
    /// Stores the flow, and times it while nothing else happens.
    ///
    /// # Panics
    /// If the server does not run it.
    pub async fn new(server: &Server) -> Self {
        Self::showing(server, None).await
    }

    /// As [`Self::new`], with an API key that it shows.
    ///
    /// # Panics
    /// If the server does not run it.
    pub async fn with_key(server: &Server, key: &str) -> Self {
        Self::showing(server, Some(key.to_owned())).await
    }

    async fn showing(server: &Server, key: Option<String>) -> Self {
        let address = server.address();
        let api = client(address, key.as_deref());
        let nodes = [echo("a", json!({ "n": "${trigger_data.n}" })), echo("b", json!("${a.n}"))];
        let flow = api.create_flow(&flow("Victim", &nodes, &[("a", "b")])).await;
        let mut victim = Self { address, key, flow, quiet: Times::default() };
        let ((), quiet) = victim.timed(async {}).await;
        victim.quiet = quiet;
        victim
    }

    /// Makes an attack while the flow runs, and returns what came of it.
    ///
    /// # Panics
    /// If meanwhile the flow or `/healthz` fails, or takes longer than is promised.
    pub async fn withstands<T>(&self, what: &str, attack: impl Future<Output = T>) -> T {
        let (outcome, times) = self.timed(attack).await;
        eprintln!("{what}: {times}; before: {}", self.quiet);
        // What the disk of this machine makes everybody wait is not the server's.
        let p99 = times.flow_p99().saturating_sub(times.sync_worst);
        assert!(p99 <= FLOW_P99_MAX, "{what}: another flow took {p99:.0?}");
        assert!(times.healthz_worst <= HEALTHZ_MAX, "{what}: /healthz took {:.0?}", times.healthz_worst);
        let quiet = self.quiet.flow_p99().max(QUIET_MIN);
        assert!(!is_long() || p99 <= quiet * FLOW_P99_FACTOR, "{what}: another flow took {p99:.0?}");
        outcome
    }

    async fn timed<T>(&self, attack: impl Future<Output = T>) -> (T, Times) {
        let watch =
            Watch::start(self.address, self.key.clone(), format!("flows/{}/execute?wait=30", self.flow));
        let probe = DiskProbe::start();
        let (outcome, ()) = tokio::join!(attack, sleep(TIMED_FOR));
        let sync_worst = probe.stop().await;
        (outcome, Times { sync_worst, ..watch.stop().await })
    }
}

/// How long calls took.
#[derive(Debug, Default)]
struct Times {
    /// From the quickest.
    flow: Vec<Duration>,
    healthz_worst: Duration,
    /// The longest that another file on the same disk took to be synced.
    sync_worst: Duration,
}

impl Times {
    fn flow_p99(&self) -> Duration {
        self.flow.get(self.flow.len() * 99 / 100).copied().unwrap_or_default()
    }
}

impl fmt::Display for Times {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (count, p99) = (self.flow.len(), self.flow_p99());
        let (healthz, sync) = (self.healthz_worst, self.sync_worst);
        write!(
            f,
            "{count} executions, p99 {p99:.1?}, /healthz at worst {healthz:.1?}, disk at worst {sync:.1?}"
        )
    }
}

/// The thread that times the disk, as the database uses it.
struct DiskProbe {
    is_over: Arc<AtomicBool>,
    thread: JoinHandle<Duration>,
}

impl DiskProbe {
    fn start() -> Self {
        let is_over = Arc::<AtomicBool>::default();
        let end = Arc::clone(&is_over);
        let thread = std::thread::spawn(move || {
            let place = Workplace::new();
            let mut file = File::create(place.path().join("probe")).expect("a file can be made");
            let mut worst = Duration::ZERO;
            while !end.load(Ordering::Relaxed) {
                let began = Instant::now();
                file.write_all(&[0; 4096])
                    .and_then(|()| file.sync_data())
                    .expect("the disk can be written to");
                worst = worst.max(began.elapsed());
                std::thread::sleep(EVERY);
            }
            worst
        });
        Self { is_over, thread }
    }

    async fn stop(self) -> Duration {
        self.is_over.store(true, Ordering::Relaxed);
        let joined =
            tokio::task::spawn_blocking(|| self.thread.join()).await.expect("joining does not panic");
        joined.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }
}

/// The thread that times calls.
struct Watch {
    is_over: Arc<AtomicBool>,
    thread: JoinHandle<Times>,
}

impl Watch {
    fn start(address: SocketAddr, key: Option<String>, start: String) -> Self {
        let is_over = Arc::<AtomicBool>::default();
        let end = Arc::clone(&is_over);
        let thread = std::thread::spawn(move || {
            let api = client(address, key.as_deref());
            let runtime = Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime can be made").block_on(time_until(&end, &api, &start))
        });
        Self { is_over, thread }
    }

    async fn stop(self) -> Times {
        self.is_over.store(true, Ordering::Relaxed);
        let times = tokio::task::spawn_blocking(|| self.thread.join()).await.expect("joining does not panic");
        times.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }
}

fn client(address: SocketAddr, key: Option<&str>) -> Api {
    key.map_or_else(|| Api::new(address), |key| Api::with_key(address, key))
}

async fn time_until(end: &AtomicBool, api: &Api, start: &str) -> Times {
    let mut times = Times::default();
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    while !end.load(Ordering::Relaxed) {
        ticks.tick().await;
        times.flow.push(time(api, Method::POST, start, 200).await);
        let healthz = time(api, Method::GET, "/healthz", 200).await;
        times.healthz_worst = times.healthz_worst.max(healthz);
    }
    times.flow.sort_unstable();
    times
}

async fn time(api: &Api, method: Method, path: &str, status: u16) -> Duration {
    let body = json!({ "trigger_data": { "n": 1 } });
    let asked = Instant::now();
    let answer = api.call(method.clone(), path, &[], (method == Method::POST).then_some(&body)).await;
    let answer = answer.unwrap_or_else(|error| panic!("{method} {path}: {error:?}"));
    assert_eq!(answer.status, status, "{method} {path}: {}", answer.body);
    asked.elapsed()
}
