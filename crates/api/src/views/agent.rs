//! Agents as answers show them: no secret leaves.

use serde::Serialize;
use serde_json::{Value, json};
use steadflow_core::agent::Agent;
use steadflow_core::budget::Day;
use steadflow_core::ids::AgentId;
use steadflow_runtime::DayUse;
use steadflow_store::{AgentRecord, AgentUse, AgentVersionRecord, StoreError};
use utoipa::ToSchema;

use super::entry::{DamagedVersionView, Entry};
use super::wire::Time;
use crate::documents;
use crate::documents::AgentSource;
use crate::reply::etag;

/// What a version of an agent says.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AgentContent)]
pub(crate) struct AgentContentView {
    name: String,
    #[schema(value_type = documents::AgentType)]
    agent_type: &'static str,
    description: String,
    /// Where its skills are defined: `internal` for here, `external` for an MCP server.
    #[schema(value_type = AgentSource)]
    source: &'static str,
    /// The names of its skills.
    skills: Vec<String>,
    /// Its skills, whole.
    #[schema(value_type = Vec<documents::Skill>)]
    skill_definitions: Vec<Value>,
    category: Option<String>,
    tags: Vec<String>,
    /// Whether it is offered to people who choose an agent. Flows that use it run anyway.
    is_available: bool,
    /// Whether it is shown first.
    is_featured: bool,
    /// The address of a picture of it.
    icon_url: Option<String>,
    /// Whose agent it is.
    department: Option<String>,
    /// How to reach it; secrets are masked.
    #[schema(value_type = documents::AgentConfig)]
    config: Value,
    /// What the tokens of its model cost.
    #[schema(value_type = Option<documents::Prices>)]
    prices: Value,
    /// How much all executions together may ask of it. That of the current version counts.
    #[schema(value_type = Option<documents::Protection>)]
    protection: Value,
    /// What its models may use in a day of UTC. That of the current version counts.
    #[schema(value_type = Option<documents::DayBudget>)]
    budget: Value,
}

impl AgentContentView {
    fn new(agent: Agent, document: &Value) -> Self {
        let definitions = document["skills"].as_array().map(Vec::as_slice).unwrap_or_default();
        Self {
            agent_type: agent.agent_type(),
            source: AgentSource::of(&agent).name(),
            skills: agent.skills.iter().map(|skill| skill.name.clone()).collect(),
            skill_definitions: definitions.iter().map(definition_of).collect(),
            config: agent.public_config(),
            prices: document.get("prices").cloned().unwrap_or_default(),
            protection: document.get("protection").cloned().unwrap_or_default(),
            budget: document.get("budget").cloned().unwrap_or_default(),
            name: agent.name,
            description: agent.description,
            category: agent.category,
            tags: agent.tags,
            is_available: agent.listing.is_available,
            is_featured: agent.listing.is_featured,
            icon_url: agent.listing.icon_url,
            department: agent.listing.department,
        }
    }
}

/// An agent.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Agent)]
pub(crate) struct AgentView {
    #[schema(value_type = Uuid)]
    id: AgentId,
    /// The number of its current version.
    version: u32,
    #[serde(flatten)]
    content: AgentContentView,
    /// Attempts of executions that have ended which called it.
    usage_count: u64,
    /// When the last of them began.
    last_used_at: Option<Time>,
    /// What is used of its budget today; `null` if it has none.
    budget_today: Option<DayUseView>,
    created_at: Time,
    updated_at: Time,
    /// Its entity tag, as in the header `ETag`: send it as `If-Match` with a change.
    etag: String,
}

impl AgentView {
    pub(crate) fn new(record: &AgentRecord, uses: &AgentUses) -> Result<Self, StoreError> {
        let used = uses.calls.iter().find(|used| used.agent == record.id);
        let budget = uses.budgets.iter().find(|used| used.agent == record.id);
        let agent = record.agent()?;
        Ok(Self {
            id: record.id,
            version: record.version,
            budget_today: DayUseView::new(&agent, uses.today, budget),
            content: AgentContentView::new(agent, &record.read_document()?),
            usage_count: used.map_or(0, |used| used.calls),
            last_used_at: used.map(|used| used.last_used_at.into()),
            created_at: record.created_at.into(),
            updated_at: record.updated_at.into(),
            etag: etag(record.revision()),
        })
    }
}

/// What is used of the budget of an agent today. Each number is 0 where the budget does not limit it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AgentDayUse)]
pub(crate) struct DayUseView {
    /// Tokens that calls used which have ended.
    tokens: u64,
    /// What these cost.
    cost: f64,
    /// Tokens that calls in progress may use.
    reserved_tokens: u64,
    /// What these cost at most.
    reserved_cost: f64,
    /// The currency of the costs, as in ISO 4217; `null` if the prices name none.
    currency: Option<String>,
    /// When the day ends, and nothing of the budget is used again.
    renews_at: Time,
}

impl DayUseView {
    fn new(agent: &Agent, day: Day, used: Option<&DayUse>) -> Option<Self> {
        let budget = agent.budget?;
        let (used, reserved) = used.map(|used| (used.used, used.reserved)).unwrap_or_default();
        Some(Self {
            tokens: used.tokens,
            cost: used.cost,
            reserved_tokens: reserved.tokens,
            reserved_cost: reserved.cost,
            currency: budget.currency.map(String::from),
            renews_at: day.end().into(),
        })
    }
}

/// What agents were asked for, and used.
#[derive(Debug)]
pub(crate) struct AgentUses {
    pub(crate) calls: Vec<AgentUse>,
    pub(crate) today: Day,
    pub(crate) budgets: Vec<DayUse>,
}

/// An agent in a list.
pub(crate) type AgentEntry = Entry<AgentView>;

/// A version of an agent in a list.
pub(crate) type AgentVersionEntry = Entry<AgentVersionView, DamagedVersionView>;

/// One version of an agent.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AgentVersion)]
pub(crate) struct AgentVersionView {
    version: u32,
    created_at: Time,
    /// Whether it is the one that new executions use.
    is_current: bool,
    #[serde(flatten)]
    content: AgentContentView,
}

impl AgentVersionView {
    pub(crate) fn new(version: &AgentVersionRecord, current: u32) -> Result<Self, StoreError> {
        Ok(Self {
            version: version.version,
            created_at: version.created_at.into(),
            is_current: version.version == current,
            content: AgentContentView::new(version.agent()?, &version.read_document()?),
        })
    }
}

/// The skill as its document gives it; a plain name becomes an object.
fn definition_of(skill: &Value) -> Value {
    skill.as_str().map_or_else(|| skill.clone(), |name| json!({ "name": name }))
}
