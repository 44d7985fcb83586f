//! Flows of which too few executions complete.

use std::collections::BTreeMap;

use steadflow_core::alert::{AlertEvent, Rate, RateRule};
use steadflow_core::ids::FlowId;
use steadflow_core::timestamp::Timestamp;
use steadflow_store::FlowEnds;
use uuid::Uuid;

use super::{Engine, StoredAlert, ago};
use crate::error::RuntimeError;

/// What is counted together, in microseconds.
const MINUTE: i64 = 60_000_000;

/// The success rates, as they were when they were looked at last.
#[derive(Debug, Default)]
pub(super) struct Rates {
    /// The minute in which they were.
    looked_at: Option<i64>,
    /// Whether the rate of a flow is low for an alert.
    low: BTreeMap<(Uuid, FlowId), bool>,
}

/// A flow whose rate has become low.
#[derive(Debug)]
pub(super) struct Low<'a> {
    pub(super) stored: &'a StoredAlert,
    pub(super) rule: RateRule,
    pub(super) ends: FlowEnds,
    pub(super) key: String,
}

impl Rates {
    /// Looks once a minute whose rate has become low. A rate that is low is told once, because it is noted; when it is fine
    /// again, that note is forgotten.
    pub(super) async fn look<'a>(
        &mut self,
        engine: &Engine,
        active: &[&'a StoredAlert],
    ) -> Result<Vec<Low<'a>>, RuntimeError> {
        let (now, mut all) = (engine.now(), Vec::new());
        let minute = now.as_micros().div_euclid(MINUTE);
        if self.looked_at == Some(minute) {
            return Ok(all);
        }
        let mut low = BTreeMap::new();
        for stored in active.iter().copied() {
            let Some(rule) = stored.alert.success_rate else { continue };
            for ends in self.ends(engine, stored, rule, now).await? {
                let of = (stored.record.id, ends.flow);
                let key = key_of(ends.flow);
                let before = self.low.get(&of).copied();
                let is_low = match rule.says(ends.executions, ends.completed) {
                    Rate::Low => {
                        all.extend((before != Some(true)).then_some(Low { stored, rule, ends, key }));
                        Some(true)
                    }
                    Rate::Fine => {
                        if before != Some(false) {
                            engine.store().forget_note(stored.record.id, key.into()).await?;
                        }
                        Some(false)
                    }
                    Rate::Unknown => before,
                };
                low.extend(is_low.map(|is_low| (of, is_low)));
            }
        }
        (self.low, self.looked_at) = (low, Some(minute));
        Ok(all)
    }

    /// Returns what has ended of each flow that an alert is about: of those that were low, also if nothing has.
    async fn ends(
        &self,
        engine: &Engine,
        stored: &StoredAlert,
        rule: RateRule,
        now: Timestamp,
    ) -> Result<Vec<FlowEnds>, RuntimeError> {
        let since = ago(now, rule.window()).max(stored.record.active_since.unwrap_or_default());
        let tenant = stored.record.tenant;
        let mut ends = engine.store().flow_ends(tenant, stored.alert.flow, since).await?;
        let was_low = self.low.iter().filter(|((alert, _), is_low)| *alert == stored.record.id && **is_low);
        for (_, flow) in was_low.map(|(of, _)| of) {
            if !ends.iter().any(|ends| ends.flow == *flow) {
                ends.push(FlowEnds { flow: *flow, executions: 0, completed: 0 });
            }
        }
        Ok(ends)
    }
}

/// Returns what a note says of a flow whose rate is low.
fn key_of(flow: FlowId) -> String {
    format!("{}:{flow}", AlertEvent::SuccessRate.as_str())
}
