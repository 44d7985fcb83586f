//! How many executions fit a filter. The work is bounded: what would need more rows has no answer.

use rusqlite::{Connection, params_from_iter};
use steadflow_store::{ExecutionFilter, Lineage};

use super::list;
use crate::columns::blob;
use crate::search::{Conditions, Text};

/// Rows that are read to count, at most: a page must not cost more, the more executions there are.
const ROWS_MAX: u64 = 10_000;

/// See [`steadflow_store::History::count_executions`].
pub(crate) fn executions(db: &Connection, filter: &ExecutionFilter) -> rusqlite::Result<Option<u64>> {
    if is_kept(filter) { kept(db, filter) } else { among(db, &list::narrowest(filter), filter) }
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

fn kept(db: &Connection, filter: &ExecutionFilter) -> rusqlite::Result<Option<u64>> {
    let ended = ended(db, filter)?;
    if !filter.statuses.is_empty() && filter.statuses.iter().all(|status| status.is_finished()) {
        return Ok(Some(ended));
    }
    let mut unfinished = list::of_flow_and_lineage(filter);
    unfinished.add_plain("completed_at IS NULL");
    Ok(among(db, &unfinished, filter)?.map(|count| ended + count))
}

fn ended(db: &Connection, filter: &ExecutionFilter) -> rusqlite::Result<u64> {
    let mut conditions = list::of_flow(filter);
    conditions.add("tenant = ?", filter.tenant.map(|id| blob(id.uuid()).to_vec()));
    list::add_statuses(&mut conditions, filter);
    let sql = format!("SELECT coalesce(sum(value), 0) FROM execution_counts {conditions}");
    db.prepare_cached(&sql)?.query_row(params_from_iter(conditions.values()), |row| row.get(0))
}

/// Counts what fits among the rows that meet `narrow`, which an index serves, if these are few enough.
fn among(db: &Connection, narrow: &Conditions, filter: &ExecutionFilter) -> rusqlite::Result<Option<u64>> {
    let fits = list::conditions(filter);
    let fitting = fits.expression();
    let sql = format!(
        "SELECT id, context_id, error_message, ({fitting}) IS TRUE FROM executions {narrow} LIMIT {}",
        ROWS_MAX + 1
    );
    let text = filter.text.as_deref().map(Text::new);
    let mut statement = db.prepare_cached(&sql)?;
    let mut rows = statement.query(params_from_iter(fits.values().iter().chain(narrow.values())))?;
    let (mut read, mut count) = (0, 0);
    while let Some(row) = rows.next()? {
        read += 1;
        let is_named = |text: &Text| list::names(row, text);
        count += u64::from(row.get(3)? && text.as_ref().is_none_or(is_named));
    }
    Ok((read <= ROWS_MAX).then_some(count))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use steadflow_core::execution::ExecutionStatus;
    use steadflow_core::failure::ErrorClass;
    use steadflow_core::timestamp::Timestamp;

    use super::*;
    use crate::migrate::migrate;

    /// Holds so many executions; of ten, eight completed, one failed and one waits for a decision.
    fn holding(executions: u64) -> Connection {
        let mut db = Connection::open_in_memory().unwrap();
        migrate(&mut db, Path::new(":memory:")).unwrap();
        db.execute(include_str!("count/many.sql"), [executions]).unwrap();
        db
    }

    #[test]
    fn few_are_counted_among_many() {
        let db = holding(60_000);
        let waiting = ExecutionFilter { waiting_for: Some("decision"), ..ExecutionFilter::default() };
        let some = ExecutionFilter { text: Some("order-9".into()), ..waiting.clone() };
        let retrying = ExecutionFilter { retrying: Some(true), ..ExecutionFilter::default() };
        let failed = ExecutionFilter { error_class: Some(ErrorClass::Timeout), ..ExecutionFilter::default() };

        assert_eq!(executions(&db, &waiting).unwrap(), Some(6_000));
        assert_eq!(executions(&db, &some).unwrap(), Some(112));
        assert_eq!(executions(&db, &retrying).unwrap(), Some(6_000));
        assert_eq!(executions(&holding(50_000), &failed).unwrap(), Some(5_000));
    }

    #[test]
    fn what_needs_more_rows_has_no_count() {
        let db = holding(60_000);

        for filter in [
            ExecutionFilter { text: Some("nothing".into()), ..ExecutionFilter::default() },
            ExecutionFilter { error_class: Some(ErrorClass::Timeout), ..ExecutionFilter::default() },
            ExecutionFilter { retrying: Some(false), ..ExecutionFilter::default() },
            ExecutionFilter { from: Some(Timestamp::from_micros(0)), ..ExecutionFilter::default() },
        ] {
            assert_eq!(executions(&db, &filter).unwrap(), None, "{filter:?}");
        }
    }

    #[test]
    fn statuses_are_counted_unless_too_many_have_not_ended() {
        let roots = ExecutionFilter { lineage: Some(Lineage::Root), ..ExecutionFilter::default() };
        let of =
            |statuses: &[ExecutionStatus]| ExecutionFilter { statuses: statuses.to_vec(), ..roots.clone() };
        let mut db = holding(200_000);
        let sql = "INSERT INTO execution_counts VALUES (zeroblob(16), zeroblob(16), 'completed', 160000)";
        db.execute(sql, []).unwrap();

        assert_eq!(executions(&db, &of(&[ExecutionStatus::Completed])).unwrap(), Some(160_000));
        assert_eq!(executions(&db, &of(&[ExecutionStatus::Paused])).unwrap(), None);
        assert_eq!(executions(&db, &roots).unwrap(), None);

        db = holding(20_000);
        assert_eq!(executions(&db, &of(&[ExecutionStatus::Paused])).unwrap(), Some(2_000));
    }
}
