//! `http_request`: sends one HTTP request.

use super::{Context, Next, NodeKind, Traits, expressions_of};
use crate::expression::Expression;
use crate::payload::Payload;
use crate::template::Template;
use crate::work::Task;

/// The keys of an HTTP request.
#[derive(Clone, Debug)]
pub struct HttpRequest {
    /// Method, URL, headers, query, body, and which statuses are expected.
    pub input: Template,
}

impl NodeKind for HttpRequest {
    fn name(&self) -> &'static str {
        "http_request"
    }

    fn type_name(&self) -> &'static str {
        "action"
    }

    fn traits(&self) -> Traits {
        Traits { takes_attempts: true, ..Traits::default() }
    }

    fn expressions(&self) -> Vec<(String, &Expression)> {
        expressions_of("input", &self.input)
    }

    fn begin(&self, context: &Context<'_>) -> Next {
        Next::call(Task::HttpRequest, &self.input, context)
    }

    fn shown_input<'a>(&'a self, _: Option<&'a Payload>) -> Option<&'a Payload> {
        self.input.constant()
    }
}
