//! Any JSON text in, the same text out: what people write into documents and what they send to executions.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::value::RawValue;
use steadflow_any_json::{sent, written};

use crate::support::{Answer, Api, text};

const JSON: &[(&str, &str)] = &[];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn flow_documents_keep_their_constants(constant in several(written())) {
        let node = format!(r#"{{"id":"a","type":"action","action":"echo","input":{constant}}}"#);
        let definition = format!(r#"{{"nodes":[{node}],"edges":[]}}"#);
        let document = format!(r#"{{"name":"F","status":"active","flow_definition":{definition}}}"#);

        let shown = talk(async |api| {
            let created = api.post_with("flows", JSON, &document).await;
            let id = text(&created.body["id"]);
            let renamed = api.patch(&format!("flows/{id}"), &serde_json::json!({ "name": "G" })).await;
            let read = api.get(&format!("flows/{id}")).await;
            let versions = api.get(&format!("flows/{id}/versions")).await;
            let execution = execution_of(api, &id, "{}").await;
            let executed = [part(&execution.text, &["result"]), part(&execution.text, &["node_executions", "0", "input_data"])];
            let definition = |answer: &Answer| part(&answer.text, &["flow_definition"]);
            let first = part(&versions.text, &["1", "flow_definition"]);
            (executed, [definition(&created), definition(&renamed), definition(&read), first])
        });

        for executed in shown.0 {
            prop_assert_eq!(executed, constant.clone());
        }
        for definition in shown.1 {
            prop_assert!(definition.contains(&format!(r#""input":{constant}"#)), "{}", definition);
        }
    }

    #[test]
    fn executions_keep_their_trigger_data(data in several(sent())) {
        let shown = talk(async |api| {
            let flow = api.flow_of(&[crate::support::echo("a", serde_json::json!("${trigger_data}"))]).await;
            let execution = execution_of(api, &flow, &format!(r#"{{"trigger_data":{data}}}"#)).await;
            let paths: [&[&str]; 5] = [
                &["trigger_data"],
                &["result"],
                &["execution_data", "a"],
                &["node_executions", "0", "input_data"],
                &["node_executions", "0", "output_data"],
            ];
            paths.map(|path| part(&execution.text, path))
        });

        for part in shown {
            prop_assert_eq!(part, data.clone());
        }
    }

    #[test]
    fn tests_of_a_node_keep_their_data(data in several(sent())) {
        let body = format!(
            r#"{{"node_id":"a","trigger_data":{{"x":{data}}},"flow_definition":{{"nodes":[{{"id":"a","type":"action","action":"echo","input":"${{trigger_data.x}}"}}]}}}}"#
        );

        let answer = talk(async |api| api.post_with("flows/test-node", JSON, &body).await.text);

        prop_assert_eq!(part(&answer, &["input"]), data.clone());
        prop_assert_eq!(part(&answer, &["output"]), data);
    }

    #[test]
    fn agents_keep_their_configuration(value in several(written())) {
        let config = format!(r#"{{"provider":"openai","model":"m","temperature":0.70,"extra_body":{{"x":{value}}}}}"#);
        let schema = format!(r#"{{"enum":[{value}]}}"#);
        let document = format!(
            r#"{{"name":"A","agent_type":"llm","config":{config},"skills":[{{"name":"s","output_schema":{schema}}}]}}"#
        );

        let shown = talk(async |api| {
            let created = api.post_with("agents", JSON, &document).await;
            let id = text(&created.body["id"]);
            let renamed = api.patch(&format!("agents/{id}"), &serde_json::json!({ "name": "B" })).await;
            let read = api.get(&format!("agents/{id}")).await;
            [created, renamed, read].map(|answer| answer.text)
        });

        for agent in shown {
            prop_assert_eq!(part(&agent, &["config", "extra_body"]), format!(r#"{{"x":{value}}}"#));
            prop_assert_eq!(part(&agent, &["config", "temperature"]), "0.70");
            prop_assert_eq!(part(&agent, &["skill_definitions", "0", "output_schema"]), schema.clone());
        }
    }
}

/// Returns lists of these texts, which are neither templates nor secrets.
fn several(texts: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    let plain = texts.prop_filter("it is a template", |text| !text.contains("${"));
    prop::collection::vec(plain, 8).prop_map(|texts| format!("[{}]", texts.join(",")))
}

/// Speaks to a new server.
fn talk<T>(conversation: impl AsyncFnOnce(&Api) -> T) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
    runtime.expect("a runtime starts").block_on(async { conversation(&Api::new().await).await })
}

/// Starts an execution with this body, and shows it at its end.
async fn execution_of(api: &Api, flow: &str, body: &str) -> Answer {
    let started = api.post_with(&format!("flows/{flow}/execute"), JSON, body).await.expect(201);
    let id = text(&started["execution_id"]);
    api.ended(&id).await;
    api.get(&format!("executions/{id}")).await
}

/// Returns the text of what is at `path`: keys of objects, and places in lists.
fn part(json: &str, path: &[&str]) -> String {
    let Some((first, rest)) = path.split_first() else { return json.to_owned() };
    let inner = match first.parse::<usize>() {
        Ok(at) => {
            serde_json::from_str::<Vec<Box<RawValue>>>(json).ok().and_then(|list| list.into_iter().nth(at))
        }
        Err(_) => serde_json::from_str::<BTreeMap<String, Box<RawValue>>>(json)
            .ok()
            .and_then(|mut map| map.remove(*first)),
    };
    part(inner.unwrap_or_else(|| panic!("there is no `{first}` in {json}")).get(), rest)
}
