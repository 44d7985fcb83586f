//! Code of flows against the program: hostile code fails its own node, is killed with its execution, and holds up nobody.
#![cfg(target_os = "linux")]

use std::time::Duration;

use serde_json::{Value, json};
use steadflow_blackbox::{Api, Setup, Workplace, eventually, flow};

const SOON: Duration = Duration::from_secs(60);
/// Processes that wait ready for the next calls.
const READY: usize = 2;

fn code(id: &str, source: &str, input: Value) -> Value {
    json!({ "id": id, "type": "code", "source": source, "input": input })
}

/// Counts the processes of code that a server has started.
fn sandboxes_of(server: u32) -> usize {
    let wanted = format!("/proc/self/exe\0code-sandbox\0{server}\0");
    let entries = std::fs::read_dir("/proc").expect("Linux has it").flatten();
    let is_one = |path: std::path::PathBuf| std::fs::read(path).is_ok_and(|line| line == wanted.as_bytes());
    entries.filter(|entry| is_one(entry.path().join("cmdline"))).count()
}

async fn ran(api: &Api, document: &Value, trigger_data: Value) -> Value {
    let flow = api.create_flow(document).await;
    let id = api.start(&flow, trigger_data).await;
    api.finished(&id, SOON).await
}

fn endless() -> Value {
    let mut endless = code("spin", "for (;;) {}", json!(null));
    endless["cpu_ms"] = json!(30_000);
    flow("Endless", &[endless], &[])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn code_computes_exactly_and_what_fails_names_its_line() {
    let workplace = Workplace::new();
    let server = Setup::new(&workplace).start().await;
    let api = server.api();
    let sum = "return { id: input.id, total: input.lines.reduce((sum, line) => sum + line, 0) };";
    let input = json!({ "id": "${trigger_data.id}", "lines": "${trigger_data.lines}" });
    let data: Value = serde_json::from_str(r#"{"id":9007199254740993,"lines":[1,2,3.5]}"#).expect("JSON");

    let done = ran(api, &flow("Sum", &[code("sum", sum, input)], &[]), data).await;
    let failed = ran(
        api,
        &flow("Bad", &[code("bad", "const a = input.a;\n  return a.b.c;", json!({}))], &[]),
        json!({}),
    )
    .await;
    let killed = "const all = []; for (;;) all.push('x'.repeat(1e7) + all.length);";
    let killed = ran(api, &flow("Full", &[code("full", killed, json!({}))], &[]), json!({})).await;
    let document = flow("Broken", &[code("a", "return 1", json!(1)), code("b", "return 1 +", json!(1))], &[]);
    let refused = api.post("flows", &document).await.expect(422);

    assert_eq!(done["status"], "completed", "{done}");
    assert_eq!(done["result"].to_string(), r#"{"id":9007199254740993,"total":6.5}"#);
    assert_eq!(failed["error_class"], "script", "{failed}");
    let message = failed["error_message"].as_str().expect("a text");
    assert!(
        message.ends_with("TypeError: cannot read property 'b' of undefined (line 2, column 10)"),
        "{message}"
    );
    assert_eq!(killed["status"], "failed", "{killed}");
    assert_eq!(refused["errors"][0]["pointer"], "/flow_definition/nodes/1/source", "{refused}");
    let message = refused["errors"][0]["message"].as_str().expect("a text");
    assert!(message.starts_with("SyntaxError: ") && message.contains("line "), "{message}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn code_that_never_ends_holds_up_nothing_else() {
    let workplace = Workplace::new();
    let mut server = Setup::new(&workplace).start().await;
    let (api, pid) = (server.api().clone(), server.process_id());
    let spinning = api.create_flow(&endless()).await;
    let mut started = Vec::new();
    for _ in 0..8 {
        started.push(api.start(&spinning, json!({})).await);
    }
    eventually("some of them run", SOON, async || (sandboxes_of(pid) > READY).then_some(())).await;

    let other = ran(&api, &flow("Other", &[code("one", "return 1", json!(null))], &[]), json!({})).await;
    for id in &started {
        api.post(&format!("executions/{id}/cancel"), &json!({})).await;
    }

    assert_eq!(other["result"], 1, "{other}");
    eventually("they are killed", Duration::from_secs(20), async || {
        (sandboxes_of(pid) <= READY).then_some(())
    })
    .await;
    for id in &started {
        assert_eq!(api.finished(id, SOON).await["status"], "cancelled");
    }
    api.start(&spinning, json!({})).await;
    eventually("one runs again", SOON, async || (sandboxes_of(pid) > READY).then_some(())).await;
    server.kill();
    eventually("nothing is left of it", SOON, async || (sandboxes_of(pid) == 0).then_some(())).await;
}
