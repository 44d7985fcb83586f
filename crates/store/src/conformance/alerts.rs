//! What [`Alerts`] means.

use std::sync::Arc;
use std::time::Duration;

use steadflow_core::ids::{ExecutionId, NodeId};
use steadflow_core::payload::Payload;
use uuid::Uuid;

use super::samples::{FLOW, OTHER_FLOW, OURS, THEIRS, at, completed, finished_with, uuid};
use super::{Harness, commit, reopened, worker};
use crate::{
    AlertMessage, AlertNote, AlertRecord, Alerts, ENDS_KEPT_FOR, ExecutionRow, FlowEnds, MessageClaim,
    MessageState, MessageTried, Rollup, RollupKey, Store,
};

const WINDOW: Duration = Duration::from_secs(600);

fn alert(number: u16) -> AlertRecord {
    AlertRecord {
        id: uuid(number),
        tenant: OURS,
        document: Payload::parse(r#"{"name":"On call"}"#.to_owned()).expect("JSON"),
        active_since: Some(at(1)),
        created_at: at(1),
        updated_at: at(2),
    }
}

fn note(key: &str, group: &str, seconds: i64) -> AlertNote {
    AlertNote {
        alert: uuid(1),
        active_since: at(1),
        key: key.into(),
        group: group.into(),
        sample: Payload::parse(format!("\"{key}\"")).expect("JSON"),
        at: at(seconds),
        message: Uuid::new_v5(&Uuid::nil(), key.as_bytes()),
        window: WINDOW,
    }
}

async fn claimed(store: &impl Store, seconds: i64) -> Option<AlertMessage> {
    claimed_of_others(store, seconds, &[]).await
}

async fn claimed_of_others(store: &impl Store, seconds: i64, not_of: &[u16]) -> Option<AlertMessage> {
    let id = Uuid::from_u128(u128::MAX - seconds.unsigned_abs() as u128);
    let not_of = Arc::new(not_of.iter().map(|&number| uuid(number)).collect());
    let claim =
        MessageClaim { now: at(seconds), until: at(seconds + 60), window: WINDOW, message: id, not_of };
    store.claim_message(claim).await.expect("an answer").map(|message| message.expect("it is sound"))
}

async fn end(store: &impl Store, message: &AlertMessage, state: MessageState, seconds: i64) {
    let (next_at, at, claimed_until) = (at(seconds), at(seconds), message.next_at);
    let tried = MessageTried { id: message.id, state, next_at, at, claimed_until, error: None };
    store.message_tried(tried).await.expect("it is stored");
}

async fn create(store: &impl Store, number: u16) {
    assert!(store.create_alert(alert(number), 9).await.expect("it is stored"));
}

async fn messages(store: &impl Store) -> Vec<AlertMessage> {
    let messages = store.alert_messages(OURS, uuid(1), 9).await.expect("messages");
    messages.into_iter().map(|message| message.expect("it is sound")).collect()
}

pub async fn alerts_are_kept_changed_and_deleted<H: Harness>(harness: &H) {
    let store = harness.open().await;
    create(&store, 1).await;
    create(&store, 2).await;
    let theirs = AlertRecord { tenant: THEIRS, ..alert(3) };
    assert!(store.create_alert(theirs.clone(), 2).await.expect("each tenant has its own number"));
    assert!(!store.create_alert(alert(4), 2).await.expect("there are two"));
    let changed = AlertRecord { active_since: Some(at(3)), updated_at: at(5), ..alert(1) };
    assert!(store.change_alert(changed.clone(), at(2)).await.expect("it is changed"));
    let late = AlertRecord { active_since: None, ..changed.clone() };
    assert!(!store.change_alert(late.clone(), at(2)).await.expect("it was changed meanwhile"));
    let foreign = AlertRecord { tenant: THEIRS, ..late };
    assert!(!store.change_alert(foreign, at(5)).await.expect("it is another tenant's"));
    store.put_alerts_seen(at(9)).await.expect("it is stored");
    store.put_alerts_seen(at(8)).await.expect("clocks are set back");
    assert!(!store.delete_alert(THEIRS, uuid(2)).await.expect("an answer"));
    assert!(store.delete_alert(OURS, uuid(2)).await.expect("an answer"));
    assert!(!store.change_alert(alert(2), at(2)).await.expect("it stays deleted"));

    let store = reopened(harness, store).await;

    assert_eq!(store.alerts(Some(OURS)).await.expect("ours"), [Ok(changed.clone())]);
    assert_eq!(store.alerts(None).await.expect("all"), [Ok(changed.clone()), Ok(theirs)]);
    assert_eq!(store.alert(Some(OURS), uuid(1)).await.expect("ours"), Some(changed));
    assert_eq!(store.alert(Some(OURS), uuid(3)).await.expect("theirs"), None);
    assert!(store.alert(None, uuid(3)).await.expect("any").is_some());
    assert_eq!(store.alerts_seen().await.expect("an answer"), Some(at(8)));
    let none = store.alerting_executions((at(0), ExecutionId::new(Uuid::nil())), 9).await.expect("rows");
    assert!(none.is_empty());
}

pub async fn a_group_has_one_message_in_a_time_and_the_next_stands_for_the_rest<H: Harness>(harness: &H) {
    let store = harness.open().await;
    create(&store, 1).await;
    assert_eq!(store.message_due(WINDOW).await.expect("none"), None);
    for number in 0..50 {
        let new = store.note_alert(note(&format!("e{number}"), "a", 10)).await.expect("it is noted");
        assert!(new);
    }
    assert!(!store.note_alert(note("e7", "a", 11)).await.expect("it is known"));
    assert!(store.note_alert(note("other", "b", 12)).await.expect("it is noted"));
    let gone = AlertNote { alert: uuid(9), ..note("x", "a", 12) };
    assert!(!store.note_alert(gone).await.expect("there is no such alert"));
    let before = AlertNote { active_since: at(0), ..note("x", "a", 12) };
    assert!(!store.note_alert(before).await.expect("it is about something else by now"));

    let store = reopened(harness, store).await;
    assert_eq!(store.message_due(WINDOW).await.expect("one"), Some(at(10)));
    let first = claimed(&store, 20).await.expect("one");
    assert_eq!((&*first.group, first.stands_for, first.attempts), ("a", 1, 1));
    assert_eq!(claimed(&store, 20).await, None, "of an alert, one is sent at a time");
    end(&store, &first, MessageState::Sent, 20).await;
    let second = claimed(&store, 20).await.expect("another");
    assert_eq!((&*second.group, second.stands_for), ("b", 1));
    end(&store, &second, MessageState::Sent, 20).await;
    assert_eq!(store.message_due(WINDOW).await.expect("the rest"), Some(at(610)));
    assert_eq!(claimed(&store, 609).await, None);
    let rest = claimed(&store, 610).await.expect("the time is over");
    assert_eq!((&*rest.group, rest.stands_for, rest.sample.as_str()), ("a", 49, "\"e49\""));
    assert_eq!(messages(&store).await.len(), 3);
    assert!(store.alert_messages(THEIRS, uuid(1), 9).await.expect("messages").is_empty());
}

pub async fn a_group_has_no_second_message_while_one_is_to_be_sent<H: Harness>(harness: &H) {
    let store = harness.open().await;
    create(&store, 1).await;
    create(&store, 2).await;
    for number in 0..3_i64 {
        store.note_alert(note(&format!("e{number}"), "a", 10 + 1_000 * number)).await.expect("it is noted");
        assert_eq!(messages(&store).await.len(), 1, "the channel is dead");
    }
    let of_other = AlertNote { alert: uuid(2), ..note("o", "a", 5_000) };
    store.note_alert(of_other).await.expect("it is noted");

    let dead = claimed(&store, 5_000).await.expect("it is due");
    let other = claimed(&store, 5_000).await.expect("it is another alert's");
    assert_eq!((dead.alert, other.alert), (uuid(1), uuid(2)));
    assert_eq!(claimed(&store, 5_000).await, None);
    end(&store, &dead, MessageState::GivenUp, 5_001).await;

    let rest = claimed(&store, 5_001).await.expect("the time of the group was over long ago");
    assert_eq!((rest.stands_for, rest.sample.as_str()), (2, "\"e2\""));
}

pub async fn an_alert_that_is_switched_off_sends_nothing<H: Harness>(harness: &H) {
    let store = harness.open().await;
    create(&store, 1).await;
    for (key, group) in [("a", "a"), ("b", "b"), ("b2", "b")] {
        store.note_alert(note(key, group, 10)).await.expect("it is noted");
    }
    let under_way = claimed(&store, 10).await.expect("it is due");
    let off = AlertRecord { active_since: None, updated_at: at(11), ..alert(1) };
    assert!(store.change_alert(off.clone(), at(2)).await.expect("it is switched off"));

    let store = reopened(harness, store).await;
    assert!(!store.note_alert(note("late", "c", 12)).await.expect("nobody is to be told"));
    end(&store, &under_way, MessageState::Sent, 12).await;
    let states: Vec<_> =
        messages(&store).await.iter().map(|message| (message.state, message.ended_at)).collect();
    assert_eq!(states.len(), 2);
    assert!(states.contains(&(MessageState::Sent, Some(at(12)))), "{states:?}");
    assert!(states.contains(&(MessageState::Cancelled, Some(at(11)))), "{states:?}");
    assert_eq!(claimed(&store, 10_000).await, None);
    assert_eq!(store.message_due(WINDOW).await.expect("none"), None);
    let on = AlertRecord { active_since: Some(at(20)), updated_at: at(20), ..off };
    assert!(store.change_alert(on, at(11)).await.expect("it is switched on"));
    assert_eq!(claimed(&store, 10_000).await, None, "what was cancelled and counted before is over");
}

pub async fn what_a_clock_that_was_ahead_has_said_is_not_waited_for<H: Harness>(harness: &H) {
    let store = harness.open().await;
    create(&store, 1).await;
    store.note_alert(note("e", "a", 100_000)).await.expect("it is noted");
    let ahead = claimed(&store, 100_000).await.expect("it is due");
    end(&store, &ahead, MessageState::Pending, 100_005).await;

    let again = claimed(&store, 50).await.expect("it is due, because that was no time to wait for");
    assert_eq!(again.id, ahead.id);
    end(&store, &again, MessageState::Sent, 50).await;
    store.note_alert(note("f", "a", 60)).await.expect("it is noted");

    assert_eq!(claimed(&store, 60).await.expect("the time of its group is over").stands_for, 1);
}

pub async fn a_message_is_sent_again_until_it_has_ended<H: Harness>(harness: &H) {
    let store = harness.open().await;
    create(&store, 1).await;
    store.note_alert(note("e", "a", 10)).await.expect("it is noted");
    let first = claimed(&store, 10).await.expect("it is due");

    let store = reopened(harness, store).await;
    assert_eq!(claimed(&store, 69).await, None, "who has taken it has time");
    let again = claimed(&store, 70).await.expect("it was not sent");
    assert_eq!((again.id, again.attempts), (first.id, 2));
    let failed = MessageTried {
        id: first.id,
        state: MessageState::Pending,
        next_at: at(100),
        at: at(80),
        claimed_until: again.next_at,
        error: Some("no answer".into()),
    };
    end(&store, &first, MessageState::GivenUp, 75).await;
    assert!(messages(&store).await[0].is_pending(), "somebody else sends it meanwhile");
    assert_eq!(claimed(&store, 80).await, None, "and still does");
    store.message_tried(failed).await.expect("it is stored");
    assert_eq!(claimed(&store, 99).await, None);
    let last = claimed(&store, 100).await.expect("it is due");
    assert_eq!(last.error.as_deref(), Some("no answer"));
    end(&store, &last, MessageState::GivenUp, 80).await;
    end(&store, &last, MessageState::Sent, 90).await;
    let all = messages(&store).await;
    assert_eq!((all[0].state, all[0].ended_at), (MessageState::GivenUp, Some(at(80))), "it stays given up");
    assert_eq!(claimed(&store, 10_000).await, None);

    assert_eq!(store.expire_alerts(at(10), at(11), 9).await.expect("an answer"), 0);
    assert_eq!(store.expire_alerts(at(11), at(11), 9).await.expect("an answer"), 3);
    assert!(messages(&store).await.is_empty());
    store.note_alert(note("f", "a", 20)).await.expect("it is noted");
    assert!(store.delete_alert(OURS, uuid(1)).await.expect("it is deleted"));
    assert_eq!(claimed(&store, 10_000).await, None, "its messages go with it");
}

pub async fn who_has_sent_a_message_is_believed_also_when_another_one_sends_it<H: Harness>(harness: &H) {
    let store = harness.open().await;
    create(&store, 1).await;
    store.note_alert(note("e", "a", 10)).await.expect("it is noted");
    let slow = claimed(&store, 10).await.expect("it is due");
    let other = claimed(&store, 70).await.expect("it took too long");

    end(&store, &slow, MessageState::Sent, 71).await;
    end(&store, &other, MessageState::Pending, 72).await;

    let all = messages(&store).await;
    assert_eq!((all[0].state, all[0].ended_at), (MessageState::Sent, Some(at(71))));
    assert_eq!(claimed(&store, 10_000).await, None);
}

pub async fn messages_of_alerts_that_are_left_out_are_not_taken<H: Harness>(harness: &H) {
    let store = harness.open().await;
    for number in 1..=3 {
        create(&store, number).await;
        let noted = AlertNote { alert: uuid(number), ..note(&format!("e{number}"), "a", i64::from(number)) };
        store.note_alert(noted).await.expect("it is noted");
    }
    let counted = AlertNote { alert: uuid(1), ..note("counted", "a", 5) };
    let first = claimed(&store, 5).await.expect("it is due");
    end(&store, &first, MessageState::Sent, 5).await;
    store.note_alert(counted).await.expect("it is counted");

    let taken = claimed_of_others(&store, 1_000, &[1, 2]).await.expect("it is due");
    assert_eq!(taken.alert, uuid(3));
    assert_eq!(claimed_of_others(&store, 1_000, &[1, 2]).await, None);
    assert_eq!(claimed_of_others(&store, 1_000, &[2]).await.expect("its time is over").alert, uuid(1));
    assert_eq!(claimed(&store, 1_000).await.expect("it is due").alert, uuid(2));
}

pub async fn what_ended_is_counted_by_minute_for_a_day<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let worker = worker(&store).await;
    let ended = |number, flow, seconds, metrics: &[&'static str]| {
        let key = |node: Option<&str>, metric: &'static str| RollupKey {
            node: node.map(NodeId::new),
            metric: metric.into(),
        };
        let mut counts: Vec<_> = metrics.iter().map(|metric| (key(None, metric), 1)).collect();
        counts.push((key(Some("n"), "at_once"), 1));
        let rollup =
            Rollup { tenant: OURS, flow, hour: at(0), counts, agents: Vec::new(), costs: Vec::new() };
        let row = ExecutionRow { flow, completed_at: Some(at(seconds)), ..completed(number) };
        finished_with(row, rollup)
    };
    let batch = [
        ended(1, FLOW, 59, &["at_once"]),
        ended(2, FLOW, 60, &["executions", "failed"]),
        ended(3, FLOW, 61, &["executions", "completed", "recovered"]),
        ended(4, OTHER_FLOW, 61, &["at_once"]),
        ended(5, OTHER_FLOW, 61, &[]),
    ];
    commit(&store, worker, batch).await;
    commit(&store, worker, [ended(6, FLOW, 119, &["executions", "cancelled"])]).await;

    let store = reopened(harness, store).await;
    let ends = async |tenant, flow, seconds| store.flow_ends(tenant, flow, at(seconds)).await.expect("sums");
    let of = |flow, executions, completed| FlowEnds { flow, executions, completed };
    assert_eq!(ends(OURS, Some(FLOW), 0).await, [of(FLOW, 4, 2)]);
    assert_eq!(ends(OURS, Some(FLOW), 119).await, [of(FLOW, 3, 1)], "the whole minute counts");
    assert_eq!(ends(OURS, None, 61).await.len(), 2);
    assert_eq!(ends(OURS, Some(OTHER_FLOW), 0).await, [of(OTHER_FLOW, 1, 1)]);
    assert_eq!((ends(OURS, Some(FLOW), 120).await, ends(THEIRS, None, 0).await), (Vec::new(), Vec::new()));
    let later = at(60).plus(ENDS_KEPT_FOR);
    store.expire_alerts(at(0), later, 9).await.expect("it is deleted");
    assert_eq!(ends(OURS, Some(FLOW), 0).await, [of(FLOW, 3, 1)]);
}

pub async fn what_was_noted_is_noted_again_when_that_was_forgotten<H: Harness>(harness: &H) {
    let store = harness.open().await;
    create(&store, 1).await;
    assert!(store.note_alert(note("low", "a", 10)).await.expect("it is noted"));
    assert!(!store.note_alert(note("low", "a", 11)).await.expect("it is known"));

    store.forget_note(uuid(1), "low".into()).await.expect("it is forgotten");
    store.forget_note(uuid(1), "other".into()).await.expect("there is none");

    assert!(store.note_alert(note("low", "a", 12)).await.expect("it is noted"));
}
