//! An image that a flow downloads and a model is shown, with what is stored of it.

use std::path::Path;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rusqlite::{Connection, OpenFlags};
use serde_json::{Value, json};
use steadflow_blackbox::{Model, PNG, Peer, Setup, Workplace, flow, http, node};

const SOON: Duration = Duration::from_secs(60);
const MARK: &str = "[file 1: image/png, 67 bytes]";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_downloaded_image_is_shown_to_the_model_and_stored_once_for_each_node_that_has_it() {
    let (workplace, model, peer) = (Workplace::new(), Model::start(2).await, Peer::start().await);
    let mut server = Setup::new(&workplace).start().await;
    let tool = json!({ "name": "look", "type": "http_request", "request": { "url": model.url("/tools/1") } });
    let agent = json!({
        "name": "Looker", "agent_type": "llm",
        "config": { "provider": "openai", "base_url": model.url("/v1"), "model": "scripted" },
        "skills": [{ "name": "see", "instructions": "Look at ${input.picture}.", "tools": [tool] }],
    });
    let agent = server.api().post("agents", &agent).await.expect(201)["id"].clone();
    let see = json!({ "id": "see", "type": "agent", "agent_id": agent, "skill": "see", "session": "pictures",
        "input": { "message": "What is it?", "picture": "${nodes.download.output.body}" } });
    let flow = flow("Pictures", &[http("download", &peer.url("/png")), see], &[("download", "see")]);
    let flow = server.api().create_flow(&flow).await;

    let mut executions = Vec::new();
    for _ in 0..2 {
        let execution = server.api().start(&flow, json!({})).await;
        let ended = server.api().finished(&execution, SOON).await;
        assert_eq!(node(&ended, "see")["output_data"], json!({ "text": "All is well." }), "{ended}");
        executions.push(execution);
    }

    let base64 = STANDARD.encode(PNG);
    let text = json!({ "message": "What is it?", "picture": MARK }).to_string();
    let image =
        json!({ "type": "image_url", "image_url": { "url": format!("data:image/png;base64,{base64}") } });
    let question = json!({ "role": "user", "content": [image, { "type": "text", "text": text }] });
    // The model counts the answers of the session, so it calls its tools in the first one only.
    for turn in ["turn:1", "turn:2"] {
        let messages = messages(&model, &format!("{}:see:{turn}", executions[0]));
        assert_eq!(messages[0]["content"], format!("Look at {MARK}."));
        assert_eq!(messages[1], question, "{turn}");
    }
    let second = messages(&model, &format!("{}:see:turn:1", executions[1]));
    assert_eq!(second[3], question);
    let before =
        json!({ "message": "What is it?", "picture": "[file that was given here: image/png, 67 bytes]" });
    assert_eq!(second[1]["content"], before.to_string());
    let shown =
        server.api().get(&format!("executions/{}/nodes/see/conversation", executions[0])).await.expect(200);
    assert_eq!(shown["asked"][0]["instructions"], format!("Look at {MARK}."), "{shown}");
    server.stop().await;
    // As the output of one node, and as the input of the other.
    assert_eq!(stored(&workplace.path().join("steadflow.db"), &base64), 2 * executions.len());
}

fn messages(model: &Model, key: &str) -> Vec<Value> {
    let calls = model.calls().remove(key).unwrap_or_default();
    calls[0]["messages"].as_array().expect("a list").clone()
}

/// How often a text is in the database.
fn stored(file: &Path, text: &str) -> usize {
    let database = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY).expect("it opens");
    let queries = [
        "SELECT CAST(records AS TEXT) FROM journals",
        "SELECT CAST(record AS TEXT) FROM long_records",
        "SELECT CAST(question AS TEXT) FROM session_turns",
        "SELECT CAST(answer AS TEXT) FROM session_turns",
    ];
    let count = |query: &str| {
        let mut rows = database.prepare(query).expect("the table is there");
        let texts = rows.query_map([], |row| row.get::<_, String>(0)).expect("it has texts");
        texts.map(|row| row.expect("a text").matches(text).count()).sum::<usize>()
    };
    queries.iter().map(|query| count(query)).sum()
}
