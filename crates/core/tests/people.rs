//! Approval nodes: what a person decides, what follows it, and what is refused.

use insta::assert_snapshot;
use serde_json::{Value, json};
use steadflow_core::approval::{Answer, Verdict, hash_of};
use steadflow_core::caller::Actor;
use steadflow_core::execution::{
    Execution, ExecutionStatus, FlowVersion, Input, Rejected, RetryMode, TimerReason, Wait,
};
use steadflow_core::flow::Flow;
use steadflow_core::ids::{NodeId, StepKey};
use steadflow_core::limits::Limits;
use steadflow_core::payload::Payload;

use crate::support::{Play, START, version};

/// An approval with these keys; an edge asks for each of `asked`.
fn flow(keys: Value, asked: &[&str]) -> Value {
    let mut approval = json!({ "id": "ok", "type": "approval", "input": { "k": "${trigger_data.k}" } });
    for (key, value) in keys.as_object().into_iter().flatten() {
        approval[key] = value.clone();
    }
    let mut nodes = vec![approval];
    nodes.extend(asked.iter().map(|name| json!({ "id": name, "type": "merge" })));
    let edge = |name: &&str| match *name {
        "any" => json!({ "from": "ok", "to": "any" }),
        "error" => json!({ "from": "ok", "to": "error", "on": "error" }),
        name => json!({ "from": "ok", "to": name, "condition": name }),
    };
    let edges: Vec<Value> = asked.iter().map(edge).collect();
    json!({ "name": "F", "retry_on_failure": true, "retry_count": 3, "flow_definition": { "nodes": nodes, "edges": edges } })
}

fn answer(number: u32, verdict: Verdict) -> Answer {
    let hash = hash_of(&Payload::from_value(&json!({ "k": 1 })));
    Answer { step: StepKey::new(format!("approval:{number}")), hash, verdict, comment: None }
}

fn says(play: &mut Play, answer: Answer) -> Result<(), Rejected> {
    play.put(Input::Approve { node: NodeId::new("ok"), answer, by: Actor::USER })
}

const YES: Verdict = Verdict::Approved { arguments: None };

#[test]
fn a_node_waits_without_an_attempt_and_the_decision_is_its_output() {
    let mut play = Play::new(&flow(json!({}), &["approved", "rejected", "any"]));
    let waits = play.execution.waiting_for();
    let form = Verdict::Approved { arguments: Some(Payload::parse(r#"{"price":1.50}"#.to_owned()).unwrap()) };

    says(&mut play, Answer { comment: Some("Fine".into()), ..answer(1, form) }).unwrap();

    assert_eq!(waits, Some(Wait::Approval));
    assert_snapshot!(play.story(), @r#"
    0s     accepted
    0s     started
    0s     ok waits for approval
    0s     ok call approval:1 of ok with {"k":1} needs approval
    0s     ok call approval:1 is approved
    0s     ok completes with {"decision":"approved","by":{"type":"user","id":null},"comment":"Fine","form":{"price":1.50}}
    0s     approved completes with {"decision":"approved","by":{"type":"user","id":null},"comment":"Fine","form":{"price":1.50}}
    0s     rejected is skipped
    0s     any completes with {"decision":"approved","by":{"type":"user","id":null},"comment":"Fine","form":{"price":1.50}}
    0s     finished: completed
    "#);
    assert_snapshot!(play.shown(), @"
    completed
    ok: completed
    approved: completed
    rejected: skipped
    any: completed
    ");
    assert!(play.execution.nodes()[0].attempts.is_empty());
}

#[test]
fn what_is_not_approved_takes_the_edge_that_asks_for_it_and_fails_without_one() {
    let shown = |asked: &[&str], verdict: Option<Verdict>| {
        let mut play = Play::new(&flow(json!({ "timeout_seconds": 60 }), asked));
        match verdict {
            Some(verdict) => {
                says(&mut play, Answer { comment: Some("Too much".into()), ..answer(1, verdict) }).unwrap();
            }
            None => drop(play.at(60.0)),
        }
        play.shown()
    };
    let all = [
        shown(&["approved", "rejected"], Some(Verdict::Rejected)),
        shown(&["approved"], Some(Verdict::Rejected)),
        shown(&["any"], Some(Verdict::Rejected)),
        shown(&["approved", "timed_out"], None),
        shown(&["any"], None),
        shown(&["approved", "error"], None),
        shown(&["rejected"], Some(YES)),
    ];

    assert_snapshot!(all.join("\n\n"), @"
    completed
    ok: completed
    approved: skipped
    rejected: completed

    failed: Node `ok` failed after 1 attempt: A person rejected this: Too much
    ok: failed, A person rejected this: Too much
    approved: cancelled

    failed: Node `ok` failed after 1 attempt: A person rejected this: Too much
    ok: failed, A person rejected this: Too much
    any: cancelled

    completed
    ok: completed
    approved: skipped
    timed_out: completed

    failed: Node `ok` failed after 1 attempt: Nobody decided in time, and no edge that leaves the approval asks for `timed_out`
    ok: failed, Nobody decided in time, and no edge that leaves the approval asks for `timed_out`
    any: cancelled

    completed
    ok: failed, Nobody decided in time, and no edge that leaves the approval asks for `timed_out`
    approved: skipped
    error: completed

    completed
    ok: completed
    rejected: skipped
    ");
}

#[test]
fn nobody_is_asked_again_unless_the_node_says_so() {
    let retry = json!({ "enabled": true, "count": 1, "initial_interval_seconds": 10, "jitter": 0 });
    let mut play = Play::new(&flow(json!({ "timeout_seconds": 60, "retry": retry }), &["approved"]));

    let timer = play.execution.next_timer();
    play.at(59.0).at(60.0).at(70.0);
    let late = says(&mut play, answer(1, YES));
    says(&mut play, answer(2, YES)).unwrap();

    assert_eq!(
        timer.map(|(at, reason)| (at.since(START).as_secs(), reason)),
        Some((60, TimerReason::Approval))
    );
    assert!(matches!(late, Err(Rejected::AlreadyDecided(_))), "{late:?}");
    assert_snapshot!(play.story(), @r#"
    0s     accepted
    0s     started
    0s     ok waits for approval
    0s     ok call approval:1 of ok with {"k":1} needs approval
    60s    ok call approval:1 is expired
    60s    ok attempt 1 starts
    60s    ok attempt 1 fails (timeout: Nobody decided in time, and no edge that leaves the approval asks for `timed_out`), next at 70s
    70s    ok waits for approval
    70s    ok call approval:2 of ok with {"k":1} needs approval
    70s    rejected: the call was expired before
    70s    ok call approval:2 is approved
    70s    ok completes with {"decision":"approved","by":{"type":"user","id":null},"comment":null,"form":null}
    70s    approved completes with {"decision":"approved","by":{"type":"user","id":null},"comment":null,"form":null}
    70s    finished: completed
    "#);
}

#[test]
fn a_decision_counts_once_and_only_for_what_was_shown() {
    let mut play = Play::new(&flow(json!({}), &["approved", "rejected"]));
    let other = Answer { hash: hash_of(&Payload::null()), ..answer(1, YES) };

    let refused = says(&mut play, other);
    let unknown = says(&mut play, answer(2, YES));
    says(&mut play, answer(1, Verdict::Rejected)).unwrap();
    let again = says(&mut play, answer(1, YES));

    assert_eq!(refused, Err(Rejected::OtherArguments));
    assert_eq!(unknown, Err(Rejected::NoSuchApproval(StepKey::new("approval:2"))));
    assert!(matches!(again, Err(Rejected::AlreadyDecided(_))), "{again:?}");
    assert_eq!(
        play.execution.nodes()[0].output.as_ref().map(Payload::as_str),
        Some(r#"{"decision":"rejected","by":{"type":"user","id":null},"comment":null,"form":null}"#)
    );
}

#[test]
fn a_pause_holds_what_follows_and_not_the_decision() {
    let document = flow(json!({ "timeout_seconds": 60 }), &["approved"]);
    let document = {
        let mut with_work = document;
        with_work["flow_definition"]["nodes"][1] =
            json!({ "id": "approved", "type": "action", "action": "echo" });
        with_work
    };
    let mut play = Play::new(&document);

    play.put(Input::Pause { by: Actor::USER }).unwrap();
    play.at(100.0);
    says(&mut play, answer(1, YES)).unwrap();
    let held = play.work.len();
    play.put(Input::Resume { by: Actor::USER }).unwrap();

    assert_eq!((held, play.work.len()), (0, 1));
}

#[test]
fn every_part_of_the_journal_leads_to_the_same_state() {
    let document = flow(json!({ "timeout_seconds": 60 }), &["approved"]);
    let mut play = Play::new(&document);

    let waiting = Execution::replay(play.execution.id(), version(&document), play.journal.clone()).unwrap();
    says(&mut play, answer(1, YES)).unwrap();
    let ended = Execution::replay(play.execution.id(), version(&document), play.journal.clone()).unwrap();

    assert_eq!(waiting.waiting_for(), Some(Wait::Approval));
    assert_eq!(waiting.next_timer().map(|(_, reason)| reason), Some(TimerReason::Approval));
    assert_eq!(ended.status(), ExecutionStatus::Completed);
    assert_eq!(ended.nodes()[0].output, play.execution.nodes()[0].output);
}

#[test]
fn a_cancelled_execution_leaves_nothing_to_decide() {
    let mut play = Play::new(&flow(json!({}), &["approved"]));

    play.put(Input::Cancel { message: "Stop".into(), by: Actor::USER }).unwrap();

    assert!(!play.execution.nodes()[0].has_open_approval());
    assert!(matches!(says(&mut play, answer(1, YES)), Err(Rejected::Finished(_))));
}

#[test]
fn what_an_approval_cannot_be_is_refused() {
    let faults = |keys: Value, edge: Value| {
        let mut document = flow(keys, &["approved"]);
        document["flow_definition"]["edges"][0]["condition"] = edge;
        match Flow::parse(&document, &Limits::DEFAULT) {
            Ok(_) => "fine".to_owned(),
            Err(faults) => faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"),
        }
    };
    let form = |field: Value| json!({ "form": { "type": "object", "properties": { "a": field } } });
    let cases = [
        (form(json!({ "type": "string", "enum": ["x"] })), "timed_out"),
        (form(json!({ "type": "string", "pattern": "x" })), "approved"),
        (form(json!({ "type": "object" })), "approved"),
        (json!({ "form": { "type": "array" } }), "approved"),
        (json!({ "form": { "type": "object", "properties": {}, "required": ["b"] } }), "approved"),
        (form(json!({ "type": "string", "title": "x".repeat(16 * 1024) })), "approved"),
        (json!({ "input": "${secrets.KEY}" }), "approved"),
        (json!({ "on_exhausted": "ask" }), "approved"),
        (json!({ "approvers": [] }), "approved"),
        (json!({ "approvers": ["viewer"] }), "approved"),
        (json!({ "approvers": ["alice"] }), "approved"),
        (json!({ "approvers": ["admin", "editor"] }), "aproved"),
        (json!({}), "default"),
        (json!({}), "true"),
        (json!({}), "nodes.ok.output.form.n > 1"),
    ];
    let all = cases.map(|(keys, edge)| faults(keys, edge.into()));

    assert_snapshot!(all.join("\n"), @r#"
    fine
    /flow_definition/nodes/0/form/properties/a/pattern: `pattern` is not supported in a form
    /flow_definition/nodes/0/form: this form cannot be shown: its field `a` is no text, number, boolean or choice that can be filled in
    /flow_definition/nodes/0/form: this form cannot be shown: its schema is not one of an object
    /flow_definition/nodes/0/form: this form cannot be shown: it requires "b", which is none of its fields
    /flow_definition/nodes/0/form: this form has 16492 bytes: 16384 are allowed
    /flow_definition/nodes/0/input: the input of an approval cannot use secrets, because it is shown
    /flow_definition/nodes/0/on_exhausted: what a person has decided on is not decided on once more; use `fail`, and edges that ask for `rejected` and `timed_out`
    /flow_definition/nodes/0/approvers: `approvers` must have at least one entry
    /flow_definition/nodes/0/approvers/0: an entry must be one of `operator`, `editor`, `admin`, not "viewer"
    /flow_definition/nodes/0/approvers/0: an entry must be one of `operator`, `editor`, `admin`, not "alice"
    /flow_definition/edges/0/condition: `ok` has no case `aproved`; did you mean `approved`?
    /flow_definition/edges/0/condition: `ok` has no case `default`; it has `approved`, `rejected`, `timed_out`
    /flow_definition/edges/0/condition: `ok` has no case `true`; it has `approved`, `rejected`, `timed_out`
    fine
    "#);
}

#[test]
fn what_was_rejected_is_asked_again_where_no_edge_asks_for_that_any_more() {
    let old = flow(json!({}), &["rejected", "approved"]);
    let mut play = Play::new(&old);
    says(&mut play, answer(1, Verdict::Rejected)).unwrap();
    let reuses = |asked: &[&str]| {
        let new = version(&flow(json!({}), asked));
        let new = FlowVersion::new(new.tenant, new.flow_id, 2, new.flow.clone(), Limits::DEFAULT);
        let plan = play.execution.retry_plan(RetryMode::FromFailed, &new);
        !plan.run.iter().any(|id| id.as_str() == "ok")
    };

    assert!(reuses(&["rejected"]));
    assert!(!reuses(&["any"]));
    assert!(!reuses(&["approved"]));
}
