//! `steadflow doctor`: checks the consistency of a database.

mod server;

use std::os::unix::process::ExitStatusExt as _;
use std::process::{Command, ExitCode, Stdio};

use anyhow::Context;
use rustix::process::Signal;
use serde_json::json;
use steadflow_core::payload::Payload;
use steadflow_sandbox::Reply;
use steadflow_store::Space;

use crate::settings::{BlobSettings, Database, SUPERVISOR};
use crate::wiring::open_present;
use crate::{blobs, output};

pub(crate) use server::examine;

const MIB: u64 = 1024 * 1024;
/// Room below which it is little, in bytes: ten times the usual reserve.
const LOW_BYTES: u64 = 640 * MIB;

/// Checks a database.
pub(crate) async fn doctor(
    database: Database,
    blobs: Option<BlobSettings>,
    deep: bool,
    as_json: bool,
) -> anyhow::Result<ExitCode> {
    let store = open_present(&database).await?;
    let mut findings = store.doctor().await.with_context(|| format!("Could not check {database}"))?;
    let blobs = blobs.map(|blobs| blobs.storage());
    let of_blobs = blobs::examine(&*store, blobs.as_deref(), deep).await?;
    findings.extend(of_blobs.findings);
    let space = store.space().await.with_context(|| format!("Could not measure {database}"))?;
    let durability = store.durability();
    store.close().await.with_context(|| format!("Could not close {database}"))?;
    let (holes, code) = sandbox();
    findings.extend(holes);
    if as_json {
        output::payload(&Payload::from_value(
            &json!({ "database": database.to_string(), "findings": findings }),
        ));
    } else {
        findings.iter().for_each(output::line);
    }
    output::note(code);
    advice(&space).iter().chain(&of_blobs.notes).for_each(output::note);
    output::note(format_args!("{database} ({durability}): {}", output::count(findings.len(), "finding")));
    Ok(if findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Returns what the sandbox of code lets through, and whether code can run here.
fn sandbox() -> (Vec<String>, String) {
    let mut holes = Vec::new();
    for act in steadflow_sandbox::FORBIDDEN {
        match trial_of(act) {
            Ok(Trial::Denied) => {}
            Ok(Trial::Done) => holes.push(format!("the sandbox of code does not keep code from this: {act}")),
            Ok(Trial::Unavailable(why)) => return (holes, format!("Code nodes do not run here: {why}.")),
            Err(error) => return (holes, format!("Code nodes do not run here: {error}.")),
        }
    }
    let holds = if holes.is_empty() { "the sandbox holds" } else { "the sandbox does not hold" };
    (holes, format!("Code nodes: {holds}."))
}

/// What came of an attempt to do what the sandbox denies.
enum Trial {
    Denied,
    Done,
    Unavailable(String),
}

fn trial_of(act: &str) -> std::io::Result<Trial> {
    let parent = std::process::id().to_string();
    let output = Command::new(SUPERVISOR[0])
        .args([steadflow_sandbox::COMMAND, &parent, act])
        .env_clear()
        .envs(steadflow_sandbox::ENVIRONMENT)
        .stdin(Stdio::null())
        .output()?;
    Ok(match serde_json::from_slice(&output.stdout) {
        Ok(Reply::Unavailable(why)) => Trial::Unavailable(why),
        Ok(Reply::Output(_) | Reply::Failure(_) | Reply::Checked(_)) => Trial::Done,
        Err(_) if output.status.signal() == Some(Signal::SYS.as_raw()) => Trial::Denied,
        Err(_) => Trial::Unavailable(format!("its process has ended ({})", output.status)),
    })
}

/// Returns what is no finding, and may become one.
fn advice(space: &Space) -> Vec<String> {
    let mut advice = Vec::new();
    if let Some(free) = space.free().filter(|free| *free < LOW_BYTES) {
        advice.push(format!(
            "Only {} MiB are left for the database: delete what is not needed, keep executions for fewer days, or enlarge \
             the disk.",
            free / MIB
        ));
    }
    if !space.can_shrink {
        advice.push(format!(
            "The file was made by an older version and keeps the room of what is deleted, now {} MiB: `steadflow compact` \
             changes that.",
            space.reusable / MIB
        ));
    }
    advice
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn little_room_and_a_file_that_keeps_it_are_said() {
        let enough = Space {
            used: MIB,
            quota: None,
            disk_free: Some(9_999 * MIB),
            reusable: 3 * MIB,
            can_shrink: true,
        };
        let old = Space { can_shrink: false, ..enough };
        let small = Space { quota: Some(9 * MIB), ..enough };

        assert_eq!(advice(&enough), [""; 0]);
        assert!(advice(&old)[0].contains("now 3 MiB: `steadflow compact`"), "{:?}", advice(&old));
        assert!(advice(&small)[0].starts_with("Only 8 MiB are left"), "{:?}", advice(&small));
    }
}
