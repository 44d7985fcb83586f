//! Workflows of n8n.
//!
//! Each trigger of a workflow starts it by itself there, so it becomes a flow of its own, with the nodes that it leads to. A node of n8n
//! runs once for each item that it is given; here it runs once. Where a workflow splits a list and goes on for each entry, that is a
//! `map`; everywhere else, one item is what is translated, and a template that would need another one fails by name.

mod at;
mod code;
mod conditions;
mod expression;
mod fields;
mod http;
mod loops;
mod models;
mod nodes;
mod triggers;
mod walk;
mod workflow;

use std::collections::BTreeSet;

use serde_json::Value;

use crate::error::ImportError;
use crate::graph::{Draft, Ids};
use crate::read::{list, text};
use crate::report::{About, Report};
use walk::Walk;
use workflow::Workflow;

/// Makes a draft for each way in which the workflows of `file` start.
pub(crate) fn drafts(file: &Value, name: &str, report: &mut Report) -> Result<Vec<Draft>, ImportError> {
    let mut drafts = Vec::new();
    let mut ids = Ids::default();
    match file.as_array() {
        Some(files) => {
            for (at, file) in files.iter().enumerate() {
                let workflow = Workflow::read(file, &format!("/{at}"), name, &mut ids, report)?;
                flows(&workflow, &mut ids, &mut drafts, report)?;
            }
        }
        None => {
            let workflow = Workflow::read(file, "", name, &mut ids, report)?;
            flows(&workflow, &mut ids, &mut drafts, report)?;
        }
    }
    Ok(drafts)
}

fn flows(
    workflow: &Workflow<'_>,
    ids: &mut Ids,
    drafts: &mut Vec<Draft>,
    report: &mut Report,
) -> Result<(), ImportError> {
    let starts = starts(workflow, report);
    if starts.is_empty() {
        return Err(ImportError::shape("/nodes", "the workflow has no node that could start it"));
    }
    let leads = workflow.leads();
    let is_live = leads.reached(starts.iter().flatten().copied());
    for (at, node) in workflow.nodes.iter().enumerate() {
        let is_alone = !is_live[at] && !workflow.is_helper(at);
        if is_alone && !node.is_trigger() {
            report.note(
                &node.about,
                "",
                "unreachable",
                "no trigger leads to it, so n8n never runs it; it was left out",
            );
        }
    }
    let what = "n8n runs a node once for each item that it is given; here it runs once. Where a request or code returns a list, put what \
                follows into a `map`";
    report.note(&About::new("", ""), "", "items", what);
    let are_several = starts.len() > 1;
    for starts in starts {
        let mut draft = Draft { name: workflow.name.clone(), ..Draft::default() };
        if are_several && let [start] = starts.as_slice() {
            draft.name = format!("{} ({})", workflow.name, workflow.nodes[*start].name);
        }
        settings(workflow, &mut draft, report);
        let members: BTreeSet<usize> =
            (0..workflow.nodes.len()).filter(|at| leads.reached(starts.iter().copied())[*at]).collect();
        let mut walk = Walk { workflow, ids, report, draft: &mut draft };
        let graph = walk.flow(&starts, members);
        draft.graph = graph;
        drafts.push(draft);
    }
    Ok(())
}

/// Returns the nodes that start the workflow: each trigger alone, or, in a fragment without triggers, those that nothing leads to.
fn starts(workflow: &Workflow<'_>, report: &mut Report) -> Vec<Vec<usize>> {
    let nodes = || workflow.nodes.iter().enumerate().filter(|(at, _)| !workflow.is_helper(*at));
    let leads = workflow.leads();
    let mut triggers = Vec::new();
    for (at, node) in nodes().filter(|(_, node)| node.is_trigger()) {
        if node.is_disabled() {
            report.note(&node.about, "", "disabled", "this trigger is disabled; it was left out");
            continue;
        }
        let is_manual = matches!(node.short(), "manualTrigger" | "start");
        let has_same = |other: usize| other != at && leads.0[other] == leads.0[at];
        let mut others = nodes().filter(|(_, node)| node.is_trigger() && !node.is_disabled());
        if is_manual
            && (leads.0[at].is_empty() || others.any(|(other, _)| has_same(other)))
            && nodes().any(|(other, node)| other != at && node.is_trigger() && !node.is_disabled())
        {
            report.note(
                &node.about,
                "",
                "trigger",
                "every flow can be started by hand; this trigger was left out",
            );
            continue;
        }
        triggers.push(vec![at]);
    }
    if !triggers.is_empty() {
        return triggers;
    }
    let first: Vec<usize> = nodes()
        .filter(|(at, node)| !node.is_disabled() && !node.is_trigger() && workflow.into(*at).next().is_none())
        .map(|(at, _)| at)
        .collect();
    if first.is_empty() { Vec::new() } else { vec![first] }
}

fn settings(workflow: &Workflow<'_>, draft: &mut Draft, report: &mut Report) {
    draft.description = text(workflow.value, "description").unwrap_or_default().to_owned();
    for note in &workflow.notes {
        if !draft.description.is_empty() {
            draft.description.push_str("\n\n");
        }
        draft.description.push_str(note);
    }
    let tags = list(workflow.value, "tags").iter().filter_map(|tag| text(tag, "name").or(tag.as_str()));
    draft.tags = tags.map(str::to_owned).collect();
    let Some(settings) = workflow.value.get("settings") else { return };
    if let Some(Value::Number(seconds)) = settings.get("executionTimeout")
        && seconds.as_f64().is_some_and(|seconds| seconds > 0.0)
    {
        draft.settings.insert("timeout_seconds".to_owned(), Value::Number(seconds.clone()));
    }
    if text(settings, "errorWorkflow").is_some() {
        let about = About::new("/settings/errorWorkflow", "");
        let by_hand = "Add an alert for failed executions, or error edges to nodes that handle failures.";
        report.listed(&about, "", "error workflow", "another workflow runs when this one fails", by_hand);
    }
}
