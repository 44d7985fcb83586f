//! Slots of a flow: an execution keeps its place although a commit is refused.

use steadflow_core::caller::Actor;
use steadflow_core::execution::Input;
use steadflow_core::ids::{Attempt, NodeIndex, StepKey, TenantId};
use steadflow_core::inbox::Signal;
use steadflow_core::payload::Payload;
use steadflow_core::work::{CallKey, Outcome};
use steadflow_runtime::shard::{Accept, BatchId, Message, Origin, ReplyId};
use steadflow_runtime::worker::Answer;

use crate::bench::{Bench, busy, done, id, new_execution, orphan};

fn accept_of_one_at_a_time(number: u128) -> Message {
    let (new, reply) = (new_execution(number), ReplyId(1));
    Message::Accept(Box::new(Accept { new, limit: Some(1), idempotency: None, reply, wait: None }))
}

fn pause(number: u128) -> Message {
    let from = Origin::Caller { reply: ReplyId(7), tenant: TenantId::DEFAULT };
    Message::Input { execution: id(number), input: Signal::Pause { by: Actor::USER }.into(), from }
}

fn call_ended(number: u128) -> Message {
    let execution = id(number);
    let call = CallKey { execution, node: NodeIndex(0), attempt: Attempt::FIRST, step: StepKey::ONLY };
    let input = Input::StepEnded { call, outcome: Outcome::completed(Payload::null()) };
    Message::Input { execution, input, from: Origin::Engine }
}

#[test]
fn an_execution_whose_pause_is_refused_by_the_store_keeps_its_place_in_the_queue() {
    let mut bench = Bench::driving();
    bench.handle(0.1, accept_of_one_at_a_time(1));
    bench.answer(0.1, done(&bench, 0));
    bench.handle(0.1, accept_of_one_at_a_time(2));
    bench.answer(0.1, done(&bench, 1));

    assert_eq!(bench.handle(0.2, pause(2)), ["load 2"]);
    let paused = bench.answer(0.2, Answer::Loaded(id(2), Ok(Some(Box::new(orphan(2))))));
    let refused = bench.answer(0.2, Answer::Committed(BatchId(2), Err(busy())));
    let ended = bench.handle(0.3, call_ended(1));
    bench.answer(0.3, done(&bench, 3));
    bench.turn(0.8);

    assert_eq!((paused, refused), (vec!["commit 2".to_owned()], vec!["reply 7 Unavailable".to_owned()]));
    assert!(ended.contains(&"commit 1".into()), "{ended:?}");
    let next = bench.commits.iter().find(|commit| commit.execution == id(2)).expect("it is due");
    assert!(next.record.as_deref().is_some_and(|record| record.contains("started")), "{next:?}");
}
