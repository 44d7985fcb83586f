//! The worker's own decisions, without a store: what it asks, when, and what it makes of the answers.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use steadflow_core::caller::Actor;
use steadflow_core::event::Accepted;
use steadflow_core::execution::{Decision, Execution, FlowVersion, NewExecution};
use steadflow_core::flow::Flow;
use steadflow_core::ids::{ExecutionId, FlowId, TenantId};
use steadflow_core::inbox::Signal;
use steadflow_core::limits::Limits;
use steadflow_core::timestamp::Timestamp;
use steadflow_runtime::shard::{Accept, BatchId, Loaded, Message, Recovered, ReplyId};
use steadflow_runtime::worker::{Action, Answer, Ask, IncarnationId, Rest};
use steadflow_runtime::{Worker, WorkerConfig};
use steadflow_store::{Commit, Committed, InboxId, InboxInput, InboxItem, StoreError, Worker as Lessee};
use uuid::Uuid;

const FIRST: Lessee = Lessee { epoch: 1 };
const SECOND: Lessee = Lessee { epoch: 2 };

fn at(seconds: f64) -> Timestamp {
    Timestamp::from_micros(1_800_000_000_000_000).plus(Duration::from_secs_f64(seconds))
}

/// A worker, and the last incarnation that asked something.
struct Bench {
    worker: Worker,
    by: IncarnationId,
    /// The commits that it asked for last.
    commits: Vec<Commit>,
}

impl Bench {
    fn new() -> Self {
        Self::with(WorkerConfig::new("w".into()))
    }

    fn with(config: WorkerConfig) -> Self {
        let worker = Worker::new(config, at(0.0));
        Self { worker, by: IncarnationId::default(), commits: Vec::new() }
    }

    /// A worker that drives from second 0 on, with everything done that follows at once.
    fn driving() -> Self {
        Self::driving_with(WorkerConfig::new("w".into()))
    }

    fn driving_with(config: WorkerConfig) -> Self {
        let mut bench = Self::with(config);
        bench.turn(0.0);
        bench.answer(0.0, Answer::Registered(Ok(FIRST)));
        bench.answer(0.0, taken_over());
        bench.answer(0.0, Answer::Due(Ok(Vec::new())));
        bench.answer(0.0, Answer::Inbox(Ok(Vec::new())));
        bench
    }

    /// Does what is due, and returns what the worker wants, in words.
    fn turn(&mut self, seconds: f64) -> Vec<String> {
        let mut all = Vec::new();
        loop {
            self.worker.tick(at(seconds));
            let actions = self.worker.take_actions(at(seconds));
            if actions.is_empty() {
                return all;
            }
            all.extend(actions.into_iter().map(|action| self.said(action)));
        }
    }

    fn answer(&mut self, seconds: f64, answer: Answer) -> Vec<String> {
        self.worker.answer(self.by, answer, at(seconds));
        self.turn(seconds)
    }

    fn handle(&mut self, seconds: f64, message: Message) -> Vec<String> {
        self.worker.handle(message, at(seconds));
        self.turn(seconds)
    }

    /// Everything that the worker does until `seconds`, but for looks that find nothing and renewals.
    fn until(&mut self, from: f64, seconds: f64) -> Vec<String> {
        let mut all = Vec::new();
        let mut now = from;
        while let Some(next) = self.worker.next_timer(at(now)).filter(|next| *next <= at(seconds)) {
            now = next.since(at(0.0)).as_secs_f64().max(now);
            let mut said = self.turn(now);
            while !said.is_empty() {
                let answers: Vec<_> = said.iter().filter_map(|what| nothing(what)).collect();
                all.extend(said.into_iter().filter(|what| nothing(what).is_none()));
                said = answers.into_iter().flat_map(|answer| self.answer(now, answer)).collect();
            }
        }
        all
    }

    fn said(&mut self, action: Action) -> String {
        match action {
            Action::Ask(by, ask) => {
                self.by = by;
                match ask {
                    Ask::Register { .. } => "register".into(),
                    Ask::Renew { .. } => "renew".into(),
                    Ask::TakeOver { .. } => "take over".into(),
                    Ask::FindOrphans { .. } => "find orphans".into(),
                    Ask::FindDue { .. } => "find due".into(),
                    Ask::ReadInbox { .. } => "read inbox".into(),
                    Ask::SortInbox { discarded, .. } => format!("discard {}", discarded.len()),
                    Ask::Load(_, id) => format!("load {}", number(id)),
                    Ask::Commit(_, _, commits) => {
                        let of = commits.iter().map(|commit| number(commit.execution).to_string());
                        let said = format!("commit {}", of.collect::<Vec<_>>().join(" "));
                        self.commits = commits;
                        said
                    }
                    Ask::Release(lessee) => format!("release {}", lessee.epoch),
                }
            }
            Action::StartStep(_) => "start call".into(),
            Action::StopStep(_) => "stop call".into(),
            Action::Reply(to, reply) => format!("reply {} {reply:?}", to.0),
            Action::Publish(_) => "publish".into(),
            Action::Abandon => "abandon".into(),
            Action::End(end) => format!("end {end:?}"),
        }
    }
}

/// The answer to a question that is asked again and again, when there is nothing to be found.
fn nothing(what: &str) -> Option<Answer> {
    match what {
        "renew" => Some(Answer::Renewed(Ok(()))),
        "find orphans" => Some(Answer::Orphans(Ok((Vec::new(), Rest::None)))),
        "find due" => Some(Answer::Due(Ok(Vec::new()))),
        "read inbox" => Some(Answer::Inbox(Ok(Vec::new()))),
        _ => None,
    }
}

fn taken_over() -> Answer {
    Answer::TakenOver(Ok((Box::new(Recovered::default()), Rest::None)))
}

fn id(number: u128) -> ExecutionId {
    ExecutionId::new(Uuid::from_u128(number))
}

fn number(id: ExecutionId) -> u128 {
    id.uuid().as_u128()
}

fn busy() -> StoreError {
    StoreError::Database { call: "renew", source: "it is busy".into() }
}

/// A flow with one node that calls out.
fn flow() -> Arc<FlowVersion> {
    let node = json!({ "id": "a", "type": "action", "action": "echo", "input": 1 });
    let document = json!({ "name": "f", "flow_definition": { "nodes": [node], "edges": [] } });
    let limits = Limits::DEFAULT;
    let flow = Flow::parse(&document, &limits).expect("the flow is valid");
    let (tenant, flow_id) = (TenantId::DEFAULT, FlowId::new(Uuid::from_u128(7)));
    Arc::new(FlowVersion { tenant, flow_id, version: 1, flow, limits })
}

fn new_execution(number: u128) -> NewExecution {
    let flow = flow();
    let accepted = Accepted::new(TenantId::DEFAULT, flow.flow_id, 1, "w".into());
    NewExecution { id: id(number), pinned: flow.into(), accepted }
}

fn accept(number: u128) -> Message {
    let accept =
        Accept { new: new_execution(number), limit: None, idempotency: None, reply: ReplyId(1), wait: None };
    Message::Accept(Box::new(accept))
}

/// An execution as another worker left it.
fn orphan(number: u128) -> Loaded {
    let NewExecution { id, pinned, accepted } = new_execution(number);
    let mut decision = Decision::default();
    let mut execution = Execution::accept(id, pinned, accepted, at(0.0), &mut decision);
    let record = serde_json::to_string(&execution.seal(&mut decision, at(0.0))).expect("it is JSON");
    Loaded { execution, journal: vec![record.into()] }
}

fn item(number: u64, execution: u128, signal: &Signal) -> InboxItem {
    let input = serde_json::to_string(signal).expect("it is JSON").into();
    let tenant = TenantId::DEFAULT;
    let sent = InboxInput { tenant, execution: id(execution), input, created_at: at(0.0) };
    InboxItem { id: InboxId(number), sent }
}

fn done(bench: &Bench, batch: u64) -> Answer {
    let answers = vec![Committed::Done; bench.commits.len()];
    Answer::Committed(BatchId(batch), Ok(answers))
}

#[test]
fn a_worker_takes_a_lease_takes_over_and_then_looks() {
    let mut bench = Bench::new();

    assert_eq!(bench.turn(0.0), ["register"]);
    assert_eq!(bench.answer(0.0, Answer::Registered(Ok(FIRST))), ["take over"]);
    assert!(!bench.worker.is_driving());
    assert_eq!(bench.answer(0.0, taken_over()), ["find due", "read inbox"]);
    assert!(bench.worker.is_driving());
}

#[test]
fn without_a_lease_it_refuses_what_is_asked_of_it() {
    let mut bench = Bench::new();
    bench.turn(0.0);

    let refused = bench.handle(0.1, Message::Show { reply: ReplyId(3) });

    assert_eq!(refused, ["reply 3 Unavailable"]);
}

#[test]
fn a_first_start_that_fails_ends_it_and_a_later_one_is_tried_again() {
    let mut first = Bench::new();
    first.turn(0.0);
    let ended = first.answer(0.0, Answer::Registered(Err(busy())));

    let mut later = Bench::driving();
    later.turn(5.0);
    assert_eq!(later.answer(5.0, Answer::Renewed(Err(StoreError::Fenced))), ["abandon", "register"]);
    assert!(later.answer(5.0, Answer::Registered(Err(busy()))).is_empty());

    assert!(ended[0].starts_with("end Fatal"), "{ended:?}");
    assert_eq!(later.turn(6.0), ["register"]);
}

#[test]
fn the_lease_is_renewed_every_third_of_it() {
    let mut bench = Bench::driving();

    bench.until(0.0, 4.9);
    let renewed = bench.turn(5.0);

    assert!(renewed.contains(&"renew".into()), "{renewed:?}");
}

#[test]
fn a_lease_that_cannot_be_renewed_is_given_up_before_it_ends() {
    let mut bench = Bench::driving();
    let mut seconds = 5.0;
    let mut tries = 0;
    loop {
        let said = bench.turn(seconds);
        if !said.contains(&"renew".into()) {
            seconds += 0.1;
            continue;
        }
        tries += 1;
        let after = bench.answer(seconds, Answer::Renewed(Err(busy())));
        if after.contains(&"abandon".into()) {
            assert_eq!(after, ["abandon", "release 1"]);
            break;
        }
    }

    assert!((9.9..11.0).contains(&seconds), "after {seconds} s");
    assert!(tries > 5, "{tries} tries");
    assert_eq!(bench.answer(seconds, Answer::Released(Ok(()))), ["register"]);
}

#[test]
fn calls_end_before_the_lease_although_the_last_renewal_is_sent_late() {
    let mut bench = Bench::driving();
    bench.handle(1.0, accept(1));
    assert!(bench.answer(1.0, done(&bench, 0)).contains(&"start call".into()));
    assert!(bench.turn(5.0).contains(&"renew".into()));
    assert!(!bench.answer(9.8, Answer::Renewed(Err(busy()))).contains(&"abandon".into()));

    // The wake-up for the next try comes when the lease is not certain any more.
    assert_eq!(bench.turn(11.2), ["renew"]);
    let said = bench.until(11.2, 14.9);

    assert!(said.contains(&"abandon".into()), "{said:?}");
}

#[test]
fn calls_end_although_every_wake_up_is_late() {
    let mut bench = Bench::driving();
    bench.turn(5.0);

    let heard = bench.turn(60.0);
    let said = bench.turn(70.0);

    assert!(heard.is_empty(), "the answer may be there, and is read first: {heard:?}");
    assert_eq!(said, ["abandon", "release 1"]);
}

#[test]
fn a_release_that_is_not_answered_holds_up_no_new_lease() {
    let mut bench = Bench::driving();
    bench.turn(5.0);
    let given_up = bench.turn(10.5);
    assert_eq!(given_up.last().map(String::as_str), Some("release 1"), "{given_up:?}");

    assert_eq!(bench.turn(11.5), ["register"]);
    assert!(bench.answer(11.6, Answer::Released(Ok(()))).is_empty(), "it asks for one lease only");
}

#[test]
fn a_full_database_takes_no_lease_away() {
    let mut bench = Bench::driving();
    let full = || StoreError::Full { source: "the disk is full".into() };

    let mut all = Vec::new();
    for second in 5..60 {
        if bench.turn(f64::from(second)).contains(&"renew".into()) {
            all.extend(bench.answer(f64::from(second), Answer::Renewed(Err(full()))));
        }
    }

    assert!(!all.contains(&"abandon".into()), "{all:?}");
    assert!(bench.worker.is_driving());
}

#[test]
fn an_answer_to_an_incarnation_before_is_discarded() {
    let mut bench = Bench::driving();
    bench.handle(1.0, accept(1));
    let (old, late) = (bench.by, done(&bench, 0));
    bench.answer(1.0, Answer::Renewed(Err(StoreError::Fenced)));
    bench.answer(1.0, Answer::Registered(Ok(SECOND)));
    bench.answer(1.0, taken_over());
    bench.handle(1.1, accept(2));

    bench.worker.answer(old, late, at(1.2));

    assert!(!bench.turn(1.2).contains(&"reply 1 Accepted".into()), "2 is not committed yet");
}

#[test]
fn a_process_that_stood_still_does_nothing_before_its_lease_is_certain() {
    let mut bench = Bench::driving();
    bench.handle(1.0, accept(1));
    bench.answer(1.0, done(&bench, 0));

    bench.worker.handle(accept(2), at(60.0));
    let before = bench.turn(60.0);
    let after = bench.answer(60.1, Answer::Renewed(Ok(())));

    assert_eq!(before, ["renew"]);
    assert!(after.iter().any(|what| what.starts_with("commit 2")), "{after:?}");
}

#[test]
fn orphans_are_looked_for_while_it_runs_and_at_once_behind_a_full_page() {
    let mut bench = Bench::driving();
    assert!(bench.turn(1.0).contains(&"find orphans".into()));

    let adopted = bench.answer(1.0, Answer::Orphans(Ok((vec![orphan(9)], Rest::Some))));

    assert_eq!(adopted, ["find orphans", "commit 9"]);
    let next = bench.answer(1.0, Answer::Orphans(Ok((Vec::new(), Rest::None))));
    assert!(next.is_empty(), "{next:?}");
    assert!(bench.turn(2.0).contains(&"find orphans".into()));
}

#[test]
fn orphans_that_may_be_its_own_and_are_not_read_make_it_begin_again() {
    let mut bench = Bench::driving();
    bench.turn(1.0);

    let unread = StoreError::Unknown { call: "recover", source: "the connection broke".into() };
    let said = bench.answer(1.0, Answer::Orphans(Err(unread)));

    assert_eq!(said, ["abandon", "release 1"]);
}

#[test]
fn executions_are_loaded_or_orphans_looked_for_but_not_both_at_once() {
    let mut bench = Bench::driving();
    let wanted = |number| Message::Await { execution: id(number), reply: ReplyId(2) };
    assert_eq!(bench.handle(0.2, wanted(1)), ["load 1"]);

    assert!(!bench.turn(1.0).contains(&"find orphans".into()), "a load is under way");
    assert!(!bench.handle(1.1, wanted(2)).contains(&"load 2".into()), "orphans are to be looked for first");
    let loaded = bench.answer(1.2, Answer::Loaded(id(1), Ok(None)));
    assert!(loaded.contains(&"find orphans".into()), "{loaded:?}");
    assert!(!loaded.contains(&"load 2".into()), "{loaded:?}");
    let looked = bench.answer(1.3, Answer::Orphans(Ok((Vec::new(), Rest::None))));

    assert!(looked.contains(&"load 2".into()), "{looked:?}");
}

#[test]
fn an_orphan_that_was_to_be_loaded_comes_once() {
    let mut bench = Bench::driving();
    let wanted = |number| Message::Await { execution: id(number), reply: ReplyId(2) };
    bench.turn(1.0);
    bench.handle(1.1, wanted(9));

    let said = bench.answer(1.2, Answer::Orphans(Ok((vec![orphan(9)], Rest::None))));

    assert_eq!(said, ["commit 9"]);
}

#[test]
fn only_so_many_executions_are_loaded_at_once() {
    let config = WorkerConfig { loads_at_once: 2, ..WorkerConfig::new("w".into()) };
    let mut bench = Bench::driving_with(config);
    for number in 1..=3 {
        let wanted = Message::Await { execution: id(number), reply: ReplyId(2) };
        bench.worker.handle(wanted, at(0.2));
    }

    assert_eq!(bench.turn(0.2), ["load 1", "load 2"]);
    let next = bench.answer(0.3, Answer::Loaded(id(2), Ok(None)));
    assert!(next.contains(&"load 3".into()), "{next:?}");
}

#[test]
fn an_input_is_decided_on_once_however_often_it_is_found() {
    let mut bench = Bench::driving();
    bench.handle(0.1, accept(1));
    bench.answer(0.1, done(&bench, 0));
    let pause = item(4, 1, &Signal::Pause { by: Actor::USER });
    bench.turn(0.3);

    let first = bench.answer(0.3, Answer::Inbox(Ok(vec![pause.clone()])));
    let takes = bench.commits[0].takes.clone();
    bench.turn(0.6);
    let again = bench.answer(0.6, Answer::Inbox(Ok(vec![pause])));

    assert_eq!((first, takes), (vec!["commit 1".to_owned()], vec![InboxId(4)]));
    assert!(again.is_empty(), "{again:?}");
}

#[test]
fn an_input_that_changes_nothing_is_discarded() {
    let mut bench = Bench::driving();
    bench.handle(0.1, accept(1));
    bench.answer(0.1, done(&bench, 0));
    bench.turn(0.3);

    let resume = item(4, 1, &Signal::Resume { by: Actor::USER });
    let said = bench.answer(0.3, Answer::Inbox(Ok(vec![resume])));

    assert_eq!(said, ["discard 1"]);
}

#[test]
fn an_input_that_another_worker_took_is_dropped_and_the_rest_decided_again() {
    let mut bench = Bench::driving();
    bench.handle(0.1, accept(1));
    bench.turn(0.3);
    let (pause, resume) = (Signal::Pause { by: Actor::USER }, Signal::Resume { by: Actor::USER });
    bench.answer(0.3, Answer::Inbox(Ok(vec![item(4, 1, &pause), item(5, 1, &resume)])));
    bench.answer(0.3, done(&bench, 0));
    assert_eq!(bench.commits[0].takes, [InboxId(4), InboxId(5)]);

    let gone = Committed::Gone(vec![InboxId(5)]);
    let said = bench.answer(0.4, Answer::Committed(BatchId(1), Ok(vec![gone])));

    assert_eq!(said, ["commit 1"]);
    assert_eq!(bench.commits[0].takes, [InboxId(4)]);
    let record = bench.commits[0].record.as_deref().unwrap_or_default();
    assert!(record.contains("paused") && !record.contains("resumed"), "{record}");
}

#[test]
fn inputs_of_another_tenant_change_nothing() {
    let mut bench = Bench::driving();
    bench.handle(0.1, accept(1));
    bench.answer(0.1, done(&bench, 0));
    bench.turn(0.3);

    let mut pause = item(4, 1, &Signal::Pause { by: Actor::USER });
    pause.sent.tenant = TenantId::new(Uuid::from_u128(1));
    let said = bench.answer(0.3, Answer::Inbox(Ok(vec![pause])));

    assert_eq!(said, ["discard 1"]);
}

#[test]
fn the_inbox_is_read_on_behind_a_full_page_until_enough_is_in_hand() {
    let config = WorkerConfig { inbox_limit: 1, inbox_in_hand_max: 2, ..WorkerConfig::new("w".into()) };
    let mut bench = Bench::driving_with(config);
    bench.turn(0.3);
    let page = |number: u64| vec![item(number, 1, &Signal::Pause { by: Actor::USER })];

    let first = bench.answer(0.3, Answer::Inbox(Ok(page(1))));
    let second = bench.answer(0.3, Answer::Inbox(Ok(page(2))));
    let third = bench.answer(0.3, Answer::Inbox(Ok(page(3))));

    assert!(first.contains(&"read inbox".into()), "{first:?}");
    assert!(second.contains(&"read inbox".into()), "{second:?}");
    assert!(!third.contains(&"read inbox".into()), "{third:?}");
}

#[test]
fn it_stops_when_nothing_is_left_and_ends_its_lease() {
    let mut bench = Bench::driving();

    bench.worker.stop(Duration::from_secs(10), at(1.0));
    let said = bench.turn(1.0);
    let ended = bench.answer(1.0, Answer::Released(Ok(())));

    assert_eq!(said, ["release 1"], "nothing is looked for any more");
    assert_eq!(ended, ["end Stopped"]);
}

#[test]
fn what_is_not_handed_back_in_time_is_left_to_others() {
    let mut bench = Bench::driving();
    bench.handle(1.0, accept(1));

    bench.worker.stop(Duration::from_secs(1), at(1.0));
    let said = bench.until(1.0, 8.0);

    assert_eq!(said.last().map(String::as_str), Some("end Stopped"), "{said:?}");
    assert!(!said.iter().any(|what| what.starts_with("release")), "{said:?}");
}

#[test]
fn a_stop_without_a_lease_ends_at_once() {
    let mut bench = Bench::new();
    bench.turn(0.0);

    bench.worker.stop(Duration::from_secs(10), at(0.1));

    assert_eq!(bench.turn(0.1), ["end Stopped"]);
}
