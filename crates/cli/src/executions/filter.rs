//! Conditions on executions, as the API takes them.

use anyhow::bail;
use serde_json::{Map, Value};

use crate::client::Server;
use crate::condition::Condition;
use crate::files::Kind;
use crate::named::id_of;

/// Returns the conditions as parameters of the API. A flow may be named by its name.
pub(super) async fn parameters(
    server: &Server,
    conditions: &[Condition],
) -> anyhow::Result<Vec<(&'static str, String)>> {
    let mut parameters: Vec<(&str, String)> = Vec::new();
    for Condition { name, parameter, value } in conditions {
        if parameters.iter().any(|(other, _)| other == parameter) {
            bail!("`--filter {name}=…` is given twice. Every condition has to fit, so give each once.");
        }
        let value = match *name {
            "flow" => id_of(server, Kind::Flow, value).await?.to_string(),
            _ => value.clone(),
        };
        parameters.push((*parameter, value));
    }
    Ok(parameters)
}

/// Returns the parameters as the filter of an operation on many executions: with a list of statuses.
pub(super) fn body(parameters: Vec<(&'static str, String)>) -> Value {
    let value = |name: &str, value: String| match name {
        "status" => value.split(',').map(Value::from).collect(),
        _ => Value::from(value),
    };
    let filter: Map<String, Value> =
        parameters.into_iter().map(|(name, text)| (name.to_owned(), value(name, text))).collect();
    filter.into()
}
