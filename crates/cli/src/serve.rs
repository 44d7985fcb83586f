//! `steadflow serve`: runs the engine, the API and the studio in one process until a signal.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use axum::Router;
use steadflow_access::{Authenticator, Oidc, PasskeySite, Rate, SignInWays, Vault};
use steadflow_api::{App, AppConfig};
use steadflow_runtime::Engine;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::connections::{Connections, Door, Tls};
use crate::open_files::OpenFiles;
use crate::providers::{ProviderClient, check_tenants};
use crate::settings::ServeSettings;
use crate::traces::Traces;
use crate::{blobs, demo, memory, output, wiring};

/// The part of all memory that request bodies may take, with what is made of them.
const BODY_SHARE: u64 = 8;

/// Runs the server until a signal stops it. A demo runs in a process of its own.
pub(crate) async fn serve(settings: ServeSettings) -> anyhow::Result<ExitCode> {
    if !settings.demo {
        return run(settings, None).await;
    }
    match demo::inherited_listener()? {
        Some(listener) => run(settings, Some(listener)).await,
        None => demo::supervise(&listen(settings.network.address).await?.into_std()?).await,
    }
}

/// Runs the server on `listener` or, if there is none, on one that it opens.
pub(crate) async fn run(
    mut settings: ServeSettings,
    listener: Option<TcpListener>,
) -> anyhow::Result<ExitCode> {
    let mut signals = Signals::new()?;
    // Which port it is, the links of alerts say: it is taken first if any will do.
    let listener = match listener {
        None if settings.network.address.port() == 0 => Some(listen(settings.network.address).await?),
        listener => listener,
    };
    let address = match &listener {
        Some(listener) => listener.local_addr().context("The listener has no address")?,
        None => settings.network.address,
    };
    let tls = settings.network.tls.clone().map(Tls::open).transpose()?;
    let public_url = settings.access.public_url.clone();
    settings.access.public_url.get_or_insert_with(|| format!("{}://{address}", settings.network.scheme()));
    let store = wiring::open_store_up_to(&settings.database, settings.upkeep.pages_max).await?;
    let durability = store.durability();
    if settings.demo {
        demo::allow(&mut settings.access.egress, demo::LOOPBACK);
    }
    let open_files = OpenFiles::raised();
    let own = settings.access.egress.own.clone();
    if let Some(blobs) = &settings.blobs {
        settings.access.blobs = blobs::opened(blobs).await?;
    }
    settings.access.master_key = Some(settings.master_key.keys(&settings.database).await?);
    let access = std::mem::take(&mut settings.access);
    let sampling = settings.traces.as_ref().map(|traces| traces.sampling);
    let wiring = wiring::start(store, access, open_files.calls, sampling, settings.lease).await?;
    let (engine, vault) = (wiring.engine.clone(), wiring.vault.clone());
    let traces = settings.traces.as_ref().map(|traces| Traces::start(&engine, traces)).transpose()?;
    let listener = match listener {
        Some(listener) => listener,
        None => listen(settings.network.address).await?,
    };
    let address = listener.local_addr().context("The listener has no address")?;
    own.add(address, settings.demo.then_some(demo::PATH));
    for provider in &settings.sign_in.providers {
        check_tenants(&**engine.store(), provider).await?;
    }
    let app = app(&settings, wiring, traces.as_ref())?;
    let door = Door { tls, proxies: settings.network.proxies.clone() };
    let connections = Connections::open(listener, door, router(&app, settings.demo), open_files.connections);
    if settings.demo {
        demo::install(&engine, &format!("http://{address}{}", demo::PATH)).await?;
    }
    keep_going(&engine, &settings, vault);
    let refusing = app.clone();
    tokio::spawn(async move { refusing.keep_refusals().await });
    let join = if settings.auth { first_admin(&engine).await? } else { None };
    announce(&settings, public_url.as_deref(), address, &durability);
    if let Some(url) = join {
        output::note(format_args!("  admin     {url} (to become the first admin; works once, for 24 hours)"));
    }
    let end = tokio::select! {
        () = signals.next() => None,
        end = engine.wait_for_end() => Some(end),
    };
    if let Some(Err(failure)) = end {
        let failure = anyhow::Error::new(failure);
        bail!(
            "The engine has stopped: {failure:#}. Nothing that was confirmed is lost. Start the server again to recover"
        );
    }
    output::note("Stopping. Waiting for running attempts; send the signal again to stop immediately.");
    tokio::select! {
        stopped = stop(&engine, app, connections, settings.grace, traces) => stopped?,
        () = signals.next() => output::note("Stopped immediately. The next start recovers."),
    }
    Ok(ExitCode::SUCCESS)
}

/// Starts what the engine does beside executions, until it ends.
fn keep_going(engine: &Engine, settings: &ServeSettings, vault: Option<Vault>) {
    let upkeep = settings.upkeep.config.clone();
    let looked_after = engine.clone();
    tokio::spawn(async move { looked_after.keep_up(upkeep).await });
    let scheduled = engine.clone();
    tokio::spawn(async move { scheduled.keep_schedules().await });
    let alerting = engine.clone();
    tokio::spawn(async move { alerting.keep_alerts().await });
    let following = engine.clone();
    tokio::spawn(async move { tokio::join!(following.follow_edits(), following.follow_others()) });
    let tenants = engine.clone();
    tokio::spawn(async move { tenants.keep_tenants().await });
    if let Some(vault) = vault {
        let deleted = engine.deleted_tenants();
        tokio::spawn(forget_secrets(vault.clone(), deleted));
        tokio::spawn(async move { vault.keep_fresh().await });
    }
    let keeping = engine.clone();
    tokio::spawn(async move { keeping.keep_blobs().await });
    let delivering = engine.clone();
    tokio::spawn(async move { delivering.deliver_events().await });
}

/// The secrets of a tenant that was deleted leave the memory, too.
async fn forget_secrets(vault: Vault, mut deleted: tokio::sync::watch::Receiver<u64>) {
    while deleted.changed().await.is_ok() {
        if let Err(error) = vault.read_again().await {
            let error: &dyn std::error::Error = &error;
            tracing::warn!(error, "secrets of a deleted tenant are in memory until the next start");
        }
    }
}

/// Opens a listener.
///
/// # Errors
/// If it cannot listen there.
pub(crate) async fn listen(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| {
        format!(
            "Could not listen on {address}. Stop the program that uses this address, or use another one with --listen"
        )
    })
}

fn app(settings: &ServeSettings, wiring: wiring::Wiring, traces: Option<&Traces>) -> anyhow::Result<App> {
    let mut config = AppConfig::new(wiring.engine);
    config.proxies.clone_from(&settings.network.proxies);
    let public_url = config.engine.public_url().parse();
    config.public_url = Some(public_url.context("The setting `public_url` is not the URL of a server")?);
    config.sign_in_ways = SignInWays {
        passwords: settings.sign_in.passwords,
        passkeys: PasskeySite::of(config.engine.public_url()),
        oidc: Some(settings.sign_in.providers.clone()).filter(|providers| !providers.is_empty()).map(
            |providers| {
                let client = ProviderClient(wiring.client);
                Oidc::new(providers, Arc::new(client), config.engine.public_url())
            },
        ),
    };
    config.allowed_hosts.clone_from(&settings.allowed_hosts);
    config.allowed_origins.clone_from(&settings.allowed_origins);
    config.executor = Some(wiring.executor);
    config.secrets = wiring.secrets;
    config.address_rate = settings.requests.per_address;
    config.authenticator = settings.auth.then(|| authenticator(&config.engine, settings.requests.per_key));
    config.vault = wiring.vault;
    config.oauth = wiring.oauth;
    config.environment_secrets = wiring.environment;
    config.traces = traces.map(Traces::counts);
    config.kill = settings.demo.then_some(demo::kill as fn());
    config.body_memory = usize::try_from(memory::limit() / BODY_SHARE).unwrap_or(usize::MAX);
    Ok(App::new(config))
}

/// Returns what checks credentials, which looks after itself from then on.
fn authenticator(engine: &Engine, rate: Option<Rate>) -> Authenticator {
    let authenticator = Authenticator::with_rate(Arc::clone(engine.store()), rate);
    let (kept_fresh, clock) = (authenticator.clone(), engine.clone());
    tokio::spawn(async move { kept_fresh.keep_fresh(move || clock.wall()).await });
    authenticator
}

/// Makes the link with which somebody becomes the first admin, if there is none yet.
async fn first_admin(engine: &Engine) -> anyhow::Result<Option<String>> {
    let token = steadflow_access::first_admin(engine.store(), engine.wall()).await;
    let token = token.context("Could not make the link for the first admin")?;
    Ok(token.map(|token| format!("{}/join/{}", engine.public_url(), token.text())))
}

fn router(app: &App, with_peer: bool) -> Router {
    let router = steadflow_api::router(app.clone());
    if with_peer { Router::new().nest(demo::PATH, demo::routes()).merge(router) } else { router }
}

async fn stop(
    engine: &Engine,
    app: App,
    connections: Connections,
    grace: Duration,
    traces: Option<Traces>,
) -> anyhow::Result<()> {
    app.end_streams();
    app.store_refusals().await;
    engine.shutdown(grace).await.context("Could not close the database")?;
    connections.close().await;
    if let Some(traces) = traces {
        traces.stop().await;
    }
    Ok(())
}

fn announce(settings: &ServeSettings, public_url: Option<&str>, address: SocketAddr, durability: &str) {
    output::note(format_args!("Steadflow {}", env!("CARGO_PKG_VERSION")));
    let own = format!("{}://{address}", settings.network.scheme());
    let base = public_url.filter(|_| settings.network.is_open()).unwrap_or(&own);
    output::note(format_args!("  studio    {base}/"));
    output::note(format_args!("  API       {base}/api/docs"));
    if settings.network.is_open() {
        output::note(format_args!("  listens   {own}"));
    }
    output::note(format_args!("  database  {} ({durability})", settings.database));
    if let Some(blobs) = &settings.blobs {
        output::note(format_args!("  blobs     {}", blobs.storage().place()));
    }
    if let Some(traces) = &settings.traces {
        output::note(format_args!("  traces    {}", traces.otlp_endpoint));
    }
    if settings.demo {
        output::notes(format_args!(
            "  demo      example flows are installed. Try:\n            \
             curl http://{address}/api/v1/studio/executions\n            \
             steadflow executions list --server http://{address}"
        ));
    }
}

/// SIGTERM and SIGINT.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn new() -> anyhow::Result<Self> {
        let listen = |kind| signal(kind).context("Could not listen for signals");
        Ok(Self { terminate: listen(SignalKind::terminate())?, interrupt: listen(SignalKind::interrupt())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
