//! Flows and agents, changed by several people through several processes.

mod damaged;
mod pins;
mod warnings;

use std::time::Duration;

use serde_json::{Map, Value, json};
use steadflow_core::agent::Agent;
use steadflow_core::caller::Caller;
use steadflow_core::execution::ExecutionStatus;
use steadflow_core::flow::Fault;
use steadflow_core::ids::{AgentId, TenantId};
use steadflow_core::limits::Limits;
use steadflow_core::payload::Payload;
use steadflow_runtime::{AgentEdit, Allowed, DocumentEdit, EngineConfig, FlowEdit, RuntimeError};
use steadflow_store::{FlowStatus, Revision};
use uuid::Uuid;

use crate::support::{Bench, TENANT, echo, pass};

const ME: Caller = Caller::LOCAL;

fn keys(patch: Value) -> Map<String, Value> {
    patch.as_object().expect("a patch is an object").clone()
}

/// A change that may be made to this version of an active flow, or to anything.
fn patch(patch: Value, version: Option<u32>) -> FlowEdit {
    FlowEdit {
        document: DocumentEdit::Patch(keys(patch)),
        allowed: allowed(version, Some(FlowStatus::Active)),
        ..FlowEdit::default()
    }
}

fn allowed(version: Option<u32>, status: Option<FlowStatus>) -> Allowed {
    version.map_or(Allowed::Any, |version| Allowed::OneOf(vec![revision(version, status)]))
}

const fn revision(version: u32, status: Option<FlowStatus>) -> Revision {
    Revision { version, status }
}

#[tokio::test(start_paused = true)]
async fn changes_that_name_no_version_are_laid_over_each_other() {
    let bench = Bench::new().await;
    let other = bench.again().await;
    let flow = bench.flow(json!({}), json!([echo("a", json!(1))]), json!([])).await;

    let edits = (0..20).map(|number| {
        let engine = if number % 2 == 0 { &bench.engine } else { &other.engine };
        let key = ["description", "category"][number % 2];
        engine.edit_flow(&ME, flow, patch(json!({ key: format!("{number}") }), None))
    });
    let results = futures_util::future::join_all(edits).await;

    assert!(results.iter().all(Result::is_ok), "{results:?}");
    let record = bench.engine.store().flow(TENANT, flow).await.unwrap().unwrap();
    let document = record.document.to_value().unwrap();
    assert!(document["description"].as_str().unwrap().parse::<u32>().is_ok(), "{document}");
    assert!(document["category"].as_str().unwrap().parse::<u32>().is_ok(), "{document}");
    assert_eq!(record.version, 21);
}

#[tokio::test(start_paused = true)]
async fn change_that_was_made_to_another_version_is_refused() {
    let bench = Bench::new().await;
    let other = bench.again().await;
    let flow = bench.flow(json!({}), json!([echo("a", json!(1))]), json!([])).await;
    other.engine.current_flow(TENANT, flow).await.unwrap();
    bench.engine.edit_flow(&ME, flow, patch(json!({ "name": "mine" }), Some(1))).await.unwrap();

    let late = other.engine.edit_flow(&ME, flow, patch(json!({ "name": "theirs" }), Some(1))).await;
    let archived = FlowEdit { status: Some(FlowStatus::Archived), ..patch(json!({}), Some(1)) };
    let archived = other.engine.edit_flow(&ME, flow, archived).await;

    let current = revision(2, Some(FlowStatus::Active));
    assert!(matches!(late, Err(RuntimeError::VersionConflict(now)) if now == current), "{late:?}");
    assert!(matches!(archived, Err(RuntimeError::VersionConflict(now)) if now == current), "{archived:?}");
    let again = other.engine.edit_flow(&ME, flow, patch(json!({ "name": "theirs" }), Some(2))).await.unwrap();
    assert_eq!((again.record.version, again.record.name.as_str()), (3, "theirs"));
    assert_eq!(again.record.status, FlowStatus::Active);
}

#[tokio::test(start_paused = true)]
async fn a_flow_that_is_changed_while_it_is_deleted_is_not_deleted() {
    let bench = Bench::new().await;
    let other = bench.again().await;
    let flow = bench.flow(json!({}), json!([echo("a", json!(1))]), json!([])).await;

    let edit = other.engine.edit_flow(&ME, flow, patch(json!({ "name": "mine" }), None));
    let allowed = allowed(Some(1), Some(FlowStatus::Active));
    let delete = bench.engine.delete_flow(&ME, flow, &allowed);
    let (edited, deleted) = futures_util::future::join(edit, delete).await;

    let current = revision(2, Some(FlowStatus::Active));
    assert_eq!(edited.unwrap().record.version, 2);
    assert!(matches!(deleted, Err(RuntimeError::VersionConflict(now)) if now == current), "{deleted:?}");
}

#[tokio::test(start_paused = true)]
async fn the_name_of_a_flow_is_known_to_its_tenant_until_it_is_deleted() {
    let bench = Bench::new().await;
    let flow = bench.flow(json!({}), json!([echo("a", json!(1))]), json!([])).await;

    let known = bench.engine.flow_name(TENANT, flow).await;
    let of_others = bench.engine.flow_name(TenantId::new(Uuid::from_u128(9)), flow).await;
    bench.engine.delete_flow(&ME, flow, &Allowed::Any).await.unwrap();

    assert_eq!((known.as_deref(), of_others), (Some("test"), None));
    assert_eq!(bench.engine.flow_name(TENANT, flow).await, None);
}

#[tokio::test(start_paused = true)]
async fn flow_that_today_is_refused_goes_on_running_and_cannot_be_saved_again() {
    let bench = Bench::new().await;
    let flow = bench.flow(json!({}), json!([echo("a", json!(7)), echo("b", json!(8))]), json!([])).await;
    let limits = Limits { nodes_max: 1, ..Limits::DEFAULT };
    let strict = bench.again_with(EngineConfig { limits, ..EngineConfig::default() }).await;

    let execution = strict.start(flow).await;
    let archived = FlowEdit { status: Some(FlowStatus::Active), ..FlowEdit::default() };

    assert_eq!(strict.ended(execution).await.execution.status(), ExecutionStatus::Completed);
    strict.engine.edit_flow(&ME, flow, archived).await.unwrap();
    strict.engine.edit_flow(&ME, flow, patch(json!({}), None)).await.unwrap();
    let renamed = strict.engine.edit_flow(&ME, flow, patch(json!({ "name": "x" }), None)).await;
    assert!(matches!(renamed, Err(RuntimeError::FlowInvalid(_))), "{renamed:?}");
}

#[tokio::test(start_paused = true)]
async fn document_that_says_the_same_in_other_words_changes_nothing() {
    let bench = Bench::new().await;
    let flow = bench.flow(json!({}), json!([echo("a", json!(1))]), json!([])).await;

    let same = patch(json!({ "name": "test", "timeout_seconds": null, "tags": [] }), None);
    pass(Duration::from_secs(60)).await;
    let same = bench.engine.edit_flow(&ME, flow, same).await.unwrap();

    assert_eq!((same.record.version, same.record.updated_at), (1, same.record.created_at));
}

#[tokio::test(start_paused = true)]
async fn agents_are_changed_as_flows_are() {
    let bench = Bench::new().await;
    let id = AgentId::new(Uuid::from_u128(5));
    let document = json!({ "name": "Risk", "agent_type": "http", "skills": ["score"],
                           "config": { "endpoint": "https://risk.example.org", "api_key": "sk-1" } });
    bench.engine.put_agent(&ME, id, &document).await.unwrap();
    let edit = |patch: Value, version: Option<u32>| AgentEdit {
        document: DocumentEdit::Patch(keys(patch)),
        allowed: allowed(version, None),
    };

    let renamed = bench.engine.edit_agent(&ME, id, edit(json!({ "name": "R" }), Some(1))).await.unwrap();
    let late = bench.engine.edit_agent(&ME, id, edit(json!({ "name": "S" }), Some(1))).await;
    let faulty = bench.engine.edit_agent(&ME, id, edit(json!({ "skills": [] }), None)).await;

    assert_eq!((renamed.version, &renamed.document.to_value().unwrap()["config"]), (2, &document["config"]));
    assert!(matches!(late, Err(RuntimeError::VersionConflict(now)) if now == revision(2, None)), "{late:?}");
    assert!(matches!(faulty, Err(RuntimeError::AgentInvalid(_))), "{faulty:?}");
}

#[tokio::test(start_paused = true)]
async fn changes_of_an_agent_are_laid_over_each_other() {
    let bench = Bench::new().await;
    let other = bench.again().await;
    let id = AgentId::new(Uuid::from_u128(5));
    let document = json!({ "name": "Risk", "agent_type": "http", "skills": ["score"],
                           "config": { "endpoint": "https://risk.example.org" } });
    bench.engine.put_agent(&ME, id, &document).await.unwrap();
    let edit = |patch: Value| AgentEdit { document: DocumentEdit::Patch(keys(patch)), allowed: Allowed::Any };

    let renamed = bench.engine.edit_agent(&ME, id, edit(json!({ "name": "R" })));
    let described = other.engine.edit_agent(&ME, id, edit(json!({ "description": "D" })));
    let (renamed, described) = futures_util::future::join(renamed, described).await;

    assert_eq!((renamed.unwrap().version, described.as_ref().unwrap().version), (2, 3));
    let document = described.unwrap().document.to_value().unwrap();
    assert_eq!((&document["name"], &document["description"]), (&json!("R"), &json!("D")));
}

#[tokio::test(start_paused = true)]
async fn an_agent_is_checked_beyond_its_shape() {
    let check_agent = |_: &Agent| vec![Fault { pointer: "/skills".into(), message: "no such skill".into() }];
    let bench = Bench::configured(EngineConfig { check_agent, ..EngineConfig::default() }).await;
    let document = json!({ "name": "Risk", "agent_type": "http", "skills": ["score"],
                           "config": { "endpoint": "https://risk.example.org" } });

    let stored = bench.engine.put_agent(&ME, AgentId::new(Uuid::from_u128(5)), &document).await;

    assert!(matches!(stored, Err(RuntimeError::AgentInvalid(_))), "{stored:?}");
}

#[tokio::test(start_paused = true)]
async fn only_skills_that_there_are_can_be_tried() {
    let bench = Bench::new().await;
    let id = AgentId::new(Uuid::from_u128(5));
    let document = json!({ "name": "Risk", "agent_type": "http", "skills": ["score"],
                           "config": { "endpoint": "https://risk.example.org" } });
    bench.engine.put_agent(&ME, id, &document).await.unwrap();

    let known = bench.engine.skill_trial(&ME, id, "score", Payload::null()).await.unwrap();
    let unknown = bench.engine.skill_trial(&ME, id, "sing", Payload::null()).await;

    assert_eq!((known.version, &*known.skill), (1, "score"));
    assert_eq!(unknown.unwrap_err().to_string(), "the agent has no skill `sing`; it has score");
}
