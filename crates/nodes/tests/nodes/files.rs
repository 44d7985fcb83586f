//! Images and documents in the input of a skill, and in what tools return: what each protocol is sent, and what is refused.

use serde_json::{Value, json};
use steadflow_core::failure::ErrorClass;
use steadflow_core::payload::Payload;
use steadflow_core::work::Turn;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::models::speaking;
use crate::support::{nodes_with_agent, result, skill_work};
use crate::tools::{answering, body, turn, turn_work, with_tools};

const PNG: &str = "iVBORw0KGgo=";
const PDF: &str = "JVBERi0xLjc=";
const PROTOCOLS: [&str; 5] = ["openai", "responses", "anthropic", "gemini", "ollama"];

fn png() -> Value {
    json!({ "$binary": { "content_type": "image/png", "size": 8, "base64": PNG } })
}

fn pdf() -> Value {
    json!({ "$binary": { "content_type": "application/pdf", "base64": PDF, "filename": "offer.pdf" } })
}

/// Asks a skill with this input. Returns the failure, and the body of the first request.
async fn asked(
    protocol: &str,
    keys: &Value,
    input: &Value,
) -> (steadflow_core::failure::Failure, Option<Value>) {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(ResponseTemplate::new(503)).mount(&server).await;
    let mut agent = json!({ "name": "a", "agent_type": "llm", "config": speaking(protocol, &server.uri()),
        "skills": [{ "name": "look", "instructions": "Look." }] });
    for (key, value) in keys.as_object().into_iter().flatten() {
        agent["skills"][0][key] = value.clone();
    }
    let failure = result(nodes_with_agent(&agent).perform(skill_work("look", input)).await).unwrap_err();
    let sent = server.received_requests().await.unwrap();
    (failure, sent.first().map(|request| request.body_json().unwrap()))
}

#[tokio::test]
async fn each_protocol_is_sent_files_in_its_own_form_and_their_places_in_the_text() {
    let image_url = format!("data:image/png;base64,{PNG}");
    let file_data = format!("data:application/pdf;base64,{PDF}");
    let text = r#"{"ask":"Is it this one?","picture":"[file 1: image/png, 8 bytes]","offers":["[file 2: offer.pdf, application/pdf, 8 bytes]"]}"#;
    let base64 = |kind: &str, data: &str| json!({ "type": "base64", "media_type": kind, "data": data });
    let inline = |kind: &str, data: &str| json!({ "inlineData": { "mimeType": kind, "data": data } });
    let input = json!({ "ask": "Is it this one?", "picture": png(), "offers": [pdf()] });
    for (protocol, place, expected) in [
        (
            "openai",
            "/messages/1/content",
            json!([
                { "type": "image_url", "image_url": { "url": image_url } },
                { "type": "file", "file": { "filename": "offer.pdf", "file_data": file_data } },
                { "type": "text", "text": text },
            ]),
        ),
        (
            "responses",
            "/input/0/content",
            json!([
                { "type": "input_image", "image_url": image_url },
                { "type": "input_file", "filename": "offer.pdf", "file_data": file_data },
                { "type": "input_text", "text": text },
            ]),
        ),
        (
            "anthropic",
            "/messages/0/content",
            json!([
                { "type": "image", "source": base64("image/png", PNG) },
                { "type": "document", "source": base64("application/pdf", PDF), "title": "offer.pdf" },
                { "type": "text", "text": text },
            ]),
        ),
        (
            "gemini",
            "/contents/0/parts",
            json!([
                inline("image/png", PNG), inline("application/pdf", PDF), { "text": text },
            ]),
        ),
    ] {
        let (_, sent) = asked(protocol, &json!({}), &input).await;

        assert_eq!(sent.unwrap().pointer(place), Some(&expected), "{protocol}");
    }
    let (_, sent) = asked("ollama", &json!({}), &json!({ "message": "Which?", "picture": png() })).await;
    let text = r#"{"message":"Which?","picture":"[file 1: image/png, 8 bytes]"}"#;
    assert_eq!(sent.unwrap()["messages"][1], json!({ "role": "user", "content": text, "images": [PNG] }));
}

#[tokio::test]
async fn instructions_name_the_place_of_a_file_and_a_text_is_given_as_text() {
    let note =
        json!({ "$binary": { "content_type": "text/plain; charset=utf-8", "base64": "R3LDvGV6aQ==" } });
    let keys = json!({ "instructions": "Compare ${input.a} with ${input.note}." });
    for protocol in PROTOCOLS {
        let (_, sent) = asked(protocol, &keys, &json!({ "a": png(), "note": note })).await;

        let sent = sent.unwrap().to_string();
        assert!(sent.contains("Compare [file 1: image/png, 8 bytes] with Grüezi."), "{protocol}: {sent}");
        assert_eq!(
            (sent.matches(PNG).count(), sent.matches("$binary").count()),
            (1, 0),
            "{protocol}: {sent}"
        );
    }
}

#[tokio::test]
async fn files_that_no_model_can_be_given_are_refused_with_their_place_and_nobody_is_asked() {
    let video = json!({ "$binary": { "content_type": "video/mp4", "base64": "AAAA" } });
    for protocol in PROTOCOLS {
        let (failure, sent) = asked(protocol, &json!({}), &json!({ "files": [png(), video] })).await;

        assert_eq!(
            (failure.class, failure.is_unsent, sent),
            (ErrorClass::Validation, true, None),
            "{protocol}"
        );
        let said =
            "The file at `/files/1` of the input of `look` is of type `video/mp4`; models are given images";
        assert!(failure.message.starts_with(said), "{}", failure.message);
    }
    let (failure, sent) = asked("ollama", &json!({}), &json!({ "offer": pdf() })).await;
    assert_eq!((failure.class, sent), (ErrorClass::Validation, None));
    let said = "The file at `/offer` of the input of `look` is of type `application/pdf`, and a model of the provider `ollama` is given images only.";
    assert_eq!(failure.message, said);
}

#[tokio::test]
async fn guardrails_read_what_the_model_reads() {
    let note = json!({ "$binary": { "content_type": "text/plain", "base64": "U2VjcmV0" } });
    let guardrail =
        |key: &str, value: Value| json!({ "guardrails": [{ "name": "g", "on": "input", key: value }] });
    for (keys, input, is_refused) in [
        (guardrail("deny", json!("Secret")), json!({ "note": note }), true),
        (guardrail("deny", json!("iVBOR")), json!({ "picture": png() }), false),
        (
            guardrail(
                "schema",
                json!({ "properties": { "picture": { "type": "object", "required": ["$binary"] } } }),
            ),
            json!({ "picture": png() }),
            false,
        ),
    ] {
        let (failure, sent) = asked("openai", &keys, &input).await;

        assert_eq!(
            (failure.class == ErrorClass::Guardrail, sent.is_none()),
            (is_refused, is_refused),
            "{failure:?}"
        );
    }
}

#[tokio::test]
async fn images_that_tools_return_are_shown_where_the_protocol_has_a_form_for_them_and_named_elsewhere() {
    let tool = json!({ "name": "look", "type": "http_request", "request": { "url": "https://a.test" } });
    let stored = json!({ "tool_calls": [{ "id": "a", "name": "look", "arguments": {} }] });
    let of_mcp =
        json!({ "text": "Here.", "content": [{ "type": "image", "data": PNG, "mimeType": "image/png" }] });
    let (given, unseen) = ("[file 1: image/png, 8 bytes]", "[file that cannot be shown: image/png, 8 bytes]");
    for protocol in PROTOCOLS {
        for output in [png(), of_mcp.clone()] {
            let server = answering(&json!({})).await;
            let agent = with_tools(&server, protocol, json!([tool]));
            let results = vec![Ok(Payload::from_value(&output))];
            let past = Turn { answer: Payload::from_value(&stored), model: 0, results, refusal: None };

            let _ = nodes_with_agent(&agent).perform(turn_work(turn(vec![past], None))).await;

            let sent = body(&server, 0).await.to_string();
            let is_given = matches!(protocol, "anthropic" | "responses");
            assert!(sent.contains(if is_given { given } else { unseen }), "{protocol}: {sent}");
            assert_eq!(sent.matches(PNG).count(), usize::from(is_given), "{protocol}: {sent}");
        }
    }
    let server = answering(&json!({})).await;
    let results = || vec![Ok(Payload::from_value(&png()))];
    for protocol in ["anthropic", "responses"] {
        let agent = with_tools(&server, protocol, json!([tool]));
        let past = Turn { answer: Payload::from_value(&stored), model: 0, results: results(), refusal: None };
        let _ = nodes_with_agent(&agent).perform(turn_work(turn(vec![past], None))).await;
    }
    let block = json!([{ "type": "text", "text": given }, { "type": "image", "source": { "type": "base64", "media_type": "image/png", "data": PNG } }]);
    assert_eq!(body(&server, 0).await["messages"][2]["content"][0]["content"], block);
    let parts = json!([{ "type": "input_text", "text": given }, { "type": "input_image", "image_url": format!("data:image/png;base64,{PNG}") }]);
    assert_eq!(body(&server, 1).await["input"][2]["output"], parts);
}
