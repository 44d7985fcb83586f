//! Alerts: what people want to be told of, and how.
//!
//! A message is sent as an action of a flow is: the channel becomes a node, whose templates are given what there is to say. So it
//! is checked, retried and guarded like one.

mod rate;
mod text;

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::document::{
    Fault, Keys, Place, Reading, Unknown, any_json, boolean, choice, key, list, object, one_or_many, text,
    uuid, whole,
};
use crate::flow::PlacedNode;
use crate::ids::{ExecutionId, FlowId, TenantId};
use crate::limits::Limits;
use crate::node::sender;
use crate::payload::Payload;
use crate::template::Template;
use crate::timestamp::Timestamp;
use crate::trial::{Pinned, Step, Trial};
use crate::work::{Channel, Work};

pub use rate::{Rate, RateRule, rate_of};
pub use text::AlertText;

/// How many reminders are sent of what waits for a person.
pub const REMINDERS_MAX: u32 = 5;
/// Until a reminder, in minutes: four days. All of them come before it is forgotten what was told.
const REMIND_MINUTES_MAX: u32 = 4 * 24 * 60;
/// Maximum length of the name of an alert, in characters.
const NAME_CHARS_MAX: usize = 200;
/// How long a mail server may take. The standard gives it more, 10 minutes from the end of a mail to its answer (RFC 5321,
/// 4.5.3.2.6), but one that answers nothing is not to hold up the mails of others for so long. A mail that was taken later than
/// this comes again, with the same `Message-ID`.
pub const MAIL_PATIENCE: Duration = Duration::from_secs(2 * 60);
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
    /// Too few executions of a flow complete.
    SuccessRate,
    /// An execution still waits for a person.
    StillWaiting,
}

impl AlertEvent {
    const NAMED: &'static [(&'static str, Self)] = &[
        ("execution_failed", Self::ExecutionFailed),
        ("waiting_for_person", Self::WaitingForPerson),
        ("recovered", Self::Recovered),
        ("success_rate", Self::SuccessRate),
        ("still_waiting", Self::StillWaiting),
    ];
    /// Those that alerts name; the last one follows from another.
    const CHOICES: &'static [(&'static str, Self)] = Self::NAMED.split_at(4).0;

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
    /// When the success rate of a flow is too low, if that is one of the events.
    pub success_rate: Option<RateRule>,
    /// After how long, and then each time again, a reminder is sent that an execution still waits for a person.
    pub remind_after: Option<Duration>,
    /// Whether messages about what waits for a person have a link to decide with: who reads them can decide.
    pub decision_link: bool,
    /// Whether anybody is told.
    pub is_enabled: bool,
    /// How, as it is written.
    channel: Value,
    kind: Channel,
    node: Value,
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
            key("events", "Events", list(choice(AlertEvent::CHOICES)).not_empty())
                .needed("an alert")
                .doc("What somebody is told of."),
        );
        let flow =
            keys.take(key("flow_id", "Flow", uuid::<FlowId>()).doc("Of this flow; of all, unless given."));
        let is_enabled =
            keys.take(key("enabled", "Enabled", boolean()).default(true).doc("Whether anybody is told."));
        let channel = keys
            .take(key("channel", "Channel", object(channel)).needed("an alert").doc("How somebody is told."));
        let is_of = |event| events.as_ref().is_some_and(|events: &Vec<AlertEvent>| events.contains(&event));
        let rate = key("success_rate", "Success rate", object(RateRule::keys))
            .doc("Of the event `success_rate`: when it is too low.");
        let is_of_rate = is_of(AlertEvent::SuccessRate);
        let success_rate = keys.take(if is_of_rate { rate.needed("the event `success_rate`") } else { rate });
        let remind_minutes = keys.take(
            key("remind_after_minutes", "Remind after", whole(1, REMIND_MINUTES_MAX))
                .doc("Of the event `waiting_for_person`: after how many minutes, and then each time again, a reminder is sent."),
        );
        let decision_link = keys.take(key("decision_link", "Link to decide with", boolean()).default(false).doc(
            "Of the event `waiting_for_person`: whether messages have a link to decide with. Anyone who reads one can decide.",
        ));
        for (name, event, is_given) in [
            ("success_rate", AlertEvent::SuccessRate, success_rate.is_some()),
            ("remind_after_minutes", AlertEvent::WaitingForPerson, remind_minutes.is_some()),
            ("decision_link", AlertEvent::WaitingForPerson, decision_link == Some(true)),
        ] {
            if is_given && !is_of(event) {
                keys.fault(
                    name,
                    format!("it is of the event `{}`, which `events` does not have", event.as_str()),
                );
            }
        }
        let (kind, channel, node) = channel?;
        let remind_after = remind_minutes.map(|minutes| Duration::from_secs(60 * u64::from(minutes)));
        let (name, events, is_enabled, decision_link) = (name?, events?, is_enabled?, decision_link?);
        Some(Self {
            name,
            events,
            flow,
            success_rate,
            remind_after,
            decision_link,
            is_enabled,
            channel,
            kind,
            node,
        })
    }

    /// Returns the document with every key.
    pub fn document(&self) -> Value {
        let events: Vec<&str> = self.events.iter().map(|event| event.as_str()).collect();
        let flow = self.flow.map(|flow| flow.uuid().to_string());
        let remind_minutes = self.remind_after.map(|after| after.as_secs() / 60);
        let Self { name, channel, is_enabled, .. } = self;
        json!({
            "name": name, "events": events, "flow_id": flow, "channel": channel, "enabled": is_enabled,
            "success_rate": self.success_rate.map(|rule| rule.document()), "remind_after_minutes": remind_minutes,
            "decision_link": self.decision_link,
        })
    }

    /// Returns whether somebody is told of `event` of `flow`.
    pub fn is_about(&self, event: AlertEvent, flow: FlowId) -> bool {
        let is_meant = match event {
            AlertEvent::StillWaiting => self.remind_after.is_some(),
            AlertEvent::ExecutionFailed
            | AlertEvent::WaitingForPerson
            | AlertEvent::Recovered
            | AlertEvent::SuccessRate => self.events.contains(&event),
        };
        self.is_enabled && is_meant && self.flow.is_none_or(|own| own == flow)
    }

    /// Returns how somebody is told.
    pub const fn channel(&self) -> Channel {
        self.kind
    }

    /// Returns how long sending a message may take.
    pub fn patience(&self) -> Duration {
        match self.kind {
            Channel::Email => MAIL_PATIENCE,
            Channel::Slack | Channel::Webhook => PATIENCE,
        }
    }

    /// Returns the names of the secrets that its channel uses.
    pub fn secret_names(&self) -> BTreeSet<String> {
        let placed = self.placed().ok().flatten();
        let input = placed.as_ref().and_then(|placed| placed.node.kind.room().input());
        input.into_iter().flat_map(Template::secrets).map(|(_, name)| name.to_string()).collect()
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
            trigger_data: Payload::from_value(&text.said(&self.name, self.kind)),
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
            let text = AlertText {
                sample: &sample,
                stands_for: 49,
                public_url: "https://s.example",
                decision_link: None,
            };

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
        let text = AlertText {
            sample: &sample,
            stands_for: 1,
            public_url: "https://s.example",
            decision_link: None,
        };

        let work = alert.unwrap().work(TenantId::DEFAULT, Uuid::nil(), &text, Timestamp::default()).unwrap();

        let said = work.input.to_value().unwrap()["text"].as_str().unwrap().to_owned();
        assert!(!said.contains(['<', '>']), "{said}");
        assert!(said.contains("&lt;!channel&gt;") && said.contains("a &amp; &lt;b&gt;"), "{said}");
    }

    #[test]
    fn a_mail_server_may_take_two_minutes() {
        let mail = alert(json!({ "type": "email", "to": "a@x.example" })).unwrap();
        let hook = alert(json!({ "type": "webhook", "url": "https://x.example", "secret": "${secrets.K}" }));
        let sample = Payload::from_value(&json!({}));
        let text = AlertText { sample: &sample, stands_for: 1, public_url: "", decision_link: None };

        let work = mail.work(TenantId::DEFAULT, Uuid::nil(), &text, Timestamp::default()).unwrap();

        assert!(work.has_own_timeout, "the limit for silence of others is shorter");
        assert_eq!((mail.patience().as_secs(), hook.unwrap().patience().as_secs()), (120, 60));
    }

    #[test]
    fn rates_and_reminders_belong_to_their_events() {
        let parse = |more: &[(&str, Value)]| {
            let mut document =
                json!({ "name": "On call", "channel": { "type": "email", "to": "a@x.example" } });
            more.iter().for_each(|(key, value)| document[*key] = value.clone());
            Alert::parse(&document)
        };
        let events = |names: &[&str]| ("events", json!(names));
        let rate = |value: Value| ("success_rate", value);

        let all = parse(&[
            events(&["success_rate", "waiting_for_person"]),
            rate(json!({ "below": 0.95 })),
            ("remind_after_minutes", json!(30)),
        ]);
        let document = all.unwrap().document();
        assert_eq!(
            document["success_rate"],
            json!({ "below": 0.95, "window_minutes": 60, "min_executions": 10 })
        );
        assert_eq!(document["remind_after_minutes"], 30);
        for (given, place) in [
            (vec![events(&["success_rate"])], "/success_rate"),
            (vec![events(&["success_rate"]), rate(json!({}))], "/success_rate/below"),
            (vec![events(&["success_rate"]), rate(json!({ "below": 0 }))], "/success_rate/below"),
            (vec![events(&["success_rate"]), rate(json!({ "below": 95 }))], "/success_rate/below"),
            (
                vec![events(&["success_rate"]), rate(json!({ "below": 0.9, "window_minutes": 4 }))],
                "/success_rate/window_minutes",
            ),
            (
                vec![events(&["success_rate"]), rate(json!({ "below": 0.9, "window": 60 }))],
                "/success_rate/window",
            ),
            (vec![events(&["recovered"]), rate(json!({ "below": 0.9 }))], "/success_rate"),
            (vec![events(&["recovered"]), ("remind_after_minutes", json!(30))], "/remind_after_minutes"),
            (
                vec![events(&["waiting_for_person"]), ("remind_after_minutes", json!(0))],
                "/remind_after_minutes",
            ),
            (vec![events(&["still_waiting"])], "/events/0"),
        ] {
            let faults = parse(&given).unwrap_err();
            let places: Vec<&str> = faults.iter().map(|fault| &*fault.pointer).collect();
            assert_eq!(places, [place], "{given:?}");
        }
    }

    #[test]
    fn a_low_rate_is_said_in_percent_with_a_link_to_the_analytics_of_its_flow() {
        let alert = alert(json!({ "type": "email", "to": "a@x.example" })).unwrap();
        let sample = json!({ "event": "success_rate", "flow_name": "Orders", "flow_id": "7", "success_rate": 0.875,
            "below": 0.95, "executions": 40, "completed": 35, "window_minutes": 60 });
        let text = AlertText {
            sample: &Payload::from_value(&sample),
            stands_for: 1,
            public_url: "https://s.example",
            decision_link: None,
        };

        let work = alert.work(TenantId::DEFAULT, Uuid::nil(), &text, Timestamp::default()).unwrap();

        let said = work.input.to_value().unwrap();
        assert_eq!(said["subject"], "Success rate is low: Orders");
        let line = "35 of 40 executions completed in the last 60 minutes: 87.5 %, which is below 95 %.";
        let text = said["text"].as_str().unwrap();
        assert!(text.contains(line) && text.contains("https://s.example/analytics?flow=7"), "{text}");
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
