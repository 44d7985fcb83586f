//! Documents full of one kind of thing, and schemas that double at each level.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Map, Value, json};
use steadflow_blackbox::{Api, Setup, Victim, Workplace, echo, flow, scaled};

/// Bytes of a document: in the long form what the API takes.
const BYTES: usize = 3_900_000;

#[path = "../../../core/tests/floods/kinds.rs"]
mod kinds;

/// How long the release build may take for a document.
const ANSWER_WITHIN: Duration = Duration::from_secs(1);
/// Bytes of an answer.
const ANSWER_BYTES_MAX: usize = 4_000_000;
/// How much memory all documents together may take at once.
const RESIDENT_MAX: u64 = 1_500_000_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn documents_full_of_small_things_are_answered() {
    let workplace = Workplace::new();
    let server = Setup::new(&workplace).with_limited_memory().start().await;
    let victim = Victim::new(&server).await;

    let attack = async {
        // The build without optimization is slow with documents of this size, so the short form sends some of them.
        for (name, document) in kinds::FLOWS.iter().step_by(scaled(100, 1)) {
            answered(server.api(), name, "flows/validate", &document()).await;
            if scaled(false, true) {
                answered(server.api(), name, "flows", &document()).await;
            }
        }
        for (name, document) in kinds::AGENTS.iter().step_by(scaled(100, 1)) {
            answered(server.api(), name, "agents", &document()).await;
        }
    };
    victim.withstands("documents full of small things", attack).await;

    let peak = server.resources().resident_peak;
    eprintln!("{} MB at most", peak / 1_000_000);
    assert!(peak <= RESIDENT_MAX, "{peak} bytes");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn schemas_that_double_at_each_level_are_refused_by_name() {
    let workplace = Workplace::new();
    let server = Setup::new(&workplace).with_limited_memory().start().await;
    let victim = Victim::new(&server).await;
    let tree = json!({ "additionalProperties": { "anyOf": [{ "$ref": "#" }, { "$ref": "#" }] } });

    let attack = async {
        for level in ["anyOf", "allOf", "oneOf"] {
            let refused = answered(server.api(), level, "agents", &agent(&doubling(level))).await;
            assert!(refused.contains("inside one another"), "{refused}");
        }
        let stored = server.api().post("agents", &agent(&tree)).await.expect(201);
        let stored = stored["id"].as_str().expect("an agent has an id");
        let deep = (0..60).fold(json!(1), |value, _| json!({ "x": value }));
        let execute = json!({ "skill": "a", "input_data": deep });
        let tried = answered(server.api(), "a trial", &format!("agents/{stored}/execute"), &execute).await;
        assert!(tried.contains("too expensive to check"), "{tried}");
        let node = json!({ "id": "n", "type": "agent", "agent_id": stored, "skill": "a", "input": deep });
        let flow = server.api().create_flow(&flow("Bomb", &[node, echo("b", json!(1))], &[("n", "b")])).await;
        let run =
            answered(server.api(), "an execution", &format!("flows/{flow}/execute?wait=30"), &json!({}))
                .await;
        assert!(run.contains("too expensive to check"), "{run}");
    };
    victim.withstands("schemas that double", attack).await;
}

async fn answered(api: &Api, name: &str, path: &str, document: &Value) -> String {
    let asked = Instant::now();
    let answer = api.call(Method::POST, path, &[], Some(document)).await;
    let answer = answer.unwrap_or_else(|error| panic!("{name}: {error:?}"));
    let (took, body) = (asked.elapsed(), answer.body.to_string());
    eprintln!("{name}: {} in {took:.0?}, {} bytes", answer.status, body.len());
    assert!(answer.status < 500, "{name}: {body}");
    assert!(body.len() <= ANSWER_BYTES_MAX, "{name}: {} bytes", body.len());
    assert!(scaled(true, took <= ANSWER_WITHIN), "{name} took {took:.1?}");
    body
}

fn agent(schema: &Value) -> Value {
    json!({
        "name": "Bomb", "agent_type": "http", "config": { "endpoint": "http://127.0.0.1:9" },
        "skills": [{ "name": "a", "input_schema": schema }],
    })
}

/// Thirty levels, each of which refers to the next one twice.
fn doubling(key: &str) -> Value {
    let mut definitions = Map::from_iter([("a0".to_owned(), json!({ "type": "string" }))]);
    for at in 1..=30 {
        let next = json!({ "$ref": format!("#/$defs/a{}", at - 1) });
        definitions.insert(format!("a{at}"), json!({ key: [next, next] }));
    }
    json!({ "$defs": definitions, "$ref": "#/$defs/a30" })
}
