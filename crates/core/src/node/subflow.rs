//! `subflow`: runs another flow as a child execution; its output is that one's result.

use serde_json::json;

use super::keys::{Input, WithoutSecrets};
use super::{About, Context, NamedBy, Next, NodeKind, Resumed, Traits, failure_of_child};
use crate::document::{Keys, Plain, key, uuid};
use crate::event::{ChildInput, ChildStart};
use crate::failure::Failure;
use crate::ids::FlowId;
use crate::payload::Payload;
use crate::template::Template;

/// The keys of a subflow node.
#[derive(Clone, Debug)]
pub struct Subflow {
    /// The flow. Its version is pinned when the execution is accepted.
    pub flow: FlowId,
    /// What the flow is started with.
    pub input: Template,
}

impl Subflow {
    pub(super) const ABOUT: About = About {
        name: "subflow",
        named_by: NamedBy::Type,
        aliases: &[],
        title: "Sub-flow",
        description: "Runs another flow and returns its result. The version of that flow is the one that was current when this execution was accepted.",
        traits: Traits { takes_attempts: true, makes_calls: true, starts_children: true, ..Traits::NONE },
        output: || json!({ "title": "Output", "description": "The result of the flow." }),
        example: || {
            json!({
                "id": "review", "type": "subflow", "flow_id": "018f3a5e-0000-7000-8000-000000000001",
                "input": { "vendor_id": "${trigger_data.vendor_id}" },
            })
        },
    };

    pub(super) fn read(keys: &mut Keys<'_>) -> Option<Self> {
        let flow = keys
            .take(key("flow_id", "Flow", uuid::<FlowId>()).needed("a sub-flow").doc("The flow that runs."));
        let why =
            "the input of a sub-flow cannot use secrets, because it is shown; name the secret in that flow";
        let input = keys.take(
            key("input", "Input", WithoutSecrets { reader: Input, why })
                .default(Plain::Object)
                .doc("The trigger data of that flow. Strings can be templates."),
        );
        Some(Self { flow: flow?, input: input? })
    }
}

impl NodeKind for Subflow {
    fn about(&self) -> &'static About {
        &Self::ABOUT
    }

    fn input(&self) -> Option<&Template> {
        Some(&self.input)
    }

    fn child_flow(&self) -> Option<FlowId> {
        Some(self.flow)
    }

    fn begin(&self, context: &Context<'_>) -> Next {
        if context.children.open() > 0 {
            return Next::Pending;
        }
        if let Some(result) = context.result_for(0) {
            return Next::Complete(result.clone());
        }
        let trigger_data = match context.resolve_for_children(&self.input) {
            Ok(input) => input,
            Err(failure) => return Next::Fail(failure),
        };
        let is_known = self.input.constant().is_some() || context.input == Some(&trigger_data);
        let input = (!is_known).then(|| trigger_data.clone());
        let given = ChildInput { trigger_data, reused: context.reused_for(0), ..ChildInput::default() };
        Next::Children {
            starts: vec![ChildStart { flow: Some(self.flow), index: 0, step: None, given }],
            input,
        }
    }

    fn resume(&self, _: &Context<'_>, resumed: Resumed) -> Next {
        let Resumed::Child { end, .. } = resumed else { return Next::Pending };
        if let Some(result) = end.result {
            return Next::Complete(result);
        }
        let Failure { class, message, .. } = failure_of_child(&end);
        Next::Fail(Failure::new(class, format!("The sub-flow failed: {message}")))
    }

    fn shown_input<'a>(&'a self, _: Option<&'a Payload>) -> Option<&'a Payload> {
        self.input.constant()
    }
}
