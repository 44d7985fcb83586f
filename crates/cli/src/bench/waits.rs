//! Executions that wait for a person or for an event: what each of them costs.

use anyhow::ensure;
use serde_json::{Value, json};

use super::figures::Figures;
use super::standing::{SETTLED, start};
use super::target::Target;
use super::{flows, process};
use crate::output;

/// Executions of each kind that are measured.
const WAITING: u32 = 10_000;
/// Executions of each kind that are started first, so that the files and SQLite's page cache have their size.
const WARM_UP: u32 = 50_000;

/// Measures the memory and the room in the database of approvals and of waits for events.
pub(super) async fn waits(target: &Target, figures: &mut Figures) -> anyhow::Result<()> {
    of_kind(target, figures, "approvals", &flows::approval()).await?;
    of_kind(target, figures, "waits for an event", &flows::wait_event()).await
}

async fn of_kind(target: &Target, figures: &mut Figures, kind: &str, flow: &Value) -> anyhow::Result<()> {
    let flow = target.create_flow(flow).await?;
    start(target, &flow, WARM_UP).await?;
    tokio::time::sleep(SETTLED).await;
    let (memory, database) = (process::resident_bytes(target.pid()?)?, target.database_bytes()?);

    start(target, &flow, WAITING).await?;
    tokio::time::sleep(SETTLED).await;
    let each = |grown: f64| grown / f64::from(WAITING);
    let name = format!("{WAITING} {kind}");
    let memory = process::resident_bytes(target.pid()?)? - memory;
    figures.add_one(&format!("{name}: memory each, parked"), "bytes", each(memory));
    figures.add_one(&format!("{name}: database each"), "bytes", each(target.database_bytes()? - database));

    let counts = target.counts(&flow).await?;
    let all = WARM_UP + WAITING;
    ensure!(counts["unfinished"] == json!(all), "Executions that wait were lost: {counts}");
    output::note(format_args!("checked: all {all} {kind} exist"));
    Ok(())
}
