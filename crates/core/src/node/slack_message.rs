//! `slack_message`: posts a message to a chat, by an incoming webhook that takes what Slack's does.

use serde_json::{Map, Value, json};

use super::http_request::{HttpInput, Url, check_secret, output};
use super::keys::{InputOf, input_of, resolved};
use super::{About, Context, NamedBy, Next, NodeKind, Traits, misfit};
use crate::document::{Keys, any_json, key, list, text};
use crate::failure::Failure;
use crate::template::Template;
use crate::work::{Channel, Task};

/// The keys of a message to a chat.
#[derive(Clone, Debug)]
pub struct SlackMessage {
    /// What the request is made of once its templates are resolved.
    pub input: Template,
}

const INPUT: InputOf<HttpInput> = input_of(read).with_url("/url").with_secrets(only_in_url);

/// Reads an input whose templates are resolved and whose secrets are filled in, as the request that sends it.
///
/// # Errors
/// A failure of class `validation` that names each key and what is wrong with it. It may hold parts of the input.
pub fn slack_request(input: &Value) -> Result<HttpInput, Failure> {
    resolved(input, read).map_err(|faults| misfit(SlackMessage::ABOUT.name, &faults))
}

fn read(keys: &mut Keys<'_>) -> Option<HttpInput> {
    let url = keys.take(
        key("url", "URL of the webhook", Url)
            .needed("`slack_message`")
            .prompt("Enter the URL of an incoming webhook")
            .doc("Of an incoming webhook of Slack, Mattermost, Rocket.Chat, or of Discord with `/slack` behind it. `${secrets.NAME}` as a whole, or in segments of the path."),
    );
    let text = keys.take(
        key("text", "Text", text())
            .needed("`slack_message`")
            .prompt("Write the message")
            .doc("The message. Notifications show it, too, where `blocks` are given."),
    );
    let blocks = keys.take(
        key("blocks", "Blocks", list(any_json()))
            .doc("Blocks of Slack's Block Kit, shown in place of the text."),
    );
    let attachments = keys.take(
        key("attachments", "Attachments", list(any_json()))
            .doc("Attachments, as Slack and Mattermost have them."),
    );
    let mut body = Map::new();
    body.insert("text".to_owned(), text?.into());
    body.extend(blocks.map(|blocks| ("blocks".to_owned(), blocks.into())));
    body.extend(attachments.map(|attachments| ("attachments".to_owned(), attachments.into())));
    Some(HttpInput::post(url?, Vec::new(), body.into()))
}

fn only_in_url(pointer: &str, text: &str) -> Result<(), String> {
    if pointer == "/url" {
        return check_secret(pointer, text);
    }
    Err("a secret cannot be here, because everyone in the chat would read it; only `url` can hold secrets"
        .to_owned())
}

fn example() -> Value {
    json!({
        "id": "tell-the-team", "name": "Tell the team", "type": "action", "action": "slack_message",
        "input": {
            "url": "${secrets.SLACK_URL}", "text": "Vendor ${trigger_data.vendor_id} was approved.",
        },
    })
}

impl SlackMessage {
    pub(super) const ABOUT: About = About {
        name: "slack_message",
        named_by: NamedBy::Action,
        aliases: &[],
        title: "Slack message",
        description: "Posts a message to a chat by an incoming webhook: Slack, Mattermost, Discord and others.",
        traits: Traits { takes_attempts: true, makes_calls: true, ..Traits::NONE },
        output,
        example,
    };

    pub(super) fn read(keys: &mut Keys<'_>) -> Option<Self> {
        let input = keys.take(
            key("input", "Input", INPUT).needed_for_its_keys().doc("The message. Strings can be templates."),
        );
        Some(Self { input: input? })
    }
}

impl NodeKind for SlackMessage {
    fn about(&self) -> &'static About {
        &Self::ABOUT
    }

    fn input(&self) -> Option<&Template> {
        Some(&self.input)
    }

    fn begin(&self, context: &Context<'_>) -> Next {
        Next::call(Task::Message(Channel::Slack), &self.input, context)
    }
}
