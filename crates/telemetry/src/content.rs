//! What was asked and answered, which spans have only where the operator wants it.

use opentelemetry::KeyValue;
use serde_json::{Value, json};
use steadflow_core::agent::Agent;
use steadflow_core::calls::Call;
use steadflow_core::payload::Payload;
use steadflow_core::session::is_summary;
use steadflow_core::transcript::{self, Answer};

/// Bytes of a value that a span has. Of a longer one it says only how long it is.
const VALUE_BYTES_MAX: usize = 32 * 1024;

/// Whether spans have content.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Content {
    is_wanted: bool,
}

impl Content {
    pub(crate) const fn new(is_wanted: bool) -> Self {
        Self { is_wanted }
    }

    /// Returns what a span says of an error. A message can quote what a model or a service said.
    pub(crate) fn message(self, class: &str, message: &str) -> String {
        if self.is_wanted { message } else { class }.to_owned()
    }

    /// Adds what a tool was given and returned.
    pub(crate) fn tool(self, attributes: &mut Vec<KeyValue>, call: &Call) {
        self.add(attributes, "gen_ai.tool.call.arguments", || call.input.as_ref().map(text));
        self.add(attributes, "gen_ai.tool.call.result", || call.output().map(text));
    }

    /// Adds what a model, or another agent, was asked and answered. Of a turn this is the turn's own part: what was said
    /// before is in the spans of the turns and tools before it.
    pub(crate) fn question(self, attributes: &mut Vec<KeyValue>, call: &Call, agent: &Agent, skill: &str) {
        // What a summary is asked for with is neither.
        let is_first =
            transcript::turn_of(&call.step).is_none_or(|turn| turn == 1) && !is_summary(&call.step);
        self.add(attributes, "gen_ai.system_instructions", || {
            let instructions = agent.skill(skill)?.instructions.as_ref().filter(|_| is_first)?;
            let rendered = instructions.render(&call.input.as_ref()?.to_value().ok()?).ok()?;
            Some(json!([{ "type": "text", "content": rendered }]).to_string())
        });
        self.add(attributes, "gen_ai.input.messages", || {
            call.input.as_ref().filter(|_| is_first).map(|input| messages("user", &[said(text(input))]))
        });
        self.add(attributes, "gen_ai.output.messages", || {
            let output = call.output()?;
            let parts = match Answer::read(output).ok().filter(|_| transcript::is_turn(&call.step)) {
                Some(answer) => parts_of(&answer),
                None => vec![said(text(output))],
            };
            Some(messages("assistant", &parts))
        });
    }

    fn add(self, attributes: &mut Vec<KeyValue>, name: &'static str, value: impl FnOnce() -> Option<String>) {
        let Some(value) = self.is_wanted.then(value).flatten() else { return };
        if value.len() <= VALUE_BYTES_MAX {
            attributes.push(KeyValue::new(name, value));
        } else {
            let bytes = i64::try_from(value.len()).unwrap_or(i64::MAX);
            attributes.push(KeyValue::new(format!("{name}.omitted_bytes"), bytes));
        }
    }
}

fn parts_of(answer: &Answer) -> Vec<Value> {
    let beside = (!answer.text.is_empty()).then(|| said(answer.text.clone()));
    let calls = answer.tool_calls.iter().map(|call| {
        let arguments = call.arguments.to_value().unwrap_or_default();
        json!({ "type": "tool_call", "id": call.id, "name": call.name, "arguments": arguments })
    });
    let output = answer.output.as_ref().map(|output| said(text(output)));
    beside.into_iter().chain(calls).chain(output).collect()
}

fn said(text: String) -> Value {
    json!({ "type": "text", "content": text })
}

fn messages(role: &str, parts: &[Value]) -> String {
    json!([{ "role": role, "parts": parts }]).to_string()
}

fn text(payload: &Payload) -> String {
    payload.as_str().to_owned()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use steadflow_core::calls::Calls;
    use steadflow_core::event::{Event, Record, StepResult};
    use steadflow_core::ids::{Attempt, NodeIndex, StepKey};
    use steadflow_core::timestamp::Timestamp;

    use super::*;

    const NODE: NodeIndex = NodeIndex(0);

    fn payload(value: &Value) -> Payload {
        Payload::from_value(value)
    }

    fn started(step: &str, tool: Option<&str>, input: Option<&Value>) -> Event {
        let (step, tool, input) = (StepKey::new(step), tool.map(Into::into), input.map(payload));
        Event::StepStarted { node: NODE, step, input, stop_at: None, tokens: None, tool, reserved: None }
    }

    fn ended(step: &str, output: &Value) -> Event {
        let result = StepResult::Completed(payload(output));
        Event::StepEnded { node: NODE, step: StepKey::new(step), result, usage: None, unspent: false }
    }

    /// Two turns with a tool between them, which returns `returned`.
    fn calls(returned: &Value) -> Vec<Call> {
        let input = Some(payload(&json!({ "question": "why" })));
        let asks = json!({ "text": "Let me see.", "tool_calls": [{ "id": "c", "name": "look", "arguments": { "n": 1.50 } }] });
        let events = vec![
            Event::AttemptStarted { node: NODE, attempt: Attempt::FIRST, input, reserved: None },
            started("turn:1", None, None),
            ended("turn:1", &asks),
            started("tool:1:0", Some("look"), Some(&json!({ "n": 1 }))),
            ended("tool:1:0", returned),
            started("turn:2", None, None),
            ended("turn:2", &json!({ "output": { "text": "So." } })),
        ];
        let mut calls = Calls::new(NODE, None);
        calls.read(&Record(1, Timestamp::from_micros(1), events));
        calls.all()
    }

    /// What the spans of the calls say, by the names of the attributes.
    fn said(calls: &[Call], is_wanted: bool) -> Vec<BTreeMap<String, String>> {
        let document = json!({ "name": "A", "agent_type": "llm", "config": { "provider": "ollama", "model": "m" },
                               "skills": [{ "name": "s", "instructions": "Say ${input.question}." }] });
        let agent = Agent::parse(&document).expect("the agent is valid");
        let attributes = |call: &Call| {
            let mut attributes = Vec::new();
            if call.is_of_tool() {
                Content::new(is_wanted).tool(&mut attributes, call);
            } else {
                Content::new(is_wanted).question(&mut attributes, call, &agent, "s");
            }
            attributes.into_iter().map(|one| (one.key.to_string(), one.value.to_string())).collect()
        };
        calls.iter().map(attributes).collect()
    }

    #[test]
    fn each_call_has_its_own_part_of_the_conversation() {
        let all = said(&calls(&json!("found")), true);

        let parts = |part: &Value| json!([{ "role": "assistant", "parts": part }]).to_string();
        let call = json!({ "type": "tool_call", "id": "c", "name": "look", "arguments": { "n": 1.50 } });
        let asked = json!([{ "type": "text", "content": "Let me see." }, call]);
        assert_eq!(all[0]["gen_ai.system_instructions"], r#"[{"type":"text","content":"Say why."}]"#);
        assert!(all[0]["gen_ai.input.messages"].contains(r#"{\"question\":\"why\"}"#), "{all:?}");
        assert_eq!(all[0]["gen_ai.output.messages"], parts(&asked));
        assert_eq!(all[1]["gen_ai.tool.call.arguments"], r#"{"n":1}"#);
        assert_eq!(all[1]["gen_ai.tool.call.result"], r#""found""#);
        assert_eq!(all[2].keys().collect::<Vec<_>>(), ["gen_ai.output.messages"], "the rest was said before");
    }

    #[test]
    fn without_content_nothing_of_it_is_there_and_a_long_value_only_says_its_length() {
        let calls = calls(&json!("x".repeat(VALUE_BYTES_MAX)));

        assert!(said(&calls, false).iter().all(BTreeMap::is_empty));
        let length = said(&calls, true)[1]["gen_ai.tool.call.result.omitted_bytes"].clone();
        assert_eq!(length, (VALUE_BYTES_MAX + 2).to_string());
        let message = "The model said canary.";
        assert_eq!(Content::new(false).message("model_output", message), "model_output");
        assert_eq!(Content::new(true).message("model_output", message), message);
    }
}
