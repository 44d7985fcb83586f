//! `steadflow bench`: measures the speed of Steadflow on this machine.
//!
//! Requests go to a real server over HTTP, with the durability of every server. Each measurement has its own server and
//! database. The speed of the disk is measured just before, and afterwards the server is checked for complete data.

mod agents;
mod auth;
mod children;
mod connection;
mod delays;
mod disk;
mod figures;
mod flows;
mod followers;
mod growth;
mod hooks;
mod load;
mod process;
mod retries;
mod standing;
mod target;
mod throughput;
mod waits;

use std::process::ExitCode;

use anyhow::Context;
use steadflow_core::payload::Payload;

use crate::args::{Bench, Measure};
use crate::output;
use disk::Yardstick;
use figures::Figures;
use target::Target;

/// Runs the measurements and prints the results.
pub(crate) fn bench(args: Bench) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.context("Could not start the thread of the load generator")?;
    runtime.block_on(measure_all(args))
}

async fn measure_all(args: Bench) -> anyhow::Result<ExitCode> {
    let mut figures = Figures::default();
    for &what in &args.only {
        output::note(format_args!("measuring {} …", name(what)));
        figures.compare_with(Yardstick::take(&args.dir)?);
        measure(what, &args, &mut figures)
            .await
            .with_context(|| format!("Could not measure `{}`", name(what)))?;
    }
    if args.json {
        output::payload(&Payload::from_value(&figures.json()));
    } else {
        output::lines(output::fitted(figures.table()));
    }
    Ok(ExitCode::SUCCESS)
}

fn name(measure: Measure) -> String {
    clap::ValueEnum::to_possible_value(&measure).map(|value| value.get_name().to_owned()).unwrap_or_default()
}

async fn measure(what: Measure, args: &Bench, figures: &mut Figures) -> anyhow::Result<()> {
    // These have no server, or several.
    if what == Measure::Disk {
        return disk::measure(args, figures);
    }
    if what == Measure::Auth {
        return auth::auth(args, figures).await;
    }
    let mut target = Target::start(args).await?;
    match what {
        Measure::Disk | Measure::Auth => {}
        Measure::Chain => throughput::chain(&target, args, figures).await?,
        Measure::Calls => throughput::calls(&target, args, figures).await?,
        Measure::FanOut => throughput::fan_out(&target, args, figures).await?,
        Measure::Latency => throughput::latency(&target, args, figures).await?,
        Measure::Map => children::map(&target, args, figures).await?,
        Measure::Webhook => hooks::webhook(&target, args, figures).await?,
        Measure::Retries => retries::lateness(&target, args, figures).await?,
        Measure::Followers => followers::followers(&target, args, figures).await?,
        Measure::Agents => agents::agents(&target, args, figures).await?,
        Measure::Growth => growth::growth(&target, args, figures).await?,
        // These check their own executions, or have none.
        Measure::Idle => return standing::idle(&target, figures).await,
        Measure::Waits => return waits::waits(&target, figures).await,
        Measure::Sleepers => return standing::sleepers(&mut target, args, figures).await,
    }
    target.check_complete().await
}
