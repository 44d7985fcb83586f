//! What does the work of attempts, as their input says.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use steadflow_core::failure::{ErrorClass, Failure};
use steadflow_core::live::{TextKind, TextSink, TextSinks};
use steadflow_core::payload::Payload;
use steadflow_core::trial::{About, Question};
use steadflow_core::usage::Usage;
use steadflow_core::work::{Outcome, Stop, Task, Work};
use steadflow_runtime::{Executor, LiveTexts, Performing};
use tokio::sync::Mutex;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// What never takes a message.
const DOWN: &str = "https://down.example";
/// What takes a message after five seconds.
const SLOW: &str = "https://slow.example";
/// What never says whether it takes a message, and whose mail server does not.
const SILENT: [&str; 2] = ["https://silent.example", "ann@silent.example"];

/// Gives back its input, unless that says otherwise: `{"fails": n}` fails the first n attempts, with the class that
/// `error` names, and what a service said in `status`, `body` and `retry_after`; `{"hangs": true}` never ends. A model answers
/// what `answers` has for its turn; with `{"judged": true}`, a judge refuses what contains `bad`; with `{"speaks": true}` it says and answers what the test tells it.
#[derive(Debug)]
pub(crate) struct Scripted {
    texts: LiveTexts,
    lines: Arc<Mutex<UnboundedReceiver<Line>>>,
}

/// What a test lets a model do next.
#[derive(Debug)]
pub(crate) enum Line {
    Say(TextKind, String),
    Restart,
    /// The end of a turn: an answer, which fails as long as its `fails` says.
    Answer(Value),
}

impl Scripted {
    /// Returns one that fills `texts`, and what tells its models what to do.
    pub(crate) fn new(texts: LiveTexts) -> (Self, UnboundedSender<Line>) {
        let (say, lines) = unbounded_channel();
        (Self { texts, lines: Arc::new(Mutex::new(lines)) }, say)
    }
}

async fn speak(lines: &Mutex<UnboundedReceiver<Line>>, mut sink: Box<dyn TextSink>, attempt: u32) -> Outcome {
    loop {
        match lines.lock().await.recv().await.expect("a test tells how a turn ends") {
            Line::Say(kind, piece) => sink.push(kind, &piece),
            Line::Restart => sink.restart(),
            Line::Answer(answer) => return answered(&answer, attempt),
        }
    }
}

impl Executor for Scripted {
    fn execute(&self, work: Work) -> Performing {
        let input = work.input.to_value().expect("it is readable");
        let (texts, lines) = (self.texts.clone(), Arc::clone(&self.lines));
        let running = async move {
            if input["speaks"] == json!(true) {
                return speak(&lines, texts.sink(work.key()), work.attempt.number()).await;
            }
            if matches!(work.task, Task::ListTools { .. }) {
                return Outcome::completed(Payload::from_value(&tools()));
            }
            if input["hangs"] == json!(true) {
                std::future::pending::<()>().await;
            }
            let is_to = |whom: &str| {
                [&input["url"], &input["to"]].into_iter().any(|to| to.to_string().contains(whom))
            };
            if SILENT.into_iter().any(is_to) {
                std::future::pending::<()>().await;
            }
            if is_to(SLOW) {
                tokio::time::sleep(Duration::from_secs(5)).await;
            }
            if is_to(DOWN) {
                return Outcome::failed(Failure::new(ErrorClass::Unavailable, "HTTP 503."));
            }
            if input["fails"].as_u64().is_some_and(|fails| u64::from(work.attempt.number()) <= fails) {
                return Outcome::failed(failure_of(&input));
            }
            if let Task::Turn(turn) = &work.task {
                let answer = &input["answers"][turn.turns.len()];
                if answer["refused_by"].as_u64().is_some_and(|models| (turn.model as u64) < models) {
                    return Outcome::failed(failure_of(answer));
                }
                return answered(answer, work.attempt.number());
            }
            if let Task::Judge(judgement) = &work.task
                && input["judged"] == json!(true)
            {
                let value = judgement.value.as_ref().unwrap_or(&work.input);
                let passed = !value.as_str().contains("bad");
                if !passed && judgement.fails {
                    return Outcome::failed(Failure::new(ErrorClass::Guardrail, "It is bad."));
                }
                return answered(&json!({ "passed": passed, "reason": "I looked." }), 1);
            }
            Outcome::completed(work.input)
        };
        Performing::Running(Box::pin(running), Stop::default())
    }

    /// A model called `gone` is not there. Others answer with what they were asked for.
    fn ask(&self, question: Question) -> Performing {
        Performing::Ready(asked(&question))
    }
}

fn asked(question: &Question) -> Outcome {
    let (model, _) = question.agent.model(0).expect("only models are asked here");
    if model.model == "gone" {
        let message = "HTTP 404 from models.example.";
        let failure = Failure { status: Some(404), ..Failure::new(ErrorClass::Rejected, message) };
        return Outcome::failed(failure);
    }
    let input = question.work.input.to_value().expect("it is readable");
    let skill = &question.agent.skills[0];
    let system = skill.instructions.as_ref().map(|text| text.render(&input).expect("it has what they name"));
    Outcome::completed(Payload::from_value(&match question.about {
        About::Models => json!({ "models": [{ "id": model.model, "name": null }] }),
        About::Connection => json!({ "message": format!("{} answered.", model.model) }),
        About::Prompt => json!({ "system": system, "user": input.to_string(), "tools": ["look"] }),
        About::Answer if !input["answer"].is_null() => json!({ "output": input["answer"], "raw": "Done." }),
        About::Answer => json!({
            "text": "Let me look.", "raw": "Let me look.",
            "tool_calls": [{ "id": "1", "name": "look", "arguments": input }],
        }),
    }))
}

/// What every MCP server has.
pub(crate) fn tools() -> Value {
    json!({
        "tools": [{
            "name": "look", "description": "Looks.", "input_schema": { "type": "object" }, "output_schema": null,
            "annotations": { "readOnlyHint": true }, "hash": "sha256:0", "is_skill": true, "pinned_hash": null,
            "is_changed": false,
        }],
        "missing": ["gone"],
    })
}

/// Returns what a model answers, which fails as long as its `fails` says.
fn answered(answer: &Value, attempt: u32) -> Outcome {
    let usage = Usage {
        input_tokens: 100,
        cached_input_tokens: 60,
        cache_write_tokens: 30,
        output_tokens: 10,
        ..Usage::default()
    };
    let usage = Some(Arc::new(usage));
    let fails = answer["fails"].as_u64().is_some_and(|fails| u64::from(attempt) <= fails);
    let result = if fails { Err(failure_of(answer)) } else { Ok(Payload::from_value(answer)) };
    Outcome { usage, ..Outcome::new(result) }
}

fn failure_of(input: &Value) -> Failure {
    let class = input["error"].as_str().and_then(|name| name.parse().ok());
    Failure {
        status: input["status"].as_u64().and_then(|status| status.try_into().ok()),
        retry_after: input["retry_after"].as_f64().map(Duration::from_secs_f64),
        body: input.get("body").map(Payload::from_value),
        ..Failure::new(class.unwrap_or(ErrorClass::Connection), "Connection timeout")
    }
}
