//! Failure groups and rollups.

use std::collections::BTreeMap;
use std::time::Duration;

use super::super::samples::{
    FLOW, OTHER_FLOW, OURS, THEIRS, at, completed, failed, finished, finished_with, id, key, row, shown,
    sound,
};
use super::super::{Harness, commit, reopened, worker};
use crate::{
    Buckets, ExecutionRow, FailureGroup, FailureQuery, History, Rollup, RollupQuery, RollupRow, Store,
};

const FAILURES: FailureQuery =
    FailureQuery { tenant: OURS, flow: None, from: None, to: None, now: at(60), limit: 100 };
const ROLLUPS: RollupQuery = RollupQuery { tenant: OURS, flow: None, from: None, to: None, limit: 1_000 };

async fn failed_with<H: Harness>(harness: &H, rows: impl IntoIterator<Item = ExecutionRow>) -> H::Store {
    let store = harness.open().await;
    let worker = worker(&store).await;
    commit(&store, worker, rows.into_iter().map(finished).collect::<Vec<_>>()).await;
    store
}

async fn group_sizes(store: &impl Store, query: FailureQuery) -> Vec<u64> {
    sound(store.failures(query).await).iter().map(|group| group.count).collect()
}

pub async fn failures_are_grouped_by_flow_and_fingerprint<H: Harness>(harness: &H) {
    let other = ExecutionRow { flow: OTHER_FLOW, ..failed(6, "a") };
    let rows =
        [failed(1, "a"), failed(2, "b"), failed(3, "a"), failed(4, "b"), failed(5, "a"), other, completed(7)];
    let store = failed_with(harness, rows).await;

    let groups = sound(store.failures(FAILURES).await);

    let expected = |executions: &[u16], flow, node, first, last| FailureGroup {
        flow,
        fingerprint: failed(1, node).fingerprint.expect("a failure has a fingerprint"),
        message: failed(1, node).error_message,
        count: executions.len() as u64,
        retried: 0,
        recovered: 0,
        first_seen: at(first),
        last_seen: at(last),
        buckets: Buckets {
            start: at(0),
            width: Duration::from_secs(60),
            counts: vec![executions.len() as u64, 0],
        },
        executions: executions.iter().map(|&number| id(number)).collect(),
    };
    let wanted = [
        expected(&[5, 3, 1], FLOW, "a", 2, 6),
        expected(&[4, 2], FLOW, "b", 3, 5),
        expected(&[6], OTHER_FLOW, "a", 7, 7),
    ];
    assert_eq!(groups, wanted);
}

pub async fn failures_say_how_many_were_retried_and_recovered<H: Harness>(harness: &H) {
    let retry = |of, row| ExecutionRow { retry_of: Some(id(of)), ..row };
    let newest = ExecutionRow { error_message: Some("the newest".into()), ..failed(6, "a") };
    let rows = [
        failed(1, "a"),
        failed(2, "a"),
        failed(3, "b"),
        retry(1, completed(4)),
        retry(1, completed(5)),
        retry(2, newest),
    ];
    let store = failed_with(harness, rows).await;

    let groups = sound(store.failures(FAILURES).await);

    let counts: Vec<_> = groups.iter().map(|group| (group.count, group.retried, group.recovered)).collect();
    assert_eq!(counts, [(3, 2, 1), (1, 0, 0)]);
    assert_eq!(groups[0].message.as_deref(), Some("the newest"));
}

pub async fn failures_are_limited_to_the_largest_groups<H: Harness>(harness: &H) {
    let rows =
        [failed(1, "a"), failed(2, "b"), failed(3, "b"), failed(4, "c"), failed(5, "c"), failed(6, "c")];
    let store = failed_with(harness, rows).await;

    assert_eq!(group_sizes(&store, FailureQuery { limit: 2, ..FAILURES }).await, [3, 2]);
}

pub async fn failures_are_filtered<H: Harness>(harness: &H) {
    let other = ExecutionRow { flow: OTHER_FLOW, ..failed(4, "a") };
    let theirs = ExecutionRow { tenant: THEIRS, ..failed(5, "a") };
    let store = failed_with(harness, [failed(1, "a"), failed(2, "a"), failed(3, "a"), other, theirs]).await;
    let worker = worker(&store).await;
    commit(&store, worker, [shown(row(8))]).await;

    assert_eq!(group_sizes(&store, FailureQuery { tenant: THEIRS, ..FAILURES }).await, [1]);
    assert_eq!(group_sizes(&store, FailureQuery { flow: Some(OTHER_FLOW), ..FAILURES }).await, [1]);
    assert_eq!(group_sizes(&store, FailureQuery { flow: Some(FLOW), ..FAILURES }).await, [3]);
    let ended = FailureQuery { from: Some(at(3)), to: Some(at(4)), ..FAILURES };
    assert_eq!(group_sizes(&store, ended).await, [1], "it ends a second after it begins");
}

/// An execution that failed `seconds` after the start of the test's day.
fn failed_at(number: u16, node: &str, seconds: i64) -> ExecutionRow {
    ExecutionRow { completed_at: Some(at(seconds)), ..failed(number, node) }
}

pub async fn failures_are_counted_over_time_in_the_same_spans<H: Harness>(harness: &H) {
    let rows = [
        failed_at(1, "a", 59),
        failed_at(2, "a", 60),
        failed_at(3, "a", 119),
        failed_at(4, "b", 200),
        ExecutionRow { flow: OTHER_FLOW, ..failed_at(5, "a", 60) },
    ];
    let store = failed_with(harness, rows).await;

    let groups = sound(store.failures(FailureQuery { now: at(250), ..FAILURES }).await);

    let spans =
        |counts: &[u64]| Buckets { start: at(0), width: Duration::from_secs(60), counts: counts.to_vec() };
    let counted: Vec<_> = groups.iter().map(|group| group.buckets.clone()).collect();
    assert_eq!(counted, [spans(&[1, 2, 0, 0, 0]), spans(&[0, 0, 0, 1, 0]), spans(&[0, 1, 0, 0, 0])]);
}

pub async fn failures_are_counted_over_the_time_that_is_asked_for<H: Harness>(harness: &H) {
    let rows = [failed_at(1, "a", 30), failed_at(2, "a", 90), failed_at(3, "a", 7_200)];
    let store = failed_with(harness, rows).await;
    let counts = async |query: FailureQuery| {
        let groups = sound(store.failures(query).await);
        groups.iter().map(|group| group.buckets.counts.clone()).collect::<Vec<_>>()
    };

    let asked = FailureQuery { from: Some(at(60)), to: Some(at(240)), now: at(9_000), ..FAILURES };
    assert_eq!(counts(asked).await, [[1, 0, 0]], "three minutes, the first of them with a failure");
    let late = FailureQuery { now: at(0), ..FAILURES };
    let whole: Vec<u64> = counts(late).await.concat();
    assert_eq!((whole.first(), whole.last(), whole.iter().sum()), (Some(&2), Some(&1), 3));
}

pub async fn a_failure_group_names_its_newest_executions<H: Harness>(harness: &H) {
    let store = failed_with(harness, (1..=15).map(|number| failed(number, "a"))).await;

    let groups = sound(store.failures(FAILURES).await);

    let newest: Vec<_> = (6..=15).rev().map(id).collect();
    assert_eq!(groups[0].count, 15);
    assert_eq!(groups[0].executions, newest);
}

fn rollup(hour: i64, counts: &[(&str, &str, u64)]) -> Rollup {
    let counts = counts.iter().map(|(node, metric, count)| (key(node, metric), *count)).collect();
    Rollup { tenant: OURS, flow: FLOW, hour: at(hour * 3_600), counts, agents: Vec::new() }
}

async fn counted(store: &impl Store, query: RollupQuery) -> BTreeMap<(i64, String, String), u64> {
    let rows = sound(store.rollups(query).await);
    let place = |row: &RollupRow| {
        let hour = row.hour.since(at(0)).as_secs() / 3_600;
        let node = row.key.node.as_ref().map_or_else(String::new, |node| node.to_string());
        (i64::try_from(hour).expect("a few hours"), node, row.key.metric.to_string())
    };
    let counted: BTreeMap<_, _> = rows.iter().map(|row| (place(row), row.value)).collect();
    assert_eq!(counted.len(), rows.len(), "each counter occurs once");
    counted
}

fn counter(hour: i64, node: &str, metric: &str, value: u64) -> ((i64, String, String), u64) {
    ((hour, node.into(), metric.into()), value)
}

pub async fn rollups_add_up<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let worker = worker(&store).await;
    let first = rollup(0, &[("", "executions", 1), ("a", "attempts:3", 2)]);
    let second = rollup(0, &[("", "executions", 1), ("b", "attempts:3", 5)]);
    let later = rollup(1, &[("", "executions", 1)]);

    commit(&store, worker, [finished_with(completed(1), first), finished_with(completed(2), second)]).await;
    commit(&store, worker, [finished_with(completed(3), later)]).await;

    let expected = BTreeMap::from([
        counter(0, "", "executions", 2),
        counter(0, "a", "attempts:3", 2),
        counter(0, "b", "attempts:3", 5),
        counter(1, "", "executions", 1),
    ]);
    assert_eq!(counted(&store, ROLLUPS).await, expected);
}

pub async fn rollups_are_filtered<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let worker = worker(&store).await;
    let of = |hour| rollup(hour, &[("", "executions", 1)]);
    let theirs = Rollup { tenant: THEIRS, ..of(0) };
    let other = Rollup { flow: OTHER_FLOW, ..of(0) };
    let batch = [
        finished_with(completed(1), of(0)),
        finished_with(completed(2), of(1)),
        finished_with(completed(3), of(2)),
        finished_with(ExecutionRow { tenant: THEIRS, ..completed(4) }, theirs),
        finished_with(ExecutionRow { flow: OTHER_FLOW, ..completed(5) }, other),
    ];
    commit(&store, worker, batch).await;

    let hours = RollupQuery { flow: Some(FLOW), from: Some(at(3_600)), to: Some(at(7_200)), ..ROLLUPS };
    assert_eq!(counted(&store, hours).await, BTreeMap::from([counter(1, "", "executions", 1)]));
    let rows = sound(store.rollups(ROLLUPS).await);
    assert_eq!(rows.len(), 4, "ours, of both flows");
    let rows = sound(store.rollups(RollupQuery { tenant: THEIRS, ..ROLLUPS }).await);
    assert_eq!(rows.len(), 1);
    let newest = RollupQuery { flow: Some(FLOW), limit: 1, ..ROLLUPS };
    assert_eq!(counted(&store, newest).await, BTreeMap::from([counter(2, "", "executions", 1)]));
}

pub async fn rollups_survive_reopening<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let first = worker(&store).await;
    let of = |number| finished_with(completed(number), rollup(0, &[("", "executions", 1)]));
    commit(&store, first, [of(1)]).await;

    let store = reopened(harness, store).await;

    let second = worker(&store).await;
    commit(&store, second, [of(2)]).await;
    assert_eq!(counted(&store, ROLLUPS).await, BTreeMap::from([counter(0, "", "executions", 2)]));
}
