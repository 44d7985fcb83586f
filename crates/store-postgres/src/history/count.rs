//! How many executions fit a filter. The work is bounded: what would need more rows has no answer.

use steadflow_core::ids::TenantId;
use steadflow_store::{ExecutionFilter, Lineage};
use tokio_postgres::Client;

use super::list;
use crate::columns::{get, number};
use crate::error::Result;
use crate::search::{Conditions, Text};

/// Rows that are read to count, at most: a page must not cost more, the more executions there are.
const ROWS_MAX: u64 = 10_000;

/// See [`steadflow_store::History::count_executions`].
pub(crate) async fn executions(db: &Client, filter: &ExecutionFilter) -> Result<Option<u64>> {
    if is_kept(filter) { kept(db, filter).await } else { among(db, &list::narrowest(filter), filter).await }
}

/// Returns whether the counters by flow and status answer it, together with the few that have not ended.
fn is_kept(filter: &ExecutionFilter) -> bool {
    let ExecutionFilter { tenant, flow, statuses, .. } = filter;
    let by_these_alone = ExecutionFilter {
        lineage: Some(Lineage::Root),
        tenant: *tenant,
        flow: *flow,
        statuses: statuses.clone(),
        ..ExecutionFilter::default()
    };
    *filter == by_these_alone
}

async fn kept(db: &Client, filter: &ExecutionFilter) -> Result<Option<u64>> {
    let ended = ended(db, filter).await?;
    if !filter.statuses.is_empty() && filter.statuses.iter().all(|status| status.is_finished()) {
        return Ok(Some(ended));
    }
    let mut unfinished = list::of_flow_and_lineage(filter);
    unfinished.add_plain("completed_at IS NULL");
    Ok(among(db, &unfinished, filter).await?.map(|count| ended + count))
}

async fn ended(db: &Client, filter: &ExecutionFilter) -> Result<u64> {
    let mut conditions = list::of_flow(filter);
    conditions.add("tenant = ?", filter.tenant.map(TenantId::uuid));
    list::add_statuses(&mut conditions, filter);
    let sql = format!(
        "SELECT least(coalesce(sum(value), 0), 9223372036854775807)::bigint FROM execution_counts WHERE {}",
        conditions.expression(1)
    );
    let parameters: Vec<_> = conditions.values().collect();
    number(&db.query_typed_one(&sql, &parameters).await?, 0)
}

/// Counts what fits among the rows that meet `narrow`, which an index serves, if these are few enough.
async fn among(db: &Client, narrow: &Conditions, filter: &ExecutionFilter) -> Result<Option<u64>> {
    let fits = list::conditions(filter);
    let parameters: Vec<_> = fits.values().chain(narrow.values()).collect();
    let fitting = fits.expression(1);
    let narrow = narrow.expression(fits.values().count() + 1);
    let read = format!(
        "SELECT id, context_id, error_message, ({fitting}) IS TRUE AS fits FROM executions WHERE {narrow} LIMIT {}",
        ROWS_MAX + 1
    );
    let (read, count) = if let Some(text) = &filter.text {
        let rows = db.query_typed(&read, &parameters).await?;
        let (text, mut count) = (Text::new(text), 0);
        for row in &rows {
            count += u64::from(get(row, 3)? && list::names(row, &text));
        }
        (rows.len() as u64, count)
    } else {
        let sql = format!("SELECT count(*), count(*) FILTER (WHERE fits) FROM ({read}) AS read");
        let row = db.query_typed_one(&sql, &parameters).await?;
        (number(&row, 0)?, number(&row, 1)?)
    };
    Ok((read <= ROWS_MAX).then_some(count))
}

#[cfg(test)]
mod tests {
    use steadflow_core::execution::ExecutionStatus;
    use steadflow_core::failure::ErrorClass;
    use steadflow_core::timestamp::Timestamp;

    use super::*;
    use crate::testing::holding;

    #[tokio::test]
    async fn few_are_counted_among_many() {
        let db = holding(60_000).await;
        let waiting = ExecutionFilter { waiting_for: Some("decision"), ..ExecutionFilter::default() };
        let some = ExecutionFilter { text: Some("ORDER-9".into()), ..waiting.clone() };
        let retrying = ExecutionFilter { retrying: Some(true), ..ExecutionFilter::default() };
        let failed = ExecutionFilter { error_class: Some(ErrorClass::Timeout), ..ExecutionFilter::default() };

        assert_eq!(executions(&db, &waiting).await.unwrap(), Some(6_000));
        assert_eq!(executions(&db, &some).await.unwrap(), Some(112));
        assert_eq!(executions(&db, &retrying).await.unwrap(), Some(6_000));
        assert_eq!(executions(&*holding(50_000).await, &failed).await.unwrap(), Some(5_000));
    }

    #[tokio::test]
    async fn what_needs_more_rows_has_no_count() {
        let db = holding(60_000).await;

        for filter in [
            ExecutionFilter { text: Some("nothing".into()), ..ExecutionFilter::default() },
            ExecutionFilter { error_class: Some(ErrorClass::Timeout), ..ExecutionFilter::default() },
            ExecutionFilter { retrying: Some(false), ..ExecutionFilter::default() },
            ExecutionFilter { from: Some(Timestamp::from_micros(0)), ..ExecutionFilter::default() },
        ] {
            assert_eq!(executions(&db, &filter).await.unwrap(), None, "{filter:?}");
        }
    }

    #[tokio::test]
    async fn statuses_are_counted_unless_too_many_have_not_ended() {
        let roots = ExecutionFilter { lineage: Some(Lineage::Root), ..ExecutionFilter::default() };
        let of =
            |statuses: &[ExecutionStatus]| ExecutionFilter { statuses: statuses.to_vec(), ..roots.clone() };
        let db = holding(110_000).await;
        let sql = "INSERT INTO execution_counts
            SELECT id, id, 'completed', lane, 40000 FROM generate_series(1, 4) AS lane,
                (SELECT '00000000-0000-0000-0000-000000000000'::uuid AS id) AS nil";
        db.batch_execute(sql).await.unwrap();

        assert_eq!(executions(&db, &of(&[ExecutionStatus::Completed])).await.unwrap(), Some(160_000));
        assert_eq!(executions(&db, &of(&[ExecutionStatus::Paused])).await.unwrap(), None);
        assert_eq!(executions(&db, &roots).await.unwrap(), None);

        let db = holding(20_000).await;
        assert_eq!(executions(&db, &of(&[ExecutionStatus::Paused])).await.unwrap(), Some(2_000));
    }
}
