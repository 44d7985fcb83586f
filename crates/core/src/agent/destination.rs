//! Where an agent sends its secrets: a mask stands for a stored secret only while this stays.

use serde_json::Value;

use super::{Agent, Backend, LlmConfig, McpConfig, Provider};

/// Who gets the secrets of an agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Destination {
    /// The provider, or the type of the agent.
    kind: &'static str,
    /// The scheme, host and port, as [`origin`] writes them.
    origin: String,
}

impl Destination {
    /// Returns where `agent` sends them.
    pub(super) fn of(agent: &Agent) -> Self {
        match &agent.backend {
            Backend::Llm(config) => Self::of_model(config),
            Backend::Http(config) => Self { kind: HTTP, origin: origin(&config.endpoint) },
            Backend::Mcp(McpConfig::Http(endpoint)) => Self { kind: MCP, origin: origin(&endpoint.url) },
            Backend::Mcp(McpConfig::Command(name)) => Self::of_command(name),
        }
    }

    /// Returns where an agent with this document would send them; `None` if it does not say so.
    pub(super) fn of_document(document: &Value) -> Option<Self> {
        let text = |key: &str| document.get("config")?.get(key)?.as_str().filter(|text| !text.is_empty());
        let agent_type = document.get("agent_type")?;
        if agent_type == MCP
            && let Some(name) = text("command")
        {
            return Some(Self::of_command(name));
        }
        for (kind, key) in [(HTTP, "endpoint"), (MCP, "url")] {
            if agent_type == kind {
                return Some(Self { kind, origin: origin(text(key)?) });
            }
        }
        let named = text("provider")?;
        let (kind, provider) = Provider::NAMED.iter().find(|(name, _)| *name == named)?;
        let origin = origin(text("base_url").unwrap_or_else(|| provider.default_base_url()));
        Some(Self { kind, origin })
    }

    fn of_command(name: &str) -> Self {
        Self { kind: MCP, origin: format!("the command `{name}`") }
    }

    /// Returns where a fallback in this document of an agent's `config` would send them; `None` if that does not say so.
    pub(super) fn of_fallback(fallback: &Value, config: &Value) -> Option<Self> {
        let text = |object: &Value, key: &str| {
            object.get(key).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned)
        };
        let first = text(config, "provider")?;
        let named = text(fallback, "provider").unwrap_or_else(|| first.clone());
        let (kind, provider) = Provider::NAMED.iter().find(|(name, _)| *name == named)?;
        let of_first = || text(config, "base_url").filter(|_| named == first);
        let base_url = text(fallback, "base_url").or_else(of_first);
        Some(Self {
            kind,
            origin: origin(base_url.as_deref().unwrap_or_else(|| provider.default_base_url())),
        })
    }

    /// Returns where a model gets its own.
    pub(super) fn of_model(config: &LlmConfig) -> Self {
        Self::at(config.provider, &config.base_url)
    }

    /// Returns where a model at this address gets them.
    pub(super) fn at(provider: Provider, base_url: &str) -> Self {
        Self { kind: provider.name(), origin: origin(base_url) }
    }

    /// Says what of this is not so in `other`, as a clause.
    pub(super) fn change(&self, other: &Self) -> String {
        if self.kind == other.kind {
            format!("it is for {}", self.origin)
        } else {
            format!("it is for `{}`", self.kind)
        }
    }
}

const HTTP: &str = "http";
const MCP: &str = "mcp";

/// Returns the scheme, host and port of a plain URL, without the default port. Another spelling of a host is another host.
fn origin(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let end = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
    let (scheme, authority) = (scheme.to_ascii_lowercase(), rest[..end].to_ascii_lowercase());
    let default_port = if scheme == "https" { ":443" } else { ":80" };
    let host = authority.strip_suffix(default_port).unwrap_or(&authority);
    format!("{scheme}://{host}")
}

#[cfg(test)]
mod tests {
    use super::origin;

    #[test]
    fn origins_are_compared_without_default_ports_and_paths() {
        for (url, expected) in [
            ("https://API.example/v1", "https://api.example"),
            ("https://api.example:443", "https://api.example"),
            ("https://api.example:8443/", "https://api.example:8443"),
            ("http://api.example:80/a", "http://api.example"),
            ("http://api.example:443/a", "http://api.example:443"),
            ("https://api.example.", "https://api.example."),
            ("https://[::1]:80/a", "https://[::1]:80"),
            ("https://a.example@evil.example/", "https://a.example@evil.example"),
            ("https://evil.example\\@a.example/", "https://evil.example"),
        ] {
            assert_eq!(origin(url), expected, "{url}");
        }
    }
}
