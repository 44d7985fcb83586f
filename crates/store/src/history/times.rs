//! How long calls of models took: counters on a scale, and the percentiles that they give.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::Arc;

use steadflow_core::ids::AgentId;

/// The name of the counters: `model_ms:STEP:AGENT:MODEL`, with an empty agent where none is known.
const PREFIX: &str = "model_ms:";
/// How many steps of the scale there are from a number to its double, as a power of two: eight.
const STEPS_BITS: u32 = 3;

/// Whose calls are timed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TimedModel {
    /// The agent that asked; `None` where it is not known.
    pub agent: Option<AgentId>,
    /// The model.
    pub model: Arc<str>,
}

/// Times, as numbers of calls by step of a scale. A step is at most an eighth of its times wide, so that a time is known to 6 %.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Times(BTreeMap<u16, u64>);

impl Times {
    /// Adds the times of others.
    pub fn add(&mut self, others: &Self) {
        others.0.iter().for_each(|(step, calls)| self.count(*step, *calls));
    }

    /// Returns how many calls there are.
    pub fn calls(&self) -> u64 {
        self.0.values().fold(0, |sum, calls| sum.saturating_add(*calls))
    }

    /// Returns the time in milliseconds that so many percent of the calls did not exceed, as the middle of its step; `None` if there
    /// are no calls.
    pub fn percentile(&self, percent: u64) -> Option<u64> {
        let rank = (u128::from(self.calls()) * u128::from(percent)).div_ceil(100).max(1);
        let mut seen = 0;
        let step = self.0.iter().find(|(_, calls)| {
            seen += u128::from(**calls);
            seen >= rank
        });
        step.map(|(step, _)| {
            let times = times_of(*step);
            times.start() + (times.end() - times.start()) / 2
        })
    }

    fn count(&mut self, step: u16, calls: u64) {
        let sum = self.0.entry(step).or_default();
        *sum = sum.saturating_add(calls);
    }
}

/// Returns the name of the counter for a call of so many milliseconds.
pub fn time_metric(agent: Option<AgentId>, model: &str, millis: u64) -> String {
    let agent = agent.map(|agent| agent.to_string()).unwrap_or_default();
    format!("{PREFIX}{}:{agent}:{model}", step_of(millis))
}

/// Adds a counter to the times, if it is one of them. What this version does not know is passed over.
pub(super) fn add_time(times: &mut BTreeMap<TimedModel, Times>, metric: &str, calls: u64) {
    let Some(rest) = metric.strip_prefix(PREFIX) else { return };
    let mut parts = rest.splitn(3, ':');
    let (Some(step), Some(agent), Some(model)) = (parts.next(), parts.next(), parts.next()) else { return };
    let Ok(step) = step.parse() else { return };
    let agent = if agent.is_empty() { Ok(None) } else { agent.parse().map(Some) };
    let Ok(agent) = agent else { return };
    times.entry(TimedModel { agent, model: model.into() }).or_default().count(step, calls);
}

/// Returns on which step of the scale a time is.
fn step_of(millis: u64) -> u16 {
    let octave = millis.max(1).ilog2().saturating_sub(STEPS_BITS);
    // Its first four bits, and how far they are shifted: below 2^10.
    let step = (u64::from(octave) << STEPS_BITS) + (millis >> octave);
    u16::try_from(step).unwrap_or(u16::MAX)
}

/// Returns the times on a step of the scale. A step that no time is on counts as its last.
fn times_of(step: u16) -> RangeInclusive<u64> {
    let step = step.min(step_of(u64::MAX));
    let octave = (u32::from(step) >> STEPS_BITS).saturating_sub(1);
    let first = (u64::from(step) - (u64::from(octave) << STEPS_BITS)) << octave;
    first..=first + ((1 << octave) - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_on_a_step_that_is_an_eighth_of_it_wide() {
        let all = (0..5_000).chain((0..64).flat_map(|bit| [(1 << bit) - 1, 1 << bit, (1 << bit) + 1]));
        for millis in all.chain([u64::MAX]) {
            let times = times_of(step_of(millis));
            assert!(times.contains(&millis), "{millis} is in {times:?}");
            assert!(times.end() - times.start() <= millis / 8, "{times:?}");
        }
        assert_eq!((times_of(0), times_of(7), times_of(15), times_of(16)), (0..=0, 7..=7, 15..=15, 16..=17));
    }

    #[test]
    fn steps_have_no_gaps_and_do_not_overlap() {
        for step in 0..step_of(u64::MAX) {
            assert_eq!(times_of(step).end() + 1, *times_of(step + 1).start(), "{step}");
        }
    }

    #[test]
    fn percentiles_are_the_nearest_rank() {
        let agent: AgentId = "018f0000-0000-7000-8000-000000000001".parse().unwrap();
        let mut all = BTreeMap::new();
        for millis in 1..=100 {
            add_time(&mut all, &time_metric(Some(agent), "a:b", millis), 1);
        }
        add_time(&mut all, &time_metric(None, "", 5), u64::MAX);
        for unknown in
            ["model_ms:x:", "model_ms:1::", "model_ms:1:nobody:m", "model_ms:70000::m", "executions"]
        {
            add_time(&mut all, unknown, 1);
        }

        let known = TimedModel { agent: Some(agent), model: "a:b".into() };
        assert_eq!(all.len(), 2, "{all:?}");
        let times = &all[&known];
        assert_eq!((times.calls(), times.percentile(1)), (100, Some(1)));
        let near = |percent, millis: u64| times.percentile(percent).unwrap().abs_diff(millis) <= millis / 16;
        assert!(near(50, 50) && near(95, 95) && near(99, 99), "{times:?}");
        assert_eq!(Times::default().percentile(50), None);
        let mut both = times.clone();
        both.add(times);
        assert_eq!((both.calls(), both.percentile(50)), (200, times.percentile(50)));
    }
}
