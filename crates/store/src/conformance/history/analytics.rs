//! Failure groups and rollups.

use std::collections::BTreeMap;
use std::time::Duration;

use steadflow_core::failure::ErrorClass;
use steadflow_core::ids::{AgentId, FlowId, NodeId};
use steadflow_core::timestamp::Timestamp;

use super::super::samples::{
    FLOW, HOUR, OTHER_FLOW, OURS, THEIRS, all_counters, at, completed, failed, finished, finished_with, id,
    key, row, shown, sound, uuid,
};
use super::super::{Harness, commit, reopened, worker};
use crate::{
    Buckets, ExecutionRow, FailureGroup, FailureQuery, FlowSums, History, NodeSums, RetryCounts, Rollup,
    RollupQuery, RollupSums, Store, TimedModel, Times, time_metric,
};

const FAILURES: FailureQuery =
    FailureQuery { tenant: OURS, flow: None, folders: None, from: None, to: None, now: at(60), limit: 100 };
const ROLLUPS: RollupQuery = all_counters(OURS);

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
    Rollup { tenant: OURS, flow: FLOW, hour: at(hour * 3_600), counts, agents: Vec::new(), costs: Vec::new() }
}

async fn sums(store: &impl Store, query: RollupQuery) -> RollupSums {
    store.rollup_sums(query).await.expect("sums")
}

pub async fn counters_add_up_by_what_they_count<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let worker = worker(&store).await;
    let failed = [
        ("", "executions", 1),
        ("", "failed", 1),
        ("", "failed_by:timeout", 1),
        ("", "duration_ms", 90),
        ("a", "executions", 1),
        ("a", "failed", 1),
        ("a", "attempts", 3),
        ("a", "attempts:3", 1),
        ("a", "failed_attempts", 3),
        ("a", "error:timeout", 2),
        ("a", "error:connection", 1),
        ("a", "error:of a later version", 1),
        ("a", "duration_ms", 80),
        ("a", "tokens_lost", 7),
    ];
    let at_once = [("", "at_once", 1), ("", "duration_ms", 5), ("a", "at_once", 1), ("b", "at_once", 1)];

    let batch =
        [finished_with(completed(1), rollup(0, &failed)), finished_with(completed(2), rollup(1, &at_once))];
    commit(&store, worker, batch).await;
    let sums = sums(&store, ROLLUPS).await;

    let ended =
        RetryCounts { executions: 2, completed: 1, failed: 1, first_try: 1, ..RetryCounts::default() };
    let totals = RetryCounts { attempts: 5, failed_attempts: 3, tokens_lost: 7, duration_ms: 95, ..ended };
    let a = RetryCounts { attempts: 4, duration_ms: 80, ..totals };
    let b = RetryCounts { executions: 1, completed: 1, first_try: 1, attempts: 1, ..RetryCounts::default() };
    assert_eq!(sums.totals, totals);
    assert_eq!(sums.flows, [FlowSums { flow: FLOW, counts: totals }]);
    let node = |node, counts| NodeSums { flow: FLOW, node: NodeId::new(node), counts };
    assert_eq!(sums.nodes, [node("a", a), node("b", b)]);
    let classes = BTreeMap::from([(ErrorClass::Connection, 1), (ErrorClass::Timeout, 2)]);
    assert_eq!(sums.failed_attempts, classes);
    assert_eq!(sums.failed_executions, BTreeMap::from([(ErrorClass::Timeout, 1)]));
    assert_eq!(sums.attempts, BTreeMap::from([(1, 2), (3, 1)]));
    assert_eq!((sums.flows_left_out, sums.nodes_left_out, sums.damaged), (0, 0, Vec::new()));
}

pub async fn counters_add_up_over_time<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let worker = worker(&store).await;
    let of = |hour| rollup(hour, &[("", "executions", 1), ("a", "attempts", 2)]);
    let hours = [-1, 0, 5, 30];
    let batch = hours.map(|hour| finished_with(completed(u16::try_from(hour + 2).expect("few")), of(hour)));
    commit(&store, worker, batch).await;
    let again = finished_with(completed(40), Rollup { flow: OTHER_FLOW, ..of(5) });
    commit(&store, worker, [again]).await;
    let over_time = async |width, buckets_max| {
        let query = RollupQuery { width: HOUR * width, buckets_max, ..ROLLUPS };
        let buckets = sums(&store, query).await.buckets?;
        let of = |(start, counts): (Timestamp, RetryCounts)| {
            assert_eq!(counts.attempts, 2 * counts.executions);
            (start.as_micros() / 3_600_000_000, counts.executions)
        };
        Some(buckets.into_iter().map(of).collect::<Vec<_>>())
    };

    let zero = at(0).as_micros() / 3_600_000_000;
    let hours = [(-1, 1), (0, 1), (5, 2), (30, 1)].map(|(hour, count)| (zero + hour, count));
    assert_eq!(over_time(1, 4).await.as_deref(), Some(&hours[..]));
    assert_eq!(over_time(1, 3).await, None, "there are more");
    let days: Vec<_> = over_time(24, 4).await.expect("there are few");
    let day = |hour: i64| (zero + hour) - (zero + hour) % 24;
    let mut expected = BTreeMap::new();
    hours.iter().for_each(|(hour, count)| *expected.entry(day(hour - zero)).or_insert(0) += count);
    assert_eq!(days, expected.into_iter().collect::<Vec<_>>());
}

pub async fn counters_are_filtered<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let worker = worker(&store).await;
    let of = |hour| rollup(hour, &[("", "executions", 1), ("a", "executions", 1)]);
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
    let counted = async |query| {
        let sums = sums(&store, query).await;
        let over_time: u64 = sums.buckets.iter().flatten().map(|(_, counts)| counts.executions).sum();
        let by_node: u64 = sums.nodes.iter().map(|node| node.counts.executions).sum();
        assert_eq!((over_time, by_node), (sums.totals.executions, sums.totals.executions));
        (sums.totals.executions, sums.flows.len())
    };

    let hour = RollupQuery { from: Some(at(3_600)), to: Some(at(7_200)), ..ROLLUPS };
    assert_eq!(counted(hour.clone()).await, (1, 1));
    assert_eq!(counted(RollupQuery { flow: Some(OTHER_FLOW), ..hour }).await, (0, 0));
    assert_eq!(counted(RollupQuery { flow: Some(FLOW), ..ROLLUPS }).await, (3, 1));
    assert_eq!(counted(ROLLUPS).await, (4, 2), "ours, of both flows");
    assert_eq!(counted(RollupQuery { tenant: THEIRS, ..ROLLUPS }).await, (1, 1));
}

pub async fn times_of_calls_add_up_by_model_and_agent<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let worker = worker(&store).await;
    let agent = Some(AgentId::new(uuid(5)));
    let timed = |hour, calls: &[(Option<AgentId>, &str, u64, u64)]| {
        let metrics: Vec<_> =
            calls.iter().map(|(agent, model, millis, _)| time_metric(*agent, model, *millis)).collect();
        let counts: Vec<_> =
            metrics.iter().zip(calls).map(|(metric, call)| ("", metric.as_str(), call.3)).collect();
        rollup(hour, &counts)
    };
    // Names of models have colons, and those of later versions have parts that are not known.
    let first = timed(0, &[(agent, "a:7b", 1_000, 98), (agent, "a:7b", 60_000, 1), (None, "a:7b", 5, 1)]);
    let second = timed(1, &[(agent, "a:7b", 60_000, 1), (agent, "b", 0, 2)]);
    let batch = [
        finished_with(completed(1), first),
        finished_with(completed(2), second),
        finished_with(completed(3), rollup(1, &[("", "model_ms:later", 1), ("a", "model_ms:1::b", 1)])),
        finished_with(
            ExecutionRow { tenant: THEIRS, ..completed(4) },
            Rollup { tenant: THEIRS, ..timed(0, &[(None, "b", 1, 9)]) },
        ),
    ];

    commit(&store, worker, batch).await;

    let times = async |query| {
        let percentiles = |times: &Times| [50, 99].map(|percent| times.percentile(percent));
        let row = |(of, times): (&TimedModel, &Times)| {
            (of.agent, of.model.to_string(), times.calls(), percentiles(times))
        };
        sums(&store, query).await.times.iter().map(row).collect::<Vec<_>>()
    };
    let (a, b) = (|| "a:7b".to_owned(), || "b".to_owned());
    let unknown = (None, a(), 1, [Some(5); 2]);
    let all = [unknown.clone(), (agent, a(), 100, [Some(991), Some(59_391)]), (agent, b(), 2, [Some(0); 2])];
    assert_eq!(times(ROLLUPS).await, all);
    let hour = RollupQuery { to: Some(at(3_600)), ..ROLLUPS };
    assert_eq!(times(hour).await, [unknown, (agent, a(), 99, [Some(991), Some(59_391)])]);
    assert_eq!(times(RollupQuery { flow: Some(OTHER_FLOW), ..ROLLUPS }).await, []);
}

pub async fn those_that_fail_most_are_listed_and_the_others_are_counted<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let worker = worker(&store).await;
    // How often each of the flows fails, and how often its nodes `a` and `b` do.
    let failures = [[0, 0, 0], [0, 3, 1], [1, 0, 0], [0, 9, 0], [1, 0, 3], [0, 0, 0]];
    let batch = failures.iter().zip(1..).map(|([failed, a, b], number)| {
        let counts = [
            ("", "executions", 9),
            ("", "failed", *failed),
            ("a", "failed_attempts", *a),
            ("b", "failed_attempts", *b),
        ];
        let flow = FlowId::new(uuid(number));
        finished_with(ExecutionRow { flow, ..completed(number) }, Rollup { flow, ..rollup(0, &counts) })
    });
    commit(&store, worker, batch.collect::<Vec<_>>()).await;

    let sums = sums(&store, RollupQuery { rows_max: 3, ..ROLLUPS }).await;

    let flows: Vec<_> = sums.flows.iter().map(|sums| sums.flow).collect();
    assert_eq!((flows, sums.flows_left_out), ([4, 2, 5].map(|flow| FlowId::new(uuid(flow))).to_vec(), 3));
    let nodes: Vec<_> = sums.nodes.iter().map(|sums| (sums.flow, sums.node.as_str())).collect();
    let expected = [(4, "a"), (2, "a"), (5, "b")].map(|(flow, node)| (FlowId::new(uuid(flow)), node));
    assert_eq!((nodes, sums.nodes_left_out), (expected.to_vec(), 9));
    assert_eq!((sums.totals.executions, sums.totals.failed_attempts), (54, 16), "of all");
}

pub async fn counters_survive_reopening<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let first = worker(&store).await;
    let of = |number| finished_with(completed(number), rollup(0, &[("", "executions", 1)]));
    commit(&store, first, [of(1)]).await;

    let store = reopened(harness, store).await;

    let second = worker(&store).await;
    commit(&store, second, [of(2)]).await;
    assert_eq!(sums(&store, ROLLUPS).await.totals.executions, 2);
}
