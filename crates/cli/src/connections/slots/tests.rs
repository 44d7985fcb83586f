//! Who gets a slot, who waits for one, and who makes room.

use std::net::{IpAddr, Ipv4Addr};

use futures_util::FutureExt;
use tokio::time::timeout;

use super::*;

const QUIET_MAX: Duration = Duration::from_secs(75);

const A: u8 = 1;
const B: u8 = 2;
const C: u8 = 3;

/// Asks for a slot for a connection from the address that ends so.
fn ask(slots: &Slots, last: u8) -> Asked {
    slots.ask(IpAddr::V4(Ipv4Addr::new(192, 0, 2, last)).into())
}

/// Waits for such a slot.
async fn take(slots: &Slots, last: u8) -> Slot {
    ask(slots, last).slot().await.expect("it comes in time")
}

fn is_closing(slot: &Slot) -> bool {
    slot.closing().now_or_never().is_some()
}

#[tokio::test(start_paused = true)]
async fn longest_quiet_connection_of_the_address_with_most_makes_room() {
    let slots = Slots::new(4, QUIET_MAX);
    let mut open = Vec::new();
    for address in [B, A, A, A] {
        open.push(take(&slots, address).await);
        tokio::time::advance(Duration::from_secs(1)).await;
    }
    let has_asked = open[1].requests();
    has_asked.begin();
    has_asked.end();

    assert!(take(&slots, B).now_or_never().is_none());

    assert_eq!(open.iter().map(is_closing).collect::<Vec<_>>(), [false, false, true, false]);
    open.remove(2);
    assert!(take(&slots, B).now_or_never().is_some());
}

#[tokio::test(start_paused = true)]
async fn connections_with_requests_are_waited_for() {
    let slots = Slots::new(1, QUIET_MAX);
    let busy = take(&slots, A).await;
    busy.requests().begin();
    let mut next = Box::pin(take(&slots, A));

    assert!(timeout(QUIET_MAX / 2, &mut next).await.is_err());
    assert!(!is_closing(&busy));

    busy.requests().end();
    tokio::select! {
        _ = &mut next => panic!("there is no room yet"),
        () = busy.closing() => {}
    }
    drop(busy);
    next.await;
}

#[tokio::test(start_paused = true)]
async fn request_that_arrives_meanwhile_is_answered() {
    let slots = Slots::new(1, QUIET_MAX);
    let open = take(&slots, A).await;
    assert!(take(&slots, B).now_or_never().is_none());

    open.requests().begin();
    assert!(!is_closing(&open));

    open.requests().end();
    assert!(take(&slots, B).now_or_never().is_none());
    assert!(is_closing(&open));
}

#[tokio::test(start_paused = true)]
async fn connection_that_asks_for_nothing_is_closed() {
    let slots = Slots::new(2, QUIET_MAX);
    let (silent, asking) = (take(&slots, A).await, take(&slots, A).await);
    asking.requests().begin();

    let started = Instant::now();
    silent.closing().await;
    assert_eq!(started.elapsed(), QUIET_MAX);

    assert!(timeout(QUIET_MAX, asking.closing()).await.is_err());
    asking.requests().end();
    let ended = Instant::now();
    asking.closing().await;
    assert!((QUIET_MAX..QUIET_MAX * 2).contains(&ended.elapsed()), "{:?}", ended.elapsed());
}

#[tokio::test(start_paused = true)]
async fn an_address_with_many_streams_gives_one_up_to_another() {
    let slots = Slots::new(4, QUIET_MAX);
    let mut open = Vec::new();
    for address in [B, A, A, A] {
        let slot = take(&slots, address).await;
        slot.requests().begin();
        slot.requests().answered();
        open.push(slot);
        tokio::time::advance(Duration::from_secs(1)).await;
    }
    open[1].requests().begin();

    assert!(timeout(QUIET_MAX / 2, take(&slots, A)).await.is_err(), "it has the most itself");
    assert_eq!(open.iter().map(is_closing).collect::<Vec<_>>(), [false; 4]);
    assert!(take(&slots, B).now_or_never().is_none());
    assert_eq!(open.iter().map(is_closing).collect::<Vec<_>>(), [false, false, true, false]);
    open.remove(2);

    let last = take(&slots, B).await;
    last.requests().begin();
    assert!(timeout(QUIET_MAX / 2, take(&slots, B)).await.is_err(), "both have as many");
}

#[tokio::test(start_paused = true)]
async fn few_connections_of_an_address_wait_and_no_longer_than_one_may_be_quiet() {
    let slots = Slots::new(1, QUIET_MAX);
    let busy = take(&slots, A).await;
    busy.requests().begin();

    let mut waiting: Vec<_> = (0..=WAITING_OF_ADDRESS).map(|_| ask(&slots, A)).collect();
    assert!(waiting.remove(0).slot().now_or_never().expect("it does not wait").is_none());

    let asked = Instant::now();
    for waiting in waiting {
        assert!(waiting.slot().await.is_none());
        assert!(asked.elapsed() >= QUIET_MAX);
    }
}

#[tokio::test(start_paused = true)]
async fn of_too_many_that_wait_the_address_with_the_most_gives_way() {
    let slots = Slots::new(1, QUIET_MAX);
    let busy = take(&slots, A).await;
    busy.requests().begin();
    let gives_way =
        |asked: &mut Asked| asked.slot.try_recv().is_err_and(|error| error == TryRecvError::Closed);

    let mut of_others: Vec<_> = (0..WAITING_MAX).map(|at| ask(&slots, C + at as u8)).collect();
    let mut of_a = [ask(&slots, A), ask(&slots, A)];

    // The first one had waited longest when as many of each address waited.
    assert!(gives_way(&mut of_others[0]));
    assert_eq!(of_a.iter_mut().map(gives_way).collect::<Vec<_>>(), [true, false]);
    assert!(!of_others[1..].iter_mut().any(gives_way));
}

#[tokio::test(start_paused = true)]
async fn a_burst_of_silent_connections_does_not_shut_out_the_next() {
    const BURST: usize = 20;
    let slots = Slots::new(BURST, QUIET_MAX);
    let silent: Vec<_> = (0..BURST * 3).map(|_| ask(&slots, A)).collect();

    // All were accepted before the first of them could be closed.
    let next = tokio::spawn(ask(&slots, A).slot());
    for asked in silent {
        tokio::spawn(async move {
            if let Some(slot) = asked.slot().await {
                slot.closing().await;
            }
        });
    }

    assert!(timeout(2 * PATIENCE, next).await.expect("it is soon").unwrap().is_some());
}

#[tokio::test(start_paused = true)]
async fn the_next_slot_is_for_the_address_that_has_the_fewest() {
    let slots = Slots::new(2, QUIET_MAX);
    let mut open = [take(&slots, A).await, take(&slots, A).await].map(Some);
    let (of_a, of_b) = (ask(&slots, A), ask(&slots, B));

    open[0] = None;

    let of_b = of_b.slot().now_or_never().flatten();
    assert!(of_b.is_some());
    drop(of_b);
    assert!(of_a.slot().now_or_never().flatten().is_some());
}

#[tokio::test(start_paused = true)]
async fn a_connection_is_not_quiet_while_its_answer_waits_for_the_client() {
    let slots = Slots::new(1, QUIET_MAX);
    let open = take(&slots, A).await;
    open.requests().begin();
    open.requests().answered();
    open.requests().unsent(true);
    open.requests().end();

    assert!(timeout(QUIET_MAX * 2, open.closing()).await.is_err());
    assert!(take(&slots, A).now_or_never().is_none());
    assert!(!is_closing(&open));

    open.requests().unsent(false);
    let sent = Instant::now();
    open.closing().await;
    assert!((QUIET_MAX..QUIET_MAX * 2).contains(&sent.elapsed()), "{:?}", sent.elapsed());
}
