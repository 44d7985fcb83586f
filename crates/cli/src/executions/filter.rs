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

/// Returns the filter that retries many executions.
pub(super) async fn of_retry(
    server: &Server,
    conditions: &[Condition],
) -> anyhow::Result<Map<String, Value>> {
    let mut rest = Vec::new();
    for condition in conditions {
        let is_failed = condition.name == "status" && condition.value == "failed";
        if condition.retries() {
            rest.push(condition.clone());
        } else if !is_failed {
            let (name, value) = (condition.name, &condition.value);
            bail!(
                "`--filter {name}={value}` cannot be used here: only failed executions are retried, by flow, error class, node, time, text or fingerprint."
            );
        }
    }
    let parameters = parameters(server, &rest).await?;
    Ok(parameters.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect())
}
