//! The values of a call of a node.

use serde::Serialize;
use utoipa::ToSchema;

/// A value of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum StepPart {
    /// The arguments of a tool, or the input of the skill.
    Input,
    /// The instructions of the skill, as rendered.
    Instructions,
    /// What a model said beside asking for tools.
    Text,
    /// The reasoning of a model.
    Thinking,
    /// What a tool returned, or the output of the skill.
    Output,
    /// What was received instead.
    Response,
}

impl StepPart {
    pub(crate) const ALL: [Self; 6] =
        [Self::Input, Self::Instructions, Self::Text, Self::Thinking, Self::Output, Self::Response];

    /// Returns its name in addresses.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Input => "input",
            Self::Instructions => "instructions",
            Self::Text => "text",
            Self::Thinking => "thinking",
            Self::Output => "output",
            Self::Response => "response",
        }
    }
}
