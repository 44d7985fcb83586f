//! `send_email`: sends one mail by the server that the operator names.

use serde_json::{Value, json};

use super::keys::{InputOf, input_of, resolved};
use super::{About, Context, NamedBy, Next, NodeKind, Traits, misfit};
use crate::document::{
    Keys, Place, Plain, Reader, Reading, Terms, any_json, key, list, object, one_or_many, plain_text, text,
};
use crate::failure::Failure;
use crate::limits::Limits;
use crate::template::{Template, pieces};
use crate::visible::{HIDDEN_CLASS, is_hidden};
use crate::work::{Channel, Task};

/// Maximum number of recipients of a mail.
pub const MAIL_RECIPIENTS_MAX: usize = 100;
/// Maximum number of attachments of a mail.
const ATTACHMENTS_MAX: usize = 20;
/// Maximum length of a subject, in characters.
const SUBJECT_CHARS_MAX: usize = 500;
/// Maximum length of the name of a file, or of its type, in characters.
const FILE_CHARS_MAX: usize = 200;
/// Maximum length of an address with its name, in characters.
const ADDRESS_CHARS_MAX: usize = 500;

/// The keys of a mail.
#[derive(Clone, Debug)]
pub struct SendEmail {
    /// What [`EmailInput`] is read from once its templates are resolved.
    pub input: Template,
}

/// A mail. Addresses are as they are written; what sends it reads them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmailInput {
    /// At least one.
    pub to: Vec<String>,
    /// Who gets a copy.
    pub cc: Vec<String>,
    /// Who gets a copy that others do not know of.
    pub bcc: Vec<String>,
    /// Who gets answers.
    pub reply_to: Vec<String>,
    /// Who sends it; `None` for the address of the settings.
    pub from: Option<String>,
    /// One line.
    pub subject: String,
    /// What it says.
    pub text: String,
    /// The same in HTML.
    pub html: Option<String>,
    /// Files.
    pub attachments: Vec<Attachment>,
}

/// A file of a mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    /// Its name, one line.
    pub filename: String,
    /// Its type; `None` for that of its content.
    pub content_type: Option<String>,
    /// A string, `{"$binary": …}`, or other JSON.
    pub content: Value,
}

const INPUT: InputOf<EmailInput> = input_of(EmailInput::keys).with_secrets(no_secret);

fn no_secret(_: &str, _: &str) -> Result<(), String> {
    Err("a mail cannot hold secrets, because everyone who receives it would read them".to_owned())
}

impl EmailInput {
    /// Reads an input whose templates are resolved.
    ///
    /// # Errors
    /// A failure of class `validation` that names each key and what is wrong with it.
    pub fn read(input: &Value) -> Result<Self, Failure> {
        resolved(input, Self::keys).map_err(|faults| misfit(SendEmail::ABOUT.name, &faults))
    }

    fn keys(keys: &mut Keys<'_>) -> Option<Self> {
        let to = keys.take(
            key("to", "To", one_or_many(Address).not_empty())
                .needed("`send_email`")
                .prompt("Enter an address")
                .doc("One address or a list, such as `ann@example.com` or `Ann Lee <ann@example.com>`."),
        );
        let cc = key("cc", "Cc", one_or_many(Address)).default(Plain::List);
        let cc = keys.take(cc.doc("Who gets a copy."));
        let bcc = key("bcc", "Bcc", one_or_many(Address)).default(Plain::List);
        let bcc = keys.take(bcc.doc("Who gets a copy that the others do not see."));
        let reply_to = key("reply_to", "Reply to", one_or_many(Address)).default(Plain::List);
        let reply_to = keys.take(reply_to.doc("Where answers go."));
        let from = keys.take(
            key("from", "From", Address)
                .doc("The sender. Must be allowed by the setting `mail_from_allow`. The address of the setting `mail_from`, unless given."),
        );
        let subject = keys.take(
            key("subject", "Subject", text().in_one_line().at_most(SUBJECT_CHARS_MAX))
                .needed("`send_email`")
                .prompt("Write a subject")
                .doc("One line."),
        );
        let text = keys.take(
            key("text", "Text", plain_text())
                .needed("`send_email`")
                .prompt("Write the mail")
                .doc("The mail as plain text, which every reader of mail can show."),
        );
        let html =
            keys.take(key("html", "HTML", plain_text()).doc("The same as HTML, for those who prefer that."));
        let attachments = keys.take(
            key("attachments", "Attachments", list(object(Attachment::keys)).at_most(ATTACHMENTS_MAX))
                .default(Plain::List)
                .doc("Files."),
        );
        let recipients = [&to, &cc, &bcc].into_iter().flatten().map(Vec::len).sum::<usize>();
        if recipients > MAIL_RECIPIENTS_MAX {
            let message = format!(
                "the mail has {recipients} recipients in `to`, `cc` and `bcc`; at most {MAIL_RECIPIENTS_MAX} are allowed"
            );
            keys.fault("to", message);
        }
        Some(Self {
            to: to?,
            cc: cc?,
            bcc: bcc?,
            reply_to: reply_to?,
            from,
            subject: subject?,
            text: text?,
            html,
            attachments: attachments?,
        })
    }
}

impl Attachment {
    fn keys(keys: &mut Keys<'_>) -> Option<Self> {
        let filename = keys.take(
            key("filename", "File name", text().in_one_line().at_most(FILE_CHARS_MAX))
                .needed("an attachment")
                .doc("One line."),
        );
        let content_type = keys.take(
            key("content_type", "Content type", text().in_one_line().at_most(FILE_CHARS_MAX))
                .doc("Such as `text/csv`. That of the content, unless given."),
        );
        let content = keys.take(
            key("content", "Content", any_json())
                .needed("an attachment")
                .doc("A string, `{\"$binary\": …}` as outputs have it, or other JSON."),
        );
        Some(Self { filename: filename?, content_type, content: content? })
    }
}

/// Checks an address as far as possible without a parser of addresses; the code that sends the mail parses it.
#[derive(Clone, Copy, Debug)]
struct Address;

impl Reader for Address {
    type Value = String;

    fn wanted(&self, _: &Limits) -> String {
        "an address on one line, such as \"ann@example.com\" or \"Ann Lee <ann@example.com>\"".to_owned()
    }

    fn schema(&self, _: &Terms) -> Value {
        let pattern = format!("^[^{HIDDEN_CLASS}]+@[^{HIDDEN_CLASS}]+$");
        json!({ "type": "string", "pattern": pattern, "maxLength": ADDRESS_CHARS_MAX })
    }

    fn read(&self, value: &Value, at: &Place<'_>, reading: &mut Reading) -> Option<String> {
        let is_address = |text: &&str| {
            let has_two_sides =
                text.split_once('@').is_some_and(|(user, host)| !user.is_empty() && !host.is_empty());
            has_two_sides && !text.chars().any(is_hidden) && text.chars().count() <= ADDRESS_CHARS_MAX
        };
        reading.fitting(self, value.as_str().filter(is_address).map(str::to_owned), value, at)
    }

    fn check_template(&self, text: &str, at: &Place<'_>, reading: &mut Reading) {
        // What is around the templates is on the same line.
        if pieces(text).is_ok() && text.chars().any(is_hidden) {
            reading.fitting(self, None, &text.into(), at);
        }
    }
}

fn output() -> Value {
    json!({
        "type": "object", "title": "Output", "required": ["message_id", "recipients", "response"],
        "properties": {
            "message_id": { "type": "string", "title": "Message-ID", "description": "The same in every attempt." },
            "recipients": { "type": "array", "title": "Recipients", "items": { "type": "string" } },
            "response": { "type": "string", "title": "Response", "description": "What the server said when it took the mail." },
        },
    })
}

fn example() -> Value {
    json!({
        "id": "notify", "name": "Tell the vendor", "type": "action", "action": "send_email",
        "input": {
            "to": "${trigger_data.email}", "subject": "Your application ${trigger_data.number}",
            "text": "We have received your application, and will answer within a day.",
        },
    })
}

impl SendEmail {
    pub(super) const ABOUT: About = About {
        name: "send_email",
        named_by: NamedBy::Action,
        aliases: &[],
        title: "Email",
        description: "Sends a mail by the mail server of the operator.",
        traits: Traits { takes_attempts: true, makes_calls: true, ..Traits::NONE },
        output,
        example,
    };

    pub(super) fn read(keys: &mut Keys<'_>) -> Option<Self> {
        let input = keys.take(
            key("input", "Input", INPUT).needed_for_its_keys().doc("The mail. Strings can be templates."),
        );
        Some(Self { input: input? })
    }
}

impl NodeKind for SendEmail {
    fn about(&self) -> &'static About {
        &Self::ABOUT
    }

    fn input(&self) -> Option<&Template> {
        Some(&self.input)
    }

    fn begin(&self, context: &Context<'_>) -> Next {
        Next::call(Task::Message(Channel::Email), &self.input, context)
    }

    fn sends_mail(&self) -> bool {
        true
    }
}
