//! Guardrails of skills, with a model and a service on loopback.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use steadflow_core::failure::{ErrorClass, Failure};
use steadflow_core::guardrail::Stage;
use steadflow_core::ids::{AgentId, StepKey};
use steadflow_core::payload::Payload;
use steadflow_core::work::{Judgement, NextTurn, Task, Turn, Work};
use uuid::Uuid;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::support::{nodes_with_agent, result, skill_work, work};

async fn saying(text: &str) -> MockServer {
    let server = MockServer::start().await;
    let body = json!({ "choices": [{ "message": { "content": text }, "finish_reason": "stop" }] });
    Mock::given(any()).respond_with(ResponseTemplate::new(200).set_body_json(body)).mount(&server).await;
    server
}

fn agent(server: &MockServer, guardrails: &Value, tools: &Value) -> Value {
    json!({ "name": "A", "agent_type": "llm",
        "config": { "provider": "openai", "base_url": server.uri(), "model": "m" },
        "skills": [{ "name": "s", "instructions": "Answer.", "tools": tools, "guardrails": guardrails }] })
}

async fn ask(server: &MockServer, guardrail: Value, input: &Value) -> Result<Value, Failure> {
    let agent = agent(server, &json!([guardrail]), &json!([]));
    result(nodes_with_agent(&agent).perform(skill_work("s", input)).await)
}

#[tokio::test]
async fn an_input_that_is_refused_is_sent_to_nobody() {
    let server = saying("Hello").await;
    for guardrail in [
        json!({ "name": "no cards", "on": "input", "deny": "\\d{16}" }),
        json!({ "name": "no cards", "on": "input", "pattern": "^\\D*$" }),
        json!({ "name": "no cards", "on": "input", "schema": { "properties": { "prompt": { "maxLength": 9 } } } }),
    ] {
        let prompt = json!({ "prompt": "4111111111111111" });
        let failure = ask(&server, guardrail.clone(), &prompt).await.unwrap_err();

        assert_eq!(failure.class, ErrorClass::Guardrail, "{failure:?}");
        assert!(
            failure.message.starts_with("The guardrail `no cards` refuses the input of `s`: "),
            "{failure:?}"
        );
        assert!(!failure.message.contains("4111") || guardrail["schema"].is_object(), "{failure:?}");
        assert!(server.received_requests().await.unwrap().is_empty());
        assert!(ask(&server, guardrail, &json!({ "prompt": "hi" })).await.is_ok());
        server.reset().await;
        let body = json!({ "choices": [{ "message": { "content": "Hello" }, "finish_reason": "stop" }] });
        Mock::given(any()).respond_with(ResponseTemplate::new(200).set_body_json(body)).mount(&server).await;
    }
}

#[tokio::test]
async fn an_output_that_is_refused_is_asked_for_again_or_fails_the_node() {
    let server = saying("You fool.").await;
    let guardrail = |then: &str| {
        json!({ "name": "polite", "on": "output", "deny": "(?i)fool", "then": then,
                                         "message": "Stay polite." })
    };

    let retried = ask(&server, guardrail("retry"), &json!("hi")).await.unwrap_err();
    let failed = ask(&server, guardrail("fail"), &json!("hi")).await.unwrap_err();
    let agent = agent(&server, &json!([guardrail("retry")]), &json!([]));
    let again =
        Work { previous_error: Some(retried.message.as_str().into()), ..skill_work("s", &json!("hi")) };
    let _ = nodes_with_agent(&agent).perform(again).await;

    assert_eq!((retried.class, failed.class), (ErrorClass::ModelOutput, ErrorClass::Guardrail));
    let said = "The model's response is refused. The guardrail `polite` refuses it: Stay polite.";
    assert_eq!(retried.message, said);
    assert_eq!(failed.message, "The guardrail `polite` refuses the model's response: Stay polite.");
    assert_eq!(failed.body.map(|body| body.as_str().to_owned()).as_deref(), Some("\"You fool.\""));
    let sent = server.received_requests().await.unwrap();
    let sent: Value = serde_json::from_slice(&sent[2].body).unwrap();
    assert!(sent.to_string().contains(said), "the next attempt tells the model: {sent}");
}

#[tokio::test]
async fn arguments_that_are_refused_reach_no_service() {
    let server = saying("").await;
    let tool = json!({ "name": "pay", "type": "http_request", "request": { "url": server.uri() } });
    let guardrail = |then: &str| {
        json!({ "name": "limit", "on": "arguments", "tools": ["pay"], "then": then,
                                         "schema": { "properties": { "amount": { "maximum": 100 } } } })
    };
    for (then, amount, class) in [
        ("repair", 101, Some(ErrorClass::Validation)),
        ("fail", 101, Some(ErrorClass::Guardrail)),
        ("fail", 100, None),
    ] {
        let agent_id = AgentId::new(Uuid::from_u128(7));
        let task = Task::Tool {
            agent_id,
            version: None,
            skill: "s".into(),
            tool: "pay".into(),
            asked_version: None,
            refusal: None,
        };
        let input = Payload::from_value(&json!({ "amount": amount }));
        let work = Work { step: StepKey::new("tool:1:0"), input, ..work(task, &json!({})) };
        let agent = agent(&server, &json!([guardrail(then)]), &json!([tool]));

        let outcome = nodes_with_agent(&agent).perform(work).await;

        let failure = outcome.result.err();
        assert_eq!(failure.as_ref().map(|failure| failure.class), class, "{failure:?}");
        let said = "The guardrail `limit` refuses the arguments of `pay`: ";
        assert!(failure.is_none_or(|failure| failure.message.starts_with(said)));
        let calls = server.received_requests().await.unwrap().len();
        assert_eq!(calls, usize::from(class.is_none()), "{then} {amount}");
    }
}

#[tokio::test]
async fn an_output_that_the_model_has_to_repair_is_an_answer_with_what_it_is_told() {
    let server = saying("You fool.").await;
    let guardrail = json!({ "name": "polite", "on": "output", "deny": "(?i)fool", "then": "repair" });
    let agent = agent(&server, &json!([guardrail]), &json!([]));
    let refused = "The guardrail `polite` refuses the output: it matches what is not allowed.";
    let turn = |turns: Vec<Turn>| {
        let task = NextTurn {
            model: 0,
            agent_id: AgentId::new(Uuid::from_u128(7)),
            version: None,
            skill: "s".into(),
            asked: BTreeMap::new(),
            flows: BTreeMap::new(),
            turns,
            tokens_max: None,
            correction: None,
        };
        work(Task::Turn(Box::new(task)), &json!("hi"))
    };

    let first = result(nodes_with_agent(&agent).perform(turn(Vec::new())).await).unwrap();
    let past = Turn {
        answer: Payload::from_value(&first),
        model: 0,
        results: Vec::new(),
        refusal: Some(refused.into()),
    };
    let _ = nodes_with_agent(&agent).perform(turn(vec![past])).await;
    let alone = nodes_with_agent(&agent).perform(skill_work("s", &json!("hi"))).await;

    assert_eq!(first, json!({ "output": { "text": "You fool." }, "refusal": refused }));
    let sent = server.received_requests().await.unwrap();
    let sent: Value = serde_json::from_slice(&sent[1].body).unwrap();
    assert_eq!(
        sent["messages"].as_array().unwrap()[1..],
        [
            json!({ "role": "user", "content": "hi" }),
            json!({ "role": "assistant", "content": "You fool." }),
            json!({ "role": "user", "content": format!("{refused} Respond again, and correct this.") }),
        ]
    );
    let failure = alone.result.unwrap_err();
    assert!(failure.message.contains("only a flow can run it"), "{failure:?}");
}

#[tokio::test]
async fn a_judge_is_asked_without_secrets_and_its_verdict_is_its_answer() {
    for (said, fails, class) in [
        (r#"{"passed":true}"#, true, None),
        (r#"{"passed":false,"reason":"It guesses"}"#, false, None),
        (r#"{"passed":false,"reason":"It guesses"}"#, true, Some(ErrorClass::Guardrail)),
        (r#"{"ok":true}"#, false, Some(ErrorClass::ModelOutput)),
    ] {
        let server = saying(said).await;
        let mut agent = agent(&server, &json!([]), &json!([]));
        agent["skills"][0]["output_schema"] = json!({ "type": "object" });
        let judgement = Judgement {
            agent_id: AgentId::new(Uuid::from_u128(7)),
            version: None,
            skill: "s".into(),
            stage: Stage::Output,
            tool: None,
            value: Some(Payload::from_value(&json!({ "text": "Seven" }))),
            fails,
        };
        let work = Work {
            step: StepKey::new("guard:1:0"),
            previous_error: Some("The model's response is empty.".into()),
            ..work(Task::Judge(Box::new(judgement)), &json!({ "key": "${secrets.KEY}" }))
        };

        let outcome = nodes_with_agent(&agent).perform(work).await;

        let given = outcome.result.as_ref().map(Payload::as_str).map_err(|failure| failure.class);
        assert_eq!(given, class.map_or(Ok(said), Err));
        let sent = &server.received_requests().await.unwrap()[0];
        let sent: Value = serde_json::from_slice(&sent.body).unwrap();
        let asked: Value = serde_json::from_str(sent["messages"][1]["content"].as_str().unwrap()).unwrap();
        let expected =
            json!({ "stage": "output", "input": { "key": "${secrets.KEY}" }, "output": { "text": "Seven" } });
        assert_eq!(asked, expected);
    }
}
