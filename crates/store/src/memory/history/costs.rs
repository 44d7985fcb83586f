//! What calls of models cost.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use steadflow_core::ids::FlowId;
use steadflow_core::timestamp::Timestamp;
use steadflow_core::usage::Currency;

use crate::{
    CallCounts, CostKey, CostQuery, CostRow, CostSums, DaySumming, MemoryStore, MostExpensive, StoreError,
};

const DAY_MICROS: i64 = 86_400_000_000;

impl MemoryStore {
    /// See [`crate::History::cost_sums`].
    ///
    /// # Errors
    /// [`StoreError::Closed`].
    pub fn cost_sums_now(&self, query: &CostQuery) -> Result<CostSums, StoreError> {
        let database = self.open()?;
        let all = database.costs.iter().filter(|((tenant, hour, flow, key), _)| {
            *tenant == query.tenant && query.fits(*hour, *flow, key)
        });
        let rows: Vec<_> =
            all.map(|((_, hour, flow, key), counts)| (*hour, *flow, key.clone(), *counts)).collect();
        let max = query.rows_max;
        let models = most_expensive(&rows, max, |_, key| key.model.clone());
        let mut by_day: BTreeMap<_, CallCounts> = BTreeMap::new();
        for (hour, _, key, counts) in &rows {
            let day = hour.as_micros() - hour.as_micros().rem_euclid(DAY_MICROS);
            by_day.entry((day, key.model.clone(), key.currency)).or_default().add(counts);
        }
        let mut days = DaySumming::new(query, &models);
        for ((day, model, currency), counts) in by_day {
            days.add(Timestamp::from_micros(day), model, currency, &counts);
        }
        Ok(CostSums {
            totals: most_expensive(&rows, max, |_, _| ()),
            flows: most_expensive(&rows, max, |flow, _| flow),
            agents: most_expensive(&rows, max, |_, key| key.agent),
            models,
            days: days.finish(),
            damaged: Vec::new(),
        })
    }
}

fn most_expensive<T: Ord>(
    rows: &[(Timestamp, FlowId, CostKey, CallCounts)],
    max: usize,
    of: impl Fn(FlowId, &CostKey) -> T,
) -> MostExpensive<T> {
    let mut sums: BTreeMap<(T, Option<Currency>), CallCounts> = BTreeMap::new();
    for (_, flow, key, counts) in rows {
        sums.entry((of(*flow, key), key.currency)).or_default().add(counts);
    }
    let mut rows: Vec<CostRow<T>> =
        sums.into_iter().map(|((of, currency), counts)| CostRow { of, currency, counts }).collect();
    rows.sort_by(|one, other| dearer_first(&one.counts, &other.counts));
    let left_out = rows.len().saturating_sub(max) as u64;
    rows.truncate(max);
    MostExpensive { rows, left_out }
}

fn dearer_first(one: &CallCounts, other: &CallCounts) -> Ordering {
    other.cost.total_cmp(&one.cost).then(other.tokens().cmp(&one.tokens()))
}

impl CostQuery {
    fn fits(&self, hour: Timestamp, flow: FlowId, key: &CostKey) -> bool {
        self.flow.is_none_or(|wanted| flow == wanted)
            && self.agent.is_none_or(|wanted| key.agent == Some(wanted))
            && self.from.is_none_or(|from| hour >= from)
            && self.to.is_none_or(|to| hour < to)
    }
}
