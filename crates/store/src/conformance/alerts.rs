//! What [`Alerts`] means.

use std::time::Duration;

use steadflow_core::ids::ExecutionId;
use steadflow_core::payload::Payload;
use uuid::Uuid;

use super::samples::{OURS, THEIRS, at, uuid};
use super::{Harness, reopened};
use crate::{AlertMessage, AlertNote, AlertRecord, Alerts, MessageClaim, MessageState, MessageTried, Store};

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
        key: key.into(),
        group: group.into(),
        sample: Payload::parse(format!("\"{key}\"")).expect("JSON"),
        at: at(seconds),
        is_silent: false,
        message: Uuid::new_v5(&Uuid::nil(), key.as_bytes()),
        window: WINDOW,
    }
}

async fn claimed(store: &impl Store, seconds: i64) -> Option<AlertMessage> {
    let id = Uuid::from_u128(u128::MAX - seconds.unsigned_abs() as u128);
    let claim = MessageClaim { now: at(seconds), until: at(seconds + 60), window: WINDOW, message: id };
    store.claim_message(claim).await.expect("an answer")
}

pub async fn alerts_are_kept_changed_and_deleted<H: Harness>(harness: &H) {
    let store = harness.open().await;
    store.put_alert(alert(1)).await.expect("it is stored");
    store.put_alert(alert(2)).await.expect("it is stored");
    let changed = AlertRecord { active_since: None, updated_at: at(5), ..alert(1) };
    store.put_alert(changed.clone()).await.expect("it is changed");
    store.put_alerts_seen(at(9)).await.expect("it is stored");
    assert!(!store.delete_alert(THEIRS, uuid(2)).await.expect("an answer"));
    assert!(store.delete_alert(OURS, uuid(2)).await.expect("an answer"));

    let store = reopened(harness, store).await;

    assert_eq!(store.alerts().await.expect("all"), [changed]);
    assert_eq!(store.alerts_seen().await.expect("an answer"), Some(at(9)));
    let none = store.alerting_executions((at(0), ExecutionId::new(Uuid::nil())), 9).await.expect("rows");
    assert!(none.is_empty());
}

pub async fn a_group_has_one_message_in_a_time_and_the_next_stands_for_the_rest<H: Harness>(harness: &H) {
    let store = harness.open().await;
    store.put_alert(alert(1)).await.expect("an alert");
    for number in 0..50 {
        let new = store.note_alert(note(&format!("e{number}"), "a", 10)).await.expect("it is noted");
        assert!(new);
    }
    assert!(!store.note_alert(note("e7", "a", 11)).await.expect("it is known"));
    assert!(store.note_alert(note("other", "b", 12)).await.expect("it is noted"));
    let silent = AlertNote { is_silent: true, ..note("silent", "c", 12) };
    assert!(store.note_alert(silent).await.expect("it is noted"));
    assert!(!store.note_alert(note("silent", "c", 12)).await.expect("it is known"));
    let gone = AlertNote { alert: uuid(9), ..note("x", "a", 12) };
    assert!(!store.note_alert(gone).await.expect("there is no such alert"));

    let store = reopened(harness, store).await;
    let (first, second) =
        (claimed(&store, 20).await.expect("one"), claimed(&store, 20).await.expect("another"));
    assert_eq!((&*first.group, first.stands_for, first.attempts), ("a", 1, 1));
    assert_eq!((&*second.group, second.stands_for), ("b", 1));
    assert_eq!(claimed(&store, 20).await, None, "of several, one takes it");
    for message in [&first, &second] {
        let sent = MessageTried {
            id: message.id,
            state: MessageState::Sent,
            next_at: at(20),
            at: at(20),
            error: None,
        };
        store.message_tried(sent).await.expect("it is stored");
    }
    assert_eq!(claimed(&store, 609).await, None);
    let rest = claimed(&store, 610).await.expect("the time is over");
    assert_eq!((&*rest.group, rest.stands_for, rest.sample.as_str()), ("a", 49, "\"e49\""));
    let messages = store.alert_messages(OURS, uuid(1), 9).await.expect("messages");
    assert_eq!(messages.len(), 3);
    assert!(store.alert_messages(THEIRS, uuid(1), 9).await.expect("messages").is_empty());
}

pub async fn a_message_is_sent_again_until_it_has_ended<H: Harness>(harness: &H) {
    let store = harness.open().await;
    store.put_alert(alert(1)).await.expect("an alert");
    store.note_alert(note("e", "a", 10)).await.expect("it is noted");
    let first = claimed(&store, 10).await.expect("it is due");

    let store = reopened(harness, store).await;
    assert_eq!(claimed(&store, 69).await, None, "who has taken it has time");
    let again = claimed(&store, 70).await.expect("it was not sent");
    assert_eq!((again.id, again.attempts), (first.id, 2));
    let tried = |state, error: Option<&str>| MessageTried {
        id: first.id,
        state,
        next_at: at(100),
        at: at(80),
        error: error.map(Into::into),
    };
    store.message_tried(tried(MessageState::Pending, Some("no answer"))).await.expect("it is stored");
    assert_eq!(claimed(&store, 99).await, None);
    assert_eq!(claimed(&store, 100).await.expect("it is due").error.as_deref(), Some("no answer"));
    store.message_tried(tried(MessageState::GivenUp, Some("gone"))).await.expect("it is stored");
    store.message_tried(tried(MessageState::Sent, None)).await.expect("it stays given up");
    let messages = store.alert_messages(OURS, uuid(1), 9).await.expect("messages");
    assert_eq!((messages[0].state, messages[0].ended_at), (MessageState::GivenUp, Some(at(80))));
    assert_eq!(claimed(&store, 10_000).await, None);

    assert_eq!(store.expire_alerts(at(10), 9).await.expect("an answer"), 0);
    assert_eq!(store.expire_alerts(at(11), 9).await.expect("an answer"), 2);
    assert!(store.alert_messages(OURS, uuid(1), 9).await.expect("messages").is_empty());
    store.note_alert(note("f", "a", 20)).await.expect("it is noted");
    assert!(store.delete_alert(OURS, uuid(1)).await.expect("it is deleted"));
    assert_eq!(claimed(&store, 10_000).await, None, "its messages go with it");
}
