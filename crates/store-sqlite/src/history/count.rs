//! How many executions fit a filter.

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};
use steadflow_store::ExecutionFilter;

use super::list;
use crate::columns::blob;
use crate::search::{Conditions, Text};

/// See [`steadflow_store::History::count_executions`].
pub(crate) fn executions(db: &Connection, filter: &ExecutionFilter) -> rusqlite::Result<u64> {
    match &filter.text {
        Some(text) => with_text(db, filter, &Text::new(text)),
        None if is_kept(filter) => kept(db, filter),
        None => {
            let conditions = list::conditions(filter);
            let sql = format!("SELECT count(*) FROM executions {conditions}");
            sum(db, &sql, &conditions)
        }
    }
}

/// Returns whether the counters by flow and status answer it, together with the few that have not ended.
fn is_kept(filter: &ExecutionFilter) -> bool {
    let ExecutionFilter { tenant, flow, statuses, .. } = filter;
    let by_these_alone = ExecutionFilter {
        tenant: *tenant,
        flow: *flow,
        statuses: statuses.clone(),
        ..ExecutionFilter::default()
    };
    *filter == by_these_alone
}

fn kept(db: &Connection, filter: &ExecutionFilter) -> rusqlite::Result<u64> {
    let mut conditions = Conditions::default();
    conditions.add("tenant = ?", filter.tenant.map(|id| blob(id.uuid()).to_vec()));
    conditions.add("flow = ?", filter.flow.map(|id| blob(id.uuid()).to_vec()));
    if !filter.statuses.is_empty() {
        let statuses = filter.statuses.iter().map(|status| Value::from(status.as_str().to_owned()));
        conditions.add_any("status", statuses.collect());
    }
    let ended =
        sum(db, &format!("SELECT coalesce(sum(value), 0) FROM execution_counts {conditions}"), &conditions)?;
    conditions.add_plain("completed_at IS NULL");
    let unfinished = sum(db, &format!("SELECT count(*) FROM executions {conditions}"), &conditions)?;
    Ok(ended + unfinished)
}

fn sum(db: &Connection, sql: &str, conditions: &Conditions) -> rusqlite::Result<u64> {
    db.prepare_cached(sql)?.query_row(params_from_iter(conditions.values()), |row| row.get(0))
}

/// The text is looked for row by row, as in the list.
fn with_text(db: &Connection, filter: &ExecutionFilter, text: &Text) -> rusqlite::Result<u64> {
    let conditions = list::conditions(filter);
    let sql = format!("SELECT id, context_id, error_message FROM executions {conditions}");
    let mut statement = db.prepare_cached(&sql)?;
    let mut rows = statement.query(params_from_iter(conditions.values()))?;
    let mut count = 0;
    while let Some(row) = rows.next()? {
        count += u64::from(list::names(row, text));
    }
    Ok(count)
}
