//! What a question to a model may use at most: what a budget reserves for it.

use super::{Agent, Backend, Prices, Skill, Tool, ToolAction};
use crate::budget::{Amount, Budget};
use crate::failure::{ErrorClass, Failure};
use crate::file;
use crate::flow::{Fault, Flow, Node};
use crate::ids::AgentId;
use crate::payload::Payload;
use crate::usage::Currency;

/// What servers and their protocols add to a question: roles, separators, and what introduces tools.
const ADDED_BYTES: usize = 1_024;

/// What is added for each tool.
const ADDED_TOOL_BYTES: usize = 128;

impl Agent {
    /// Returns how many bytes a question for `skill` has at most, without what was said before. `asked` gives the agents that
    /// tools ask. A text has no more tokens than bytes; each file counts as the bytes of a text with its tokens, about.
    pub fn question_bytes<'a>(
        &self,
        skill: &Skill,
        input: &Payload,
        asked: impl Fn(AgentId) -> Option<&'a Self>,
    ) -> usize {
        let (input, of_files) = file::weighed(input);
        let instructions = skill.instructions.as_ref().and_then(|instructions| {
            // What cannot be rendered is not sent.
            instructions.render(&input.to_value().ok()?).ok()
        });
        // It is in the prompt, and a parameter.
        let schema = 2 * skill.output_schema.as_ref().map_or(0, |schema| schema.to_string().len());
        let extra = match &self.backend {
            Backend::Llm(config) if !config.extra_body.is_empty() => {
                serde_json::to_string(&config.extra_body).map_or(0, |extra| extra.len())
            }
            Backend::Llm(_) | Backend::Http(_) | Backend::Mcp(_) => 0,
        };
        let tools: usize = skill.tools.iter().map(|tool| tool_bytes(tool, &asked)).sum();
        ADDED_BYTES
            + instructions.map_or(0, |text| text.len())
            + input.len()
            + of_files
            + schema
            + extra
            + tools
    }

    /// Returns the most that a model uses of a budget for a question of so many bytes and an answer of so many tokens.
    ///
    /// # Errors
    /// A failure of class `configuration` that says what is not known of it.
    pub(crate) fn most_of(
        &self,
        skill: &Skill,
        model: usize,
        (question, answer): (usize, Option<u64>),
        budget: &Budget,
    ) -> Result<Amount, Failure> {
        let answer = answer.ok_or_else(|| {
            let key =
                if skill.tools.is_empty() { "`max_tokens`" } else { "`max_tokens` or `max_answer_tokens`" };
            Failure::new(
                ErrorClass::Configuration,
                format!(
                    "A budget has to know how many tokens an answer may have. Set {key} of the skill `{}` of \
                     the agent {}",
                    skill.name, self.name
                ),
            )
        })?;
        let question = u64::try_from(question).unwrap_or(u64::MAX);
        let cost = match budget.max_cost {
            None => 0.0,
            Some(_) => self.prices_in(budget.currency, model)?.cost_at_most(question, answer),
        };
        Ok(Amount { tokens: question.saturating_add(answer), cost })
    }

    /// Returns the prices of a model, which have to be in the currency of the budget.
    fn prices_in(&self, currency: Option<Currency>, model: usize) -> Result<Prices, Failure> {
        let known = self.model(model);
        let name = known.map_or("", |(config, _)| config.model.as_str());
        let wrong = |what: String| {
            let message = format!("The budget is {what}");
            Err(Failure::new(ErrorClass::Configuration, message))
        };
        let Some(prices) = known.and_then(|(_, prices)| prices) else {
            return wrong(format!(
                "a cost, and the model `{name}` of the agent {} has no prices. Set `prices` there, 0 if it costs nothing",
                self.name
            ));
        };
        if prices.currency == currency {
            return Ok(prices);
        }
        let named = |currency: Option<Currency>| {
            currency.map_or_else(|| "no currency".to_owned(), |currency| currency.to_string())
        };
        wrong(format!(
            "in {}, and the prices of the model `{name}` of the agent {} are in {}. Set the same `currency` in both",
            named(currency),
            self.name,
            named(prices.currency)
        ))
    }
}

impl Skill {
    /// Returns how many tokens one answer has at most; `None` where nothing limits that.
    pub(crate) fn answer_tokens_max(&self) -> Option<u64> {
        match &self.rules {
            Some(rules) => rules.answer_tokens(),
            None => self.max_tokens.map(u64::from),
        }
    }
}

/// Returns a fault for each node of `flow` whose agent can never be asked within the budget of an execution. `agent_of` gives
/// the agents that are known.
pub fn beyond_budget<'a>(flow: &Flow, agent_of: impl Fn(AgentId) -> Option<&'a Agent>) -> Vec<Fault> {
    let Some(budget) = flow.settings.budget else { return Vec::new() };
    let why = |node: &Node| {
        let (agent, skill) = node.kind.room().skill()?;
        let agent = agent_of(agent).filter(|agent| matches!(agent.backend, Backend::Llm(_)))?;
        let skill = agent.skill(skill)?;
        let question = agent.question_bytes(skill, &Payload::null(), &agent_of);
        match agent.most_of(skill, 0, (question, skill.answer_tokens_max()), &budget) {
            Err(failure) => Some(failure.message),
            Ok(most) => budget.shortage(Amount::default(), most).map(|shortage| {
                format!(
                    "One question to {} and its answer may use {} or more, and the budget is {}",
                    agent.name, shortage.wanted, shortage.budget
                )
            }),
        }
    };
    let nodes = flow.graph.all_nodes("/flow_definition").into_iter();
    let faults = nodes.filter_map(|(pointer, node)| {
        let pointer = format!("{pointer}/{}", node.kind.room().skill_key());
        Some(Fault {
            pointer,
            message: format!("the budget of the flow lets this node fail: {}", why(node)?),
        })
    });
    faults.collect()
}

fn tool_bytes<'a>(tool: &Tool, asked: &impl Fn(AgentId) -> Option<&'a Agent>) -> usize {
    let (schema, description) = match &tool.action {
        // What the flow says of itself is counted by who knows it.
        ToolAction::HttpRequest { input_schema, .. } | ToolAction::Flow { input_schema, .. } => {
            (input_schema.as_ref().map_or(0, |schema| schema.to_string().len()), 0)
        }
        ToolAction::Skill { agent_id, skill } => {
            let skill = asked(*agent_id).and_then(|agent| agent.skill(skill));
            let schema = skill.and_then(|skill| skill.input_schema.as_ref());
            let description = skill.map_or(0, |skill| skill.description.len());
            (schema.map_or(0, |schema| schema.to_string().len()), description)
        }
    };
    ADDED_TOOL_BYTES + tool.name.len() + tool.description.len().max(description) + schema
}

impl Prices {
    /// Returns what so many tokens cost at most, sent and answered.
    #[expect(clippy::cast_precision_loss, reason = "token counts are far below 2^52")]
    pub(crate) fn cost_at_most(self, sent: u64, answered: u64) -> f64 {
        let of_cache = [self.cached_input_per_million, self.cache_write_per_million];
        let input = of_cache.into_iter().flatten().fold(self.input_per_million, f64::max);
        (sent as f64 * input + answered as f64 * self.output_per_million) / 1_000_000.0
    }
}
