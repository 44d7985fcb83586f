//! What a flow names that is not there. It may be registered before the flow runs, so none of it is a fault.

use std::collections::{BTreeMap, BTreeSet};

use steadflow_core::agent::{Agent, beyond_budget, impossible_sessions, missing_skills};
use steadflow_core::flow::{Fault, Faults, Flow};
use steadflow_core::ids::{AgentId, TenantId};
use steadflow_core::template::Template;
use steadflow_store::{AgentRecord, Damaged, Listed};

use crate::engine::{AgentParts, Engine};
use crate::error::RuntimeError;

impl Engine {
    /// Returns what is probably not meant in a flow: what [`Flow::warnings`] says, and the secrets, agents and skills that
    /// it names and that this tenant does not have, flows that tools of its agents run and that are not there, mail that no server
    /// takes, sessions of agents that are no language models, and agents whose local commands are not listed, or that its budget
    /// does not allow to ask. Each has a JSON pointer into the document.
    ///
    /// # Errors
    /// What the store says.
    pub async fn flow_warnings(&self, tenant: TenantId, flow: &Flow) -> Result<Vec<Fault>, RuntimeError> {
        let mut warnings = Faults::default();
        warnings.extend(flow.warnings());
        let is_missing = |name: &str| !self.has_secret(tenant, name);
        warnings.extend(missing_secrets(flow, is_missing));
        warnings.extend(missing_secrets_of_webhook(flow, is_missing));
        if !self.sends_mail() {
            warnings.extend(unsent_mail(flow));
        }
        let wanted = flow.graph.agents.clone();
        if wanted.is_empty() {
            return Ok(warnings.into_all());
        }
        let (mut known, mut damaged) = (BTreeSet::new(), BTreeMap::new());
        let (mut skills, mut secrets, mut commands) = (Vec::new(), Vec::new(), Vec::new());
        let (mut unaffordable, mut flows) = (Vec::new(), Vec::new());
        let mut parts = AgentParts { tenant, wanted };
        while let Some(records) = parts.next(self).await? {
            let agents = agents_in(records, &mut damaged);
            known.extend(agents.keys().copied());
            skills.extend(missing_skills(flow, |id| agents.get(&id)));
            skills.extend(impossible_sessions(flow, |id| agents.get(&id)));
            unaffordable.extend(beyond_budget(flow, |id| agents.get(&id)));
            secrets.extend(missing_secrets_of_agents(flow, &agents, is_missing));
            flows.extend(self.missing_flows(tenant, flow, &agents).await?);
            commands.extend(unlisted_commands(flow, &agents, |agent| self.unlisted_command(agent)));
        }
        warnings.extend(missing_agents(flow, &known, &damaged));
        warnings.extend(skills);
        warnings.extend(unaffordable);
        warnings.extend(secrets);
        warnings.extend(flows);
        warnings.extend(commands);
        Ok(warnings.into_all())
    }
}

/// Returns what records mean, and adds those that cannot be read to `damaged`.
fn agents_in(
    records: Vec<Listed<AgentRecord>>,
    damaged: &mut BTreeMap<AgentId, String>,
) -> BTreeMap<AgentId, Agent> {
    let mut agents = BTreeMap::new();
    for record in records {
        let read = record.and_then(|record| {
            let of = |error| Damaged::of(record.id.uuid(), &error);
            record.agent().map(|agent| (record.id, agent)).map_err(of)
        });
        match read {
            Ok((id, agent)) => drop(agents.insert(id, agent)),
            Err(Damaged { id, reason }) => drop(damaged.insert(AgentId::new(id), reason)),
        }
    }
    agents
}

fn missing_agents(flow: &Flow, known: &BTreeSet<AgentId>, damaged: &BTreeMap<AgentId, String>) -> Vec<Fault> {
    let nodes = flow.graph.all_nodes("/flow_definition").into_iter();
    let missing = nodes.filter_map(|(pointer, node)| {
        let (agent, _) = node.kind.room().skill()?;
        (!known.contains(&agent)).then(|| Fault {
            pointer: format!("{pointer}/agent_id"),
            message: match damaged.get(&agent) {
                Some(reason) => format!("the agent {agent} cannot be read, so the node fails: {reason}"),
                None => {
                    format!("there is no agent {agent}, so the node fails unless it is registered before")
                }
            },
        })
    });
    missing.collect()
}

fn missing_secrets(flow: &Flow, is_missing: impl Fn(&str) -> bool) -> Vec<Fault> {
    let mut missing = Vec::new();
    for (of_node, node) in flow.graph.all_nodes("/flow_definition") {
        let named = node.kind.room().input().into_iter().flat_map(Template::secrets);
        missing.extend(named.filter(|(_, name)| is_missing(name)).map(|(pointer, name)| Fault {
            pointer: format!("{of_node}/input{pointer}"),
            message: format!("there is no secret `{name}`, so the node fails unless it is added before"),
        }));
    }
    missing
}

fn unsent_mail(flow: &Flow) -> Vec<Fault> {
    let nodes = flow.graph.all_nodes("/flow_definition").into_iter();
    let senders = nodes.filter(|(_, node)| node.kind.room().sends_mail());
    let warning = |(pointer, _)| Fault {
        pointer,
        message: "this server sends no mail, so the node fails unless the operator sets `smtp_url` before"
            .to_owned(),
    };
    senders.map(warning).collect()
}

fn missing_secrets_of_webhook(flow: &Flow, is_missing: impl Fn(&str) -> bool) -> Option<Fault> {
    let (at, _, webhook) = flow.webhook()?;
    let missing: Vec<&str> =
        webhook.secrets.iter().map(|name| &**name).filter(|name| is_missing(name)).collect();
    let refused = if missing.len() == webhook.secrets.len() {
        "no call is accepted"
    } else {
        "calls with it are refused"
    };
    let name = missing.first()?;
    Some(Fault {
        pointer: format!("/flow_definition/nodes/{at}/webhook/secret"),
        message: format!("there is no secret `{name}`, so {refused} unless it is added"),
    })
}

fn missing_secrets_of_agents(
    flow: &Flow,
    known: &BTreeMap<AgentId, Agent>,
    is_missing: impl Fn(&str) -> bool,
) -> Vec<Fault> {
    let mut missing = Vec::new();
    for (pointer, node) in flow.graph.all_nodes("/flow_definition") {
        let agent = node.kind.room().skill().and_then(|(agent, _)| known.get(&agent));
        let names = agent.map(Agent::secret_names).unwrap_or_default();
        missing.extend(names.iter().filter(|name| is_missing(name)).map(|name| Fault {
            pointer: format!("{pointer}/agent_id"),
            message: format!("the agent uses the secret `{name}`, which does not exist, so the node fails unless it is added before"),
        }));
    }
    missing
}

fn unlisted_commands(
    flow: &Flow,
    known: &BTreeMap<AgentId, Agent>,
    unlisted: impl Fn(&Agent) -> Option<Fault>,
) -> Vec<Fault> {
    let nodes = flow.graph.all_nodes("/flow_definition").into_iter();
    let unlisted = nodes.filter_map(|(pointer, node)| {
        let (agent, _) = node.kind.room().skill()?;
        let Fault { message, .. } = unlisted(known.get(&agent)?)?;
        let pointer = format!("{pointer}/agent_id");
        Some(Fault { pointer, message: format!("the agent cannot be called: {message}") })
    });
    unlisted.collect()
}
