//! Lists of executions: order, pages and each filter.

use steadflow_core::execution::{ExecutionStatus, Wait};
use steadflow_core::failure::ErrorClass;
use steadflow_core::ids::NodeId;

use super::super::samples::{
    FLOW, OTHER_FLOW, OURS, THEIRS, at, completed, failed, finished, id, listed, number_of, parked, pending,
    row, shown, sound, uuid,
};
use super::super::{Harness, commit, worker};
use crate::{ExecutionCounts, ExecutionFilter, ExecutionRow, History, Lineage, Page};

/// Any execution.
const ANY: ExecutionFilter = ExecutionFilter {
    tenant: None,
    flow: None,
    folders: None,
    lineage: None,
    parent_node: None,
    forked_from: None,
    context_id: None,
    statuses: Vec::new(),
    retrying: None,
    waiting_for: None,
    error_class: None,
    failed_node: None,
    fingerprint: None,
    after_version: None,
    ended_after: None,
    from: None,
    to: None,
    text: None,
};

async fn holding<H: Harness>(harness: &H, rows: impl IntoIterator<Item = ExecutionRow>) -> H::Store {
    let store = harness.open().await;
    let worker = worker(&store).await;
    let commits =
        rows.into_iter().map(|row| if row.status.is_finished() { finished(row) } else { shown(row) });
    commit(&store, worker, commits.collect::<Vec<_>>()).await;
    store
}

pub async fn a_row_is_read_by_its_id<H: Harness>(harness: &H) {
    let store = holding(harness, [row(1), completed(2), row(3)]).await;

    let read = store.row(OURS, id(2)).await;

    assert_eq!(read.expect("it is readable"), Some(completed(2)));
    assert_eq!(store.row(OURS, id(4)).await.expect("there is none"), None);
}

pub async fn executions_are_listed_newest_first<H: Harness>(harness: &H) {
    let store = holding(harness, [row(2), completed(3), pending(1)]).await;

    assert_eq!(listed(&store, ANY).await, [3, 2, 1]);
}

pub async fn pages_follow_each_other_without_gap_or_repeat<H: Harness>(harness: &H) {
    let rows = (1..=25).map(|number| if number % 2 == 0 { row(number) } else { completed(number) });
    let store = holding(harness, rows).await;

    let mut seen = Vec::new();
    let mut page = Page { before: None, limit: 4 };
    loop {
        let filter = ExecutionFilter { statuses: vec![ExecutionStatus::Completed], ..ANY };
        let rows = sound(store.executions(filter, page).await);
        assert!(rows.len() <= 4);
        let Some(last) = rows.last() else { break };
        page.before = Some(last.id.uuid());
        seen.extend(rows.iter().map(|row| number_of(row.id.uuid())));
    }

    assert_eq!(seen, [25, 23, 21, 19, 17, 15, 13, 11, 9, 7, 5, 3, 1]);
}

pub async fn a_filter_by_tenant<H: Harness>(harness: &H) {
    let store = holding(harness, [row(1), ExecutionRow { tenant: THEIRS, ..row(2) }]).await;

    assert_eq!(listed(&store, ExecutionFilter { tenant: Some(OURS), ..ANY }).await, [1]);
    assert_eq!(listed(&store, ExecutionFilter { tenant: Some(THEIRS), ..ANY }).await, [2]);
    assert_eq!(store.execution(OURS, id(2)).await.expect("a read"), None);
}

pub async fn a_filter_by_flow<H: Harness>(harness: &H) {
    let store = holding(harness, [row(1), ExecutionRow { flow: OTHER_FLOW, ..row(2) }]).await;

    assert_eq!(listed(&store, ExecutionFilter { flow: Some(FLOW), ..ANY }).await, [1]);
}

pub async fn a_filter_by_fork<H: Harness>(harness: &H) {
    let fork = |of, row| ExecutionRow { forked_from: Some(id(of)), ..row };
    let rows = [row(1), fork(1, row(2)), fork(1, completed(3)), fork(3, row(4)), failed(5, "a")];
    let store = holding(harness, rows).await;
    let of = |number| ExecutionFilter { forked_from: Some(id(number)), ..ANY };
    let done = ExecutionFilter { statuses: vec![ExecutionStatus::Completed], ..of(1) };

    assert_eq!(listed(&store, of(1)).await, [3, 2]);
    assert_eq!(listed(&store, done).await, [3]);
    assert!(listed(&store, of(2)).await.is_empty());
    assert_eq!(store.count_executions(of(1)).await.expect("a count"), Some(2));
}

pub async fn a_filter_by_context<H: Harness>(harness: &H) {
    let about = |context: &str, row| ExecutionRow { context_id: Some(context.into()), ..row };
    let theirs = ExecutionRow { tenant: THEIRS, ..about("a", row(6)) };
    let rows =
        [about("a", row(1)), about("A", row(2)), about("ab", row(3)), about("a", completed(4)), theirs];
    let store = holding(harness, rows).await;
    let of = |context: &str| ExecutionFilter { context_id: Some(context.into()), ..ANY };
    let done = ExecutionFilter { statuses: vec![ExecutionStatus::Completed], ..of("a") };

    assert_eq!(listed(&store, ExecutionFilter { tenant: Some(OURS), ..of("a") }).await, [4, 1]);
    assert_eq!(listed(&store, done).await, [4]);
    assert!(listed(&store, of("")).await.is_empty());
    assert_eq!(store.count_executions(of("a")).await.expect("a count"), Some(3));
}

pub async fn a_filter_by_lineage<H: Harness>(harness: &H) {
    let child = |parent, row| ExecutionRow { parent: Some(id(parent)), ..row };
    let rows = [row(1), child(1, completed(2)), child(1, row(3)), child(3, failed(4, "a")), completed(5)];
    let store = holding(harness, rows).await;
    let of = |lineage| ExecutionFilter { lineage: Some(lineage), ..ANY };
    let done = ExecutionFilter { statuses: vec![ExecutionStatus::Completed], ..of(Lineage::Root) };

    assert_eq!(listed(&store, of(Lineage::Root)).await, [5, 1]);
    assert_eq!(listed(&store, done).await, [5]);
    assert_eq!(listed(&store, of(Lineage::ChildOf(id(1)))).await, [3, 2]);
    assert_eq!(listed(&store, of(Lineage::ChildOf(id(3)))).await, [4]);
    assert!(listed(&store, of(Lineage::ChildOf(id(2)))).await.is_empty());
    assert_eq!(listed(&store, ANY).await, [5, 4, 3, 2, 1]);
}

pub async fn children_of_a_node_are_listed_in_the_order_of_its_items<H: Harness>(harness: &H) {
    let child = |node, index, row| ExecutionRow {
        parent: Some(id(1)),
        parent_node: Some(NodeId::new(node)),
        index,
        created_at: at(2),
        ..row
    };
    let again = ExecutionRow { created_at: at(9), ..child("each", 0, completed(2)) };
    let rows = [
        row(1),
        again,
        child("each", 2, row(3)),
        child("each", 0, failed(8, "a")),
        child("each", 10, completed(5)),
        child("other", 0, completed(6)),
    ];
    let store = holding(harness, rows).await;
    let of_node = ExecutionFilter {
        lineage: Some(Lineage::ChildOf(id(1))),
        parent_node: Some(NodeId::new("each")),
        ..ANY
    };
    let done = ExecutionFilter { statuses: vec![ExecutionStatus::Completed], ..of_node.clone() };

    let (mut seen, mut page) = (Vec::new(), Page { before: None, limit: 1 });
    while let [only] = &sound(store.executions(of_node.clone(), page).await)[..] {
        page.before = Some(only.id.uuid());
        seen.push(number_of(only.id.uuid()));
    }

    assert_eq!(listed(&store, of_node.clone()).await, [8, 2, 3, 5]);
    assert_eq!(seen, [8, 2, 3, 5]);
    assert_eq!(listed(&store, done.clone()).await, [2, 5]);
    assert_eq!(store.count_executions(done).await.expect("a count"), Some(2));
}

pub async fn a_filter_by_statuses<H: Harness>(harness: &H) {
    let store = holding(harness, [row(1), pending(2), completed(3), failed(4, "a")]).await;
    let of = |statuses: &[ExecutionStatus]| ExecutionFilter { statuses: statuses.to_vec(), ..ANY };

    assert_eq!(listed(&store, of(&[ExecutionStatus::Failed])).await, [4]);
    assert_eq!(listed(&store, of(&[ExecutionStatus::Pending, ExecutionStatus::Completed])).await, [3, 2]);
    assert!(listed(&store, of(&[ExecutionStatus::Cancelled])).await.is_empty());
}

pub async fn a_filter_by_retrying<H: Harness>(harness: &H) {
    let store = holding(harness, [row(1), ExecutionRow { retrying: true, ..row(2) }]).await;

    assert_eq!(listed(&store, ExecutionFilter { retrying: Some(true), ..ANY }).await, [2]);
    assert_eq!(listed(&store, ExecutionFilter { retrying: Some(false), ..ANY }).await, [1]);
}

pub async fn a_filter_by_what_is_waited_for<H: Harness>(harness: &H) {
    let waiting = |number, wait| ExecutionRow { waiting_for: Some(wait), ..row(number) };
    let store = holding(harness, [waiting(1, Wait::Decision), waiting(2, Wait::Slot), row(3)]).await;

    assert_eq!(listed(&store, ExecutionFilter { waiting_for: Some("decision"), ..ANY }).await, [1]);
}

pub async fn a_filter_by_error_class<H: Harness>(harness: &H) {
    let tool = ExecutionRow { error_class: Some(ErrorClass::Tool), ..failed(2, "a") };
    let store = holding(harness, [failed(1, "a"), tool, completed(3)]).await;

    assert_eq!(listed(&store, ExecutionFilter { error_class: Some(ErrorClass::Tool), ..ANY }).await, [2]);
}

pub async fn a_filter_by_failed_node<H: Harness>(harness: &H) {
    let running = ExecutionRow { current_node: Some(NodeId::new("a")), ..row(3) };
    let store = holding(harness, [failed(1, "a"), failed(2, "b"), running]).await;

    assert_eq!(listed(&store, ExecutionFilter { failed_node: Some(NodeId::new("a")), ..ANY }).await, [1]);
}

pub async fn a_filter_by_fingerprint<H: Harness>(harness: &H) {
    let store = holding(harness, [failed(1, "a"), failed(2, "b"), completed(3)]).await;

    assert_eq!(listed(&store, ExecutionFilter { fingerprint: Some("print-of-b".into()), ..ANY }).await, [2]);
}

pub async fn a_filter_by_what_came_after<H: Harness>(harness: &H) {
    let of_version = |number, flow_version| ExecutionRow { flow_version, ..failed(number, "a") };
    let store = holding(harness, [of_version(1, 1), of_version(2, 3), of_version(3, 2), row(4)]).await;
    let ended = |number| failed(number, "a").completed_at;
    let after = |version, moment| ExecutionFilter { after_version: version, ended_after: moment, ..ANY };

    assert_eq!(listed(&store, after(Some(1), None)).await, [3, 2]);
    assert_eq!(listed(&store, after(Some(1), ended(2))).await, [3], "that one ended at that moment");
    assert_eq!(
        listed(&store, after(None, ended(1))).await,
        [3, 2],
        "what has not ended did not end after it"
    );
    assert_eq!(listed(&store, after(Some(3), None)).await, Vec::<u16>::new());
}

pub async fn a_filter_by_time_includes_its_begin_and_excludes_its_end<H: Harness>(harness: &H) {
    let store = holding(harness, (1..=5).map(row)).await;

    assert_eq!(listed(&store, ExecutionFilter { from: Some(at(2)), to: Some(at(4)), ..ANY }).await, [3, 2]);
    assert_eq!(listed(&store, ExecutionFilter { from: Some(at(4)), ..ANY }).await, [5, 4]);
    assert_eq!(listed(&store, ExecutionFilter { to: Some(at(2)), ..ANY }).await, [1]);
}

pub async fn a_filter_by_text_looks_into_ids_contexts_and_errors<H: Harness>(harness: &H) {
    let vendor = ExecutionRow { context_id: Some("Vendor-17".into()), ..row(1) };
    let kind = ExecutionRow { context_type: Some("vendor".into()), ..row(2) };
    let store = holding(harness, [vendor, kind, failed(3, "vendors")]).await;
    let holding_text = |text: &str| ExecutionFilter { text: Some(text.into()), ..ANY };

    assert_eq!(listed(&store, holding_text("vendor")).await, [3, 1]);
    assert_eq!(listed(&store, holding_text("VENDOR-")).await, [1]);
    assert_eq!(listed(&store, holding_text("No Answer")).await, [3]);
    let prefix = uuid(2).to_string()[..14].to_uppercase();
    assert_eq!(listed(&store, holding_text(&prefix)).await, [2]);
    let inside = uuid(2).to_string()[1..14].to_owned();
    assert!(listed(&store, holding_text(&inside)).await.is_empty(), "an id fits by its begin only");
}

pub async fn a_filter_by_text_takes_wildcards_literally<H: Harness>(harness: &H) {
    let percent = ExecutionRow { context_id: Some("50% off_now".into()), ..row(1) };
    let plain = ExecutionRow { context_id: Some("50 off now".into()), ..row(2) };
    let quoted = ExecutionRow { context_id: Some("it's a \\ \"test\"".into()), ..row(3) };
    let store = holding(harness, [percent, plain, quoted]).await;
    let holding_text = |text: &str| ExecutionFilter { text: Some(text.into()), ..ANY };

    assert_eq!(listed(&store, holding_text("50%")).await, [1]);
    assert_eq!(listed(&store, holding_text("off_now")).await, [1]);
    assert_eq!(listed(&store, holding_text("it's")).await, [3]);
    assert_eq!(listed(&store, holding_text("\\")).await, [3]);
}

pub async fn filters_add_up<H: Harness>(harness: &H) {
    let other = ExecutionRow { flow: OTHER_FLOW, ..failed(4, "a") };
    let store = holding(harness, [failed(1, "a"), failed(2, "a"), failed(3, "b"), other, completed(5)]).await;
    let filter = ExecutionFilter {
        tenant: Some(OURS),
        flow: Some(FLOW),
        statuses: vec![ExecutionStatus::Failed],
        error_class: Some(ErrorClass::Timeout),
        failed_node: Some(NodeId::new("a")),
        fingerprint: Some("print-of-a".into()),
        from: Some(at(2)),
        text: Some("answer".into()),
        ..ANY
    };

    assert_eq!(listed(&store, filter).await, [2]);
}

pub async fn retries_are_listed_oldest_first<H: Harness>(harness: &H) {
    let retry = |number| ExecutionRow { retry_of: Some(id(1)), ..row(number) };
    let store = holding(harness, [failed(1, "a"), retry(3), retry(2), row(4)]).await;

    assert_eq!(store.retried_by(OURS, id(1), 9).await.expect("retries"), [id(2), id(3)]);
    assert_eq!(store.retried_by(OURS, id(1), 1).await.expect("retries"), [id(3)], "the newest");
    assert_eq!(store.retried_by(THEIRS, id(1), 9).await.expect("retries"), []);
    assert_eq!(store.retried_by(OURS, id(2), 9).await.expect("retries"), []);
}

pub async fn executions_are_counted_by_status<H: Harness>(harness: &H) {
    let cancelled = ExecutionRow { status: ExecutionStatus::Cancelled, ..completed(5) };
    let other = ExecutionRow { flow: OTHER_FLOW, ..completed(7) };
    let child = |row| ExecutionRow { parent: Some(id(1)), ..row };
    let children = [child(completed(9)), child(row(10))];
    let rows = [row(1), completed(2), completed(3), failed(4, "a"), cancelled, pending(6), other];
    let rows: Vec<ExecutionRow> = rows.into_iter().chain(children).collect();
    let store = holding(harness, rows).await;
    let worker = worker(&store).await;
    commit(&store, worker, [parked(row(8), None)]).await;

    let counts = store.execution_counts(OURS, FLOW).await.expect("counts");

    assert_eq!(
        counts,
        ExecutionCounts { total: 7, completed: 2, failed: 1, cancelled: 1 },
        "without children"
    );
    let roots = ExecutionFilter { flow: Some(FLOW), lineage: Some(Lineage::Root), ..ANY };
    assert_eq!(store.count_executions(roots).await.expect("a count"), Some(7));
    assert_eq!(store.execution_counts(THEIRS, FLOW).await.expect("counts"), ExecutionCounts::default());
}
