//! Alerts: what people want to be told of, and how.
//!
//! A message is sent as an action of a flow is: the channel becomes a node, whose templates are given what there is to say. So it
//! is checked, retried and guarded like one.

use std::time::Duration;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::document::{
    Fault, Keys, Place, Reading, Unknown, any_json, boolean, choice, key, list, object, one_or_many, text,
    uuid,
};
use crate::flow::PlacedNode;
use crate::ids::{ExecutionId, FlowId, TenantId};
use crate::limits::Limits;
use crate::node::sender;
use crate::payload::Payload;
use crate::timestamp::Timestamp;
use crate::trial::{Pinned, Step, Trial};
use crate::work::{Channel, Work};

/// Maximum length of the name of an alert, in characters.
const NAME_CHARS_MAX: usize = 200;
/// How much of an error message is in a message, in characters.
const ERROR_CHARS_MAX: usize = 1_000;
/// How long a mail server may take: 10 minutes from the end of a mail to its answer (RFC 5321, 4.5.3.2.6). Who waits for less
/// sends a mail again that was taken.
pub const MAIL_PATIENCE: Duration = Duration::from_secs(10 * 60);
/// How long other services may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// The node that a message is.
const NODE: &str = "alert";

/// What somebody is told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AlertEvent {
    /// An execution failed.
    ExecutionFailed,
    /// An execution waits for a person.
    WaitingForPerson,
    /// An execution completed only thanks to retries.
    Recovered,
}

impl AlertEvent {
    const NAMED: &'static [(&'static str, Self)] = &[
        ("execution_failed", Self::ExecutionFailed),
        ("waiting_for_person", Self::WaitingForPerson),
        ("recovered", Self::Recovered),
    ];

    /// Returns the name that documents use.
    pub fn as_str(self) -> &'static str {
        Self::NAMED.iter().find(|(_, event)| *event == self).map_or("", |(name, _)| name)
    }
}

const CHANNELS: &[(&str, Channel)] =
    &[("email", Channel::Email), ("slack", Channel::Slack), ("webhook", Channel::Webhook)];

/// What people want to be told of, and how.
#[derive(Clone, Debug)]
pub struct Alert {
    /// Its name.
    pub name: String,
    /// Of what, at least one.
    pub events: Vec<AlertEvent>,
    /// Of this flow; `None` for all.
    pub flow: Option<FlowId>,
    /// Whether anybody is told.
    pub is_enabled: bool,
    /// How, as it is written.
    channel: Value,
    kind: Channel,
    node: Value,
}

/// What a message says.
#[derive(Clone, Debug)]
pub struct AlertText<'a> {
    /// What has happened.
    pub sample: &'a Payload,
    /// How many times.
    pub stands_for: u32,
    /// Where the studio is; empty if that is not known.
    pub public_url: &'a str,
}

impl Alert {
    /// Reads what people write.
    ///
    /// # Errors
    /// Every fault, with JSON pointers.
    pub fn parse(document: &Value) -> Result<Self, Vec<Fault>> {
        let mut reading = Reading::new(&Limits::DEFAULT);
        let alert = reading.object(document, &Place::root(""), Unknown::Refused, Self::keys);
        let faults = reading.into_faults();
        let Some(alert) = alert.filter(|_| faults.is_empty()) else { return Err(faults) };
        match alert.placed() {
            Ok(_) => Ok(alert),
            Err(faults) => Err(faults.into_iter().map(of_channel).collect()),
        }
    }

    fn keys(keys: &mut Keys<'_>) -> Option<Self> {
        let name = keys.take(
            key("name", "Name", text().in_one_line().at_most(NAME_CHARS_MAX))
                .needed("an alert")
                .doc("Its name."),
        );
        let events = keys.take(
            key("events", "Events", list(choice(AlertEvent::NAMED)).not_empty())
                .needed("an alert")
                .doc("What somebody is told of."),
        );
        let flow =
            keys.take(key("flow_id", "Flow", uuid::<FlowId>()).doc("Of this flow; of all, unless given."));
        let is_enabled =
            keys.take(key("enabled", "Enabled", boolean()).default(true).doc("Whether anybody is told."));
        let channel = keys
            .take(key("channel", "Channel", object(channel)).needed("an alert").doc("How somebody is told."));
        let (kind, channel, node) = channel?;
        Some(Self { name: name?, events: events?, flow, is_enabled: is_enabled?, channel, kind, node })
    }

    /// Returns the document with every key.
    pub fn document(&self) -> Value {
        let events: Vec<&str> = self.events.iter().map(|event| event.as_str()).collect();
        let flow = self.flow.map(|flow| flow.uuid().to_string());
        let Self { name, channel, is_enabled, .. } = self;
        json!({ "name": name, "events": events, "flow_id": flow, "channel": channel, "enabled": is_enabled })
    }

    /// Returns whether somebody is told of `event` of `flow`.
    pub fn is_about(&self, event: AlertEvent, flow: FlowId) -> bool {
        self.is_enabled && self.events.contains(&event) && self.flow.is_none_or(|own| own == flow)
    }

    /// Returns how long sending a message may take.
    pub fn patience(&self) -> Duration {
        match self.kind {
            Channel::Email => MAIL_PATIENCE,
            Channel::Slack | Channel::Webhook => PATIENCE,
        }
    }

    fn placed(&self) -> Result<Option<PlacedNode>, Vec<Fault>> {
        let definition = json!({ "nodes": [self.node], "edges": [] });
        PlacedNode::parse(&definition, NODE, &Limits::DEFAULT)
    }

    /// Returns the work of sending a message. `id` is its id, which every attempt has.
    ///
    /// # Errors
    /// Why it cannot be sent, as a sentence.
    pub fn work(
        &self,
        tenant: TenantId,
        id: Uuid,
        text: &AlertText<'_>,
        now: Timestamp,
    ) -> Result<Work, String> {
        let first =
            |faults: Vec<Fault>| faults.into_iter().next().map(|fault| fault.message).unwrap_or_default();
        let placed = self.placed().map_err(first)?.ok_or("The alert has no channel.")?;
        let pinned = Pinned {
            tenant,
            execution: ExecutionId::new(id),
            trigger_data: Payload::from_value(&self.said(text)),
            context_id: None,
            context_type: None,
            outputs: std::collections::BTreeMap::default(),
        };
        match Trial::begin(&placed, &pinned, &Limits::DEFAULT, now).step {
            Step::Work(work) => Ok(*work),
            Step::Known(Err(failure)) => Err(failure.message),
            Step::Known(Ok(_)) => Err("The channel sends nothing.".to_owned()),
        }
    }

    /// Returns what the templates of the channel read.
    fn said(&self, text: &AlertText<'_>) -> Value {
        let mut data = text.sample.to_value().unwrap_or_default();
        let field = |name: &str| data[name].as_str().unwrap_or_default().to_owned();
        let (event, flow) = (field("event"), field("flow_name"));
        let what = match event.as_str() {
            "execution_failed" => "Failed",
            "waiting_for_person" => "Waiting for a person",
            "recovered" => "Recovered",
            _ => "Test",
        };
        let times = match text.stands_for {
            0 | 1 => String::new(),
            count => format!(" ({count} times)"),
        };
        let execution = field("execution_id");
        // What failed for good, or was interrupted, is decided on where the execution is shown.
        let place = if event == "waiting_for_person" && data["waiting_for"] != "decision" {
            "approvals".to_owned()
        } else {
            format!("executions/{execution}")
        };
        let link = if execution.is_empty() {
            text.public_url.to_owned()
        } else {
            format!("{}/{place}", text.public_url)
        };
        let mut lines = vec![format!("{what}: {flow}{times}")];
        let error: String = field("error_message").chars().take(ERROR_CHARS_MAX).collect();
        lines.extend([error, field("said")].into_iter().filter(|line| !line.is_empty()));
        if !text.public_url.is_empty() {
            lines.push(link.clone());
        }
        lines.push(format!("Alert: {}", self.name));
        data["alert"] = json!({ "name": self.name });
        data["count"] = json!(text.stands_for);
        data["link"] = json!(link);
        let body = json!({ "type": format!("alert.{event}"), "data": data });
        let subject = lines[0].clone();
        let text = lines.join("\n\n");
        let text = if self.kind == Channel::Slack { escaped(&text) } else { text };
        json!({ "subject": subject, "text": text, "body": body })
    }
}

/// Reads how somebody is told: as it is written, and as a node. What is in the keys is checked as that of the node.
fn channel(keys: &mut Keys<'_>) -> Option<(Channel, Value, Value)> {
    let channel = keys.take(
        key("type", "Type", choice(CHANNELS)).needed("a channel").doc("`email`, `slack` or `webhook`."),
    );
    let to = keys.take(key("to", "To", one_or_many(any_json())).doc("Of `email`: one address or a list."));
    let url = keys.take(key("url", "URL", text()).doc("Of `slack` and `webhook`."));
    let secret = keys.take(key("secret", "Secret", text()).doc("Of `webhook`: `${secrets.NAME}`."));
    let channel = channel?;
    for (name, is_given, owners) in [
        ("to", to.is_some(), &[Channel::Email][..]),
        ("url", url.is_some(), &[Channel::Slack, Channel::Webhook]),
        ("secret", secret.is_some(), &[Channel::Webhook]),
    ] {
        if is_given && !owners.contains(&channel) {
            keys.fault(name, format!("this channel has no `{name}`"));
        }
    }
    let input = match channel {
        Channel::Email => {
            json!({ "to": to, "subject": "${trigger_data.subject}", "text": "${trigger_data.text}" })
        }
        Channel::Slack => {
            if url.as_ref().is_some_and(|url| !url.contains("${secrets.")) {
                let message = "the URL of a chat is a secret, because everyone who knows it can post there: `${secrets.NAME}`";
                keys.fault("url", message);
            }
            json!({ "url": url, "text": "${trigger_data.text}" })
        }
        Channel::Webhook => json!({ "url": url, "secret": secret, "body": "${trigger_data.body}" }),
    };
    let name = CHANNELS.iter().find(|(_, known)| *known == channel).map_or("", |(name, _)| name);
    let mut written = json!({ "type": name });
    let given =
        [("to", to.map(Value::from)), ("url", url.map(Value::from)), ("secret", secret.map(Value::from))];
    for (name, value) in given {
        if let Some(value) = value {
            written[name] = value;
        }
    }
    let mut node = json!({ "id": NODE, "type": "action", "action": sender(channel), "input": input });
    if channel == Channel::Email {
        node["timeout_seconds"] = json!(MAIL_PATIENCE.as_secs());
    }
    Some((channel, written, node))
}

/// Returns a text in which a chat finds no commands, such as `<!channel>`, and no links with other words.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Returns a fault of the node as one of the channel.
fn of_channel(fault: Fault) -> Fault {
    let below = fault.pointer.strip_prefix("/flow_definition/nodes/0/input").unwrap_or_default();
    Fault { pointer: format!("/channel{below}"), message: fault.message }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::work::Task;

    fn alert(channel: Value) -> Result<Alert, Vec<Fault>> {
        Alert::parse(&json!({ "name": "On call", "events": ["execution_failed"], "channel": channel }))
    }

    #[test]
    fn each_channel_becomes_the_work_of_a_message() {
        for (channel, task, said) in [
            (json!({ "type": "email", "to": ["a@x.example"] }), Channel::Email, "Failed: Orders (49 times)"),
            (
                json!({ "type": "slack", "url": "${secrets.CHAT}" }),
                Channel::Slack,
                "https://s.example/executions/7",
            ),
            (
                json!({ "type": "webhook", "url": "https://x.example", "secret": "${secrets.KEY}" }),
                Channel::Webhook,
                r#""type":"alert.execution_failed""#,
            ),
        ] {
            let alert = alert(channel.clone()).unwrap();
            let sample = json!({ "event": "execution_failed", "flow_name": "Orders", "execution_id": "7", "error_message": "${secrets.NO}" });
            let sample = Payload::from_value(&sample);
            let text = AlertText { sample: &sample, stands_for: 49, public_url: "https://s.example" };

            let work =
                alert.work(TenantId::DEFAULT, Uuid::from_u128(5), &text, Timestamp::default()).unwrap();

            assert_eq!(work.task, Task::Message(task));
            assert_eq!(work.idempotency_key(), format!("{}:alert", Uuid::from_u128(5)));
            assert!(work.input.as_str().contains(said), "{}", work.input.as_str());
            assert!(work.secrets.iter().all(|slot| slot.pointer == "/url" || slot.pointer == "/secret"));
            assert_eq!(alert.document()["channel"], channel);
        }
    }

    #[test]
    fn what_comes_from_executions_is_no_command_of_a_chat() {
        let alert = Alert::parse(&json!({
            "name": "<!here>", "events": ["execution_failed"], "channel": { "type": "slack", "url": "${secrets.CHAT}" },
        }));
        let sample = json!({ "flow_name": "<!channel>", "error_message": "a & <b> <https://x.example|y>", "execution_id": "7" });
        let sample = Payload::from_value(&sample);
        let text = AlertText { sample: &sample, stands_for: 1, public_url: "https://s.example" };

        let work = alert.unwrap().work(TenantId::DEFAULT, Uuid::nil(), &text, Timestamp::default()).unwrap();

        let said = work.input.to_value().unwrap()["text"].as_str().unwrap().to_owned();
        assert!(!said.contains(['<', '>']), "{said}");
        assert!(said.contains("&lt;!channel&gt;") && said.contains("a &amp; &lt;b&gt;"), "{said}");
    }

    #[test]
    fn a_mail_server_may_take_ten_minutes() {
        let mail = alert(json!({ "type": "email", "to": "a@x.example" })).unwrap();
        let hook = alert(json!({ "type": "webhook", "url": "https://x.example", "secret": "${secrets.K}" }));
        let sample = Payload::from_value(&json!({}));
        let text = AlertText { sample: &sample, stands_for: 1, public_url: "" };

        let work = mail.work(TenantId::DEFAULT, Uuid::nil(), &text, Timestamp::default()).unwrap();

        assert!(work.has_own_timeout, "the limit for silence of others is shorter");
        assert_eq!((mail.patience().as_secs(), hook.unwrap().patience().as_secs()), (600, 60));
    }

    #[test]
    fn what_is_no_alert_is_refused_with_its_place() {
        for (channel, said) in [
            (json!({ "type": "sms" }), "/channel/type"),
            (json!({ "type": "email" }), "/channel/to"),
            (json!({ "type": "email", "to": "nobody" }), "/channel/to/0"),
            (json!({ "type": "email", "to": "a@x.example", "url": "https://x.example" }), "/channel/url"),
            (json!({ "type": "slack", "url": "https://hooks.example/canary" }), "/channel/url"),
            (json!({ "type": "slack" }), "/channel/url"),
            (json!({ "type": "webhook", "url": "https://x.example", "secret": "canary" }), "/channel/secret"),
            (json!({ "type": "webhook", "url": "ftp://x", "secret": "${secrets.K}" }), "/channel/url"),
        ] {
            let faults = alert(channel.clone()).unwrap_err();

            assert!(faults.iter().any(|fault| fault.pointer == said), "{channel}: {faults:?}");
            assert!(faults.iter().all(|fault| !fault.message.contains("canary")), "{faults:?}");
        }
        let faults = Alert::parse(&json!({ "name": " ", "events": [], "chanel": {} })).unwrap_err();
        let places: Vec<&str> = faults.iter().map(|fault| &*fault.pointer).collect();
        assert_eq!(places, ["/name", "/events", "/channel", "/chanel"]);
    }
}
