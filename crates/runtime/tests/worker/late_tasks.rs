//! Tasks that servers have begun for calls that are over: nobody will ask for them, so they are cancelled.

use std::sync::Arc;

use serde_json::json;
use steadflow_core::execution::Input;
use steadflow_core::ids::{AgentId, Attempt, NodeIndex, StepKey};
use steadflow_core::inbox::Signal;
use steadflow_core::payload::Payload;
use steadflow_core::remote_task::RemoteTask;
use steadflow_core::work::{CallKey, Outcome, Task, Work};
use steadflow_runtime::shard::{Message, Origin};
use steadflow_runtime::worker::Action;
use uuid::Uuid;

use crate::bench::{Bench, accept_of, at, done, id, signal};

const SERVER: AgentId = AgentId::new(Uuid::from_u128(9));

/// A worker that has begun a call which may take two seconds, and the work of that.
fn calling() -> (Bench, Work) {
    let retry = json!({ "enabled": true, "count": 1 });
    let node = json!({ "retry": retry, "id": "a", "type": "agent", "agent_id": SERVER.uuid(), "skill": "dig", "timeout_seconds": 2 });
    let mut bench = Bench::driving();
    bench.handle(1.0, accept_of(1, json!({}), json!([node])));
    bench.worker.answer(bench.by, done(&bench, 0), at(1.0));
    let work = started(&mut bench, 1.0).expect("the call begins");
    (bench, work)
}

/// Returns the last call that begins now.
fn started(bench: &mut Bench, seconds: f64) -> Option<Work> {
    bench.worker.tick(at(seconds));
    let mut begun = None;
    for action in bench.worker.take_actions(at(seconds)) {
        if let Action::StartStep(work) = action {
            begun = Some(*work);
        } else {
            bench.said(action);
        }
    }
    begun
}

/// The server does the call as a task.
fn becomes(work: &Work, task: &str) -> Message {
    let task = Arc::new(RemoteTask { id: task.into(), agent: SERVER, poll_ms: 1_000 });
    let rest = Work { remote_task: Some(task), ..work.clone() };
    let outcome = Outcome { goes_on: Some(Box::new(rest)), ..Outcome::completed(Payload::null()) };
    let call = CallKey { execution: id(1), node: NodeIndex(0), attempt: Attempt::FIRST, step: StepKey::ONLY };
    let input = Input::StepEnded { call, outcome };
    Message::Input { execution: id(1), input, from: Origin::Engine }
}

fn is_cancel(work: Option<&Work>, task: &str) -> bool {
    work.is_some_and(|work| {
        let of = work.remote_task.as_ref().map(|task| &*task.id);
        matches!(work.task, Task::CancelTask { agent_id: SERVER, .. }) && of == Some(task)
    })
}

#[test]
fn the_task_of_an_attempt_that_has_timed_out_is_cancelled() {
    let (mut bench, work) = calling();
    bench.turn(3.5);
    bench.answer(3.5, done(&bench, 1));
    bench.turn(3.6);
    bench.answer(3.6, done(&bench, 2));

    bench.worker.handle(becomes(&work, "t-1"), at(3.6));
    let begun = started(&mut bench, 3.6);

    assert!(is_cancel(begun.as_ref(), "t-1"), "{begun:?}");
    assert!(!format!("{begun:?}").contains("t-1"), "who knows an id may ask for the result");
}

#[test]
fn the_task_of_an_execution_that_was_cancelled_is_cancelled_after_the_commit() {
    let (mut bench, work) = calling();
    let cancel = Signal::Cancel { message: "no".into(), by: steadflow_core::caller::Actor::SYSTEM };
    bench.handle(1.2, signal(1, cancel));

    bench.worker.handle(becomes(&work, "t-1"), at(1.2));
    assert!(started(&mut bench, 1.2).is_none(), "it may be that the cancel is not on disk");

    bench.worker.answer(bench.by, done(&bench, 1), at(1.3));
    let begun = started(&mut bench, 1.3);
    assert!(is_cancel(begun.as_ref(), "t-1"), "{begun:?}");
}

#[test]
fn a_task_that_is_waited_for_is_not_cancelled_when_its_handle_comes_again() {
    let (mut bench, work) = calling();
    bench.handle(1.2, becomes(&work, "t-1"));
    bench.worker.answer(bench.by, done(&bench, 1), at(1.2));
    let waiting = started(&mut bench, 1.2).expect("the task is waited for");
    assert!(waiting.remote_task.is_some());

    // The answer to a call that has another number.
    let Message::Input { execution, input: Input::StepEnded { call, outcome }, from } = becomes(&work, "t-1")
    else {
        unreachable!("this is a call that ends")
    };
    let call = CallKey { attempt: Attempt::numbered(7), ..call };
    bench
        .worker
        .handle(Message::Input { execution, input: Input::StepEnded { call, outcome }, from }, at(1.3));

    assert!(started(&mut bench, 1.3).is_none());
}
