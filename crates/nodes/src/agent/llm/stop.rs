//! Why a model stopped. A reason that is not known is a failure: what it means for the response is not known either.

use steadflow_core::failure::{ErrorClass, Failure};

/// Why a model stopped.
#[derive(Debug, PartialEq)]
pub(super) enum Stop {
    /// The response is complete.
    Done,
    /// The model asks for tools. Says with which reason.
    Tools(String),
    /// It reached the token limit.
    TooLong,
    /// The model or its provider refused. Says how.
    Refused(String),
    /// Anything else.
    Failed(Failure),
}

impl Stop {
    /// Reads the reasons of all providers and of servers with the same protocols. `beside` is what the provider says
    /// about it in other fields.
    pub(super) fn from(reason: Option<&str>, beside: &[&str]) -> Self {
        let Some(reason) = reason else {
            return Self::failed(ErrorClass::ModelOutput, "without saying why", beside);
        };
        let because = format!("with `{}`", reason.chars().take(100).collect::<String>());
        match reason.to_ascii_lowercase().as_str() {
            "stop" | "end_turn" | "stop_sequence" | "eos" | "eos_token" | "complete" => Self::Done,
            "length" | "max_tokens" | "model_length" | "model_context_window_exceeded" => Self::TooLong,
            "content_filter"
            | "content_filtered"
            | "refusal"
            | "safety"
            | "recitation"
            | "blocklist"
            | "prohibited_content"
            | "spii"
            | "language"
            | "image_safety"
            | "sensitive"
            | "guardrail_intervened" => Self::Refused(described(reason, beside)),
            "tool_calls"
            | "tool_call"
            | "function_call"
            | "tool_use"
            | "malformed_function_call"
            | "unexpected_tool_call"
            | "too_many_tool_calls" => Self::Tools(described(&because, beside)),
            "error"
            | "failed"
            | "network_error"
            | "insufficient_system_resource"
            | "abort"
            | "load"
            | "unload" => Self::failed(ErrorClass::Unavailable, &because, beside),
            _ => {
                let because = format!("{because}, which Steadflow does not know");
                Self::failed(ErrorClass::ModelOutput, &because, beside)
            }
        }
    }

    fn failed(class: ErrorClass, because: &str, beside: &[&str]) -> Self {
        Self::Failed(Failure::new(class, format!("The model stopped {}.", described(because, beside))))
    }
}

fn described(what: &str, beside: &[&str]) -> String {
    let beside: Vec<&str> = beside.iter().copied().filter(|text| !text.is_empty() && *text != what).collect();
    if beside.is_empty() { what.to_owned() } else { format!("{what} ({})", beside.join("; ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_known_reasons_complete_a_response() {
        for reason in ["stop", "STOP", "end_turn", "stop_sequence", "eos", "eos_token", "COMPLETE"] {
            assert_eq!(Stop::from(Some(reason), &[]), Stop::Done, "{reason}");
        }
        for reason in ["length", "MAX_TOKENS", "max_tokens", "model_context_window_exceeded", "model_length"]
        {
            assert_eq!(Stop::from(Some(reason), &[]), Stop::TooLong, "{reason}");
        }
        for reason in ["content_filter", "SAFETY", "PROHIBITED_CONTENT", "RECITATION", "refusal", "sensitive"]
        {
            assert_eq!(Stop::from(Some(reason), &[]), Stop::Refused(reason.to_owned()), "{reason}");
        }
    }

    #[test]
    fn reasons_for_tools_are_kept_for_who_knows_which_there_are() {
        for reason in ["tool_calls", "tool_use", "MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL"] {
            let Stop::Tools(because) = Stop::from(Some(reason), &["said"]) else { panic!("{reason}") };

            assert_eq!(because, format!("with `{reason}` (said)"));
        }
    }

    #[test]
    fn every_other_reason_fails_and_is_named() {
        for (reason, class) in [
            ("error", ErrorClass::Unavailable),
            ("load", ErrorClass::Unavailable),
            ("insufficient_system_resource", ErrorClass::Unavailable),
            ("network_error", ErrorClass::Unavailable),
            ("OTHER", ErrorClass::ModelOutput),
            ("pause_turn", ErrorClass::ModelOutput),
            ("FINISH_REASON_UNSPECIFIED", ErrorClass::ModelOutput),
            ("", ErrorClass::ModelOutput),
        ] {
            let Stop::Failed(failure) = Stop::from(Some(reason), &["said"]) else { panic!("{reason}") };

            assert_eq!(failure.class, class, "{reason}");
            assert!(failure.message.contains(&format!("`{reason}`")), "{}", failure.message);
            assert!(failure.message.ends_with("(said)."), "{}", failure.message);
        }
        let Stop::Failed(failure) = Stop::from(None, &[]) else { panic!("no reason") };
        assert_eq!(failure.message, "The model stopped without saying why.");
    }
}
