//! The journal of an execution: every event as clients see it, page by page and in the stream.

use axum::http::Method;
use serde_json::{Value, json};

use crate::support::{Api, Event, NO_ID, echo, failing, flow, hanging, list, readable, request, text};

/// Returns the pages of a journal, of `limit` records each.
async fn pages(api: &Api, id: &str, limit: usize) -> Vec<Vec<Value>> {
    let mut pages = Vec::new();
    let mut path = Some(format!("executions/{id}/journal?limit={limit}"));
    while let Some(address) = path {
        let answer = api.get(&address).await;
        path = answer.next();
        pages.push(list(&answer.expect(200)).to_vec());
    }
    pages
}

async fn journal(api: &Api, id: &str) -> Vec<Value> {
    pages(api, id, 1_000).await.concat()
}

/// Returns one line for each event: its record, its type and its node.
fn lines(events: &[Value]) -> Vec<String> {
    let line = |event: &Value| {
        let node = event["node_id"].as_str().map(|node| format!(" {node}")).unwrap_or_default();
        format!("{} {}{node}", event["seq"], text(&event["type"]))
    };
    events.iter().map(line).collect()
}

fn in_stream(events: &[Event]) -> Vec<Value> {
    events.iter().filter(|event| event.name == "journal").map(|event| event.data.clone()).collect()
}

fn of_type<'a>(events: &'a [Value], kind: &str) -> &'a Value {
    events.iter().find(|event| event["type"] == kind).unwrap_or_else(|| panic!("there is no {kind}"))
}

/// A flow with a retry, a condition, a delay, and a path that is not taken.
async fn eventful(api: &Api) -> String {
    let condition = json!({ "id": "if", "type": "condition", "condition": "a.fails == 1" });
    let delay = json!({ "id": "wait", "type": "delay", "delay_seconds": 5 });
    let nodes = [failing("a", 1, 1), condition, delay, echo("never", json!({}))];
    let edge =
        |from: &str, to: &str, condition: bool| json!({ "from": from, "to": to, "condition": condition });
    let edges = [json!({ "from": "a", "to": "if" }), edge("if", "wait", true), edge("if", "never", false)];
    let definition = json!({ "nodes": nodes, "edges": edges });
    api.create_flow(&json!({ "name": "Review", "flow_definition": definition })).await
}

#[tokio::test(start_paused = true)]
async fn journal_runs_from_the_acceptance_to_the_end() {
    let api = Api::new().await;
    let ended = api.run(&eventful(&api).await).await;
    let id = text(&ended["id"]);

    let events = journal(&api, &id).await;

    insta::assert_debug_snapshot!(lines(&events), @r#"
    [
        "1 accepted",
        "1 started",
        "1 attempt_started a",
        "2 attempt_failed a",
        "3 attempt_started a",
        "4 node_completed a",
        "4 node_completed if",
        "4 node_waiting wait",
        "4 node_skipped never",
        "5 node_completed wait",
        "5 finished",
    ]
    "#);
    insta::assert_snapshot!(readable(of_type(&events, "accepted")), @r#"
    {
      "seq": 1,
      "at": "2027-01-15T08:00:00.000000Z",
      "type": "accepted",
      "flow_id": "[id 1]",
      "flow_version": 1,
      "context_id": null,
      "context_type": null,
      "triggered_by": "api",
      "by": {
        "type": "user",
        "id": null
      },
      "parent_id": null,
      "retry_of": null,
      "forked_from": null,
      "fork_node_id": null,
      "edited": [],
      "reused": [],
      "worker": "worker"
    }
    "#);
    insta::assert_snapshot!(readable(events.last().unwrap()), @r#"
    {
      "seq": 5,
      "at": "2027-01-15T08:00:06.000000Z",
      "type": "finished",
      "status": "completed",
      "error_class": null,
      "error_message": null,
      "node_id": null,
      "by": null
    }
    "#);
}

#[tokio::test(start_paused = true)]
async fn failures_waits_and_edges_are_named() {
    let api = Api::new().await;
    let id = text(&api.run(&eventful(&api).await).await["id"]);

    let events = journal(&api, &id).await;

    insta::assert_snapshot!(readable(of_type(&events, "attempt_failed")), @r#"
    {
      "seq": 2,
      "at": "2027-01-15T08:00:00.000000Z",
      "type": "attempt_failed",
      "node_id": "a",
      "attempt": 1,
      "error_class": "connection",
      "error_message": "Connection timeout",
      "http_status": null,
      "next_retry_at": "2027-01-15T08:00:01.000000Z",
      "retries_left": 1,
      "gave_up": null,
      "usage": {
        "input_tokens": 0,
        "output_tokens": 0,
        "cost": null
      }
    }
    "#);
    insta::assert_snapshot!(readable(of_type(&events, "node_waiting")), @r#"
    {
      "seq": 4,
      "at": "2027-01-15T08:00:01.000000Z",
      "type": "node_waiting",
      "node_id": "wait",
      "waiting_for": "delay",
      "waiting_until": "2027-01-15T08:00:06.000000Z"
    }
    "#);
    let decided = events.iter().find(|event| event["node_id"] == "if").unwrap();
    insta::assert_snapshot!(readable(decided), @r#"
    {
      "seq": 4,
      "at": "2027-01-15T08:00:01.000000Z",
      "type": "node_completed",
      "node_id": "if",
      "not_taken": [
        {
          "from": "if",
          "to": "never"
        }
      ],
      "usage": {
        "input_tokens": 0,
        "output_tokens": 0,
        "cost": null
      },
      "reused": false
    }
    "#);
}

#[tokio::test(start_paused = true)]
async fn journal_says_who_did_what() {
    let api = Api::new().await;
    let mut asking = failing("a", 3, 1);
    asking["on_exhausted"] = json!("ask");
    asking["retry"]["initial_interval_seconds"] = json!(600);
    let flow = api.create_flow(&flow("Review", &[asking, hanging("b")], &[("a", "b")])).await;
    let id = api.start(&flow).await;
    let press = async |what: &str| api.press(&format!("executions/{id}/{what}")).await.expect(200);

    api.when(&id, |execution| execution["retrying"] == true).await;
    press("pause").await;
    press("resume").await;
    press("nodes/a/retry-now").await;
    api.when(&id, |execution| execution["waiting_for"] == "decision").await;
    let decide = format!("executions/{id}/nodes/a/decide");
    api.post(&decide, &json!({ "decision": "complete", "output": "as agreed" })).await.expect(200);
    press("cancel").await;

    let events = journal(&api, &id).await;
    insta::assert_debug_snapshot!(lines(&events), @r#"
    [
        "1 accepted",
        "1 started",
        "1 attempt_started a",
        "2 attempt_failed a",
        "3 paused",
        "4 resumed",
        "5 backoff_ended a",
        "5 attempt_started a",
        "6 attempt_failed a",
        "6 node_waiting a",
        "7 resolved a",
        "7 node_completed a",
        "7 attempt_started b",
        "8 finished",
    ]
    "#);
    let user = json!({ "type": "user", "id": null });
    for kind in ["accepted", "paused", "resumed", "backoff_ended", "resolved", "finished"] {
        assert_eq!(of_type(&events, kind)["by"], user, "{kind}");
    }
    insta::assert_snapshot!(readable(of_type(&events, "resolved")), @r#"
    {
      "seq": 7,
      "at": "2027-01-15T08:00:00.000000Z",
      "type": "resolved",
      "node_id": "a",
      "decision": "complete",
      "message": null,
      "by": {
        "type": "user",
        "id": null
      }
    }
    "#);
    insta::assert_snapshot!(readable(events.last().unwrap()), @r#"
    {
      "seq": 8,
      "at": "2027-01-15T08:00:00.000000Z",
      "type": "finished",
      "status": "cancelled",
      "error_class": null,
      "error_message": "Cancelled by a user",
      "node_id": null,
      "by": {
        "type": "user",
        "id": null
      }
    }
    "#);
    assert!(!json!(events).to_string().contains("as agreed"), "events carry no payloads");
}

#[tokio::test(start_paused = true)]
async fn pages_and_the_stream_have_the_same_events() {
    let api = Api::new().await;
    let id = api.start(&eventful(&api).await).await;
    let stream = api.follow(&format!("executions/{id}/events"), Some("1")).await;

    let live = in_stream(&stream.rest().await);

    let all = journal(&api, &id).await;
    let first: Vec<Value> = all.iter().filter(|event| event["seq"] == 1).cloned().collect();
    assert_eq!([first, live].concat(), all);
    for limit in [1, 2, 3] {
        let pages = pages(&api, &id, limit).await;
        assert!(pages.len() > 1 && pages.iter().all(|page| !page.is_empty()), "by {limit}");
        assert_eq!(pages.concat(), all, "by {limit}");
    }
}

#[tokio::test(start_paused = true)]
async fn resumed_streams_have_every_event_once() {
    let api = Api::new().await;
    let id = text(&api.run(&eventful(&api).await).await["id"]);
    let path = format!("executions/{id}/events");
    let all = in_stream(&api.follow(&path, Some("1")).await.rest().await);
    let last = all.last().unwrap()["seq"].as_u64().unwrap();

    for seq in 1..last {
        let before = all.iter().filter(|event| event["seq"].as_u64() <= Some(seq)).cloned().collect();
        let after = in_stream(&api.follow(&path, Some(&seq.to_string())).await.rest().await);
        assert_eq!([before, after].concat(), all, "after {seq}");
    }
}

#[tokio::test(start_paused = true)]
async fn events_come_before_the_views_of_their_record() {
    let api = Api::new().await;
    let id = text(&api.run(&eventful(&api).await).await["id"]);

    let messages = api.follow(&format!("executions/{id}/events"), Some("1")).await.rest().await;

    let rank = |name: &str| ["journal", "node", "execution"].iter().position(|known| *known == name).unwrap();
    for record in messages.split_inclusive(|message| message.id.is_some()) {
        let ranks: Vec<usize> = record.iter().map(|message| rank(&message.name)).collect();
        assert!(ranks.is_sorted() && ranks.first() == Some(&0) && ranks.last() == Some(&2), "{ranks:?}");
        let seq: u64 = record.last().unwrap().id.as_deref().unwrap().parse().unwrap();
        assert!(in_stream(record).iter().all(|event| event["seq"] == seq));
    }
}

#[tokio::test(start_paused = true)]
async fn only_what_is_new_can_be_read() {
    let api = Api::new().await;
    let ended = api.run(&eventful(&api).await).await;
    let id = text(&ended["id"]);
    let last = ended["seq"].as_u64().unwrap();
    let read = async |query: &str| api.get(&format!("executions/{id}/journal?{query}")).await;

    let new = read(&format!("after_seq={}", last - 1)).await.expect(200);
    assert!(list(&new).iter().all(|event| event["seq"] == last) && !list(&new).is_empty());
    for beyond in [last, last + 1, u64::MAX] {
        assert_eq!(read(&format!("after_seq={beyond}")).await.expect(200), json!([]), "{beyond}");
    }
    insta::assert_snapshot!(read("after_seq=-1&limit=0&type=finished").await.problem(), @"400 invalid-parameter: The query is not valid: `after_seq` must be the `seq` of an event; `limit` must be a whole number from 1 to 1000; there is no parameter `type`.");
    let unknown = api.get(&format!("executions/{NO_ID}/journal")).await;
    assert_eq!(unknown.problem(), "404 no-such-execution: There is no execution [id 1].");
    assert_eq!(
        api.send(request(Method::POST, &format!("executions/{id}/journal"), &[], "")).await.status,
        405
    );
}

#[tokio::test(start_paused = true)]
async fn reused_outputs_are_named_without_their_content() {
    let api = Api::new().await;
    let nodes = [echo("a", json!("kept")), failing("b", 9, 0)];
    let flow = api.create_flow(&flow("Review", &nodes, &[("a", "b")])).await;
    let failed = text(&api.run(&flow).await["id"]);

    let answer = api.post(&format!("executions/{failed}/retry"), &json!({ "mode": "from_failed" })).await;
    let id = text(&answer.expect(200)["new_execution_id"]);
    api.ended(&id).await;

    let events = journal(&api, &id).await;
    let accepted = of_type(&events, "accepted");
    assert_eq!((&accepted["retry_of"], &accepted["reused"]), (&json!(failed), &json!(["a"])));
    assert_eq!(of_type(&events, "node_completed")["reused"], true);
    assert!(!json!(events).to_string().contains("kept"));
}

#[tokio::test(start_paused = true)]
async fn a_page_of_many_long_events_is_short_and_none_is_lost() {
    let api = Api::new().await;
    let ids: Vec<String> = (0..1_000).map(|at| format!("{at:03}{}", "x".repeat(190))).collect();
    let nodes: Vec<Value> = ids.iter().map(|id| echo(id, json!(1))).collect();
    let edges: Vec<(&str, &str)> = ids.windows(2).map(|pair| (&*pair[0], &*pair[1])).collect();
    let ended = api.run(&api.create_flow(&flow("Long", &nodes, &edges)).await).await;
    let path = format!("executions/{}/journal?limit=1000", text(&ended["id"]));

    let (mut next, mut pages, mut events) = (Some(path), Vec::new(), Vec::new());
    while let Some(path) = next {
        let page = api.get(&path).await;
        pages.push(page.text.len());
        next = page.next().map(|address| address.replace("/api/v1/studio/", ""));
        events.extend(list(&page.expect(200)).iter().map(|event| event["node_id"].to_string()));
    }

    assert!(pages.len() > 1 && pages.iter().all(|bytes| *bytes < 1_500_000), "{pages:?}");
    assert!(ids.iter().all(|id| events.contains(&format!("\"{id}\""))));
}
