//! What is counted of tenants, and what is refused.

use steadflow_core::timestamp::Timestamp;

use super::*;

const TENANT: TenantId = TenantId::new(Uuid::from_u128(1));
const DAY: Day = Day::of(Timestamp::from_micros(0));

fn quotas(quota: TenantQuota) -> Arc<Quotas> {
    let quotas = Arc::<Quotas>::default();
    quotas.set([], [(TENANT, quota)]);
    quotas
}

fn admit(quotas: &Arc<Quotas>) -> Result<Option<Admitted>, NotAdmitted> {
    quotas.admit(TENANT, DAY, MINUTE)
}

/// Whether something is new, and whether it has ended.
type Noted = (bool, bool);

const STARTED: Noted = (true, false);
const ENDED: Noted = (false, true);

fn note(quotas: &Quotas, (is_new, has_ended): Noted) {
    quotas.note(TENANT, is_new, has_ended);
}

/// Asks the store, which says `stored`, while `meanwhile` happens.
fn count(quotas: &Quotas, stored: u64, is_shared: bool, meanwhile: &[Noted]) {
    let marks = quotas.marks();
    meanwhile.iter().for_each(|change| note(quotas, *change));
    quotas.counted(&marks, &BTreeMap::from([(TENANT, stored)]), is_shared);
}

#[tokio::test(start_paused = true)]
async fn so_many_executions_run_at_once_and_those_that_wait_count() {
    let quotas = quotas(TenantQuota { executions: Some(2), ..TenantQuota::default() });
    count(&quotas, 0, false, &[]);

    let first = admit(&quotas).expect("there is room");
    let second = admit(&quotas).expect("there is room");
    let refused = NotAdmitted::Reached(QuotaReached::Executions { max: 2 });
    assert_eq!(admit(&quotas).unwrap_err(), refused);
    note(&quotas, STARTED);
    drop(first);
    drop(second);
    assert!(admit(&quotas).is_ok(), "the second one was not accepted");
    note(&quotas, STARTED);
    assert_eq!(admit(&quotas).unwrap_err(), refused);
    note(&quotas, ENDED);
    assert!(admit(&quotas).is_ok(), "one has ended");
    assert!(quotas.admit(TenantId::DEFAULT, DAY, MINUTE).unwrap().is_none(), "others are not limited");
}

#[tokio::test(start_paused = true)]
async fn a_count_of_the_store_corrects_what_others_did_and_nothing_of_ones_own() {
    let quotas = quotas(TenantQuota { executions: Some(100), ..TenantQuota::default() });
    let unfinished = || quotas.of(TENANT, DAY).unfinished;

    count(&quotas, 5, true, &[STARTED]);
    assert_eq!(unfinished(), Some(6), "it is not known whether the store has it");
    count(&quotas, 6, true, &[]);
    count(&quotas, 6, true, &[STARTED, STARTED, ENDED]);
    assert_eq!(unfinished(), Some(7));
    count(&quotas, 9, true, &[STARTED, ENDED]);
    assert_eq!(unfinished(), Some(8), "others have started some");
    count(&quotas, 2, true, &[STARTED, ENDED]);
    assert_eq!(unfinished(), Some(3), "others have ended some");
    count(&quotas, 9, false, &[STARTED]);
    assert_eq!(unfinished(), Some(4), "one process alone knows better while something happens");
}

#[tokio::test(start_paused = true)]
async fn in_no_minute_start_more_than_allowed_and_the_wait_is_true() {
    let quotas = quotas(TenantQuota { starts_per_minute: Some(3), ..TenantQuota::default() });
    let start = || admit(&quotas).map(|_| note(&quotas, STARTED));
    let mut started = Vec::new();
    let begun = Instant::now();

    while begun.elapsed() < 10 * MINUTE {
        match start() {
            Ok(()) => started.push(Instant::now()),
            Err(NotAdmitted::Reached(QuotaReached::Starts { max: 3, wait })) => {
                tokio::time::advance(wait - Duration::from_millis(1)).await;
                assert!(start().is_err(), "the wait is not longer than needed");
                tokio::time::advance(Duration::from_millis(1)).await;
                assert!(quotas.check(TENANT, DAY, MINUTE).is_ok(), "the wait is long enough");
            }
            Err(other) => panic!("{other:?}"),
        }
        tokio::time::advance(Duration::from_millis(700)).await;
    }

    assert!(started.len() >= 28, "{} in ten minutes", started.len());
    assert!(started.windows(4).all(|four| four[3] - four[0] > MINUTE));
}

#[tokio::test(start_paused = true)]
async fn starts_of_other_processes_count_once_they_are_known() {
    let quotas = quotas(TenantQuota { starts_per_minute: Some(10), ..TenantQuota::default() });
    let of = |process, starts| StartsOfOther { tenant: TENANT, process: Uuid::from_u128(process), starts };
    let starts = || quotas.of(TENANT, DAY).starts;

    quotas.others_started(&[of(1, 1_000)]);
    assert_eq!(starts(), Some(0), "when these were is not known");
    quotas.others_started(&[of(1, 1_004), of(2, 5)]);
    assert_eq!(starts(), Some(9));
    note(&quotas, STARTED);
    assert!(admit(&quotas).is_err());
    assert_eq!(quotas.own_starts(), [(TENANT, 1)]);
}

#[tokio::test(start_paused = true)]
async fn what_is_stored_and_spent_is_limited_and_a_disabled_tenant_starts_nothing() {
    let per_day = Budget { max_tokens: Some(100), max_cost: Some(2.0), currency: None };
    let quota = TenantQuota { stored_bytes: Some(1_000), per_day, ..TenantQuota::default() };
    let quotas = quotas(quota);
    let reached = || match admit(&quotas) {
        Ok(_) => None,
        Err(NotAdmitted::Reached(reached)) => Some(reached),
        Err(NotAdmitted::Disabled) => panic!("it is not disabled"),
    };

    assert_eq!(reached(), None, "nothing is known yet");
    quotas.measured(&BTreeMap::from([(TENANT, 1_000)]));
    assert_eq!(reached(), Some(QuotaReached::Bytes { max: 1_000, used: 1_000 }));
    quotas.measured(&BTreeMap::new());
    for spent in [Amount { tokens: 100, cost: 0.0 }, Amount { tokens: 1, cost: 2.0 }] {
        quotas.spent(TENANT, DAY, spent);
        assert_eq!(reached(), Some(QuotaReached::Spend { budget: per_day, spent, wait: MINUTE }));
    }
    let next_day = Day::of(Timestamp::from_micros(0).plus(Duration::from_secs(86_400)));
    assert!(quotas.admit(TENANT, next_day, MINUTE).is_ok());

    quotas.set([TENANT], []);
    assert_eq!(admit(&quotas).unwrap_err(), NotAdmitted::Disabled);
    assert!(quotas.is_disabled(TENANT) && !quotas.is_disabled(TenantId::DEFAULT));
    quotas.set([], []);
    assert!(admit(&quotas).unwrap().is_none());
}
