//! Event streams: what a client receives, and how it continues after a break.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use axum::http::Method;
use axum::response::Response;
use futures_util::StreamExt;
use futures_util::future::join_all;
use serde_json::{Value, json};
use steadflow_api::ClientAddress;

use crate::support::{Api, Event, NO_ID, Stream, each, echo, failing, flow, hanging, list, request, text};

fn lines(events: &[Event]) -> Vec<String> {
    let line = |event: &Event| {
        let id = event.id.as_deref().map(|id| format!(" #{id}")).unwrap_or_default();
        let what = match event.name.as_str() {
            "journal" => text(&event.data["type"]),
            "node" => format!("{} {}", text(&event.data["node_id"]), text(&event.data["status"])),
            _ => text(&event.data["status"]),
        };
        format!("{}{id}: {what}", event.name)
    };
    events.iter().map(line).collect()
}

/// A flow of two nodes, the first of which recovers.
async fn recovering(api: &Api) -> String {
    let nodes = [failing("a", 2, 2), echo("b", json!({ "after": "${a.fails}" }))];
    api.create_flow(&flow("Review", &nodes, &[("a", "b")])).await
}

#[tokio::test(start_paused = true)]
async fn stream_begins_with_a_snapshot_and_ends_with_the_execution() {
    let api = Api::new().await;
    let id = api.start(&recovering(&api).await).await;

    let mut stream = api.follow(&format!("executions/{id}/events"), None).await;
    let first = stream.next().await.unwrap();
    let rest = stream.rest().await;

    assert_eq!((first.name.as_str(), &first.data["id"]), ("snapshot", &json!(id)));
    assert_eq!(first.id, Some(first.data["seq"].to_string()));
    let last = rest.last().unwrap();
    assert_eq!((last.name.as_str(), &last.data["status"]), ("execution", &json!("completed")));
    assert!(rest.iter().filter(|event| event.name == "execution").all(|event| event.data["at"].is_string()));
    assert!(rest.iter().any(|event| event.data["next_retry_at"].is_string()), "the backoff is sent");
    let ended = api.execution(&id).await;
    assert_eq!(last.id, Some(ended["seq"].to_string()));
    let node = rest.iter().rfind(|event| event.data["node_id"] == "b").unwrap();
    assert_eq!(node.data, ended["node_executions"][1]);
}

#[tokio::test(start_paused = true)]
async fn finished_execution_is_sent_in_one_event() {
    let api = Api::new().await;
    let ended = api.run(&recovering(&api).await).await;

    let events = api.follow(&format!("executions/{}/events", text(&ended["id"])), None).await.rest().await;

    assert_eq!(events.len(), 1);
    assert_eq!((events[0].name.as_str(), &events[0].data), ("snapshot", &ended));
}

#[tokio::test(start_paused = true)]
async fn what_a_reader_has_to_catch_up_with_comes_in_parts() {
    let api = Api::new().await;
    let names: Vec<String> = (0..20).map(|at| format!("n{at}")).collect();
    let nodes: Vec<Value> = names.iter().map(|name| echo(name, json!("x".repeat(10_000)))).collect();
    let edges: Vec<(&str, &str)> = names.windows(2).map(|pair| (&*pair[0], &*pair[1])).collect();
    let ended = api.run(&api.create_flow(&flow("Review", &nodes, &edges)).await).await;
    let path = format!("executions/{}/events", text(&ended["id"]));

    let answer = api.open(request(Method::GET, &path, &[("last-event-id", "1")], "")).await;
    let parts: Vec<usize> =
        answer.into_body().into_data_stream().map(|part| part.expect("it comes").len()).collect().await;

    let (longest, all) = (parts.iter().max().copied(), parts.iter().sum::<usize>());
    assert!(all > 400_000 && longest.is_some_and(|bytes| bytes < 120_000), "{parts:?}");
}

#[tokio::test(start_paused = true)]
async fn stream_continues_after_the_last_event_that_arrived() {
    let api = Api::new().await;
    let ended = api.run(&recovering(&api).await).await;
    let path = format!("executions/{}/events", text(&ended["id"]));

    let all = api.follow(&path, Some("1")).await.rest().await;

    assert!(all.iter().all(|event| event.name != "snapshot"), "{:?}", lines(&all));
    assert_eq!(lines(&all).last().unwrap(), &format!("execution #{}: completed", ended["seq"]));
    let ids = all.iter().filter_map(|event| event.id.clone());
    for (at, id) in all.iter().enumerate().filter_map(|(at, event)| Some((at, event.id.clone()?))) {
        let rest = api.follow(&path, Some(&id)).await.rest().await;
        assert_eq!(lines(&rest), lines(&all[at + 1..]), "after {id}");
    }
    let numbers: Vec<u64> = ids.map(|id| id.parse().unwrap()).collect();
    assert_eq!(numbers, (2..=ended["seq"].as_u64().unwrap()).collect::<Vec<_>>(), "without a gap");
}

#[tokio::test(start_paused = true)]
async fn stream_that_broke_off_is_resumed_while_the_execution_runs() {
    let api = Api::new().await;
    let id = api.start(&recovering(&api).await).await;
    let path = format!("executions/{id}/events");
    let mut stream = api.follow(&path, None).await;
    let mut last_id = None;
    while let Some(event) = stream.next().await {
        last_id = event.id.or(last_id);
        if event.data["next_retry_at"].is_string() {
            break;
        }
    }
    drop(stream);

    let rest = api.follow(&path, last_id.as_deref()).await.rest().await;

    let lines = lines(&rest);
    assert_eq!(
        lines[..2],
        ["journal: attempt_failed", "node: a pending"],
        "the record that was cut is sent again"
    );
    assert!(lines.contains(&"node: b completed".to_owned()), "{lines:?}");
}

#[tokio::test(start_paused = true)]
async fn ids_from_elsewhere_begin_with_a_snapshot_and_other_texts_are_refused() {
    let api = Api::new().await;
    let ended = api.run(&recovering(&api).await).await;
    let path = format!("executions/{}/events", text(&ended["id"]));

    for id in ["0", "4711"] {
        let events = api.follow(&path, Some(id)).await.rest().await;
        assert_eq!((events.len(), events[0].name.as_str()), (1, "snapshot"), "{id}");
    }
    for id in ["last", "-1", "1.5", ""] {
        let answer = api.send(request(Method::GET, &path, &[("last-event-id", id)], "")).await;
        assert_eq!(
            answer.problem(),
            "400 invalid-parameter: The header Last-Event-ID must be the id of an event of this stream, which is a number."
        );
    }
}

#[tokio::test(start_paused = true)]
async fn executions_that_are_not_there_have_no_stream() {
    let api = Api::new().await;

    let unknown = api.get(&format!("executions/{NO_ID}/events")).await;
    let misspelt = api.get("events?flow=1").await;

    assert_eq!(unknown.problem(), "404 no-such-execution: There is no execution [id 1].");
    insta::assert_snapshot!(misspelt.problem(), @"400 invalid-parameter: The query is not valid: there is no parameter `flow`.");
}

#[tokio::test(start_paused = true)]
async fn all_executions_are_followed_in_one_stream() {
    let api = Api::new().await;
    let flow = api.flow_of(&[echo("a", json!({}))]).await;
    let before = api.run(&flow).await;

    let mut stream = api.follow("events", None).await;
    let snapshot = stream.next().await.unwrap();
    let new = api.start(&flow).await;
    let change = stream.next().await.unwrap();

    assert_eq!(snapshot.name, "snapshot");
    assert_eq!(each(&snapshot.data, "id"), [text(&before["id"])]);
    assert_eq!((change.name.as_str(), &change.data["id"]), ("execution", &json!(new)));
    assert_eq!(change.data["flow_name"], "Review");
}

#[tokio::test(start_paused = true)]
async fn executions_of_one_flow_are_followed_alone() {
    let api = Api::new().await;
    let (mine, other) = (api.flow_of(&[hanging("a")]).await, api.flow_of(&[hanging("a")]).await);
    api.start(&other).await;

    let mut stream = api.follow(&format!("events?flow_id={mine}"), None).await;
    let snapshot = stream.next().await.unwrap();
    api.start(&other).await;
    let started = api.start(&mine).await;
    let change = stream.next().await.unwrap();

    assert_eq!(list(&snapshot.data).len(), 0);
    assert_eq!(change.data["id"], json!(started));
}

#[tokio::test(start_paused = true)]
async fn a_stream_of_all_executions_shows_a_hundred_and_asks_to_read_the_list_where_more_change_at_once() {
    let api = Api::new().await;
    let flow = api.flow_of(&[hanging("a")]).await;

    let mut stream = api.follow("events", None).await;
    stream.next().await.unwrap();
    join_all((0..101).map(|_| api.start(&flow))).await;
    let changes = said_until_silence(&mut stream).await;
    let snapshot = api.follow("events", None).await.next().await.unwrap();

    assert!(changes.iter().all(|change| change.name == "resync"), "{:?}", lines(&changes));
    assert_eq!(missed(&changes), 101);
    assert_eq!(list(&snapshot.data).len(), 100);
}

#[tokio::test(start_paused = true)]
async fn a_reader_of_all_executions_that_lags_too_far_behind_learns_how_much_it_missed() {
    let api = Api::new().await;
    let flow = api.flow_of(&[hanging("a")]).await;
    let mut stream = api.follow("events", None).await;
    stream.next().await.unwrap();

    for _ in 0..80 {
        api.start(&flow).await;
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let changes = said_until_silence(&mut stream).await;

    let shown = changes.iter().filter(|change| change.name == "execution").count();
    assert!((64..=65).contains(&shown), "{:?}", lines(&changes));
    assert_eq!(missed(&changes), 80 - shown as u64);
}

/// Returns what a stream says until it says nothing for ten seconds.
async fn said_until_silence(stream: &mut Stream) -> Vec<Event> {
    let mut said = Vec::new();
    while let Ok(Some(event)) = tokio::time::timeout(Duration::from_secs(10), stream.next()).await {
        said.push(event);
    }
    said
}

/// Returns how many changes were left out.
fn missed(said: &[Event]) -> u64 {
    said.iter().filter_map(|event| event.data["missed"].as_u64()).sum()
}

#[tokio::test(start_paused = true)]
async fn streams_end_when_the_server_stops() {
    let api = Api::new().await;
    let id = api.start(&api.flow_of(&[hanging("a")]).await).await;
    let mut one = api.follow(&format!("executions/{id}/events"), None).await;
    let mut all = api.follow("events", None).await;
    one.next().await.unwrap();
    all.next().await.unwrap();

    api.app.end_streams();

    let ended = tokio::time::timeout(Duration::from_secs(60), async { (one.rest().await, all.rest().await) });
    assert_eq!(ended.await.unwrap().0, []);
}

#[tokio::test(start_paused = true)]
async fn quiet_stream_is_kept_alive_without_an_event() {
    let api = Api::new().await;
    let id = api.start(&api.flow_of(&[hanging("a")]).await).await;
    let mut stream = api.follow(&format!("executions/{id}/events"), None).await;
    stream.next().await.unwrap();

    let quiet = tokio::time::timeout(Duration::from_secs(3_600), stream.next()).await;
    api.press(&format!("executions/{id}/cancel")).await.expect(200);

    assert!(quiet.is_err(), "only comments came");
    let rest: Vec<Value> =
        stream.rest().await.into_iter().map(|event| event.data["status"].clone()).collect();
    assert_eq!(rest, ["cancelled"; 3], "of the event, the node and the execution");
}

/// Opens streams for clients of the address that ends so, until one is refused.
async fn follow_until_refused(api: &Api, path: &str, last: u8) -> Vec<Response> {
    let mut open = Vec::new();
    loop {
        let mut asked = request(Method::GET, path, &[], "");
        let address = IpAddr::V4(Ipv4Addr::new(192, 0, 2, last));
        asked.extensions_mut().insert(ClientAddress::from(address));
        let answer = api.open(asked).await;
        match answer.status().as_u16() {
            200 => open.push(answer),
            status => {
                assert_eq!(status, 503);
                return open;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_address_that_follows_many_executions_leaves_room_for_others() {
    let api = Api::new().await;
    let nodes: Vec<Value> = (0..1_000).map(|at| hanging(&format!("n{at}"))).collect();
    let id = api.start(&api.flow_of(&nodes).await).await;
    let path = format!("executions/{id}/events");

    let first = follow_until_refused(&api, &path, 1).await;
    let second = follow_until_refused(&api, &path, 2).await;
    assert_eq!([first.len(), second.len()], [65, 32]);

    drop(first);
    assert_eq!(follow_until_refused(&api, &path, 1).await.len(), 49, "half of what the second leaves");
}
