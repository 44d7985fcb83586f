//! What is drawn from the budgets of agents, by day.

use std::future::poll_fn;
use std::task::Poll;

use steadflow_core::budget::{Amount, Budget, Day, Draw, Drawn, Settlement};
use steadflow_core::ids::{AgentId, TenantId};

use super::super::samples::{OURS, THEIRS, agent, at};
use super::super::{Harness, reopened};
use crate::{BUDGET_DAYS_KEPT, Catalogue, Log, Store};

const BUDGET: Budget = Budget { max_tokens: Some(1_000), max_cost: Some(2.0), currency: None };
const DAY_SECONDS: i64 = 24 * 60 * 60;

fn today() -> Day {
    Day::of(at(0))
}

fn draw_of(least: u64) -> Draw {
    let least = Amount { tokens: least, cost: 0.0 };
    Draw { tenant: OURS, agent: agent(1).id, day: today(), budget: BUDGET, least }
}

async fn draw(store: &impl Store, draw: Draw) -> Drawn {
    store.draw(draw).await.expect("a draw")
}

async fn taken_of(store: &impl Store, tenant: TenantId, agent: AgentId, day: Day) -> Amount {
    let drawn = store.drawn(tenant, vec![agent], day).await.expect("what is drawn");
    drawn.first().map(|(_, amount)| *amount).unwrap_or_default()
}

async fn taken(store: &impl Store) -> Amount {
    taken_of(store, OURS, agent(1).id, today()).await
}

fn amount(drawn: Drawn) -> Amount {
    let Drawn::Some(amount) = drawn else { panic!("something is drawn: {drawn:?}") };
    amount
}

pub async fn draws_never_pass_the_budget<H: Harness>(harness: &H) {
    let store = harness.open().await;

    let first = amount(draw(&store, draw_of(600)).await);
    let share = amount(draw(&store, draw_of(1)).await);
    let refused = draw(&store, draw_of(400)).await;

    assert_eq!((first.tokens, share.tokens), (600, 20), "what is needed, or a share");
    assert_eq!(refused, Drawn::Nothing { taken: first.plus(share) });
    let rest = amount(draw(&store, draw_of(380)).await);
    assert_eq!(rest.tokens, 380);
    assert_eq!(taken(&store).await, first.plus(share).plus(rest));
    assert!(matches!(draw(&store, draw_of(1)).await, Drawn::Nothing { .. }));
    let smaller = Budget { max_tokens: Some(10), ..BUDGET };
    assert!(matches!(draw(&store, Draw { budget: smaller, ..draw_of(0) }).await, Drawn::Nothing { .. }));
}

pub async fn costs_are_drawn_like_tokens<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let budget = Budget { max_tokens: None, ..BUDGET };
    let of_cost = |cost| Draw { budget, least: Amount { tokens: 0, cost }, ..draw_of(0) };

    assert_eq!(amount(draw(&store, of_cost(1.5)).await), Amount { tokens: 0, cost: 1.5 });

    assert!(matches!(draw(&store, of_cost(0.51)).await, Drawn::Nothing { .. }));
    assert!(amount(draw(&store, of_cost(0.5)).await).cost >= 0.5);
}

pub async fn draws_at_once_share_what_there_is<H: Harness>(harness: &H) {
    let store = harness.open().await;

    let mut waiting: Vec<_> = (0..8).map(|_| store.draw(draw_of(300))).collect();
    let mut all = Vec::new();
    poll_fn(|context| {
        waiting.retain_mut(|draw| match draw.as_mut().poll(context) {
            Poll::Ready(drawn) => {
                all.push(drawn.expect("a draw"));
                false
            }
            Poll::Pending => true,
        });
        if waiting.is_empty() { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;

    let made = all.iter().filter(|drawn| matches!(drawn, Drawn::Some(_))).count();
    assert_eq!((made, all.len()), (3, 8), "{all:?}");
    assert_eq!(taken(&store).await.tokens, 900);
}

pub async fn what_is_not_used_is_there_again<H: Harness>(harness: &H) {
    let store = harness.open().await;
    draw(&store, draw_of(900)).await;
    let (tenant, agent, day) = (OURS, agent(1).id, today());
    let settlement =
        Settlement { tenant, agent, day, unused: Amount::default(), overused: Amount::default() };

    let unused = Amount { tokens: 500, cost: 0.0 };
    store.settle(Settlement { unused, ..settlement }).await.expect("a settlement");
    assert_eq!(taken(&store).await.tokens, 400);

    let overused = Amount { tokens: 700, cost: 0.0 };
    store.settle(Settlement { overused, ..settlement }).await.expect("a settlement");
    assert_eq!(taken(&store).await.tokens, 1_100, "what was used counts, also beyond the budget");
    assert!(matches!(draw(&store, draw_of(1)).await, Drawn::Nothing { .. }));
    let unused = Amount { tokens: u64::MAX, cost: f64::MAX };
    store.settle(Settlement { unused, ..settlement }).await.expect("a settlement");
    assert_eq!(taken(&store).await, Amount::default());
}

pub async fn each_day_tenant_and_agent_has_its_own<H: Harness>(harness: &H) {
    let store = harness.open().await;
    draw(&store, draw_of(1_000)).await;
    let tomorrow = Day::of(at(DAY_SECONDS));

    for other in [
        Draw { day: tomorrow, ..draw_of(700) },
        Draw { tenant: THEIRS, ..draw_of(700) },
        Draw { agent: agent(2).id, ..draw_of(700) },
    ] {
        assert!(matches!(draw(&store, other).await, Drawn::Some(_)), "{other:?}");
        assert_eq!(taken_of(&store, other.tenant, other.agent, other.day).await.tokens, 700);
    }
    assert_eq!(taken(&store).await.tokens, 1_000);
    let drawn = store.drawn(OURS, vec![agent(1).id, agent(2).id, agent(3).id], today()).await;
    assert_eq!(drawn.expect("what is drawn").len(), 2);
}

pub async fn draws_survive_reopening_and_old_days_are_deleted<H: Harness>(harness: &H) {
    let store = harness.open().await;
    draw(&store, draw_of(900)).await;

    let store = reopened(harness, store).await;

    assert_eq!(taken(&store).await.tokens, 900);
    assert!(matches!(draw(&store, draw_of(101)).await, Drawn::Nothing { .. }));
    let later = |days: i64| Day::of(at(days * DAY_SECONDS));
    draw(&store, Draw { day: later(BUDGET_DAYS_KEPT), ..draw_of(1) }).await;
    assert_eq!(taken(&store).await.tokens, 900);
    draw(&store, Draw { day: later(BUDGET_DAYS_KEPT + 1), ..draw_of(1) }).await;
    assert_eq!(taken(&store).await, Amount::default());
}

pub async fn what_is_drawn_goes_with_the_agent<H: Harness>(harness: &H) {
    let store = harness.open().await;
    store.put_agent(super::super::samples::new_agent(1)).await.expect("an agent");
    draw(&store, draw_of(900)).await;

    store.delete_agent(OURS, agent(1).id, None).await.expect("a deletion");

    assert_eq!(taken(&store).await, Amount::default());
}
