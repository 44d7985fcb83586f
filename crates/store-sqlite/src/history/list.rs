//! Lists of executions.

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Row, params_from_iter};
use steadflow_core::execution::ExecutionStatus;
use steadflow_core::folder::Folders;
use steadflow_core::ids::{ExecutionId, FlowId, TenantId};
use steadflow_store::{ExecutionCounts, ExecutionFilter, ExecutionRow, Lineage, Listed, Page};

use super::row;
use crate::columns::{blob, execution_id, listed, readable, rows_max, status};
use crate::search::{Conditions, Text};

/// See [`steadflow_store::History::row`].
pub(crate) fn row(
    db: &Connection,
    tenant: TenantId,
    id: ExecutionId,
) -> rusqlite::Result<Option<ExecutionRow>> {
    let sql = format!("SELECT {} FROM executions WHERE id = ?1 AND tenant = ?2", row::COLUMNS);
    let mut statement = db.prepare_cached(&sql)?;
    statement.query_row((blob(id.uuid()), blob(tenant.uuid())), row::read).optional()
}

/// What follows on an execution among those that a node started.
const AFTER_CHILD: &str =
    "(item_index, created_at, id) > (SELECT item_index, created_at, id FROM executions WHERE id = ?)";

/// A flow is in a folder, or below one, of which the path with a `/` at its end is in a JSON array. IDs of flows
/// are those of no other tenant, so the flows are read once and not for each row.
const OF_FOLDERS: &str = "flow IN (SELECT flows.id FROM flows WHERE \
     EXISTS (SELECT 1 FROM json_each(?) WHERE instr(flows.folder || '/', value) = 1))";
const FORK_OF: &str = "forked_from = ?";
/// A context has few executions: others are not read, whatever else is asked for.
const OF_CONTEXT: &str = "context_id = ?";

/// See [`steadflow_store::History::executions`].
pub(crate) fn executions(
    db: &Connection,
    filter: &ExecutionFilter,
    page: Page,
) -> rusqlite::Result<Vec<Listed<ExecutionRow>>> {
    let mut conditions = conditions(filter);
    let (after, order) = match filter.parent_node {
        None => ("id < ?", "id DESC"),
        Some(_) => (AFTER_CHILD, "item_index, created_at, id"),
    };
    conditions.add(after, page.before.map(|id| blob(id).to_vec()));
    let sql = select(&conditions, order);
    let text = filter.text.as_deref().map(Text::new);
    let mut statement = db.prepare_cached(&sql)?;
    let mut rows = statement.query(params_from_iter(conditions.values()))?;
    let mut found = Vec::new();
    while found.len() < page.limit {
        let Some(next) = rows.next()? else { break };
        if text.as_ref().is_none_or(|text| names(next, text)) {
            found.push(listed(next, row::read)?);
        }
    }
    Ok(found)
}

fn select(conditions: &Conditions, order: &str) -> String {
    format!("SELECT {} FROM executions {conditions} ORDER BY {order}", row::COLUMNS)
}

pub(super) fn conditions(filter: &ExecutionFilter) -> Conditions {
    let mut conditions = of_flow_and_lineage(filter);
    conditions.add("tenant = ?", filter.tenant.map(|id| blob(id.uuid()).to_vec()));
    conditions.add("parent_node = ?", filter.parent_node.as_ref().map(|node| node.as_str().to_owned()));
    conditions.add(FORK_OF, filter.forked_from.map(|id| blob(id.uuid()).to_vec()));
    conditions.add(OF_CONTEXT, filter.context_id.as_ref().map(|context| context.to_string()));
    add_retrying(&mut conditions, filter);
    conditions.add("waits_for = ?", filter.waiting_for.map(str::to_owned));
    conditions.add("error_class = ?", filter.error_class.map(|class| class.as_str().to_owned()));
    conditions.add("fingerprint_node = ?", filter.failed_node.as_ref().map(|node| node.as_str().to_owned()));
    conditions.add("fingerprint = ?", filter.fingerprint.as_ref().map(|id| id.to_string()));
    conditions.add("flow_version > ?", filter.after_version.map(i64::from));
    conditions.add("completed_at > ?", filter.ended_after.map(|at| at.as_micros()));
    conditions.add("created_at >= ?", filter.from.map(|at| at.as_micros()));
    conditions.add("created_at < ?", filter.to.map(|at| at.as_micros()));
    conditions.add(OF_FOLDERS, filter.folders.as_ref().map(Folders::to_prefixes));
    add_statuses(&mut conditions, filter);
    if excludes_completed(filter) {
        // It follows from the others, and lets SQLite use the index without the completed ones.
        conditions.add_plain("status <> 'completed'");
    }
    conditions
}

/// Returns the one of the conditions that an index serves and that the fewest rows meet, as far as it can be known; none
/// if no index serves any.
pub(super) fn narrowest(filter: &ExecutionFilter) -> Conditions {
    let mut conditions = Conditions::default();
    if let Some(Lineage::ChildOf(_)) = filter.lineage {
        add_lineage(&mut conditions, filter);
    } else if let Some(of) = filter.forked_from {
        conditions.add(FORK_OF, Some(blob(of.uuid()).to_vec()));
    } else if let Some(context) = &filter.context_id {
        conditions.add(OF_CONTEXT, Some(context.to_string()));
    } else if let Some(fingerprint) = &filter.fingerprint {
        conditions.add("fingerprint = ?", Some(fingerprint.to_string()));
    } else if let Some(name) = filter.waiting_for {
        conditions.add("waits_for = ?", Some(name.to_owned()));
    } else if filter.retrying == Some(true) {
        add_retrying(&mut conditions, filter);
    } else if excludes_completed(filter) {
        add_statuses(&mut conditions, filter);
        conditions.add_plain("status <> 'completed'");
    } else {
        conditions = of_flow_and_lineage(filter);
        conditions.add(OF_FOLDERS, filter.folders.as_ref().map(Folders::to_prefixes));
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
    conditions.add("flow = ?", filter.flow.map(|id| blob(id.uuid()).to_vec()));
    conditions
}

pub(super) fn add_statuses(conditions: &mut Conditions, filter: &ExecutionFilter) {
    if !filter.statuses.is_empty() {
        let statuses = filter.statuses.iter().map(|status| Value::from(status.as_str().to_owned()));
        conditions.add_any("status", statuses.collect());
    }
}

fn add_lineage(conditions: &mut Conditions, filter: &ExecutionFilter) {
    match filter.lineage {
        Some(Lineage::Root) => conditions.add_plain("parent IS NULL"),
        Some(Lineage::ChildOf(parent)) => conditions.add("parent = ?", Some(blob(parent.uuid()).to_vec())),
        None => {}
    }
}

/// The value is part of the text, since the index is of those that are retried alone.
fn add_retrying(conditions: &mut Conditions, filter: &ExecutionFilter) {
    match filter.retrying {
        Some(true) => conditions.add_plain("retrying = 1"),
        Some(false) => conditions.add_plain("retrying = 0"),
        None => {}
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

pub(super) fn names(row: &Row<'_>, text: &Text) -> bool {
    let holds = |column| {
        row.get_ref(column).ok().and_then(|value| value.as_str().ok()).is_some_and(|it| text.is_in(it))
    };
    holds("context_id")
        || holds("error_message")
        || execution_id(row, 0).is_ok_and(|id| text.begins(&id.to_string()))
}

/// See [`steadflow_store::History::retried_by`].
pub(crate) fn retried_by(
    db: &Connection,
    tenant: TenantId,
    id: ExecutionId,
    limit: usize,
) -> rusqlite::Result<Vec<ExecutionId>> {
    let mut statement = db.prepare_cached(include_str!("../queries/retried_by.sql"))?;
    let parameters = (blob(id.uuid()), blob(tenant.uuid()), rows_max(limit));
    statement.query_map(parameters, |row| execution_id(row, 0))?.filter_map(readable).collect()
}

/// See [`steadflow_store::History::execution_counts`].
pub(crate) fn counts(db: &Connection, tenant: TenantId, flow: FlowId) -> rusqlite::Result<ExecutionCounts> {
    let mut statement = db.prepare_cached(include_str!("../queries/execution_counts.sql"))?;
    let mut rows = statement.query((blob(tenant.uuid()), blob(flow.uuid())))?;
    let mut counts = ExecutionCounts::default();
    while let Some(row) = rows.next()? {
        let Some(value) = readable(row.get::<_, u64>(1)).transpose()? else { continue };
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
    use std::path::Path;

    use uuid::Uuid;

    use super::*;
    use crate::migrate::migrate;

    #[test]
    fn lists_of_a_flow_read_no_children() {
        let mut db = Connection::open_in_memory().unwrap();
        migrate(&mut db, Path::new("memory")).unwrap();
        let of_flow = ExecutionFilter {
            tenant: Some(TenantId::DEFAULT),
            lineage: Some(Lineage::Root),
            flow: Some(FlowId::new(Uuid::from_u128(1))),
            ..ExecutionFilter::default()
        };
        for before in [None, Some(Uuid::from_u128(2))] {
            let mut conditions = conditions(&of_flow);
            conditions.add("id < ?", before.map(|id| blob(id).to_vec()));
            let sql = format!("EXPLAIN QUERY PLAN {}", select(&conditions, "id DESC"));
            let mut statement = db.prepare(&sql).unwrap();

            let plan: Vec<String> =
                statement.raw_query().mapped(|row| row.get("detail")).collect::<Result<_, _>>().unwrap();

            let is_search =
                plan[0].contains("SEARCH executions USING INDEX executions_by_flow (flow=? AND parent=?");
            assert!(plan.len() == 1 && is_search, "{plan:#?}");
        }
    }

    #[test]
    fn lists_of_a_context_read_no_others() {
        let mut db = Connection::open_in_memory().unwrap();
        migrate(&mut db, Path::new("memory")).unwrap();
        let of_context = ExecutionFilter {
            tenant: Some(TenantId::DEFAULT),
            lineage: Some(Lineage::Root),
            context_id: Some("A-7".into()),
            ..ExecutionFilter::default()
        };
        let flow = Some(FlowId::new(Uuid::from_u128(1)));
        let failed = vec![ExecutionStatus::Failed];
        for filter in [
            of_context.clone(),
            ExecutionFilter { flow, ..of_context.clone() },
            ExecutionFilter { statuses: failed, ..of_context.clone() },
            ExecutionFilter { waiting_for: Some("approval"), ..of_context },
        ] {
            let sql = format!("EXPLAIN QUERY PLAN {}", select(&conditions(&filter), "id DESC"));
            let mut statement = db.prepare(&sql).unwrap();

            let plan: Vec<String> =
                statement.raw_query().mapped(|row| row.get("detail")).collect::<Result<_, _>>().unwrap();

            let is_search =
                plan[0].contains("SEARCH executions USING INDEX executions_context (context_id=?");
            assert!(plan.len() == 1 && is_search, "{plan:#?}");
        }
    }
}
