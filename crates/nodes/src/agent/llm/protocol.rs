//! The protocols in which models are asked.

use steadflow_core::agent::{Api, LlmConfig, Provider};

/// What a request and its response look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    ChatCompletions,
    Responses,
    Anthropic,
    Gemini,
    Ollama,
}

impl Protocol {
    /// Returns what a model speaks.
    pub(super) const fn of(config: &LlmConfig) -> Self {
        match (config.provider, config.api) {
            (Provider::OpenAi, Api::ChatCompletions) => Self::ChatCompletions,
            (Provider::OpenAi, Api::Responses) => Self::Responses,
            (Provider::Anthropic, _) => Self::Anthropic,
            (Provider::Gemini, _) => Self::Gemini,
            (Provider::Ollama, _) => Self::Ollama,
        }
    }

    /// Returns whose protocol it is, as messages say it.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::ChatCompletions => Provider::OpenAi.name(),
            Self::Responses => "openai with `\"api\": \"responses\"`",
            Self::Anthropic => Provider::Anthropic.name(),
            Self::Gemini => Provider::Gemini.name(),
            Self::Ollama => Provider::Ollama.name(),
        }
    }
}
