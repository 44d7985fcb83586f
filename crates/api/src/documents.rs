//! Documents that people write: taken as any JSON, since the core says what is wrong with them place by place, and
//! described by the schemas beside this file.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;
use utoipa::{PartialSchema, ToSchema};

/// A flow document, as someone wrote it.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub(crate) struct FlowInput(pub(crate) Value);

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

/// The graph of a flow.
#[derive(Debug)]
pub(crate) enum FlowDefinition {}

macro_rules! described {
    ($($name:ident in $file:literal;)*) => {
        /// The names of their schemas.
        pub(crate) const NAMES: &[&str] = &[$(stringify!($name)),*];

        $(
        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                let text = include_str!(concat!("documents/", $file));
                serde_json::from_str(text).expect("the schema beside this file is one")
            }
        }

        impl ToSchema for $name {
            fn name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
                let definition = (stringify!(FlowDefinition).to_owned(), FlowDefinition::schema());
                if stringify!($name) != "FlowDefinition" {
                    schemas.push(definition);
                }
            }
        }
    )*};
}

described! {
    FlowInput in "flow_input.json";
    FlowPatch in "flow_patch.json";
    AgentInput in "agent_input.json";
    AgentPatch in "agent_patch.json";
    FlowDefinition in "flow_definition.json";
}
