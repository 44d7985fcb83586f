//! Flows and their versions.

use steadflow_core::folder::{Folder, Folders};

use super::super::samples::{
    ALL, FLOW, OURS, THEIRS, accepted, all_counters, at, completed, document, failed, finished, flow,
    flows_listed, half_a_page, id, input, keyed, listed, parked, row, shown, sound,
};
use super::super::{Harness, commit, reopened, worker};
use crate::{
    Catalogue, Changed, ExecutionCounts, ExecutionFilter, ExecutionRow, FailureQuery, FlowChange,
    FlowDocument, FlowFilter, FlowRecord, FlowStatus, FlowVersionRecord, History, Log, Page, Revision, Store,
    VersionPage,
};

/// Any flow.
const ANY: FlowFilter = FlowFilter {
    tenant: None,
    category: None,
    status: None,
    is_template: None,
    starts_by_itself: None,
    has_webhook: None,
    folders: None,
    text: None,
};

async fn holding<H: Harness>(harness: &H, flows: impl IntoIterator<Item = FlowRecord>) -> H::Store {
    let store = harness.open().await;
    for flow in flows {
        store.create_flow(flow).await.expect("a flow is created");
    }
    store
}

fn new_document(name: &str, seconds: i64) -> FlowChange {
    FlowChange { document: Some(document(name)), at: at(seconds), ..FlowChange::default() }
}

async fn change(store: &impl Store, change: FlowChange) -> FlowRecord {
    let changed = store.change_flow(OURS, FLOW, change).await.expect("a change");
    let Changed::Done(flow) = changed else { panic!("no version was named: {changed:?}") };
    flow
}

async fn versions(store: &impl Store, before: Option<u32>, limit: usize) -> Vec<FlowVersionRecord> {
    sound(store.flow_versions(OURS, FLOW, VersionPage { before, limit }).await)
}

fn version_of(flow: &FlowRecord) -> FlowVersionRecord {
    FlowVersionRecord {
        flow: flow.id,
        tenant: flow.tenant,
        version: flow.version,
        document: flow.document.clone(),
        created_at: flow.updated_at,
        note: None,
    }
}

pub async fn a_new_flow_is_its_first_version<H: Harness>(harness: &H) {
    let store = holding(harness, [flow(1)]).await;

    assert_eq!(store.flow(OURS, FLOW).await.expect("a flow"), Some(flow(1)));
    assert_eq!(store.flow_version(OURS, FLOW, 1).await.expect("a version"), Some(version_of(&flow(1))));
    assert_eq!(store.flow_version(OURS, FLOW, 2).await.expect("a version"), None);
}

pub async fn a_new_document_makes_a_new_version<H: Harness>(harness: &H) {
    let store = holding(harness, [flow(1)]).await;

    let note = Some("Größer\0".to_owned());
    let noted = FlowChange { note: note.clone(), ..new_document("Second", 50) };
    let changed = change(&store, noted).await;

    let document = document("Second");
    let expected = FlowRecord {
        version: 2,
        document: document.document,
        name: document.name,
        category: document.category,
        is_template: document.is_template,
        starts_by_itself: document.starts_by_itself,
        webhook_path: document.webhook_path,
        updated_at: at(50),
        ..flow(1)
    };
    assert_eq!(changed, expected);
    assert_eq!(store.flow(OURS, FLOW).await.expect("a flow"), Some(expected.clone()));
    let second = FlowVersionRecord { note, ..version_of(&expected) };
    assert_eq!(versions(&store, None, 9).await, [second.clone(), version_of(&flow(1))]);
    assert_eq!(versions(&store, None, 1).await, [second]);
    assert_eq!(versions(&store, Some(2), 9).await, [version_of(&flow(1))]);
    assert_eq!(store.flow_version(OURS, FLOW, 1).await.expect("a version"), Some(version_of(&flow(1))));
}

pub async fn a_new_status_makes_no_new_version<H: Harness>(harness: &H) {
    let store = holding(harness, [flow(1)]).await;

    for status in FlowStatus::ALL {
        let put = FlowChange { status: Some(status), at: at(60), ..FlowChange::default() };
        let changed = change(&store, put).await;
        assert_eq!(changed, FlowRecord { status, updated_at: at(60), ..flow(1) });
    }

    assert_eq!(versions(&store, None, 9).await.len(), 1);
}

pub async fn a_change_of_another_version_or_status_is_a_conflict<H: Harness>(harness: &H) {
    let store = holding(harness, [flow(1)]).await;
    let revision = |version, status| Some(Revision { version, status: Some(status) });
    let of = |version, name| FlowChange {
        if_revision: revision(version, FlowStatus::Draft),
        ..new_document(name, 50)
    };
    let put = async |change| store.change_flow(OURS, FLOW, change).await.expect("a change");

    let first = put(of(1, "Second")).await;
    let second = put(of(1, "Lost")).await;
    let status = FlowChange { document: None, status: Some(FlowStatus::Paused), ..of(3, "") };
    let third = put(status).await;
    let fourth =
        put(FlowChange { if_revision: revision(2, FlowStatus::Active), ..new_document("Lost", 50) }).await;

    let stored = store.flow(OURS, FLOW).await.expect("a flow").expect("the flow is there");
    assert_eq!((stored.version, &*stored.name, stored.status), (2, "Second", FlowStatus::Draft));
    assert_eq!(first, Changed::Done(stored.clone()));
    assert_eq!(second, Changed::Conflict(stored.clone()));
    assert_eq!(third, Changed::Conflict(stored.clone()));
    assert_eq!(fourth, Changed::Conflict(stored));
}

pub async fn a_change_of_nothing_there_is_none<H: Harness>(harness: &H) {
    let store = holding(harness, [flow(2)]).await;

    let change = store.change_flow(OURS, FLOW, new_document("New", 9)).await.expect("a change");
    assert_eq!(change, Changed::Missing);
    assert_eq!(store.flow(OURS, FLOW).await.expect("a flow"), None);
    assert!(!store.delete_flow(OURS, FLOW).await.expect("a deletion"));
}

pub async fn flows_are_listed_newest_first<H: Harness>(harness: &H) {
    let store = holding(harness, [flow(2), flow(4), flow(1), flow(3)]).await;
    assert_eq!(flows_listed(&store, ANY).await, [4, 3, 2, 1]);

    let first = sound(store.flows(ANY, Page { before: None, limit: 2 }).await);
    let before = first.last().map(|flow| flow.id.uuid());
    let second = sound(store.flows(ANY, Page { before, limit: 9 }).await);

    assert_eq!(first, [flow(4), flow(3)]);
    assert_eq!(second, [flow(2), flow(1)]);
}

pub async fn pages_of_large_flows_and_versions_are_short<H: Harness>(harness: &H) {
    let large = half_a_page();
    let large_flow = |number| FlowRecord { document: large.clone(), ..flow(number) };
    let store = holding(harness, (1..=4).map(large_flow)).await;
    for seconds in 1..=3 {
        let document = FlowDocument { document: large.clone(), ..document("Large") };
        change(&store, FlowChange { document: Some(document), ..new_document("Large", seconds) }).await;
    }

    let page = Page { before: None, limit: 9 };

    let flows = sound(store.flows(ANY, page).await);
    let versions = versions(&store, None, 9).await;

    // Two fill a page, and the third shows that there are more.
    assert_eq!(flows.iter().map(|flow| flow.id).collect::<Vec<_>>(), [4, 3, 2].map(|number| flow(number).id));
    assert_eq!(versions.iter().map(|version| version.version).collect::<Vec<_>>(), [4, 3, 2]);
}

pub async fn flows_are_filtered<H: Harness>(harness: &H) {
    let active = FlowRecord { status: FlowStatus::Active, ..flow(1) };
    let risk = FlowRecord { category: Some("risk".into()), ..flow(2) };
    let template = FlowRecord { is_template: true, ..flow(3) };
    let theirs = FlowRecord { tenant: THEIRS, ..flow(4) };
    let named = FlowRecord { name: "Vendor 100% review".into(), ..flow(5) };
    let store = holding(harness, [active, risk, template, theirs, named]).await;

    assert_eq!(flows_listed(&store, FlowFilter { status: Some(FlowStatus::Active), ..ANY }).await, [1]);
    assert_eq!(flows_listed(&store, FlowFilter { category: Some("risk".into()), ..ANY }).await, [2]);
    assert_eq!(flows_listed(&store, FlowFilter { is_template: Some(true), ..ANY }).await, [3]);
    assert_eq!(flows_listed(&store, FlowFilter { is_template: Some(false), ..ANY }).await, [5, 4, 2, 1]);
    assert_eq!(flows_listed(&store, FlowFilter { tenant: Some(THEIRS), ..ANY }).await, [4]);
    assert_eq!(flows_listed(&store, FlowFilter { text: Some("vendor 100%".into()), ..ANY }).await, [5]);
    assert_eq!(flows_listed(&store, FlowFilter { text: Some("REVIEW".into()), ..ANY }).await, [5]);
}

pub async fn a_flow_is_in_a_folder_until_it_is_moved<H: Harness>(harness: &H) {
    let folder = |text: &str| text.parse::<Folder>().expect("a folder");
    let placed = |number, text: &str| FlowRecord { folder: Some(folder(text)), ..flow(number) };
    let theirs = FlowRecord { tenant: THEIRS, ..placed(6, "a/b") };
    let flows = [
        flow(1),
        placed(2, "a"),
        placed(3, "a/b"),
        placed(4, "a/b%c"),
        placed(5, "a/B"),
        theirs,
        placed(7, "a/bc"),
    ];
    let store = holding(harness, flows).await;
    let found = async |store: &H::Store, texts: &[&str]| {
        let folders = Some(Folders::new(texts.iter().map(|text| folder(text))));
        let filter = FlowFilter { tenant: Some(OURS), folders, ..ANY };
        let listed = flows_listed(store, filter.clone()).await;
        assert_eq!(store.count_flows(filter).await.expect("a count"), listed.len() as u64);
        listed
    };

    assert_eq!(found(&store, &["a"]).await, [7, 5, 4, 3, 2]);
    assert_eq!(found(&store, &["a/b", "a/b%c"]).await, [4, 3]);
    assert!(found(&store, &[]).await.is_empty());
    assert_eq!(store.flow(OURS, flow(3).id).await.expect("a flow"), Some(placed(3, "a/b")));
    for to in [Some(folder("a/b/c")), None, Some(folder("ä"))] {
        let moving = FlowChange { folder: Some(to.clone()), at: at(60), ..FlowChange::default() };
        let moved = change(&store, moving).await;
        assert_eq!((moved.folder, moved.version), (to, 1));
    }
    let renamed = change(&store, new_document("Elsewhere", 61)).await;
    assert_eq!(renamed.folder, Some(folder("ä")), "a new document stays where it is");

    let store = reopened(harness, store).await;

    assert_eq!(found(&store, &["ä"]).await, [1]);
    assert_eq!(found(&store, &["a/b"]).await, [3]);
}

pub async fn lists_are_narrowed_to_folders<H: Harness>(harness: &H) {
    let folder = |text: &str| text.parse::<Folder>().expect("a folder");
    let placed = |number, text: &str| FlowRecord { folder: Some(folder(text)), ..flow(number) };
    let store = holding(harness, [placed(1, "a/x"), placed(2, "b"), flow(3)]).await;
    let worker = worker(&store).await;
    let of = |flow: FlowRecord, number| shown(ExecutionRow { flow: flow.id, ..row(number) });
    let ended = [finished(completed(1)), finished(failed(2, "a"))];
    commit(&store, worker, ended).await;
    commit(&store, worker, [of(flow(2), 3), of(flow(3), 4)]).await;
    let found = async |texts: &[&str]| {
        let folders = Some(Folders::new(texts.iter().map(|text| folder(text))));
        let filter =
            ExecutionFilter { tenant: Some(OURS), folders: folders.clone(), ..ExecutionFilter::default() };
        let all = listed(&store, filter.clone()).await;
        assert_eq!(store.count_executions(filter.clone()).await.expect("a count"), Some(all.len() as u64));
        let roots = ExecutionFilter { lineage: Some(crate::Lineage::Root), ..filter };
        assert_eq!(store.count_executions(roots).await.expect("a count"), Some(all.len() as u64));
        let failures =
            FailureQuery { tenant: OURS, flow: None, folders, from: None, to: None, now: at(9), limit: 9 };
        (all, store.failures(failures).await.expect("failures").len())
    };

    assert_eq!(found(&["a"]).await, (vec![2, 1], 1));
    assert_eq!(found(&["b", "a/x"]).await, (vec![3, 2, 1], 1));
    assert_eq!(found(&["b"]).await, (vec![3], 0));
    assert_eq!(found(&[]).await, (vec![], 0));
    change(&store, FlowChange { folder: Some(None), at: at(60), ..FlowChange::default() }).await;
    assert_eq!(found(&["a", "b"]).await, (vec![3], 0));
}

pub async fn a_deleted_flow_takes_everything_with_it<H: Harness>(harness: &H) {
    let store = holding(harness, [flow(1), flow(2)]).await;
    let worker = worker(&store).await;
    let kept = ExecutionRow { flow: flow(2).id, ..row(3) };
    let finished_ones = [keyed(finished(completed(1)), "start:a"), finished(failed(2, "a"))];
    commit(&store, worker, finished_ones).await;
    commit(&store, worker, [shown(kept), accepted(4), parked(row(5), None)]).await;
    let kept_input = input(3, "kept");
    store.send(input(5, "gone")).await.expect("an input is sent");
    store.send(kept_input.clone()).await.expect("an input is sent");

    assert!(store.delete_flow(OURS, FLOW).await.expect("a deletion"));

    assert_eq!(store.flow(OURS, FLOW).await.expect("a flow"), None);
    assert_eq!(store.flow_version(OURS, FLOW, 1).await.expect("a version"), None);
    assert_eq!(store.execution(OURS, id(1)).await.expect("a read"), None);
    assert_eq!(listed(&store, ExecutionFilter::default()).await, [3]);
    let failures =
        FailureQuery { tenant: OURS, flow: None, folders: None, from: None, to: None, now: at(9), limit: 9 };
    assert_eq!(store.failures(failures).await.expect("failures"), []);
    assert_eq!(store.rollup_sums(all_counters(OURS)).await.expect("sums").flows, []);
    assert_eq!(store.execution_counts(OURS, FLOW).await.expect("counts"), ExecutionCounts::default());
    let inbox = store.inbox(worker, None, 9).await.expect("an inbox");
    assert_eq!(inbox.into_iter().map(|item| item.sent).collect::<Vec<_>>(), [kept_input]);
    assert!(!store.delete_flow(OURS, FLOW).await.expect("a deletion"), "it is deleted");
    assert_eq!(sound(store.flows(ANY, ALL).await), [flow(2)]);
}

pub async fn flows_survive_reopening<H: Harness>(harness: &H) {
    let store = holding(harness, [flow(1)]).await;
    let changed = change(&store, new_document("Second", 50)).await;

    let store = reopened(harness, store).await;

    assert_eq!(store.flow(OURS, FLOW).await.expect("a flow"), Some(changed));
    assert_eq!(versions(&store, None, 9).await.len(), 2);
}
