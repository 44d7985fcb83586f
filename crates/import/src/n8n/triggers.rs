//! What starts a workflow.

use std::rc::Rc;

use serde_json::{Map, Value, json};

use super::at::At;
use super::walk::Out;
use crate::data::Data;
use crate::graph::node;
use crate::read::{flag, list, text};
use crate::text::word;

impl At<'_, '_> {
    pub(super) fn trigger(&mut self) -> Out {
        let mut made = node(&self.node.id, self.node.name, "trigger");
        let given = Data::expression("trigger_data");
        let kind = self.node.short().to_owned();
        let data = match kind.as_str() {
            "manualTrigger" | "start" => given,
            "executeWorkflowTrigger" => {
                self.note("", "sub-flow", "other flows start this one with a `subflow` node");
                given
            }
            "webhook" => self.webhook(&mut made),
            "scheduleTrigger" | "cron" | "interval" => {
                self.schedule(&mut made);
                Data::unknown(
                    "n8n gives a schedule the parts of the time; `trigger_data.scheduled_at` has the time here",
                )
            }
            "chatTrigger" => self.chat(),
            "formTrigger" => self.form(&mut made),
            "errorTrigger" => {
                let by_hand = "Make an alert that sends a webhook to a flow: `POST …/alerts`.";
                self.listed("", self.node.kind, "it starts when another workflow fails", by_hand);
                given
            }
            _ => {
                let by_hand = "Start the flow with a webhook, an event or a schedule: set `webhook`, `event` or `schedule` of its trigger.";
                self.listed("", self.node.kind, "what starts it is an app that has no trigger here", by_hand);
                given
            }
        };
        self.add(made);
        Out::plain(data)
    }

    fn webhook(&mut self, made: &mut Map<String, Value>) -> Rc<Data> {
        let given = self.word(&["path"]).unwrap_or_default().to_owned();
        let path = webhook_path(&given).unwrap_or_else(|| self.node.id.clone());
        if path != given {
            self.listed(
                "/parameters/path",
                "webhook",
                &format!("its path `{given}` is `{path}` here"),
                "Tell the caller the new path.",
            );
        }
        let method = self.word(&["httpMethod"]).unwrap_or("GET").to_owned();
        if method != "POST" {
            let what = format!("callers send {method}, and a webhook is POST here");
            self.listed("/parameters/httpMethod", "webhook", &what, "Have the caller send POST.");
        }
        let name = format!("{path} webhook");
        let secret = self.secret(&name, "what callers of the webhook show as `Authorization: Bearer`");
        made.insert("webhook".to_owned(), json!({ "path": path, "scheme": "bearer", "secret": secret }));
        if self.word(&["authentication"]).unwrap_or("none") == "none" {
            let by_hand = "Give the caller the secret, or choose the scheme of a sender that signs: `github`, `stripe`, `slack`, `standard_webhooks`, `hmac`.";
            self.listed(
                "/parameters/authentication",
                "webhook",
                "anybody may call it; a webhook needs a secret here",
                by_hand,
            );
        }
        Data::object(vec![
            ("body", Data::expression("trigger_data.body")),
            ("headers", Data::expression("trigger_data.headers")),
            ("query", Data::expression("trigger_data.query")),
        ])
    }

    fn chat(&mut self) -> Rc<Data> {
        self.note("", "chat", "the message is `trigger_data.message`, as the chat page of the flow sends it");
        self.draft.settings.insert("context_id_template".to_owned(), json!("${execution.id}"));
        self.draft.settings.insert("context_type_default".to_owned(), json!("conversation"));
        Data::object(vec![
            ("chatInput", Data::expression("trigger_data.message")),
            ("sessionId", Data::expression("context.id")),
        ])
    }

    fn schedule(&mut self, made: &mut Map<String, Value>) {
        let rules = match self.node.short() {
            "scheduleTrigger" => list(self.parameter(&["rule"]), "interval").to_vec(),
            "cron" => list(self.parameter(&["triggerTimes"]), "item").to_vec(),
            _ => vec![
                json!({ "field": self.word(&["unit"]).unwrap_or("seconds"), "value": self.parameter(&["interval"]) }),
            ],
        };
        let crons: Vec<Option<String>> = match rules.as_slice() {
            [] => vec![Some("0 0 * * *".to_owned())],
            rules => rules.iter().map(cron).collect(),
        };
        match crons.as_slice() {
            [Some(cron)] => {
                let zone = self.zone.unwrap_or("UTC");
                made.insert("schedule".to_owned(), json!({ "cron": cron, "timezone": zone }));
                if self.zone.is_none() {
                    self.note("", "schedule", &format!("`{cron}` is in UTC; n8n uses the time zone of its server, which the file does not have"));
                }
            }
            _ => self.listed("/parameters", "schedule", "its times cannot be said with one cron expression", "Set `schedule` of the trigger; for several times, make a flow for each that starts this one."),
        }
    }

    fn form(&mut self, made: &mut Map<String, Value>) -> Rc<Data> {
        let (mut properties, mut required) = (Map::new(), Vec::new());
        for (at, field) in list(self.parameter(&["formFields"]), "values").to_vec().iter().enumerate() {
            let label = text(field, "fieldLabel").unwrap_or_default();
            let options: Vec<&str> = list(field.get("fieldOptions").unwrap_or(&Value::Null), "values")
                .iter()
                .filter_map(|one| text(one, "option"))
                .collect();
            let schema = match text(field, "fieldType").unwrap_or("text") {
                "number" => json!({ "type": "number", "title": label }),
                "dropdown" if !options.is_empty() => {
                    json!({ "type": "string", "title": label, "enum": options })
                }
                "email" => json!({ "type": "string", "title": label, "format": "email" }),
                "date" => json!({ "type": "string", "title": label, "format": "date" }),
                "text" | "textarea" | "password" => json!({ "type": "string", "title": label }),
                other => {
                    self.listed(
                        &format!("/parameters/formFields/values/{at}"),
                        "field of a form",
                        &format!("there is no field `{other}`"),
                        "Ask for it in another way.",
                    );
                    continue;
                }
            };
            if flag(field, "requiredField") {
                required.push(json!(label));
            }
            properties.insert(label.to_owned(), schema);
        }
        let title = self.word(&["formTitle"]).unwrap_or_default();
        let mut form = json!({ "type": "object", "properties": properties, "required": required });
        if !title.is_empty() && !title.starts_with('=') {
            form["title"] = json!(title);
        }
        made.insert("form".to_owned(), form);
        Data::expression("trigger_data")
    }
}

/// Returns the path of a webhook in the characters that one may have here.
fn webhook_path(path: &str) -> Option<String> {
    let is_part = |char: char| char.is_ascii_alphanumeric() || "-_.~".contains(char);
    let parts: Vec<String> = path
        .split('/')
        .map(|part| part.chars().filter(|char| is_part(*char)).collect::<String>())
        .filter(|part: &String| !part.is_empty())
        .collect();
    let path: String = parts.join("/").chars().take(200).collect();
    (!path.is_empty() && !word(&path).is_empty()).then(|| path.trim_end_matches('/').to_owned())
}

/// Returns the cron expression of a rule.
fn cron(rule: &Value) -> Option<String> {
    let number = |key: &str, other: u64| match rule.get(key) {
        None | Some(Value::Null) => Some(other),
        Some(value) => value.as_u64(),
    };
    let field = text(rule, "field").or(text(rule, "mode")).unwrap_or("days");
    let (minute, hour) =
        (number("triggerAtMinute", number("minute", 0)?)?, number("triggerAtHour", number("hour", 0)?)?);
    let every = |key: &str, other: u64| number(key, number("value", other)?);
    Some(match field {
        "cronExpression" | "custom" => text(rule, "expression")
            .or(text(rule, "cronExpression"))
            .filter(|cron| !cron.starts_with('='))?
            .trim()
            .to_owned(),
        "seconds" => format!("*/{} * * * * *", every("secondsInterval", 30)?),
        "minutes" | "everyX" if text(rule, "unit").is_none_or(|unit| unit == "minutes") => {
            format!("*/{} * * * *", every("minutesInterval", 5)?)
        }
        "everyMinute" => "* * * * *".to_owned(),
        "everyHour" => format!("{minute} * * * *"),
        "hours" => format!("{minute} */{} * * *", every("hoursInterval", 1)?),
        "days" | "everyDay" => match every("daysInterval", 1)? {
            1 => format!("{minute} {hour} * * *"),
            days => format!("{minute} {hour} */{days} * *"),
        },
        "weeks" | "everyWeek" if number("weeksInterval", 1)? == 1 => {
            let days: Vec<String> = match rule.get("triggerAtDay").or(rule.get("weekday")) {
                None => vec!["0".to_owned()],
                Some(Value::Array(days)) => {
                    days.iter().map(|day| day.as_u64().map(|day| day.to_string())).collect::<Option<_>>()?
                }
                Some(day) => vec![
                    day.as_u64().map(|day| day.to_string()).or_else(|| day.as_str().map(str::to_owned))?,
                ],
            };
            format!("{minute} {hour} * * {}", days.join(","))
        }
        "months" | "everyMonth" => match number("monthsInterval", 1)? {
            1 => format!("{minute} {hour} {} * *", number("triggerAtDayOfMonth", number("dayOfMonth", 1)?)?),
            months => format!("{minute} {hour} {} */{months} *", number("triggerAtDayOfMonth", 1)?),
        },
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_cron_expressions() {
        for (rule, wanted) in [
            (json!({}), "0 0 * * *"),
            (json!({ "field": "minutes", "minutesInterval": 10 }), "*/10 * * * *"),
            (json!({ "field": "hours", "hoursInterval": 2, "triggerAtMinute": 5 }), "5 */2 * * *"),
            (json!({ "triggerAtHour": 7 }), "0 7 * * *"),
            (json!({ "field": "weeks", "triggerAtDay": [1, 5], "triggerAtHour": 9 }), "0 9 * * 1,5"),
            (json!({ "field": "months", "triggerAtDayOfMonth": 3 }), "0 0 3 * *"),
            (json!({ "field": "cronExpression", "expression": "0 9 * * MON-FRI" }), "0 9 * * MON-FRI"),
        ] {
            assert_eq!(cron(&rule).as_deref(), Some(wanted), "{rule}");
        }
        assert_eq!(cron(&json!({ "field": "weeks", "weeksInterval": 2 })), None);
    }

    #[test]
    fn paths_have_the_characters_of_webhooks() {
        assert_eq!(webhook_path("/orders/:id/").as_deref(), Some("orders/id"));
        assert_eq!(webhook_path("é"), None);
    }
}
