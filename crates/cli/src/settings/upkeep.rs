//! What is kept, and how large the database may become.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::bail;
use serde::Deserialize;
use steadflow_core::ids::FlowId;
use steadflow_runtime::UpkeepConfig;
use steadflow_store::{Kept, Retention};
use uuid::Uuid;

use super::SettingsFile;
use crate::args::Upkeep;

const MIB: u64 = 1024 * 1024;
const RESERVE_MIB: u32 = 64;
const DAY_SECONDS: f64 = 86_400.0;
/// A thousand years: more is for ever.
const DAYS_MAX: f64 = 365_000.0;

/// The part `[keep]` of `steadflow.toml`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KeepTable {
    completed_days: Option<f64>,
    failed_days: Option<f64>,
    cancelled_days: Option<f64>,
    #[serde(default)]
    flows: BTreeMap<Uuid, KeptOfFlow>,
}

/// What is kept of one flow. What is not named is kept as of all flows.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeptOfFlow {
    completed_days: Option<f64>,
    failed_days: Option<f64>,
    cancelled_days: Option<f64>,
}

/// What is kept, and how large the database may become.
#[derive(Debug)]
pub(crate) struct UpkeepSettings {
    pub(crate) config: UpkeepConfig,
    /// In pages of 4 KiB.
    pub(crate) pages_max: Option<u32>,
}

impl UpkeepSettings {
    pub(crate) fn new(flags: &Upkeep, file: &SettingsFile) -> anyhow::Result<Self> {
        let keep = &file.keep;
        let all = KeptOfFlow {
            completed_days: flags.keep_completed_days.or(keep.completed_days),
            failed_days: flags.keep_failed_days.or(keep.failed_days),
            cancelled_days: flags.keep_cancelled_days.or(keep.cancelled_days),
        };
        let flows = keep.flows.iter().map(|(id, of)| Ok((FlowId::new(*id), of.or(all).kept()?)));
        let flows = flows.collect::<anyhow::Result<_>>()?;
        let retention = Arc::new(Retention { all: all.kept()?, flows });
        let reserve_mib = flags.reserve_mib.or(file.reserve_mib).unwrap_or(RESERVE_MIB);
        let max_mib = flags.database_max_mib.or(file.database_max_mib);
        if max_mib.is_some_and(|max| max <= reserve_mib) {
            bail!(
                "The setting `database_max_mib` must be larger than `reserve_mib`, which is {reserve_mib}."
            );
        }
        let config = UpkeepConfig { retention, reserve_bytes: u64::from(reserve_mib) * MIB };
        Ok(Self { config, pages_max: max_mib.map(|mib| mib.saturating_mul(256)) })
    }
}

impl KeptOfFlow {
    fn or(self, all: Self) -> Self {
        Self {
            completed_days: self.completed_days.or(all.completed_days),
            failed_days: self.failed_days.or(all.failed_days),
            cancelled_days: self.cancelled_days.or(all.cancelled_days),
        }
    }

    fn kept(self) -> anyhow::Result<Kept> {
        Ok(Kept {
            completed: days(self.completed_days)?,
            failed: days(self.failed_days)?,
            cancelled: days(self.cancelled_days)?,
        })
    }
}

fn days(days: Option<f64>) -> anyhow::Result<Option<Duration>> {
    let Some(days) = days else { return Ok(None) };
    if !(0.0..=DAYS_MAX).contains(&days) {
        bail!("{days} is not a number of days to keep executions. Use one from 0 to {DAYS_MAX}.");
    }
    Ok(Some(Duration::from_secs_f64(days * DAY_SECONDS)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(flags: &Upkeep, file: &str) -> anyhow::Result<UpkeepSettings> {
        UpkeepSettings::new(flags, &SettingsFile::parse(file)?)
    }

    #[test]
    fn flags_count_before_the_file_and_a_flow_before_all() {
        let id = Uuid::from_u128(7);
        let file =
            format!("[keep]\ncompleted_days = 30\nfailed_days = 90\n[keep.flows.{id}]\ncompleted_days = 7");
        let flags = Upkeep { keep_failed_days: Some(0.5), ..Upkeep::default() };

        let retention = settings(&flags, &file).unwrap().config.retention;

        let days = |days: f64| Some(Duration::from_secs_f64(days * DAY_SECONDS));
        assert_eq!(retention.all, Kept { completed: days(30.0), failed: days(0.5), cancelled: None });
        let of_flow = Kept { completed: days(7.0), failed: days(0.5), cancelled: None };
        assert_eq!(retention.flows, BTreeMap::from([(FlowId::new(id), of_flow)]));
    }

    #[test]
    fn values_that_cannot_be_meant_are_refused() {
        let none = Upkeep::default();

        for file in ["[keep]\ncompleted_days = -1", "[keep]\nfailed_days = nan", "[keep]\ndays = 1"] {
            assert!(settings(&none, file).is_err(), "{file}");
        }
        let error = settings(&none, "database_max_mib = 64").unwrap_err().to_string();
        assert!(error.contains("must be larger than `reserve_mib`, which is 64"), "{error}");
    }
}
