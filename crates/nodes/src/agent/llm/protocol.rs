//! The protocols in which models are asked.

use steadflow_core::agent::{Api, LlmConfig, Provider};
use steadflow_core::file::Media;

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

    /// Returns whether it has a form for files of this type.
    pub(super) fn takes(self, media: Media) -> bool {
        media.is_image() || self != Self::Ollama
    }

    /// Returns whether it has a form for files in the results of tools.
    pub(super) const fn takes_files_of_tools(self) -> bool {
        matches!(self, Self::Anthropic | Self::Responses)
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
