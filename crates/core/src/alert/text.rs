//! What a message of an alert says.

use serde_json::{Value, json};

use crate::payload::Payload;
use crate::work::Channel;

/// How much of an error message is in a message, in characters.
const ERROR_CHARS_MAX: usize = 1_000;

/// What a message says.
#[derive(Clone, Debug)]
pub struct AlertText<'a> {
    /// What has happened.
    pub sample: &'a Payload,
    /// How many times.
    pub stands_for: u32,
    /// Where the studio is; empty if that is not known.
    pub public_url: &'a str,
    /// A link with which anyone who reads it can decide.
    pub decision_link: Option<&'a str>,
}

impl AlertText<'_> {
    /// Returns what the templates of a channel read: `subject`, `text` and `body`.
    pub(super) fn said(&self, alert: &str, channel: Channel) -> Value {
        let mut data = self.sample.to_value().unwrap_or_default();
        let (event, flow) = (field(&data, "event"), field(&data, "flow_name"));
        let times = match self.stands_for {
            0 | 1 => String::new(),
            count => format!(" ({count} times)"),
        };
        let subject = format!("{}: {flow}{times}", heading(&event));
        let link = self.link(&data, &event);
        let error: String = field(&data, "error_message").chars().take(ERROR_CHARS_MAX).collect();
        let mut lines = vec![subject.clone()];
        lines.extend([error, rate(&data), field(&data, "said")].into_iter().filter(|line| !line.is_empty()));
        if !self.public_url.is_empty() {
            lines.push(link.clone());
        }
        if let Some(link) = self.decision_link {
            lines.push(format!(
                "Decide without signing in, and do not pass this on, as anyone who has it can decide: {link}"
            ));
            data["decision_link"] = json!(link);
        }
        lines.push(format!("Alert: {alert}"));
        let text = lines.join("\n\n");
        let text = if channel == Channel::Slack { escaped(&text) } else { text };
        data["alert"] = json!({ "name": alert });
        data["count"] = json!(self.stands_for);
        data["link"] = json!(link);
        let body = json!({ "type": format!("alert.{event}"), "data": data });
        json!({ "subject": subject, "text": text, "body": body })
    }

    /// Returns where the studio shows what it is about.
    fn link(&self, data: &Value, event: &str) -> String {
        let (url, execution) = (self.public_url, field(data, "execution_id"));
        match event {
            "success_rate" => format!("{url}/analytics?flow={}", field(data, "flow_id")),
            // What failed for good, or was interrupted, is decided on where the execution is shown.
            "waiting_for_person" | "still_waiting" if data["waiting_for"] != "decision" => {
                format!("{url}/approvals")
            }
            _ if execution.is_empty() => url.to_owned(),
            _ => format!("{url}/executions/{execution}"),
        }
    }
}

fn field(data: &Value, name: &str) -> String {
    data[name].as_str().unwrap_or_default().to_owned()
}

fn heading(event: &str) -> &'static str {
    match event {
        "execution_failed" => "Failed",
        "waiting_for_person" => "Waiting for a person",
        "still_waiting" => "Still waiting for a person",
        "recovered" => "Recovered",
        "success_rate" => "Success rate is low",
        _ => "Test",
    }
}

/// Returns what is said of a success rate; nothing of other events.
fn rate(data: &Value) -> String {
    let number = |name: &str| data[name].as_u64();
    let percent = |name: &str| data[name].as_f64().map(|share| (share * 1_000.0).round() / 10.0);
    let said = || {
        let (completed, executions, minutes) =
            (number("completed")?, number("executions")?, number("window_minutes")?);
        let (rate, below) = (percent("success_rate")?, percent("below")?);
        Some(format!(
            "{completed} of {executions} executions completed in the last {minutes} minutes: {rate} %, which is below {below} %."
        ))
    };
    said().unwrap_or_default()
}

/// Returns a text in which a chat finds no commands, such as `<!channel>`, and no links with other words.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_to_decide_with_is_in_the_text_and_in_the_body() {
        let sample = Payload::from_value(&json!({ "event": "waiting_for_person", "flow_name": "Refunds" }));
        let link = Some("https://s.example/decide/t");
        let said = |decision_link| {
            let text =
                AlertText { sample: &sample, stands_for: 1, public_url: "https://s.example", decision_link };
            text.said("On call", Channel::Email)
        };

        let (with, without) = (said(link), said(None));

        assert_eq!(with["body"]["data"]["decision_link"], json!(link));
        assert!(
            with["text"]
                .as_str()
                .unwrap()
                .contains("anyone who has it can decide: https://s.example/decide/t\n")
        );
        assert_eq!(without["body"]["data"].get("decision_link"), None);
        assert!(!without["text"].as_str().unwrap().contains("/decide/"));
        assert_eq!(with["subject"], without["subject"]);
    }
}
