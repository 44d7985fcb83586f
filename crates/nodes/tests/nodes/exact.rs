//! Any JSON text in, the same text out: through calls, in both directions.

use proptest::prelude::*;
use serde_json::{Value, json};
use steadflow_any_json::{sent, written};
use steadflow_core::payload::Payload;
use steadflow_core::work::Work;
use steadflow_nodes::Nodes;

use crate::mcp_server::{Reply, Server};
use crate::models::{self, Model};
use crate::peers;
use crate::support::{CANARY, http_work, nodes, nodes_with_agent, skill_work};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_body_that_is_sent_keeps_its_numbers_and_its_order(body in written()) {
        let input = |address| format!(r#"{{"method":"POST","url":"http://{address}/","body":[{body}]}}"#);

        let output = mirrored(|address| (nodes(), Work { input: payload(input(address)), ..http_work(&json!(0)) }));

        prop_assert_eq!(body_of(&output), format!("[{body}]"));
    }

    #[test]
    fn a_body_that_arrives_keeps_its_text(body in sent()) {
        // As text: the peer sends it back as JSON.
        let input = |address| json!({ "method": "POST", "url": format!("http://{address}/"), "body": body });

        let output = mirrored(|address| (nodes(), http_work(&input(address))));

        prop_assert_eq!(body_of(&output), body);
    }

    #[test]
    fn a_body_in_which_secrets_are_looked_for_keeps_its_numbers(body in written()) {
        prop_assume!(!body.contains(CANARY));
        let headers = r#"{"x-key":"${secrets.KEY}"}"#;
        let input = |address| format!(r#"{{"method":"POST","url":"http://{address}/","headers":{headers},"body":[{body}]}}"#);

        let output = mirrored(|address| {
            let slots = http_work(&json!({ "headers": { "x-key": "${secrets.KEY}" } })).secrets;
            (nodes(), Work { input: payload(input(address)), secrets: slots, ..http_work(&json!(0)) })
        });

        prop_assert_eq!(body_of(&output), format!("[{body}]"));
    }

    #[test]
    fn a_remote_agent_receives_and_returns_exact_values(value in written()) {
        let agent = |address| json!({ "name": "a", "agent_type": "http", "skills": [{ "name": "s" }],
            "config": { "endpoint": format!("http://{address}") } });

        let output = mirrored(|address| {
            let work = Work { input: payload(format!(r#"{{"x":{value}}}"#)), ..skill_work("s", &json!(0)) };
            (nodes_with_agent(&agent(address)), work)
        });

        prop_assert_eq!(output, format!(r#"{{"x":{value}}}"#));
    }

    #[test]
    fn a_tool_of_an_mcp_server_returns_exact_values(value in sent()) {
        let result = format!(r#"{{"content":[{{"type":"new","x":{value}}}],"structuredContent":[{value}]}}"#);
        let contents = format!(r#"{{"content":[{{"type":"new","x":{value}}}]}}"#);

        let outputs = block_on(async {
            let results = [result.clone(), contents.clone()];
            let server = Server::modern(move |asked, number| {
                let (id, result) = (&asked.body["id"], &results[number - 1]);
                let body = format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{result}}}"#);
                Reply::Bytes(models::answer("200 OK", "Content-Type: application/json", &body))
            })
            .await;
            let mut agent = server.agent(&json!(["look"]));
            agent["config"]["api_key"].take();
            let nodes = nodes_with_agent(&agent);
            let structured = nodes.perform(skill_work("look", &json!({}))).await.result.unwrap();
            let plain = nodes.perform(skill_work("look", &json!({}))).await.result.unwrap();
            [structured, plain].map(|output| output.as_str().to_owned())
        });

        prop_assert_eq!(outputs, [format!("[{value}]"), contents]);
    }

    #[test]
    fn whatever_a_server_answers_is_an_output_or_a_failure(value in sent(), at in 0..4) {
        let answered = block_on(async {
            let server = Server::start(move |asked, _| {
                let modern = r#"{"supportedVersions":["2026-07-28"]}"#;
                let result = match (asked.method(), at) {
                    ("server/discover", 0) | ("tools/list", 1) | ("tools/call", 2) => value.clone(),
                    ("tools/list", 3) => format!(r#"{{"tools":[{value},{{"name":"look","x":{value}}}]}}"#),
                    ("server/discover", _) => modern.to_owned(),
                    ("tools/list", _) => r#"{"tools":[{"name":"look"}]}"#.to_owned(),
                    _ => "{}".to_owned(),
                };
                let body = format!(r#"{{"id":{},"result":{result}}}"#, asked.body["id"]);
                Reply::Bytes(models::answer("200 OK", "Content-Type: application/json", &body))
            })
            .await;
            // printf '%s' '{"name":"look"}' | sha256sum
            let hash = "sha256:c2a772e26c197433938f04867c8ae1cf64ea3cc2b3240da7ef9efd870d69eab5";
            let agent = server.agent(&json!([{ "name": "look", "hash": hash }]));
            nodes_with_agent(&agent).perform(skill_work("look", &json!({}))).await.result
        });

        let is_fine = answered.as_ref().is_ok_and(|output| output.as_str() == r#"{"text":""}"#);
        prop_assert!(at != 3 || is_fine, "{answered:?}");
    }

    #[test]
    fn a_model_receives_and_returns_exact_values(value in written()) {
        let content = format!(r#"{{"risk":1,"x":{value}}}"#);
        let said = models::said(&Value::from(content.clone()));

        let (output, request) = block_on(async {
            let agent = |address| {
                let mut agent = models::agent(address, "openai", Some(models::schema()));
                agent["config"]["extra_body"] = serde_json::from_str(&format!(r#"{{"metadata":{value}}}"#)).unwrap();
                agent
            };
            let model = Model::answering(vec![said], agent).await;
            let output = model.ask_with(payload(format!("[{value}]"))).await.result;
            (output.map(|output| output.as_str().to_owned()), model.requests().remove(0).1)
        });

        prop_assert_eq!(output, Ok(content));
        prop_assert_eq!(request["metadata"].to_string(), value.clone());
        let prompt = request["messages"][1]["content"].as_str().unwrap().to_owned();
        prop_assert!(prompt.contains(&value), "{}", prompt);
    }
}

fn payload(text: String) -> Payload {
    Payload::parse(text).unwrap()
}

/// Performs work with a server that answers each request with its body, and returns the text of the output.
fn mirrored(work: impl FnOnce(std::net::SocketAddr) -> (Nodes, Work)) -> String {
    block_on(async {
        let (nodes, work) = work(peers::mirroring().await);
        nodes.perform(work).await.result.unwrap().as_str().to_owned()
    })
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// Returns the text of the body in the output of an `http_request`, which is its last key.
fn body_of(output: &str) -> &str {
    let (_, body) = output.split_once("\"body\":").unwrap();
    body.strip_suffix('}').unwrap()
}
