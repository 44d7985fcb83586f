//! Documents that people write: taken as any JSON, since the core says what is wrong with them place by place. Their
//! schemas come from the core, too, which describes what it reads.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value, json};
use steadflow_core::agent::Agent;
use steadflow_core::flow::Flow;
use steadflow_core::folder::FOLDER_CHARS_MAX;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{Object, Schema};
use utoipa::{PartialSchema, ToSchema};

/// A flow document, as someone wrote it.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub(crate) struct FlowInput(pub(crate) Value);

/// A flow document that may have any faults.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub(crate) struct FlowDraft(pub(crate) Map<String, Value>);

/// Some keys of a flow document.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub(crate) struct FlowPatch(pub(crate) Map<String, Value>);

/// An agent document, as someone wrote it.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub(crate) struct AgentInput(pub(crate) Value);

/// Some keys of an agent document.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub(crate) struct AgentPatch(pub(crate) Map<String, Value>);

/// Some keys of an agent document, which may have any faults.
#[derive(Debug, Default, Deserialize)]
#[serde(transparent)]
pub(crate) struct AgentDraft(pub(crate) Map<String, Value>);

/// The graph of a flow.
#[derive(Debug)]
pub(crate) enum FlowDefinition {}

/// The graph of a flow, which may have any faults.
#[derive(Debug)]
pub(crate) enum DefinitionDraft {}

/// How to reach an agent.
#[derive(Debug)]
pub(crate) enum AgentConfig {}

/// What performs the skills of an agent.
#[derive(Debug)]
pub(crate) enum AgentType {}

/// Where the skills of an agent are defined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ToSchema)]
#[schema(rename_all = "snake_case")]
pub(crate) enum AgentSource {
    /// Here.
    Internal,
    /// By an MCP server.
    External,
}

impl AgentSource {
    /// Returns that of an agent.
    pub(crate) const fn of(agent: &Agent) -> Self {
        if agent.is_external() { Self::External } else { Self::Internal }
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Internal => "internal",
            Self::External => "external",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        [Self::Internal, Self::External].into_iter().find(|source| source.name() == name)
    }
}

/// Something that an agent can do.
#[derive(Debug)]
pub(crate) enum Skill {}

/// How much all executions together may ask of an agent.
#[derive(Debug)]
pub(crate) enum Protection {}

/// What the tokens of a model cost.
#[derive(Debug)]
pub(crate) enum Prices {}

/// What the models of an agent may use in a day of UTC.
#[derive(Debug)]
pub(crate) enum DayBudget {}

/// What all calls of models may use together.
#[derive(Debug)]
pub(crate) enum Budget {}

/// What of the data of executions is sensitive.
#[derive(Debug)]
pub(crate) enum SensitiveData {}

/// A node of a flow.
#[derive(Debug)]
pub(crate) enum Node {}

/// A JSON Schema.
#[derive(Debug)]
pub(crate) enum JsonSchema {}

/// Returns the schemas of documents and of their parts, by name.
pub(crate) fn schemas() -> BTreeMap<String, Value> {
    let mut schemas = Flow::schemas();
    schemas.extend(Agent::schemas());
    let open =
        |description| json!({ "description": description, "type": "object", "additionalProperties": true });
    schemas.insert(JsonSchema::name().into(), open("A JSON Schema (draft 2020-12)."));
    schemas
        .insert(FlowDraft::name().into(), open("What is to become a `FlowInput`; it may have any faults."));
    schemas.insert(
        DefinitionDraft::name().into(),
        open("What is to become a `FlowDefinition`; it may have any faults."),
    );
    schemas.insert(
        AgentDraft::name().into(),
        open("What is to become an `AgentPatch`; it may have any faults."),
    );
    for (name, schema) in &mut schemas {
        if [FlowInput::name(), FlowPatch::name()].contains(&name.as_str().into()) {
            // The status and the folder belong to the flow, not to its document.
            schema["properties"]["status"] = json!({
                "title": "Status",
                "description": "Whether the flow may be started.",
                "$ref": "#/components/schemas/FlowStatus",
            });
            schema["properties"]["folder"] = json!({
                "title": "Folder",
                "description": "Where the flow is, such as `billing/refunds`: 1 to 5 names of 1 to 60 characters. `null` is the top.",
                "type": ["string", "null"],
                "maxLength": FOLDER_CHARS_MAX,
            });
        }
    }
    schemas
}

/// Names the schemas that operations refer to. [`schemas`] has what they say.
macro_rules! named {
    ($($name:ident),*) => {$(
        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                Object::new().into()
            }
        }

        impl ToSchema for $name {
            fn name() -> Cow<'static, str> {
                stringify!($name).into()
            }
        }
    )*};
}

named!(FlowInput, FlowDraft, FlowPatch, FlowDefinition, DefinitionDraft, Node, JsonSchema);
named!(
    AgentInput,
    AgentPatch,
    AgentDraft,
    AgentConfig,
    AgentType,
    Budget,
    DayBudget,
    Prices,
    Protection,
    SensitiveData,
    Skill
);
