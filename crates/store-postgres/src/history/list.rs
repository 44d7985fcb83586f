//! Lists of executions.

use steadflow_core::execution::ExecutionStatus;
use steadflow_core::folder::Folders;
use steadflow_core::ids::{ExecutionId, FlowId, TenantId};
use steadflow_store::{ExecutionCounts, ExecutionFilter, ExecutionRow, Lineage, Listed, Page};
use tokio_postgres::{Client, Row};
use uuid::Uuid;

use crate::columns::{execution_id, get, listed, number, readable, status};
use crate::error::Result;
use crate::row;
use crate::search::{Conditions, Text};
use crate::session::Session;
use crate::value::{self, params, rows_max, stored, typed};

/// How many rows are read at once while a text is looked for in them.
const SEARCHED: usize = 1_000;

/// See [`steadflow_store::History::row`].
pub(crate) async fn row(db: &Session, tenant: TenantId, id: ExecutionId) -> Result<Option<ExecutionRow>> {
    let sql = format!("SELECT {} FROM executions WHERE id = $1 AND tenant = $2", row::COLUMNS);
    let found = db.query_cached(&sql, params![id.uuid(), tenant.uuid()]).await?;
    found.first().map(row::read).transpose()
}

/// What follows on an execution among those that a node started.
const AFTER_CHILD: &str =
    "(item_index, created_at, id) > (SELECT item_index, created_at, id FROM executions WHERE id = ?)";

/// A flow is in a folder, or below one, of which the path with a `/` at its end is one of the values. IDs of
/// flows are those of no other tenant, so the flows are read once and not for each row.
const OF_FOLDERS: &str = "flow IN (SELECT flows.id FROM flows WHERE \
     EXISTS (SELECT 1 FROM unnest(?) AS within WHERE starts_with(flows.folder || '/', within)))";
const FORK_OF: &str = "forked_from = ?";
/// A context has few executions: others are not read, whatever else is asked for.
const OF_CONTEXT: &str = "context_id = ?";

/// See [`steadflow_store::History::executions`].
pub(crate) async fn executions(
    db: &Session,
    filter: &ExecutionFilter,
    page: Page,
) -> Result<Vec<Listed<ExecutionRow>>> {
    let text = filter.text.as_deref().map(Text::new);
    let wanted = if text.is_some() { SEARCHED } else { page.limit };
    let (mut found, mut after) = (Vec::new(), page.before);
    loop {
        let (sql, conditions) = select(filter, after);
        let limit = rows_max(wanted);
        let parameters: Vec<_> = conditions.values().chain([typed(&limit)]).collect();
        let rows = match after {
            None if is_of_forks_alone(filter) => db.query_cached(&sql, &parameters).await?,
            _ => db.query_typed(&sql, &parameters).await?,
        };
        for next in &rows {
            if found.len() < page.limit && text.as_ref().is_none_or(|text| names(next, text)) {
                found.push(listed(next, row::read)?);
            }
        }
        match rows.last() {
            Some(last) if rows.len() == wanted && found.len() < page.limit => after = Some(get(last, 0)?),
            _ => return Ok(found),
        }
    }
}

/// Whoever looks at an execution asks for its forks.
fn is_of_forks_alone(filter: &ExecutionFilter) -> bool {
    let ExecutionFilter { tenant, forked_from, .. } = *filter;
    forked_from.is_some() && *filter == ExecutionFilter { tenant, forked_from, ..ExecutionFilter::default() }
}

/// Returns the query for a page. The limit is its last parameter.
fn select(filter: &ExecutionFilter, after: Option<Uuid>) -> (String, Conditions) {
    let mut conditions = conditions(filter);
    let is_of_a_node = filter.parent_node.is_some();
    conditions.add(if is_of_a_node { AFTER_CHILD } else { "id < ?" }, after);
    let order = match (filter.flow, filter.lineage) {
        _ if is_of_a_node => "item_index, created_at, id",
        // The parent is NULL for all of them, and the index has it before the id.
        (Some(_), Some(Lineage::Root)) => "parent DESC, id DESC",
        _ => "id DESC",
    };
    let (columns, expression) = (row::COLUMNS, conditions.expression(1));
    let limit = conditions.values().count() + 1;
    let sql = format!("SELECT {columns} FROM executions WHERE {expression} ORDER BY {order} LIMIT ${limit}");
    (sql, conditions)
}

pub(super) fn conditions(filter: &ExecutionFilter) -> Conditions {
    let text = |text: &str| stored(text).into_owned();
    let mut conditions = of_flow_and_lineage(filter);
    conditions.add("tenant = ?", filter.tenant.map(TenantId::uuid));
    conditions.add("parent_node = ?", filter.parent_node.as_ref().map(|node| text(node.as_str())));
    conditions.add(FORK_OF, filter.forked_from.map(ExecutionId::uuid));
    conditions.add(OF_CONTEXT, filter.context_id.as_deref().map(text));
    add_retrying(&mut conditions, filter);
    conditions.add("waits_for = ?", filter.waiting_for);
    conditions.add("error_class = ?", filter.error_class.map(|class| class.as_str()));
    conditions.add("fingerprint_node = ?", filter.failed_node.as_ref().map(|node| text(node.as_str())));
    conditions.add("fingerprint = ?", filter.fingerprint.as_deref().map(text));
    conditions.add("flow_version > ?", filter.after_version.map(i64::from));
    conditions.add("completed_at > ?", filter.ended_after.map(|at| at.as_micros()));
    conditions.add("created_at >= ?", filter.from.map(|at| at.as_micros()));
    conditions.add("created_at < ?", filter.to.map(|at| at.as_micros()));
    conditions.add(OF_FOLDERS, filter.folders.as_ref().map(Folders::prefixes));
    add_statuses(&mut conditions, filter);
    exclude_completed(&mut conditions, filter);
    conditions
}

/// Returns the one of the conditions that an index serves and that the fewest rows meet, as far as it can be known; none
/// if no index serves any.
pub(super) fn narrowest(filter: &ExecutionFilter) -> Conditions {
    let mut conditions = Conditions::default();
    if let Some(Lineage::ChildOf(_)) = filter.lineage {
        add_lineage(&mut conditions, filter);
    } else if let Some(of) = filter.forked_from {
        conditions.add(FORK_OF, Some(of.uuid()));
    } else if let Some(context) = &filter.context_id {
        conditions.add(OF_CONTEXT, Some(stored(context).into_owned()));
    } else if let Some(fingerprint) = &filter.fingerprint {
        conditions.add("fingerprint = ?", Some(stored(fingerprint).into_owned()));
    } else if let Some(name) = filter.waiting_for {
        conditions.add("waits_for = ?", Some(name));
    } else if filter.retrying == Some(true) {
        add_retrying(&mut conditions, filter);
    } else if excludes_completed(filter) {
        add_statuses(&mut conditions, filter);
        exclude_completed(&mut conditions, filter);
    } else {
        conditions = of_flow_and_lineage(filter);
        conditions.add(OF_FOLDERS, filter.folders.as_ref().map(Folders::prefixes));
    }
    conditions
}

pub(super) fn of_flow_and_lineage(filter: &ExecutionFilter) -> Conditions {
    let mut conditions = of_flow(filter);
    add_lineage(&mut conditions, filter);
    conditions
}

pub(super) fn of_flow(filter: &ExecutionFilter) -> Conditions {
    let mut conditions = Conditions::default();
    conditions.add("flow = ?", filter.flow.map(FlowId::uuid));
    conditions
}

pub(super) fn add_statuses(conditions: &mut Conditions, filter: &ExecutionFilter) {
    match &*filter.statuses {
        [] => {}
        // Only for one of them, the index has the ids in order.
        [status] => conditions.add("status = ?", Some(status.as_str())),
        statuses => {
            let names: Vec<_> = statuses.iter().map(|status| status.as_str()).collect();
            conditions.add("status = ANY(?)", Some(names));
        }
    }
}

fn add_lineage(conditions: &mut Conditions, filter: &ExecutionFilter) {
    match filter.lineage {
        Some(Lineage::Root) => conditions.add_plain("parent IS NULL"),
        Some(Lineage::ChildOf(parent)) => conditions.add("parent = ?", Some(parent.uuid())),
        None => {}
    }
}

fn add_retrying(conditions: &mut Conditions, filter: &ExecutionFilter) {
    match filter.retrying {
        Some(true) => conditions.add_plain("retrying"),
        Some(false) => conditions.add_plain("NOT retrying"),
        None => {}
    }
}

/// Says what follows from the other conditions, so that the index without the completed ones is used. From statuses, the database
/// sees it itself.
fn exclude_completed(conditions: &mut Conditions, filter: &ExecutionFilter) {
    if filter.statuses.is_empty() && excludes_completed(filter) {
        conditions.add_plain("status <> 'completed'");
    }
}

fn excludes_completed(filter: &ExecutionFilter) -> bool {
    let by_status = !filter.statuses.is_empty() && !filter.statuses.contains(&ExecutionStatus::Completed);
    by_status
        || filter.retrying == Some(true)
        || filter.waiting_for.is_some()
        || filter.error_class.is_some()
        || filter.failed_node.is_some()
}

/// Returns whether what a row says, or its id, which is in its first column, has the text.
pub(super) fn names(row: &Row, text: &Text) -> bool {
    let holds = |column| {
        let field: Option<String> = row.try_get(column).ok().flatten();
        field.is_some_and(|field| text.is_in(&value::read(field)))
    };
    holds("context_id")
        || holds("error_message")
        || execution_id(row, 0).is_ok_and(|id| text.begins(&id.to_string()))
}

/// See [`steadflow_store::History::retried_by`].
pub(crate) async fn retried_by(
    db: &Client,
    tenant: TenantId,
    id: ExecutionId,
    limit: usize,
) -> Result<Vec<ExecutionId>> {
    let sql = "SELECT id FROM executions WHERE retry_of = $1 AND tenant = $2 ORDER BY id DESC LIMIT $3";
    let rows = db.query_typed(sql, params![id.uuid(), tenant.uuid(), rows_max(limit)]).await?;
    rows.iter().rev().map(|row| execution_id(row, 0)).collect()
}

/// See [`steadflow_store::History::execution_counts`].
pub(crate) async fn counts(db: &Client, tenant: TenantId, flow: FlowId) -> Result<ExecutionCounts> {
    let sql = include_str!("../queries/execution_counts.sql");
    let rows = db.query_typed(sql, params![tenant.uuid(), flow.uuid()]).await?;
    let mut counts = ExecutionCounts::default();
    for row in &rows {
        let Some(value) = readable(number::<u64>(row, 1)).transpose()? else { continue };
        counts.total += value;
        match readable(status(row, 0)).transpose()? {
            Some(ExecutionStatus::Completed) => counts.completed += value,
            Some(ExecutionStatus::Failed) => counts.failed += value,
            Some(ExecutionStatus::Cancelled) => counts.cancelled += value,
            Some(ExecutionStatus::Pending | ExecutionStatus::Running | ExecutionStatus::Paused) | None => {}
        }
    }
    Ok(counts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::holding;
    use crate::testing::plan;

    #[tokio::test]
    async fn a_page_reads_no_more_rows_than_it_shows() {
        let db = holding(30_000).await;
        let of_flow = ExecutionFilter {
            tenant: Some(TenantId::new(Uuid::nil())),
            lineage: Some(Lineage::Root),
            flow: Some(FlowId::new(Uuid::from_u128(1))),
            ..ExecutionFilter::default()
        };
        let all = ExecutionFilter { flow: None, ..of_flow.clone() };
        // There is none of these.
        let cancelled = ExecutionFilter { statuses: vec![ExecutionStatus::Cancelled], ..all.clone() };
        for (filter, index) in
            [(of_flow, "executions_by_flow"), (all, "executions_pkey"), (cancelled, "executions_by_status")]
        {
            for after in [None, Some(Uuid::from_u128(0x20000))] {
                let (sql, conditions) = select(&filter, after);
                let parameters: Vec<_> = conditions.values().chain([typed(&50_i64)]).collect();

                let plan = plan(&db, &sql, &parameters).await;

                assert!(plan.contains(&format!("Index Scan Backward using {index}")), "{plan}");
                assert!(!plan.contains("Sort"), "{plan}");
            }
        }
    }

    #[tokio::test]
    async fn a_text_is_looked_for_in_all_rows() {
        let db = holding(3_000).await;
        let filter = ExecutionFilter { text: Some("Order-12".into()), ..ExecutionFilter::default() };
        let page = |before: Option<Uuid>, limit| Page { before, limit };
        let found = async |page| {
            let rows = executions(&db, &filter, page).await.unwrap().into_iter();
            rows.map(|row| row.unwrap().created_at.as_micros()).collect::<Vec<_>>()
        };

        assert_eq!(found(page(None, 1_000)).await.len(), 111);
        assert_eq!(found(page(None, 0)).await, [0; 0]);
        let first = found(page(None, 102)).await;
        assert_eq!(first[99..], [1200, 129, 128]);
        let id = Uuid::parse_str(&format!("{:0>32}", 128)).unwrap();
        assert_eq!(found(page(Some(id), 9)).await, [127, 126, 125, 124, 123, 122, 121, 120, 12]);
    }
}
