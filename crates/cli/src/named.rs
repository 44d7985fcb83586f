//! Flows and agents that are named on the command line: by their id, or by a name that only one has.

use anyhow::bail;
use uuid::Uuid;

use crate::client::Server;
use crate::files::Kind;
use crate::value_address::segment;

/// Returns the id of what is named by its id or its name.
pub(crate) async fn id_of(server: &Server, kind: Kind, given: &str) -> anyhow::Result<Uuid> {
    if let Ok(id) = given.parse() {
        return Ok(id);
    }
    let name = kind.name();
    let search = match kind {
        Kind::Flow => format!("&q={}", segment(given)),
        Kind::Agent => String::new(),
    };
    let found = server.all(&format!("{}?limit=1000{search}", kind.path())).await?;
    let ids: Vec<&str> = found
        .iter()
        .filter(|shown| shown["name"] == *given)
        .filter_map(|shown| shown["id"].as_str())
        .collect();
    match ids[..] {
        [id] => Ok(id.parse()?),
        [] => bail!(
            "The server has no {name} with the ID or the name `{given}`. `steadflow {name}s list` shows those that there are."
        ),
        _ => bail!(
            "The server has {} {name}s with the name `{given}`. Give the ID of one: {}.",
            ids.len(),
            ids.join(", ")
        ),
    }
}
