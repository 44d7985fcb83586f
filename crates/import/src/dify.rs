//! Workflows and chatflows of Dify.
//!
//! A node of Dify reads the outputs of others by their ids, `{{#1711.text#}}` or a selector, as a node does here. What differs is what
//! they are called, and that the answer of an HTTP request is text there.

mod conditions;
mod models;
mod nodes;
mod read;
mod requests;
mod values;
mod walk;

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::data::Data;
use crate::error::ImportError;
use crate::graph::{Draft, Ids};
use crate::read::{list, text};
use crate::report::{About, Report};
use read::App;
use walk::Walk;

/// Makes a draft of the app in `file`.
pub(crate) fn drafts(file: &Value, name: &str, report: &mut Report) -> Result<Vec<Draft>, ImportError> {
    let app = file.get("app").unwrap_or(&Value::Null);
    let mode = text(app, "mode").unwrap_or("workflow");
    if !matches!(mode, "workflow" | "advanced-chat") {
        let message = format!(
            "an app of the mode `{mode}` has no nodes; those of `workflow` and `advanced-chat` are imported"
        );
        return Err(ImportError::shape("/app/mode", message));
    }
    let is_chat = mode == "advanced-chat";
    let mut ids = Ids::default();
    let workflow = file.get("workflow").unwrap_or(file);
    let pointer = if file.get("workflow").is_some() { "/workflow" } else { "" };
    let read = App::read(workflow, pointer, &mut ids, report)?;
    let mut draft = Draft {
        name: text(app, "name").filter(|name| !name.trim().is_empty()).unwrap_or(name).to_owned(),
        description: text(app, "description").unwrap_or_default().to_owned(),
        ..Draft::default()
    };
    if is_chat {
        draft.settings.insert("context_id_template".to_owned(), json!("${execution.id}"));
        draft.settings.insert("context_type_default".to_owned(), json!("conversation"));
    }
    for note in &read.notes {
        draft.description.push_str(&format!("\n\n{note}"));
    }
    let (data, secrets) = outside(workflow, pointer, is_chat, report);
    features(workflow, pointer, report);
    let mut walk = Walk { app: &read, ids: &mut ids, report, draft: &mut draft, data, secrets, is_chat };
    let graph = walk.flow()?;
    draft.graph = graph;
    Ok(vec![draft])
}

/// Returns what `sys`, `env` and `conversation` have, and which variables of the environment are secrets.
fn outside(
    workflow: &Value,
    pointer: &str,
    is_chat: bool,
    report: &mut Report,
) -> (BTreeMap<String, std::rc::Rc<Data>>, BTreeMap<String, String>) {
    let mut secrets = BTreeMap::new();
    let mut variables = Vec::new();
    for (at, variable) in list(workflow, "environment_variables").iter().enumerate() {
        let Some(name) = text(variable, "name") else { continue };
        if text(variable, "value_type") == Some("secret") {
            let secret = crate::text::secret(name);
            report.secret(
                &secret,
                &format!("{pointer}/environment_variables/{at}"),
                &format!("the environment variable `{name}`"),
            );
            secrets.insert(name.to_owned(), secret);
            variables.push((name, Data::unknown("it is a secret, which only requests can use")));
        } else {
            let value = variable.get("value").cloned().unwrap_or(Value::Null);
            variables.push((name, std::rc::Rc::new(Data::Constant(value))));
        }
    }
    let mut system = vec![("workflow_run_id", Data::expression("execution.id"))];
    if is_chat {
        system.push(("query", Data::expression("trigger_data.message")));
        system.push(("conversation_id", Data::expression("context.id")));
    }
    if !list(workflow, "conversation_variables").is_empty() {
        let about = About::new(format!("{pointer}/conversation_variables"), "");
        let by_hand = "Keep what is remembered in your own service, or in the session of an agent.";
        report.listed(
            &about,
            "",
            "conversation variables",
            "variables that are kept between the messages of a conversation",
            by_hand,
        );
    }
    let data = BTreeMap::from([
        ("env".to_owned(), Data::object(variables)),
        ("sys".to_owned(), Data::object(system)),
        ("conversation".to_owned(), Data::unknown("there are no variables of a conversation here")),
    ]);
    (data, secrets)
}

fn features(workflow: &Value, pointer: &str, report: &mut Report) {
    let features = [
        ("file_upload", "people can send files"),
        ("retriever_resource", ""),
        ("speech_to_text", "people can speak"),
        ("text_to_speech", "answers are spoken"),
        ("sensitive_word_avoidance", "words are checked"),
    ];
    for (key, what) in features {
        let is_on = workflow.pointer(&format!("/features/{key}/enabled")) == Some(&json!(true));
        if is_on && !what.is_empty() {
            let about = About::new(format!("{pointer}/features/{key}"), "");
            report.listed(&about, "", "feature", what, "Leave it out, or do it in what calls the flow.");
        }
    }
}
