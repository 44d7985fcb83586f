//! What [`Sessions`](crate::Sessions) means.

use steadflow_core::ids::{AgentId, ExecutionId, NodeId, NodeIndex, TenantId};
use steadflow_core::inbox::Signal;
use steadflow_core::payload::Payload;
use steadflow_core::session::{
    Fold, SessionAnswer, SessionChange, SessionClaim, SessionHolder, SessionId, SessionPart, SessionSummary,
    SessionTurn, SummaryPlace, WhenBusy,
};

use super::samples::{OURS, THEIRS, accepted, appended, at, id, new_agent, parked, row, uuid};
use super::{Harness, commit, reopened, worker};
use crate::{
    Catalogue, Claimed, Commit, Log, Projection, SessionChanges, SessionDeleted, SessionPage, SessionRecord,
    Sessions, Store, StoreError, Worker,
};

const ALL: SessionPage = SessionPage { after: None, limit: 1_000 };

fn session(key: &str) -> SessionId {
    SessionId { tenant: OURS, agent: AgentId::new(uuid(5)), key: key.into() }
}

fn holder(number: u16) -> SessionHolder {
    SessionHolder { execution: id(number), node: NodeId::new("n") }
}

fn claim(number: u16, key: &str) -> SessionClaim {
    SessionClaim {
        session: session(key),
        execution: id(number),
        node: NodeIndex(0),
        node_id: NodeId::new("n"),
        turns_max: 9,
        bytes_max: 1_000,
        has_summary: false,
        when_busy: WhenBusy::Wait,
        regenerates: None,
    }
}

fn turn(number: u16, key: &str, turn: u32, said: &str) -> SessionTurn {
    SessionTurn {
        session: session(key),
        number: turn,
        execution: id(number),
        node: NodeId::new("n"),
        question: Payload::from_value(&serde_json::json!({ "message": format!("{said}?") })),
        answer: Payload::from_value(&serde_json::json!({ "text": said })),
        input_tokens: 7,
        output_tokens: 3,
        at: at(i64::from(turn)),
    }
}

/// The commit of a node's end.
fn ending(number: u16, seq: u64, change: SessionChange) -> Commit {
    Commit {
        sessions: Some(Box::new(SessionChanges(vec![change]))),
        ..appended(number, seq, Projection::Tail)
    }
}

fn adding(number: u16, seq: u64, turn: SessionTurn) -> Commit {
    ending(number, seq, SessionChange::Add(Box::new(turn)))
}

async fn claimed(store: &impl Store, worker: Worker, claim: SessionClaim) -> Claimed {
    store.claim_session(worker, claim, at(50)).await.expect("a claim is answered")
}

async fn taken(store: &impl Store, worker: Worker, claim: SessionClaim) -> SessionPart {
    let claimed = claimed(store, worker, claim).await;
    let Claimed::Answer(SessionAnswer::Taken(part)) = claimed else { panic!("it is free: {claimed:?}") };
    part
}

async fn said(store: &impl Store, key: &str) -> Vec<SessionTurn> {
    store.session_turns(session(key), u32::MAX, 100, u64::MAX).await.expect("turns are read")
}

async fn found(store: &impl Store, key: &str) -> Option<SessionRecord> {
    store.session(session(key)).await.expect("a session is read")
}

pub async fn a_session_has_one_writer_until_it_leaves<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let worker = worker(&store).await;
    commit(&store, worker, [accepted(1), accepted(2)]).await;

    let first = taken(&store, worker, claim(1, "a")).await;
    assert_eq!((first.after, first.last, first.bytes), (0, 0, 0));
    assert_eq!(taken(&store, worker, claim(1, "a")).await, first, "it has it already");
    assert_eq!(claimed(&store, worker, claim(2, "a")).await, Claimed::Busy(holder(1)));
    let other_node = SessionClaim { node_id: NodeId::new("m"), ..claim(1, "a") };
    assert_eq!(claimed(&store, worker, other_node).await, Claimed::Busy(holder(1)));
    taken(&store, worker, claim(2, "b")).await;

    commit(&store, worker, [ending(1, 2, SessionChange::Leave(NodeId::new("n")))]).await;

    assert_eq!(found(&store, "a").await, None, "nothing was said in it");
    taken(&store, worker, claim(2, "a")).await;
}

pub async fn a_turn_is_added_with_the_commit_and_read_by_the_next<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let worker = worker(&store).await;
    commit(&store, worker, [accepted(1), accepted(2)]).await;
    taken(&store, worker, claim(1, "a")).await;
    let (first, second) = (turn(1, "a", 1, "one"), turn(2, "a", 2, "two"));
    commit(&store, worker, [adding(1, 2, first.clone())]).await;

    let part = taken(&store, worker, claim(2, "a")).await;
    assert_eq!((part.after, part.last, part.bytes), (0, 1, first.bytes()));
    commit(&store, worker, [adding(2, 2, second.clone())]).await;

    let record = found(&store, "a").await.expect("the session is there");
    assert_eq!((record.turns, record.holder), (2, None));
    assert_eq!((record.bytes, record.used_at), (first.bytes() + second.bytes(), at(2)));
    let store = reopened(harness, store).await;
    assert_eq!(said(&store, "a").await, [first.clone(), second.clone()]);
    let read = |last, turns, bytes| store.session_turns(session("a"), last, turns, bytes);
    assert_eq!(read(1, 9, u64::MAX).await.expect("turns")[..], [first][..]);
    assert_eq!(read(9, 1, u64::MAX).await.expect("turns")[..], said(&store, "a").await[1..]);
    assert_eq!(read(9, 9, 0).await.expect("turns"), [second], "the newest one is there in any case");
}

pub async fn the_oldest_turns_are_left_out<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let worker = worker(&store).await;
    for number in 1..=3 {
        commit(&store, worker, [accepted(number)]).await;
        taken(&store, worker, claim(number, "a")).await;
        commit(&store, worker, [adding(number, 2, turn(number, "a", number.into(), "x"))]).await;
    }
    commit(&store, worker, [accepted(4)]).await;
    let bytes = turn(3, "a", 3, "x").bytes();

    let few = taken(&store, worker, SessionClaim { turns_max: 1, ..claim(4, "a") }).await;
    let short = taken(&store, worker, SessionClaim { bytes_max: 2 * bytes, ..claim(4, "a") }).await;

    assert_eq!((few.after, few.last, few.bytes), (2, 3, bytes));
    assert_eq!((short.after, short.last, short.bytes), (1, 3, 2 * bytes));
}

fn summary(number: u16, key: &str, up_to: u32) -> SessionSummary {
    SessionSummary {
        session: session(key),
        up_to,
        execution: id(number),
        node: NodeId::new("n"),
        text: format!("\u{0}up to {up_to}").into(),
        at: at(i64::from(up_to)),
    }
}

fn summarizing(number: u16, seq: u64, summary: SessionSummary) -> Commit {
    ending(number, seq, SessionChange::Summarize(Box::new(summary)))
}

async fn summarized(store: &impl Store, key: &str, up_to: u32) -> Option<SessionSummary> {
    store.session_summary(session(key), up_to).await.expect("a summary is read")
}

/// The same claim by who has a summary of the turns before three.
fn claim_with_summary(number: u16, key: &str) -> SessionClaim {
    SessionClaim { turns_max: 3, has_summary: true, ..claim(number, key) }
}

pub async fn a_summary_stands_for_the_turns_that_fall_out<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let worker = worker(&store).await;
    for number in 1..=4 {
        commit(&store, worker, [accepted(number)]).await;
        taken(&store, worker, claim_with_summary(number, "a")).await;
        commit(&store, worker, [adding(number, 2, turn(number, "a", number.into(), "x"))]).await;
    }
    let bytes = turn(1, "a", 1, "x").bytes();
    commit(&store, worker, [accepted(5)]).await;

    let part = taken(&store, worker, claim_with_summary(5, "a")).await;
    assert_eq!((part.after, part.last, part.summary), (1, 4, None));
    assert_eq!(part.fold, Some(Fold { after: 0, up_to: 2, bytes: 2 * bytes, rest: 2 * bytes }));
    commit(&store, worker, [summarizing(5, 2, summary(5, "a", 2))]).await;
    assert_eq!(found(&store, "a").await.and_then(|record| record.holder), Some(holder(5)), "it keeps it");
    commit(&store, worker, [ending(5, 3, SessionChange::Leave(NodeId::new("n"))), accepted(6)]).await;

    let store = reopened(harness, store).await;
    let worker = self::worker(&store).await;
    store.recover(worker, at(100_000), 9).await.expect("a recovery");
    let part = taken(&store, worker, claim_with_summary(6, "a")).await;
    let place = SummaryPlace { up_to: 2, bytes: summary(5, "a", 2).bytes() };
    assert_eq!((part.after, part.last, part.bytes), (2, 4, 2 * bytes));
    assert_eq!((part.summary, part.fold), (Some(place), None));
    let without = taken(&store, worker, SessionClaim { turns_max: 9, ..claim(6, "a") }).await;
    assert_eq!((without.after, without.summary), (0, None), "all turns are still there");
}

pub async fn the_summary_of_a_turn_is_found_by_its_number<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let worker = worker(&store).await;
    commit(&store, worker, [accepted(1), accepted(2)]).await;
    taken(&store, worker, claim(1, "a")).await;
    taken(&store, worker, claim(2, "b")).await;
    let again = SessionSummary { text: "again".into(), ..summary(1, "a", 5) };
    for (seq, written) in (2..).zip([summary(1, "a", 2), summary(1, "a", 5), again.clone()]) {
        commit(&store, worker, [summarizing(1, seq, written)]).await;
    }

    assert_eq!(summarized(&store, "a", u32::MAX).await, Some(again.clone()));
    assert_eq!(summarized(&store, "a", 5).await, Some(again));
    assert_eq!(summarized(&store, "a", 4).await, Some(summary(1, "a", 2)));
    assert_eq!(summarized(&store, "a", 1).await, None);
    assert_eq!(summarized(&store, "b", 9).await, None);
    let theirs = SessionId { tenant: THEIRS, ..session("a") };
    assert_eq!(store.session_summary(theirs, 9).await.expect("an answer"), None);
}

pub async fn who_does_not_have_a_session_adds_no_summary<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let worker = worker(&store).await;
    commit(&store, worker, [accepted(1), accepted(2)]).await;
    taken(&store, worker, claim(1, "a")).await;

    commit(&store, worker, [summarizing(2, 2, summary(2, "a", 1))]).await;
    commit(&store, worker, [adding(1, 2, turn(1, "a", 1, "x"))]).await;
    commit(&store, worker, [summarizing(1, 3, summary(1, "a", 1))]).await;

    assert_eq!(summarized(&store, "a", 9).await, None);
}

pub async fn summaries_are_deleted_with_their_session<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let worker = worker(&store).await;
    store.put_agent(new_agent(5)).await.expect("an agent is stored");
    let deletions: [&str; 3] = ["by hand", "unused", "with its agent"];
    for (number, key) in (1..).zip(deletions) {
        commit(&store, worker, [accepted(number)]).await;
        taken(&store, worker, claim(number, key)).await;
        commit(&store, worker, [summarizing(number, 2, summary(number, key, 1))]).await;
        commit(&store, worker, [adding(number, 3, turn(number, key, 1, "x"))]).await;
        assert!(summarized(&store, key, 9).await.is_some());
        match key {
            "by hand" => {
                store.delete_session(session(key)).await.expect("it deletes");
            }
            "unused" => {
                store.expire_sessions(at(99), 9).await.expect("it deletes");
            }
            _ => {
                store.delete_agent(OURS, session("").agent, None).await.expect("an agent is deleted");
            }
        }

        // Of one that begins anew under the same key, none is known.
        assert_eq!(summarized(&store, key, 9).await, None, "{key}");
        commit(&store, worker, [accepted(number + 10)]).await;
        taken(&store, worker, claim(number + 10, key)).await;
        assert_eq!(summarized(&store, key, 9).await, None, "{key}");
    }
}

pub async fn a_turn_of_a_commit_that_is_not_written_is_not_there<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let worker = worker(&store).await;
    commit(&store, worker, [accepted(1)]).await;
    taken(&store, worker, claim(1, "a")).await;

    let gone = Commit { takes: vec![crate::InboxId(99)], ..adding(1, 2, turn(1, "a", 1, "lost")) };
    commit(&store, worker, [gone]).await;
    let refused = store
        .commit(worker, vec![adding(1, 9, turn(1, "a", 1, "lost")), adding(1, 1, turn(1, "a", 1, "lost"))]);
    assert!(matches!(refused.await, Err(StoreError::Refused { .. })));

    assert!(said(&store, "a").await.is_empty());
    assert_eq!(found(&store, "a").await.and_then(|record| record.holder), Some(holder(1)));
}

pub async fn who_does_not_have_a_session_adds_nothing_to_it<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let worker = worker(&store).await;
    commit(&store, worker, [accepted(1), accepted(2)]).await;
    taken(&store, worker, claim(1, "a")).await;

    commit(&store, worker, [adding(2, 2, turn(2, "a", 1, "no"))]).await;
    commit(&store, worker, [ending(2, 3, SessionChange::Leave(NodeId::new("n")))]).await;

    assert!(said(&store, "a").await.is_empty());
    assert_eq!(found(&store, "a").await.and_then(|record| record.holder), Some(holder(1)));
}

pub async fn only_who_drives_an_execution_takes_a_session_for_it<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let (first, second) = (worker(&store).await, worker(&store).await);
    commit(&store, first, [accepted(1), parked(row(2), None)]).await;

    assert_eq!(claimed(&store, second, claim(1, "a")).await, Claimed::NotOurs);
    assert_eq!(claimed(&store, first, claim(2, "a")).await, Claimed::NotOurs, "it is parked");
    assert_eq!(claimed(&store, first, claim(3, "a")).await, Claimed::NotOurs, "it does not exist");
    store.release(first).await.expect("a lease is released");
    let fenced = store.claim_session(first, claim(1, "a"), at(50)).await;
    assert!(matches!(fenced, Err(StoreError::Fenced)), "{fenced:?}");
    assert_eq!(found(&store, "a").await, None);
}

pub async fn a_session_outlives_the_worker_and_is_taken_again<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let first = worker(&store).await;
    commit(&store, first, [accepted(1), accepted(2)]).await;
    taken(&store, first, claim(1, "a")).await;

    let store = reopened(harness, store).await;
    let second = worker(&store).await;
    store.recover(second, at(100_000), 9).await.expect("a recovery");

    assert_eq!(claimed(&store, second, claim(2, "a")).await, Claimed::Busy(holder(1)));
    assert_eq!(taken(&store, second, claim(1, "a")).await.last, 0);
}

pub async fn who_interrupts_sends_that_to_the_one_that_has_the_session<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let worker = worker(&store).await;
    commit(&store, worker, [accepted(1), accepted(2)]).await;
    taken(&store, worker, claim(1, "a")).await;

    let claim = SessionClaim { when_busy: WhenBusy::Interrupt, ..claim(2, "a") };
    assert_eq!(claimed(&store, worker, claim).await, Claimed::Busy(holder(1)));

    let items = store.inbox(worker, None, 9).await.expect("an inbox");
    let sent: Vec<_> =
        items.iter().map(|item| (item.sent.tenant, item.sent.execution, &item.sent.input)).collect();
    let signal = Signal::Interrupt { node: NodeId::new("n"), by: id(2) };
    let text = serde_json::to_string(&signal).expect("it is JSON").into();
    assert_eq!(sent, [(OURS, id(1), &text)]);
}

pub async fn only_the_last_turn_is_written_again<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let worker = worker(&store).await;
    commit(&store, worker, [accepted(1), accepted(2), accepted(3)]).await;
    for number in 1..=2 {
        taken(&store, worker, claim(number, "a")).await;
        commit(&store, worker, [adding(number, 2, turn(number, "a", number.into(), "old"))]).await;
    }

    let again = |of: ExecutionId| SessionClaim { regenerates: Some(of), ..claim(3, "a") };
    assert_eq!(claimed(&store, worker, again(id(1))).await, Claimed::Answer(SessionAnswer::Moved));
    assert_eq!(found(&store, "a").await.and_then(|record| record.holder), None);
    let part = taken(&store, worker, again(id(2))).await;
    assert_eq!((part.after, part.last), (0, 1));
    let new = turn(3, "a", 2, "new");
    commit(&store, worker, [adding(3, 2, new.clone())]).await;

    assert_eq!(said(&store, "a").await, [turn(1, "a", 1, "old"), new.clone()]);
    let bytes = turn(1, "a", 1, "old").bytes() + new.bytes();
    assert_eq!(found(&store, "a").await.map(|record| (record.turns, record.bytes)), Some((2, bytes)));
}

pub async fn sessions_are_listed_in_parts_the_last_used_first<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let worker = worker(&store).await;
    for (number, key) in (1..).zip(["b", "a", "c"]) {
        commit(&store, worker, [accepted(number)]).await;
        store
            .claim_session(worker, claim(number, key), at(if key == "c" { 60 } else { 50 }))
            .await
            .expect("a claim");
    }

    let keys = async |page: SessionPage| {
        let listed = store.sessions(OURS, session("").agent, page).await.expect("sessions are listed");
        listed.iter().map(|record| record.session.key.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(keys(ALL).await, ["c", "a", "b"]);
    assert_eq!(keys(SessionPage { limit: 2, ..ALL }).await, ["c", "a"]);
    assert_eq!(keys(SessionPage { after: Some((at(50), "a".into())), limit: 9 }).await, ["b"]);
    assert_eq!(store.count_sessions(OURS, session("").agent).await.expect("a count"), 3);
    for (tenant, agent) in [(THEIRS, session("").agent), (OURS, AgentId::new(uuid(6)))] {
        assert!(store.sessions(tenant, agent, ALL).await.expect("sessions are listed").is_empty());
        assert_eq!(store.count_sessions(tenant, agent).await.expect("a count"), 0);
    }
}

pub async fn a_session_that_nobody_has_is_deleted<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let worker = worker(&store).await;
    commit(&store, worker, [accepted(1), accepted(2)]).await;
    taken(&store, worker, claim(1, "a")).await;

    let delete = |id: SessionId| store.delete_session(id);
    assert_eq!(delete(session("a")).await.expect("an answer"), SessionDeleted::Busy(holder(1)));
    commit(&store, worker, [adding(1, 2, turn(1, "a", 1, "x"))]).await;
    let theirs = SessionId { tenant: TenantId::new(uuid(99)), ..session("a") };
    assert_eq!(delete(theirs).await.expect("an answer"), SessionDeleted::Missing);
    assert_eq!(delete(session("a")).await.expect("an answer"), SessionDeleted::Done);

    assert!(said(&store, "a").await.is_empty());
    assert_eq!(taken(&store, worker, claim(2, "a")).await.last, 0, "a new one begins");
}

pub async fn sessions_that_are_not_used_are_deleted<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let worker = worker(&store).await;
    commit(&store, worker, [accepted(1), accepted(2), accepted(3)]).await;
    for (number, key) in [(1, "old"), (2, "older"), (3, "held")] {
        taken(&store, worker, claim(number, key)).await;
    }
    let older = SessionTurn { at: at(1), ..turn(2, "older", 1, "x") };
    commit(&store, worker, [adding(1, 2, turn(1, "old", 1, "x")), adding(2, 2, older)]).await;

    assert_eq!(store.expire_sessions(at(1), 9).await.expect("it deletes"), 0);
    assert_eq!(store.expire_sessions(at(99), 1).await.expect("it deletes"), 1);
    assert_eq!(store.expire_sessions(at(99), 9).await.expect("it deletes"), 1);

    assert!(said(&store, "old").await.is_empty() && said(&store, "older").await.is_empty());
    assert!(found(&store, "held").await.is_some());
}

pub async fn sessions_are_deleted_with_their_agent<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let worker = worker(&store).await;
    commit(&store, worker, [accepted(1)]).await;
    store.put_agent(new_agent(5)).await.expect("an agent is stored");
    taken(&store, worker, claim(1, "a")).await;

    store.delete_agent(OURS, session("").agent, None).await.expect("an agent is deleted");
    commit(&store, worker, [adding(1, 2, turn(1, "a", 1, "x"))]).await;

    assert_eq!(found(&store, "a").await, None);
    assert!(said(&store, "a").await.is_empty());
}
