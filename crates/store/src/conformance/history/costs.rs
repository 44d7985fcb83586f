//! What calls of models cost.

use steadflow_core::ids::{AgentId, FlowId};

use super::super::samples::{
    FLOW, OTHER_FLOW, OURS, THEIRS, all_costs, at, calls, completed, finished_with, flow, key, uuid,
};
use super::super::{Harness, commit, reopened, worker};
use crate::{
    CallCounts, Catalogue, Commit, CostQuery, CostRow, CostSums, DayModel, ExecutionRow, MostExpensive,
    Projection, Rollup, Store,
};

const DAY: i64 = 86_400;

/// An execution that ended in an hour with calls: of which agent, which model, in which currency, and at what cost.
fn ended(number: u16, flow: FlowId, seconds: i64, of: &[(u16, &str, &str, f64)]) -> Commit {
    let costs =
        of.iter().map(|(agent, model, currency, cost)| calls(*agent, model, currency, *cost)).collect();
    let counts = Vec::new();
    let rollup = Rollup { tenant: OURS, flow, hour: at(seconds), counts, agents: Vec::new(), costs };
    finished_with(ExecutionRow { flow, ..completed(number) }, rollup)
}

async fn sums(store: &impl Store, query: CostQuery) -> CostSums {
    store.cost_sums(query).await.expect("sums")
}

/// Returns what the rows are of, their currencies and their costs.
fn rows<T: Clone>(ranked: &MostExpensive<T>) -> Vec<(T, String, f64)> {
    let currency = |row: &CostRow<T>| row.currency.map(String::from).unwrap_or_default();
    ranked.rows.iter().map(|row| (row.of.clone(), currency(row), row.counts.cost)).collect()
}

fn agent(number: u16) -> Option<AgentId> {
    (number > 0).then(|| AgentId::new(uuid(number)))
}

pub async fn costs_add_up_by_currency_flow_agent_and_model<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let worker = worker(&store).await;
    let batch = [
        ended(1, FLOW, 0, &[(1, "m", "EUR", 2.0), (2, "m", "EUR", 1.0), (1, "n", "USD", 4.0)]),
        ended(2, FLOW, 3_600, &[(1, "m", "EUR", 2.0)]),
        ended(3, OTHER_FLOW, 0, &[(2, "m", "EUR", 0.5), (0, "", "", 0.0)]),
    ];
    commit(&store, worker, batch).await;
    commit(&store, worker, [ended(4, FLOW, 0, &[(1, "m", "EUR", 2.0)])]).await;

    let sums = sums(&store, all_costs(OURS)).await;

    let (eur, usd, none) = (|| "EUR".to_owned(), || "USD".to_owned(), String::new);
    assert_eq!(rows(&sums.totals), [((), eur(), 7.5), ((), usd(), 4.0), ((), none(), 0.0)]);
    let flows = [(FLOW, eur(), 7.0), (FLOW, usd(), 4.0), (OTHER_FLOW, eur(), 0.5), (OTHER_FLOW, none(), 0.0)];
    assert_eq!(rows(&sums.flows), flows);
    let agents =
        [(agent(1), eur(), 6.0), (agent(1), usd(), 4.0), (agent(2), eur(), 1.5), (None, none(), 0.0)];
    assert_eq!(rows(&sums.agents), agents);
    let models = [(Some("m".into()), eur(), 7.5), (Some("n".into()), usd(), 4.0), (None, none(), 0.0)];
    assert_eq!(rows(&sums.models), models);
    let euros = CallCounts {
        calls: 5,
        unpriced_calls: 0,
        input_tokens: 500,
        cached_input_tokens: 200,
        cache_write_tokens: 100,
        output_tokens: 50,
        tokens_lost: 55,
        cost: 7.5,
        cost_lost: 3.75,
    };
    assert_eq!(sums.totals.rows[0].counts, euros);
    assert_eq!(sums.totals.rows[2].counts.unpriced_calls, 1);
    assert_eq!((sums.flows.left_out, sums.damaged), (0, Vec::new()));
}

pub async fn costs_are_filtered<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let worker = worker(&store).await;
    let mut theirs = ended(5, FLOW, 0, &[(1, "m", "EUR", 16.0)]);
    if let Projection::Finished { row, rollup, .. } = &mut theirs.projection {
        (row.tenant, rollup.tenant) = (THEIRS, THEIRS);
    }
    let batch = [
        ended(1, FLOW, 0, &[(1, "m", "EUR", 1.0)]),
        ended(2, FLOW, 3_600, &[(1, "m", "EUR", 2.0)]),
        ended(3, FLOW, 7_200, &[(2, "m", "EUR", 4.0)]),
        ended(4, OTHER_FLOW, 0, &[(1, "n", "EUR", 8.0)]),
        theirs,
    ];
    commit(&store, worker, batch).await;
    let paid = async |query: CostQuery| {
        let sums = sums(&store, query).await;
        let by_day: f64 = sums.days.iter().flatten().map(|row| row.counts.cost).sum();
        let all: f64 = rows(&sums.totals).iter().map(|(.., cost)| cost).sum();
        assert!((by_day - all).abs() < f64::EPSILON);
        all
    };

    let all = all_costs(OURS);
    let hour = CostQuery { from: Some(at(3_600)), to: Some(at(7_200)), ..all.clone() };
    let expected = [
        (all.clone(), 15.0),
        (hour.clone(), 2.0),
        (CostQuery { flow: Some(OTHER_FLOW), ..hour.clone() }, 0.0),
        (CostQuery { flow: Some(FLOW), ..all.clone() }, 7.0),
        (CostQuery { agent: agent(2), ..all.clone() }, 4.0),
        (CostQuery { agent: agent(1), flow: Some(FLOW), ..all }, 3.0),
        (all_costs(THEIRS), 16.0),
    ];
    for (query, cost) in expected {
        assert!((paid(query.clone()).await - cost).abs() < f64::EPSILON, "{query:?}");
    }
}

pub async fn the_most_expensive_are_listed_and_the_others_are_counted<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let worker = worker(&store).await;
    let flow_id = |number| FlowId::new(uuid(number));
    let batch = [
        ended(1, flow_id(1), 0, &[(1, "a", "EUR", 1.0)]),
        ended(2, flow_id(2), 0, &[(2, "b", "EUR", 4.0)]),
        ended(3, flow_id(3), 0, &[(3, "c", "EUR", 2.0)]),
        // As expensive as the first one, with twice as many tokens.
        ended(4, flow_id(4), 0, &[(4, "d", "EUR", 0.5)]),
        ended(5, flow_id(4), 3_600, &[(4, "d", "EUR", 0.5)]),
    ];
    commit(&store, worker, batch).await;

    let sums = sums(&store, CostQuery { rows_max: 3, ..all_costs(OURS) }).await;

    let flows: Vec<_> = sums.flows.rows.iter().map(|row| row.of).collect();
    assert_eq!((flows, sums.flows.left_out), ([2, 3, 4].map(flow_id).to_vec(), 1));
    let agents: Vec<_> = sums.agents.rows.iter().map(|row| row.of).collect();
    assert_eq!((agents, sums.agents.left_out), ([2, 3, 4].map(agent).to_vec(), 1));
    assert_eq!((sums.models.rows.len(), sums.models.left_out), (3, 1));
    assert_eq!(sums.totals.rows[0].counts.calls, 5, "of all");
}

pub async fn costs_add_up_by_day_and_model<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let worker = worker(&store).await;
    let batch = [
        ended(1, FLOW, 0, &[(1, "dear", "EUR", 8.0), (1, "cheap", "EUR", 1.0), (1, "free", "", 0.0)]),
        ended(2, FLOW, 3_600, &[(1, "dear", "EUR", 8.0), (1, "mean", "EUR", 2.0)]),
        ended(3, FLOW, 3 * DAY, &[(2, "cheap", "EUR", 1.0), (2, "dear", "USD", 0.5)]),
    ];
    commit(&store, worker, batch).await;
    let days = async |models_max, days_max| {
        let query = CostQuery { models_max, days_max, ..all_costs(OURS) };
        let rows = sums(&store, query).await.days?.into_iter().map(|row| {
            let day = row.day.as_micros() / 1_000_000 / DAY - at(0).as_micros() / 1_000_000 / DAY;
            let model = match row.model {
                DayModel::Named(model) => model.map(|model| model.to_string()).unwrap_or_default(),
                DayModel::Others => "others".to_owned(),
            };
            (day, model, row.currency.map(String::from).unwrap_or_default(), row.counts.cost)
        });
        Some(
            rows.map(|(day, model, currency, cost)| format!("{day} {model} {currency} {cost}"))
                .collect::<Vec<_>>(),
        )
    };

    let found = days(1, 9).await.expect("they are few");
    let expected = ["0 others EUR 3", "0 dear EUR 16", "0 others  0", "3 others EUR 1", "3 others USD 0.5"];
    assert_eq!(found, expected);
    assert_eq!(days(1, 4).await, None, "there are more");
    assert_eq!(days(9, 9).await.expect("they are few").len(), 6);
}

pub async fn costs_beyond_all_numbers_are_the_largest_one<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let worker = worker(&store).await;
    let of = |number| {
        let mut commit = ended(number, FLOW, 0, &[(1, "m", "EUR", 1.0)]);
        if let Projection::Finished { rollup, .. } = &mut commit.projection {
            rollup.costs[0].1.output_tokens = u64::MAX;
            rollup.counts = vec![(key("a", "tokens_lost"), u64::MAX)];
        }
        commit
    };

    commit(&store, worker, [of(1)]).await;
    commit(&store, worker, [of(2), of(3)]).await;

    let sums = sums(&store, all_costs(OURS)).await;
    assert_eq!(sums.totals.rows[0].counts.calls, 3);
    assert!(sums.totals.rows[0].counts.output_tokens >= i64::MAX.unsigned_abs());
}

pub async fn costs_stay_when_the_store_is_reopened_and_their_flow_is_deleted<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let first = worker(&store).await;
    store.create_flow(flow(1)).await.expect("a flow is stored");
    commit(&store, first, [ended(1, FlowId::new(uuid(1)), 0, &[(1, "m", "EUR", 1.0)])]).await;

    let store = reopened(harness, store).await;
    assert!(store.delete_flow(OURS, FlowId::new(uuid(1))).await.expect("a deletion"));

    assert_eq!(rows(&sums(&store, all_costs(OURS)).await.totals), [((), "EUR".to_owned(), 1.0)]);
}
