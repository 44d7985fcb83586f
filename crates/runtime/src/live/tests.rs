//! Texts of calls, their readers, and what they take.

use std::time::Duration;

use steadflow_core::ids::{Attempt, StepKey};
use tokio::time::timeout;

use super::*;

fn call(node: u16) -> CallKey {
    let execution = ExecutionId::new(Uuid::from_u128(1));
    CallKey { execution, node: NodeIndex(node), attempt: Attempt::FIRST, step: StepKey::new("turn:1") }
}

fn follow(texts: &LiveTexts, node: u16) -> LiveFollowing {
    let CallKey { execution, node, .. } = call(node);
    texts.follow(execution, node)
}

fn read(text: &LiveText, kind: TextKind, offset: u64) -> String {
    text.read(kind, offset, usize::MAX).text
}

#[tokio::test]
async fn a_reader_is_notified_of_each_piece_and_reads_on_where_it_was() {
    let texts = LiveTexts::default();
    let mut following = follow(&texts, 0);
    assert!(following.latest().is_none());
    let mut sink = texts.sink(call(0));

    sink.push(TextKind::Text, "Hel");
    following.changed().await;
    let text = following.latest().unwrap();
    assert_eq!(read(&text, TextKind::Text, 0), "Hel");

    sink.push(TextKind::Reasoning, "Hm");
    sink.push(TextKind::Text, "lo");
    following.changed().await;
    assert_eq!(following.latest().unwrap().id(), text.id());
    assert_eq!(read(&text, TextKind::Text, 3), "lo");
    assert_eq!(read(&text, TextKind::Reasoning, 0), "Hm");
    assert!(timeout(Duration::ZERO, following.changed()).await.is_err(), "there is no more");
}

#[test]
fn a_reader_that_comes_later_gets_what_there_is_and_none_when_the_call_has_ended() {
    let texts = LiveTexts::default();
    let mut sink = texts.sink(call(0));
    sink.push(TextKind::Text, "Hello");

    assert_eq!(read(&follow(&texts, 0).latest().unwrap(), TextKind::Text, 0), "Hello");
    assert!(follow(&texts, 1).latest().is_none());

    drop(sink);
    assert!(follow(&texts, 0).latest().is_none());
}

#[test]
fn a_reader_keeps_the_text_of_a_call_that_has_ended_until_there_is_another() {
    let texts = LiveTexts::default();
    let mut following = follow(&texts, 0);
    let mut sink = texts.sink(call(0));
    sink.push(TextKind::Text, "Hello");
    drop(sink);

    let first = following.latest().unwrap();
    assert_eq!(read(&first, TextKind::Text, 0), "Hello");

    texts.sink(call(0)).push(TextKind::Text, "Good day");
    let second = following.latest().unwrap();
    assert_ne!(second.id(), first.id());
    assert_eq!(read(&second, TextKind::Text, 0), "Good day");
}

#[test]
fn a_reader_that_comes_when_a_call_has_ended_does_not_get_its_text_because_others_have_it() {
    let texts = LiveTexts::default();
    let mut first = follow(&texts, 0);
    texts.sink(call(0)).push(TextKind::Text, "Hello");

    let mut second = follow(&texts, 0);

    assert!(first.latest().is_some());
    assert!(second.latest().is_none());
    texts.sink(call(0)).push(TextKind::Text, "Good day");
    assert_eq!(read(&second.latest().unwrap(), TextKind::Text, 0), "Good day");
}

#[test]
fn a_text_that_begins_again_is_another_one() {
    let texts = LiveTexts::default();
    let mut sink = texts.sink(call(0));
    sink.push(TextKind::Text, "Hm, so it is 7.");
    let first = follow(&texts, 0).latest().unwrap();

    sink.restart();
    assert!(follow(&texts, 0).latest().is_none());
    sink.push(TextKind::Text, "It is 7.");

    let second = follow(&texts, 0).latest().unwrap();
    assert_ne!(second.id(), first.id());
    assert_eq!(read(&second, TextKind::Text, 0), "It is 7.");
}

#[test]
fn a_call_that_is_dropped_late_does_not_end_the_text_of_the_next_one() {
    let texts = LiveTexts::default();
    let (mut old, mut new) = (texts.sink(call(0)), texts.sink(call(0)));
    old.push(TextKind::Text, "old");
    new.push(TextKind::Text, "new");

    drop(old);

    assert_eq!(read(&follow(&texts, 0).latest().unwrap(), TextKind::Text, 0), "new");
}

#[test]
fn ten_megabytes_of_text_cost_no_more_than_what_is_kept_of_a_call() {
    let texts = LiveTexts::default();
    let mut sink = texts.sink(call(0));
    let piece = "0123456789abcdef".repeat(64);

    (0..10 * 1024).for_each(|_| sink.push(TextKind::Text, &piece));

    let taken = ALL_BYTES_MAX - texts.0.room.free();
    assert!(taken > KEPT_BYTES_MAX / 2 && taken <= KEPT_BYTES_MAX, "{taken}");
    drop(sink);
    assert_eq!(texts.0.room.free(), ALL_BYTES_MAX);
}

#[test]
fn calls_without_text_take_no_room_and_have_no_entry() {
    let texts = LiveTexts::default();
    let _sinks = [0, 1, 2].map(|node| texts.sink(call(node)));

    assert!(texts.0.open.lock().is_empty());
    assert_eq!(texts.0.room.free(), ALL_BYTES_MAX);
}
