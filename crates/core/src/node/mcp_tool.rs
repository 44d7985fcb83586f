//! `mcp_tool`: calls a tool of a registered MCP server.

use serde_json::json;

use super::keys::Input;
use super::{About, Agent, Context, NamedBy, Next, NodeKind, Resumed, Traits};
use crate::document::{Keys, Plain, key, text, uuid};
use crate::ids::AgentId;
use crate::template::Template;

/// The keys of an `mcp_tool` node. It does what an agent node does whose skill is the tool.
#[derive(Clone, Debug)]
pub struct McpTool(Agent);

impl McpTool {
    pub(super) const ABOUT: About = About {
        name: "mcp_tool",
        named_by: NamedBy::Action,
        aliases: &[],
        title: "MCP tool",
        description: "Calls a tool of a registered MCP server.",
        traits: Traits { takes_attempts: true, makes_calls: true, ..Traits::NONE },
        output: || json!({ "title": "Output", "description": "The structured content of the result, or its text." }),
        example: || {
            json!({
                "id": "search", "name": "Search issues", "type": "action", "action": "mcp_tool",
                "agent_id": "018f3a5e-0000-7000-8000-000000000001", "tool": "search_issues",
                "input": { "query": "${trigger_data.query}" },
            })
        },
    };

    pub(super) fn read(keys: &mut Keys<'_>) -> Option<Self> {
        let agent_id = keys.take(
            key("agent_id", "MCP server", uuid::<AgentId>())
                .needed("an mcp_tool node")
                .prompt("Choose an MCP server")
                .doc("A registered agent of type `mcp`."),
        );
        let tool = keys.take(
            key("tool", "Tool", text())
                .needed("an mcp_tool node")
                .prompt("Choose a tool")
                .doc("One of the tools that the agent has as skills."),
        );
        let input =
            keys.take(key("input", "Input", Input).default(Plain::Object).doc(
                "The arguments of the tool, as its input schema describes them. Strings can be templates.",
            ));
        Some(Self(Agent { agent_id: agent_id?, skill: tool?.into(), input: input?, session: None }))
    }
}

impl NodeKind for McpTool {
    fn about(&self) -> &'static About {
        &Self::ABOUT
    }

    fn input(&self) -> Option<&Template> {
        self.0.input()
    }

    fn begin(&self, context: &Context<'_>) -> Next {
        self.0.begin(context)
    }

    fn resume(&self, context: &Context<'_>, resumed: Resumed) -> Next {
        self.0.resume(context, resumed)
    }

    fn skill(&self) -> Option<(AgentId, &str)> {
        self.0.skill()
    }

    fn skill_key(&self) -> &'static str {
        "tool"
    }
}
