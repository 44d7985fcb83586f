//! Pausing everything of a tenant, as a worker takes it in.

use std::time::Duration;

use serde_json::json;
use steadflow_core::caller::Actor;
use steadflow_core::execution::{Decision, ExecutionStatus, Input};
use steadflow_core::ids::TenantId;
use steadflow_core::inbox::Signal;
use steadflow_core::limits::Limits;
use steadflow_runtime::WorkerConfig;
use steadflow_runtime::shard::{Loaded, Message, PausedTenants, Recovered};
use steadflow_runtime::worker::{Answer, Rest};

use crate::bench::{Bench, FIRST, Run, at, execution_of, flow, orphan_of, signal};

/// Everything is paused, or nothing.
fn pauses(is_paused: bool) -> Message {
    let all = PausedTenants::from([(TenantId::DEFAULT, Actor::USER)]);
    let (paused, resumed_by) =
        if is_paused { (all, PausedTenants::new()) } else { (PausedTenants::new(), all) };
    Message::Pauses { paused, resumed_by }
}

/// An execution that waited for a moment before it makes a call, that was started and then told this, and whose process is gone.
fn left(inputs: Vec<Input>) -> Loaded {
    let wait = json!({ "id": "wait", "type": "delay", "delay_seconds": 0.05 });
    let call = json!({ "id": "call", "type": "action", "action": "echo", "input": 1 });
    // A paused one stays in memory for its timeout.
    let flow = flow(json!({ "timeout_seconds": 600 }), json!([wait, call]), Limits::DEFAULT);
    let Loaded { mut execution, mut journal } = orphan_of(execution_of(1, flow));
    for input in [Input::Start].into_iter().chain(inputs) {
        let mut decision = Decision::default();
        execution.decide(input, at(0.1), &mut decision).expect("it can be told that");
        let record = serde_json::to_string(&execution.seal(&mut decision, at(0.1))).expect("it is JSON");
        journal.push(record.into());
    }
    Loaded { execution, journal }
}

fn paused_with_all() -> Input {
    Input::PauseWithAll { by: Actor::USER }
}

/// A worker that finds this execution when it begins, and whether everything is paused then. Its commits succeed.
fn finding(loaded: Loaded, is_paused: bool, meanwhile: Option<Message>) -> Run {
    let mut config = WorkerConfig::new("w".into());
    config.shard.park_after = Duration::from_secs(3_600);
    let mut bench = Bench::with(config);
    bench.turn(0.2);
    bench.answer(0.2, Answer::Registered(Ok(FIRST)));
    meanwhile.map(|message| bench.handle(0.2, message));
    let Message::Pauses { paused, .. } = pauses(is_paused) else { unreachable!("it is one") };
    let recovered = Recovered { executions: vec![loaded], paused, ..Recovered::default() };
    bench.answer(0.2, Answer::TakenOver(Ok((Box::new(recovered), Rest::None))));
    let mut run = Run { bench, batch: 0 };
    run.commits(0.3);
    run
}

fn status(run: &Run) -> ExecutionStatus {
    let shard = run.bench.worker.shard().expect("it has a lease");
    shard.settled().next().expect("it is in memory").status()
}

#[test]
fn what_was_paused_with_everything_by_a_process_that_is_gone_is_resumed_with_everything() {
    let run = finding(left(vec![paused_with_all()]), false, None);

    assert_eq!(status(&run), ExecutionStatus::Running);
}

#[test]
fn what_was_paused_by_itself_stays_paused() {
    let run = finding(left(vec![Input::Pause { by: Actor::USER }]), false, None);

    assert_eq!(status(&run), ExecutionStatus::Paused);
}

#[test]
fn a_pause_that_begins_while_the_worker_takes_over_is_kept_to() {
    let run = finding(left(Vec::new()), false, Some(pauses(true)));

    assert_eq!(status(&run), ExecutionStatus::Paused);
}

#[test]
fn a_pause_that_ends_while_the_worker_takes_over_is_over() {
    let run = finding(left(vec![paused_with_all()]), true, Some(pauses(false)));

    assert_eq!(status(&run), ExecutionStatus::Running);
}

#[test]
fn nobody_resumes_an_execution_while_everything_is_paused() {
    for (paused, resumed) in [
        (Input::Pause { by: Actor::USER }, Signal::Resume { by: Actor::USER }),
        (paused_with_all(), Signal::ResumeWithAll { by: Actor::USER }),
        (paused_with_all(), Signal::Resume { by: Actor::USER }),
    ] {
        let mut run = finding(left(vec![paused]), true, None);

        let mut said = run.bench.handle(0.4, signal(1, resumed));
        if said.iter().any(|what| what.starts_with("commit")) {
            said.extend(run.commits(0.4));
        }

        assert_eq!(status(&run), ExecutionStatus::Paused);
        assert!(!said.iter().any(|what| what == "start call"), "{said:?}");
        run.bench.handle(0.5, pauses(false));
        run.commits(0.5);
        assert_eq!(status(&run), ExecutionStatus::Running, "it goes on with everything");
    }
}
