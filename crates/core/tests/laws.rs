//! Laws of the state machine that hold whatever the flow and whatever happens to its executions.

use std::sync::Arc;
use std::time::Duration;

use crate::support::{self, Play};
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};
use steadflow_core::caller::Actor;
use steadflow_core::event::{ChildEnd, Event, Record, Resolution, StepResult};
use steadflow_core::execution::{Execution, ExecutionStatus, Input, NodeState};
use steadflow_core::failure::{ErrorClass, Failure};
use steadflow_core::ids::{Attempt, NodeIndex, StepKey};
use steadflow_core::limits::Limits;
use steadflow_core::payload::Payload;
use steadflow_core::retry::RetryPolicy;
use steadflow_core::step::ChildRecord;
use steadflow_core::work::{CallKey, Outcome};
use uuid::Uuid;

/// One node of a made-up flow.
fn node() -> impl Strategy<Value = Value> {
    let kind = prop_oneof![
        6 => Just(json!({ "type": "action", "action": "echo", "input": { "try": "${attempt}" } })),
        1 => Just(json!({ "type": "action", "action": "transform", "input": "${trigger_data.k}" })),
        1 => Just(json!({ "type": "action", "action": "transform", "input": "${trigger_data.missing}" })),
        1 => Just(json!({ "type": "condition", "condition": "trigger_data.k > 0" })),
        1 => Just(json!({ "type": "delay", "delay_seconds": 7 })),
        1 => Just(json!({ "type": "merge" })),
        2 => Just(json!({ "type": "test_rounds", "input": { "try": "${attempt}" } })),
        2 => Just(json!({ "type": "test_family", "flow_id": Uuid::from_u128(1), "children": 3, "at_once": 2 })),
    ];
    (kind, 0..4_u32, any::<[bool; 4]>()).prop_map(|(mut node, count, [any, asks, timeout, exhausted])| {
        node["retry"] = json!({ "enabled": true, "count": count, "jitter": 0.5, "max_interval_seconds": 30 });
        node["join"] = if any { "any" } else { "all" }.into();
        node["on_interrupt"] = if asks { "ask" } else { "retry" }.into();
        node["on_exhausted"] = if exhausted { "ask" } else { "fail" }.into();
        if timeout {
            node["timeout_seconds"] = 5.into();
        }
        node
    })
}

/// A flow without cycles: edges lead from earlier nodes to later ones.
fn flow() -> impl Strategy<Value = Value> {
    let edges = vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), any::<bool>()), 0..10);
    let handled = vec(any::<bool>(), 6);
    (vec(node(), 1..6), edges, prop::option::of(20..200_u32), handled).prop_map(
        |(mut nodes, edges, timeout, handled)| {
            for (at, node) in nodes.iter_mut().enumerate() {
                node["id"] = format!("n{at}").into();
            }
            let mut pairs: Vec<(usize, usize, bool)> = edges
                .into_iter()
                .map(|(from, to, on_error)| (from.index(nodes.len()), to.index(nodes.len()), on_error))
                .filter(|(from, to, _)| from < to)
                .collect();
            pairs.sort_unstable();
            pairs.dedup_by_key(|(from, to, _)| (*from, *to));
            let edges: Vec<Value> = pairs
                .into_iter()
                .map(|(from, to, on_error)| {
                    let on = if on_error { "error" } else { "completed" };
                    json!({ "from": format!("n{from}"), "to": format!("n{to}"), "on": on })
                })
                .collect();
            let count = nodes.len();
            for at in (0..count).filter(|at| handled[*at]) {
                let id = format!("undo{at}");
                nodes[at]["compensate_with"] = id.as_str().into();
                nodes.push(json!({
                    "id": id, "type": "action", "action": "echo", "input": { "try": "${attempt}" },
                    "retry": { "enabled": true, "count": at % 3, "jitter": 0.5, "max_interval_seconds": 30 },
                    "on_exhausted": if at % 2 == 0 { "fail" } else { "ask" },
                }));
            }
            json!({
                "name": "Law", "timeout_seconds": timeout,
                "flow_definition": { "nodes": nodes, "edges": edges },
            })
        },
    )
}

/// Something that happens, to which node, and after how many milliseconds.
type Step = (u8, prop::sample::Index, u64);

fn steps() -> impl Strategy<Value = Vec<Step>> {
    vec((0..16_u8, any::<prop::sample::Index>(), 0..12_000_u64), 0..60)
}

/// Makes of a step what it means for this execution.
fn input(execution: &Execution, (kind, node, _): &Step) -> Input {
    let at = node.index(execution.nodes().len());
    let index = NodeIndex(u16::try_from(at).expect("a few nodes"));
    let attempt = execution.nodes()[at].attempts.last().map_or(Attempt::FIRST, |last| last.attempt);
    let (id, by) = (execution.graph().node(index).id.clone(), Actor::USER);
    if let Some(child) = open_child(execution, at).filter(|_| *kind < 8) {
        let end = if *kind < 6 { completed() } else { failed() };
        return Input::ChildEnded { node: index, child, end };
    }
    let step = execution.nodes()[at].open_calls().pop().unwrap_or(StepKey::ONLY);
    let call = CallKey { execution: execution.id(), node: index, attempt, step };
    let ended = |outcome| Input::StepEnded { call, outcome };
    match kind {
        0..=3 => ended(Outcome::completed(Payload::from_value(&json!({ "n": at })))),
        4..=6 => ended(Outcome::failed(Failure::new(ErrorClass::Connection, "no"))),
        7 => ended(Outcome::failed(Failure::new(ErrorClass::Rejected, "never"))),
        8 => Input::Adopt { worker: "w2".into() },
        9 => Input::Release,
        10 => Input::Pause { by },
        11 => Input::Resume { by },
        12 => Input::RetryNow { node: id, by },
        13 => Input::Resolve { node: id, by, resolution: Resolution::Retry },
        14 => Input::Resolve { node: id, by, resolution: Resolution::Complete { output: Payload::null() } },
        _ if at == 0 && execution.ending_as().is_some() => Input::StopCompensation { by },
        _ if at == 0 => Input::Cancel { message: "stop".into(), by: Actor::USER },
        _ => Input::Resolve { node: id, by, resolution: Resolution::Fail { message: "no".into() } },
    }
}

fn open_child(execution: &Execution, node: usize) -> Option<u32> {
    let place = execution.nodes()[node].children().iter().position(ChildRecord::is_open)?;
    u32::try_from(place).ok()
}

fn completed() -> ChildEnd {
    let result = Some(Payload::from_value(&json!("done")));
    ChildEnd { status: ExecutionStatus::Completed, result, message: None, class: None }
}

fn failed() -> ChildEnd {
    let (message, class) = (Some("no".into()), Some(ErrorClass::Connection));
    ChildEnd { status: ExecutionStatus::Failed, result: None, message, class }
}

/// Plays all steps, looking at the timers before each.
fn played(flow: &Value, steps: &[Step], mut look: impl FnMut(&mut Play)) -> Play {
    let mut play = Play::new(flow);
    look(&mut play);
    for step in steps {
        play.now = play.now.plus(Duration::from_millis(step.2));
        let _ = play.put(Input::Tick);
        let input = input(&play.execution, step);
        let _ = play.put(input);
        look(&mut play);
    }
    play
}

fn replayed(play: &Play, journal: Vec<Record>) -> Result<Execution, steadflow_core::execution::Corrupt> {
    Execution::replay(play.execution.id(), play.execution.flow().clone(), journal)
}

/// Everything that an execution's state consists of.
fn described(execution: &Execution) -> String {
    format!(
        "{} {} {:?} {:?} {:?} {:?} {:?} {:?}\n{:?}\n{:#?}",
        execution.seq(),
        execution.status(),
        execution.started_at(),
        execution.completed_at(),
        execution.deadline(),
        execution.error(),
        execution.next_timer(),
        execution.current_node(),
        execution.edges(),
        execution.nodes(),
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn replay_is_live(flow in flow(), steps in steps()) {
        let play = played(&flow, &steps, |_| {});

        let text = serde_json::to_string(&play.journal).unwrap();
        let journal: Vec<Record> = serde_json::from_str(&text).unwrap();
        let replayed = replayed(&play, journal).unwrap();

        prop_assert_eq!(described(&play.execution), described(&replayed));
    }

    #[test]
    fn replay_is_live_where_each_decision_ends_after_a_node(flow in flow(), steps in steps()) {
        let limits = Limits { decision_bytes: 1, ..Limits::DEFAULT };
        let version = support::version(&flow);
        let version = support::with_limits(&version, limits);
        let mut play = Play::of(Arc::new(version), support::accepted());

        for step in &steps {
            play.now = play.now.plus(Duration::from_millis(step.2));
            let _ = play.put(Input::Tick);
            let input = input(&play.execution, step);
            let _ = play.put(input);
            let replayed = replayed(&play, play.journal.clone()).unwrap();
            prop_assert_eq!(described(&play.execution), described(&replayed));
        }
    }

    #[test]
    fn finished_stays_finished(flow in flow(), steps in steps(), late in steps()) {
        let mut play = played(&flow, &steps, |_| {});
        let _ = play.put(Input::Cancel { message: "stop".into(), by: Actor::USER });
        let _ = play.put(Input::StopCompensation { by: Actor::USER });
        let (before, records) = (described(&play.execution), play.journal.len());

        for step in &late {
            play.now = play.now.plus(Duration::from_millis(step.2));
            let input = input(&play.execution, step);
            prop_assert!(play.put(input).is_err());
            prop_assert!(play.put(Input::Tick).is_err());
        }

        prop_assert_eq!(play.execution.next_timer(), None);
        prop_assert_eq!(play.journal.len(), records);
        prop_assert_eq!(described(&play.execution), before);
    }

    #[test]
    fn attempts_stay_within_the_count(flow in flow(), steps in steps()) {
        let play = played(&flow, &steps, |_| {});

        let events = || play.journal.iter().flat_map(|record| &record.2);
        for (at, node) in play.execution.graph().nodes.iter().enumerate() {
            let (mut used, mut was_interrupted) = (0, false);
            for event in events().filter(|event| event.node().is_some_and(|node| node.at() == at)) {
                if let Event::AttemptFailed { class, .. } = event {
                    was_interrupted |= *class == ErrorClass::Interrupted;
                } else if matches!(event, Event::Resolved { .. }) {
                    (used, was_interrupted) = (0, false);
                }
                used += u32::from(matches!(event, Event::AttemptStarted { .. }));
                used -= u32::from(matches!(event, Event::AttemptReleased { .. }));
                let allowed = 1 + if was_interrupted { node.retry.count.max(1) } else { node.retry.count };
                prop_assert!(used <= allowed, "{} of {} attempts of {}", used, allowed, node.id);
            }
        }
    }

    #[test]
    fn a_call_that_has_completed_is_never_repeated(flow in flow(), steps in steps()) {
        let play = played(&flow, &steps, |_| {});

        let mut done = std::collections::BTreeSet::new();
        for event in play.journal.iter().flat_map(|record| &record.2) {
            if let Event::StepEnded { node, step, result: StepResult::Completed(_), .. } = event {
                prop_assert!(done.insert((*node, step.clone())));
            }
            if let Event::StepStarted { node, step, .. } = event {
                prop_assert!(!done.contains(&(*node, step.clone())), "{} begins again", step);
            }
        }
    }

    #[test]
    fn what_completed_is_undone_once_and_backwards(flow in flow(), steps in steps()) {
        let play = played(&flow, &steps, |_| {});

        let graph = play.execution.graph();
        let (mut done, mut undone, mut is_compensating) = (Vec::new(), Vec::new(), false);
        for event in play.journal.iter().flat_map(|record| &record.2) {
            if let Event::NodeCompleted { node, .. } = event
                && !is_compensating
            {
                done.push(*node);
            }
            is_compensating |= matches!(event, Event::CompensationStarted { .. });
            if let Event::AttemptStarted { node, .. } = event
                && let Some(of) = graph.handlers.undone_by(*node)
            {
                prop_assert!(is_compensating, "a handler ran before the flow had failed");
                if undone.last() != Some(&of) {
                    prop_assert!(!undone.contains(&of), "two are undone at once, or one twice");
                    undone.push(of);
                }
            }
            if let Event::Finished { status, .. } = event {
                let has_work = done.iter().any(|node| graph.handlers.of(*node).is_some());
                prop_assert_eq!(is_compensating, has_work && *status != ExecutionStatus::Completed);
            }
        }
        let expected = done.iter().rev().filter(|node| graph.handlers.of(**node).is_some()).copied();
        let expected: Vec<_> = expected.take(undone.len()).collect();
        prop_assert_eq!(undone, expected);
    }

    #[test]
    fn an_execution_that_runs_waits_for_something(flow in flow(), steps in steps()) {
        played(&flow, &steps, |play| {
            let execution = &play.execution;
            let waits = |state: &NodeState| {
                matches!(state, NodeState::Running { .. } | NodeState::Backoff { .. } | NodeState::Waiting(_))
            };
            let is_held = execution.status() == ExecutionStatus::Paused;
            let waits_for = execution.nodes().iter().filter(|node| waits(&node.state)).count();
            assert!(
                execution.status().is_finished() || is_held || waits_for > 0,
                "nothing moves it: {}",
                described(execution)
            );
        });
    }

    #[test]
    fn looking_too_early_changes_nothing(flow in flow(), steps in steps()) {
        played(&flow, &steps, |play| {
            let (before, records) = (described(&play.execution), play.journal.len());
            if play.execution.next_timer().is_none_or(|(at, _)| at > play.now) {
                let _ = play.put(Input::Tick);
            }
            assert_eq!((described(&play.execution), play.journal.len()), (before, records));
        });
    }

    #[test]
    fn a_damaged_journal_is_refused_or_read_but_never_panics(
        flow in flow(),
        steps in steps(),
        from in any::<prop::sample::Index>(),
        to in any::<prop::sample::Index>(),
    ) {
        let play = played(&flow, &steps, |_| {});
        let mut events: Vec<Event> = play.journal.iter().flat_map(|record| record.2.clone()).collect();

        let event = events[from.index(events.len())].clone();
        let place = to.index(events.len());
        events[place] = event;
        let at = play.journal[0].1;

        let _ = replayed(&play, vec![Record(1, at, events)]);
    }

    #[test]
    fn delays_stay_within_the_policy(
        initial in 1..10_000_u64, coefficient in 1.0..1e6_f64, extra in 0..1_000_000_u64,
        jitter in 0.0..=1.0_f64, random in 0.0..=1.0_f64, failed in 1..40_u32,
    ) {
        let initial_interval = Duration::from_millis(initial);
        let max_interval = initial_interval + Duration::from_millis(extra);
        let policy = RetryPolicy {
            count: 10, initial_interval, max_interval, jitter, backoff_coefficient: coefficient,
            ..RetryPolicy::NONE
        };

        let delay = policy.delay_after(Attempt::numbered(failed), random);

        let longest = RetryPolicy { jitter: 0.0, ..policy.clone() }.delay_after(Attempt::numbered(failed), 0.0);
        let slack = Duration::from_micros(1);
        prop_assert!(delay <= max_interval + slack);
        prop_assert!(delay <= longest + slack);
        prop_assert!(delay + slack >= longest.mul_f64(1.0 - jitter));
        prop_assert!(longest >= initial_interval.min(max_interval));
    }
}
