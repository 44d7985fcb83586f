//! Traces of executions, as a collector gets them from the real binary, which is killed in the middle.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use steadflow_blackbox::{
    Collector, Hold, Model, Peer, Setup, Span, Workplace, eventually, flow, http, node, retries, with,
};

const SOON: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trace_has_every_attempt_and_call_also_of_an_execution_that_was_killed() {
    let (workplace, collector) = (Workplace::new(), Collector::start().await);
    let (model, peer) = (Model::start(3).await, Peer::start().await);
    let mut server = Setup::new(&workplace).arguments(["--otlp-endpoint", &collector.url()]).start().await;
    let agent = server.api().post("agents", &agent(&model)).await.expect(201)["id"].clone();
    let ask = json!({ "id": "think", "type": "agent", "agent_id": agent, "skill": "look",
                      "input": { "question": "canary" } });
    let nodes = [
        with(http("fetch", &peer.url("/fail/1")), &retries(2, 0.1)),
        with(ask, &json!({ "retry": { "enabled": true, "count": 2, "initial_interval_seconds": 0.1 } })),
    ];
    let flow = server.api().create_flow(&flow("Traced", &nodes, &[("fetch", "think")])).await;
    model.hold("turn:2", Hold::Silent);
    let id = server.api().start(&flow, json!({})).await;
    model.has_come().await;
    server.kill();
    server.restart().await;
    let execution = server.api().finished(&id, SOON).await;
    assert_eq!(execution["status"], "completed", "{execution}");

    let spans = eventually("the trace arrives", SOON, async || {
        let spans = collector.spans();
        (!spans.is_empty()).then_some(spans)
    });
    let spans = spans.await;

    let trace = id.replace('-', "");
    assert!(spans.iter().all(|span| span.trace == trace && span.time.0 <= span.time.1), "{spans:#?}");
    let [root] = &named(&spans, "execution Traced")[..] else { panic!("one root: {spans:#?}") };
    assert_eq!((root.parent.as_str(), &root.error), ("", &None));
    assert_eq!(root.events, ["started", "adopted"]);
    assert!(spans.iter().all(|span| span.id == root.id || parent(&spans, span).is_some()), "{spans:#?}");

    let fetch = &named(&spans, "http_request fetch")[0];
    let attempts = children(&spans, fetch);
    let numbers: Vec<&Value> =
        attempts.iter().map(|span| &span.attributes["steadflow.attempt.number"]).collect();
    assert_eq!(numbers, [1, 2]);
    assert_eq!((attempts[0].error.as_deref(), &attempts[1].error), (Some("unavailable"), &None));
    let sent: Vec<String> = peer.calls_of(&id).into_iter().map(|call| call.traceparent).collect();
    let expected: Vec<String> = attempts.iter().map(|span| format!("00-{trace}-{}-01", span.id)).collect();
    assert_eq!(sent, expected, "the peer knows the span of each attempt");

    let thought = &named(&spans, "invoke_agent Thinker")[0];
    let chats = named(&spans, "chat scripted");
    let ends: Vec<Option<&str>> = chats.iter().map(|span| span.error.as_deref()).collect();
    assert_eq!(ends, [None, Some("interrupted"), None, None], "the second turn was cut off and asked again");
    assert_eq!(named(&spans, "execute_tool look").len(), 4);
    let tokens = |spans: &[&Span]| -> u64 {
        spans.iter().filter_map(|span| span.attributes.get("gen_ai.usage.input_tokens")?.as_u64()).sum()
    };
    let used = node(&execution, "think")["usage"]["input_tokens"].as_u64();
    assert_eq!((Some(tokens(&chats)), Some(tokens(&[thought]))), (used, used));
    assert!(!format!("{spans:?}").contains("canary"), "content is only where it is wanted");
    let (metrics, counted) =
        (server.api().get("/metrics").await.expect(200), "steadflow_traces_sent_total 1\n");
    assert!(metrics.as_str().is_some_and(|text| text.contains(counted)), "{metrics}");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_execution_continues_the_trace_of_its_caller_over_a_kill_and_a_try_is_in_none() {
    let (workplace, collector, peer) = (Workplace::new(), Collector::start().await, Peer::start().await);
    // Nothing is traced by itself.
    let arguments = ["--otlp-endpoint", &collector.url(), "--trace-ratio", "0"];
    let mut server = Setup::new(&workplace).arguments(arguments).start().await;
    let nodes =
        [with(http("fetch", &peer.url("/hang/1")), &retries(2, 0.1)), http("fail", &peer.url("/status/404"))];
    let flow = server.api().create_flow(&flow("Traced", &nodes, &[("fetch", "fail")])).await;
    let (trace, span) = ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7");
    let caller = format!("00-{trace}-{span}-01");
    let path = format!("flows/{flow}/execute");
    let headers = [("traceparent", caller.as_str())];
    let answer = server.api().call(Method::POST, &path, &headers, Some(&json!({}))).await.expect("an answer");
    let id = answer.expect(201)["execution_id"].as_str().expect("an id").to_owned();
    eventually("the call comes", SOON, async || (!peer.calls_of(&id).is_empty()).then_some(())).await;
    server.kill();
    server.restart().await;
    assert_eq!(server.api().finished(&id, SOON).await["status"], "failed");
    let retried = server
        .api()
        .post(&format!("executions/{id}/retry"), &json!({ "mode": "from_failed" }))
        .await
        .expect(200);
    let retried = retried["new_execution_id"].as_str().expect("an id").to_owned();
    server.api().finished(&retried, SOON).await;

    let spans = eventually("both traces arrive", SOON, async || {
        let spans = collector.spans();
        (named(&spans, "execution Traced").len() == 2).then_some(spans)
    });
    let spans = spans.await;

    assert!(spans.iter().all(|span| span.trace == trace), "{spans:#?}");
    let [first, again] = &named(&spans, "execution Traced")[..] else { panic!("two executions: {spans:#?}") };
    assert_eq!((first.parent.as_str(), &again.parent), (span, &first.id));
    let sent: Vec<String> = peer.calls_of(&id).into_iter().map(|call| call.traceparent).collect();
    assert_eq!(sent[1], format!("00-{trace}-{}-01", named(&spans, "attempt 2")[0].id), "{sent:?}");
    let definition = json!({ "nodes": [http("fetch", &peer.url("/ok"))], "edges": [] });
    let tried = json!({ "node_id": "fetch", "flow_definition": definition });
    server.api().post("flows/test-node", &tried).await.expect(200);
    assert_eq!(peer.calls().last().map(|call| call.traceparent.as_str()), Some(""));
    server.stop().await;
}

fn agent(model: &Model) -> Value {
    let tool = json!({ "name": "look", "description": "Looks.", "type": "http_request",
        "input_schema": { "type": "object", "properties": { "turn": { "type": "integer" }, "number": { "type": "integer" } } },
        "request": { "method": "POST", "url": model.url("/tool"), "body": "${input}" } });
    json!({ "name": "Thinker", "agent_type": "llm",
        "config": { "provider": "openai", "base_url": model.url("/v1"), "model": "scripted" },
        "skills": [{ "name": "look", "instructions": "Answer ${input.question}.", "tools": [tool], "max_turns": 9 }] })
}

fn named<'a>(spans: &'a [Span], name: &str) -> Vec<&'a Span> {
    spans.iter().filter(|span| span.name == name).collect()
}

fn parent<'a>(spans: &'a [Span], span: &Span) -> Option<&'a Span> {
    spans.iter().find(|other| other.id == span.parent)
}

fn children<'a>(spans: &'a [Span], span: &Span) -> Vec<&'a Span> {
    spans.iter().filter(|other| other.parent == span.id).collect()
}
