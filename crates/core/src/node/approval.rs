//! `approval`: waits until a person approves or rejects, or its timeout strikes; its output is `{"decision": name, …}`.
//!
//! Edges that leave it ask for `approved`, `rejected` or `timed_out`. Without an edge that asks for `rejected` or `timed_out`,
//! the node fails in that case: what follows an approval does not follow a rejection because nobody thought of one.

use serde::Serialize;
use serde_json::{Value, json};

use super::keys::{Input, WithoutSecrets};
use super::{About, Context, NamedBy, Next, NodeKind, Traits};
use crate::approval::{Decided, Question, Verdict, node_key};
use crate::caller::Role;
use crate::document::{Keys, Plain, choice, key, list};
use crate::failure::{ErrorClass, Failure};
use crate::form::FormReader;
use crate::payload::Payload;
use crate::template::Template;

/// What edges can ask for.
pub(super) const DECISIONS: [&str; 3] = [APPROVED, REJECTED, TIMED_OUT];

const APPROVED: &str = "approved";
const REJECTED: &str = "rejected";
const TIMED_OUT: &str = "timed_out";

const APPROVERS: &[(&str, Role)] = &[
    (Role::Operator.as_str(), Role::Operator),
    (Role::Editor.as_str(), Role::Editor),
    (Role::Admin.as_str(), Role::Admin),
];

/// The keys of an approval node.
#[derive(Clone, Debug)]
pub struct Approval {
    /// What the person is shown.
    pub input: Template,
    /// What the person fills in, a JSON Schema.
    pub form: Option<Payload>,
    /// The least role that may decide.
    pub approver: Role,
}

impl Approval {
    pub(super) const ABOUT: About = About {
        name: "approval",
        named_by: NamedBy::Type,
        aliases: &[],
        title: "Approval",
        description: "Waits until a person approves or rejects. Outgoing edges can ask for either, or for what follows when nobody decides in time.",
        traits: Traits { asks_people: true, ..Traits::NONE },
        output,
        example: || {
            json!({
                "id": "ok", "type": "approval", "timeout_seconds": 86_400, "approvers": ["operator"],
                "input": { "amount": "${trigger_data.amount}" },
                "form": { "type": "object", "properties": { "reason": { "type": "string", "title": "Reason" } } },
            })
        },
    };

    pub(super) fn read(keys: &mut Keys<'_>) -> Option<Self> {
        let why = "the input of an approval cannot use secrets, because it is shown";
        let input = keys.take(
            key("input", "Input", WithoutSecrets { reader: Input, why })
                .default(Plain::Object)
                .doc("What the person is shown. Strings can be templates."),
        );
        let form = keys.take(key("form", "Form", FormReader).doc(
            "What a person who approves fills in: a JSON Schema of an object whose fields are texts, numbers, yes or no, and choices.",
        ));
        let approvers = keys.take(
            key("approvers", "Approvers", list(choice(APPROVERS)).not_empty().at_most(APPROVERS.len()))
                .doc("The roles that may decide; each includes those above it. Empty: from `operator` on."),
        );
        let approver = approvers.and_then(|roles| roles.into_iter().min()).unwrap_or(Role::Operator);
        let form = form.as_ref().map(Payload::from_value);
        Some(Self { input: input?, form, approver })
    }
}

fn output() -> Value {
    json!({
        "type": "object", "title": "Output", "required": ["decision", "by", "comment", "form"],
        "properties": {
            "decision": { "type": "string", "enum": DECISIONS, "title": "Decision" },
            "by": {
                "type": ["object", "null"], "title": "By",
                "description": "Who decided: `type`, and `id` where that is known. Null if nobody did in time.",
            },
            "comment": { "type": ["string", "null"], "title": "Comment" },
            "form": { "type": ["object", "null"], "title": "Form", "description": "What the person filled in." },
        },
    })
}

impl NodeKind for Approval {
    fn about(&self) -> &'static About {
        &Self::ABOUT
    }

    fn input(&self) -> Option<&Template> {
        Some(&self.input)
    }

    fn cases(&self) -> Vec<&str> {
        DECISIONS.to_vec()
    }

    fn question(&self) -> Option<Question<'_>> {
        Some(Question { form: self.form.as_ref(), approver: self.approver })
    }

    /// What was not approved is only followed by an edge that asks for it.
    fn may_reuse(&self, output: &Payload, is_asked_for: &dyn Fn(&str) -> bool) -> bool {
        let decision = output.to_value().unwrap_or_default()["decision"].as_str().map(str::to_owned);
        decision.is_some_and(|decision| decision == APPROVED || is_asked_for(&decision))
    }

    fn begin(&self, context: &Context<'_>) -> Next {
        let key = node_key(context.attempt);
        let asked = context.approvals.iter().find(|approval| approval.step == key);
        match asked.map(|approval| &approval.decided) {
            None => context.resolve(&self.input).map_or_else(Next::Fail, Next::Ask),
            Some(None) => Next::Pending,
            Some(Some(decided)) => after(decided, context),
        }
    }
}

/// Returns what follows what was decided, or that nobody did.
fn after(decided: &Decided, context: &Context<'_>) -> Next {
    let Decided { verdict, comment, by, .. } = decided;
    let (decision, form) = match verdict {
        Verdict::Approved { arguments } => (APPROVED, arguments.as_ref()),
        Verdict::Rejected | Verdict::Cancelled => (REJECTED, None),
        Verdict::Expired => (TIMED_OUT, None),
    };
    if decision != APPROVED && !context.is_asked_for(decision) {
        return Next::Fail(unhandled(decision, comment.as_deref()));
    }
    let by = (decision != TIMED_OUT).then(|| By { r#type: by.kind.as_str(), id: by.id.as_deref() });
    let output = Output { decision, by, comment: comment.as_deref(), form };
    let text = serde_json::to_string(&output).expect("texts and JSON can be serialized");
    Next::Complete(Payload::parse(text).expect("what was serialized is JSON"))
}

#[derive(Serialize)]
struct Output<'d> {
    decision: &'static str,
    by: Option<By<'d>>,
    comment: Option<&'d str>,
    form: Option<&'d Payload>,
}

#[derive(Serialize)]
struct By<'d> {
    r#type: &'static str,
    id: Option<&'d str>,
}

/// Returns the failure of a node that was not approved, and that no edge leaves for this.
fn unhandled(decision: &str, comment: Option<&str>) -> Failure {
    if decision == TIMED_OUT {
        let message = "Nobody decided in time, and no edge that leaves the approval asks for `timed_out`";
        return Failure::new(ErrorClass::Timeout, message);
    }
    let said = comment.map_or_else(|| ".".to_owned(), |comment| format!(": {comment}"));
    Failure::new(ErrorClass::Rejected, format!("A person rejected this{said}"))
}
