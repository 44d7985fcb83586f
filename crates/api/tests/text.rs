//! The text of a turn while it is written: what a reader receives, and how it continues after a break.

use std::time::Duration;

use axum::http::Method;
use serde_json::{Value, json};
use steadflow_core::live::TextKind;

use crate::support::{Api, Event, Line, NO_ID, Stream, echo, flow, request, text};

/// Starts a flow whose node `a` asks a model that speaks, with a tool or without, up to `attempts` times.
async fn asked(api: &Api, has_tools: bool, attempts: u32) -> String {
    let tool = json!({ "name": "look", "type": "http_request", "description": "Looks it up.",
                       "request": { "url": "https://registry.example.org/" } });
    let mut skill = json!({ "name": "tell" });
    if has_tools {
        skill["tools"] = json!([tool]);
    }
    let agent = json!({ "name": "Teller", "agent_type": "llm", "skills": [skill],
                        "config": { "provider": "openai", "model": "small" } });
    asked_of(api, &agent, attempts).await
}

/// Starts a flow whose node `a` asks this agent.
async fn asked_of(api: &Api, agent: &Value, attempts: u32) -> String {
    let agent = text(&api.post("agents", agent).await.expect(201)["id"]);
    let node = json!({ "id": "a", "type": "agent", "agent_id": agent, "skill": "tell", "input": { "speaks": true },
                       "retry": { "enabled": true, "count": attempts - 1 } });
    let mut document = flow("Review", &[node], &[]);
    document["status"] = json!("active");
    api.start(&api.create_flow(&document).await).await
}

fn path(execution: &str) -> String {
    format!("executions/{execution}/nodes/a/stream")
}

fn say(api: &Api, piece: &str) {
    api.model.send(Line::Say(TextKind::Text, piece.to_owned())).expect("the model listens");
}

fn think(api: &Api, piece: &str) {
    api.model.send(Line::Say(TextKind::Reasoning, piece.to_owned())).expect("the model listens");
}

fn end(api: &Api, answer: Value) {
    api.model.send(Line::Answer(answer)).expect("the model listens");
}

fn failing() -> Value {
    json!({ "fails": 1, "error": "model_output" })
}

/// Returns a line for each event.
fn lines(events: &[Event]) -> Vec<String> {
    let line = |Event { name, data, .. }: &Event| {
        let turn = format!("{name} {} {}", data["attempt"], data["step"].as_str().unwrap_or("-"));
        match name.as_str() {
            "piece" => format!("{turn}: {} {} {}", text(&data["kind"]), data["offset"], data["text"]),
            "skipped" => format!("{turn}: {} {} {}", text(&data["kind"]), data["offset"], data["missed"]),
            "restarted" => turn,
            "turn" => format!("{turn}: {}", text(&data["status"])),
            _ => format!("{name}: {}", text(&data["status"])),
        }
    };
    events.iter().map(line).collect()
}

async fn next(stream: &mut Stream) -> Event {
    stream.next().await.expect("the stream goes on")
}

/// Reads until so many bytes of the text of a turn have come, and returns all of it with the last id.
async fn read(stream: &mut Stream, known: &str, bytes: usize) -> (String, String) {
    let (mut all, mut id) = (known.to_owned(), None);
    while all.len() < bytes {
        let event = next(stream).await;
        assert_eq!((event.name.as_str(), &event.data["offset"]), ("piece", &json!(all.len())), "{event:?}");
        all.push_str(&text(&event.data["text"]));
        id = event.id;
    }
    (all, id.expect("every event has an id"))
}

#[tokio::test(start_paused = true)]
async fn the_text_of_each_turn_comes_as_it_is_written_until_the_node_ends() {
    let api = Api::new().await;
    let id = asked(&api, true, 1).await;
    let mut stream = api.follow(&path(&id), None).await;

    think(&api, "Hm.");
    let mut events = vec![next(&mut stream).await];
    say(&api, "Grüß ");
    events.push(next(&mut stream).await);
    say(&api, "dich 🦀");
    events.push(next(&mut stream).await);
    end(
        &api,
        json!({ "text": "Grüß dich 🦀", "tool_calls": [{ "id": "x", "name": "look", "arguments": {} }] }),
    );
    events.push(next(&mut stream).await);
    let stored = api.get(&format!("executions/{id}/nodes/a/conversation")).await.expect(200);
    say(&api, "It is 7.");
    events.push(next(&mut stream).await);
    end(&api, json!({ "output": { "text": "It is 7." } }));
    events.extend(stream.rest().await);

    insta::assert_debug_snapshot!(lines(&events), @r#"
    [
        "piece 1 turn:1: reasoning 0 \"Hm.\"",
        "piece 1 turn:1: text 0 \"Grüß \"",
        "piece 1 turn:1: text 7 \"dich 🦀\"",
        "turn 1 turn:1: completed",
        "piece 1 turn:2: text 0 \"It is 7.\"",
        "turn 1 turn:2: completed",
        "end: completed",
    ]
    "#);
    assert_eq!(stored["steps"][0]["text"], "Grüß dich 🦀");
    assert!(stored["seq"].as_u64() >= events[3].data["seq"].as_u64());
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_reconnects_gets_exactly_what_it_has_not_seen() {
    let api = Api::new().await;
    let id = asked(&api, false, 1).await;
    let whole = "Es grünt so grün 🦀, wenn Spaniens Blüten blühen.";
    let (mut known, mut last) = (String::new(), None);
    for piece in whole.split_inclusive(' ') {
        let mut stream = api.follow(&path(&id), last.as_deref()).await;
        say(&api, piece);
        let (all, id) = read(&mut stream, &known, known.len() + piece.len()).await;
        (known, last) = (all, Some(id));
    }
    assert_eq!(known, whole);

    let mut late = api.follow(&path(&id), None).await;
    assert_eq!(read(&mut late, "", whole.len()).await.0, whole);
    end(&api, json!({ "text": whole }));
    let rest = api.follow(&path(&id), last.as_deref()).await.rest().await;
    let after = api.follow(&path(&id), rest[0].id.as_deref()).await.rest().await;

    assert_eq!(lines(&rest), ["turn 1 -: completed", "end: completed"]);
    assert_eq!(lines(&after), ["end: completed"]);
    assert_eq!(lines(&late.rest().await), ["turn 1 -: completed", "end: completed"]);
}

#[tokio::test(start_paused = true)]
async fn a_turn_that_is_asked_anew_voids_what_was_shown_of_it() {
    let api = Api::new().await;
    let id = asked(&api, true, 2).await;
    let (mut stream, mut gone) = (api.follow(&path(&id), None).await, api.follow(&path(&id), None).await);
    say(&api, "It is 8");
    next(&mut stream).await;
    let seen = next(&mut gone).await.id;
    drop(gone);

    end(&api, failing());
    let mut events = vec![next(&mut stream).await];
    say(&api, "It is");
    events.extend([next(&mut stream).await, next(&mut stream).await]);
    let mut again = api.follow(&path(&id), seen.as_deref()).await;
    let came = [next(&mut again).await, next(&mut again).await, next(&mut again).await];
    say(&api, " 7.");
    end(&api, json!({ "output": { "text": "It is 7." } }));
    events.extend(stream.rest().await);

    insta::assert_debug_snapshot!(lines(&events), @r#"
    [
        "turn 1 turn:1: failed",
        "restarted 2 turn:1",
        "piece 2 turn:1: text 0 \"It is\"",
        "piece 2 turn:1: text 5 \" 7.\"",
        "turn 2 turn:1: completed",
        "end: completed",
    ]
    "#);
    assert_eq!(lines(&came), lines(&events[..3]), "who was away gets the same");
    assert_eq!(lines(&again.rest().await), lines(&events[3..]));
}

#[tokio::test(start_paused = true)]
async fn what_a_model_wrote_before_another_was_asked_is_void() {
    let api = Api::new().await;
    let agent = json!({ "name": "Teller", "agent_type": "llm", "skills": ["tell"],
                        "config": { "provider": "openai", "model": "large", "fallbacks": [{ "model": "small" }] } });
    let id = asked_of(&api, &agent, 1).await;
    let mut stream = api.follow(&path(&id), None).await;
    say(&api, "It is 8");
    let mut events = vec![next(&mut stream).await];

    end(&api, json!({ "fails": 1, "error": "unavailable" }));
    events.push(next(&mut stream).await);
    say(&api, "It is 7.");
    end(&api, json!({ "output": { "text": "It is 7." } }));
    events.extend(stream.rest().await);

    insta::assert_debug_snapshot!(lines(&events), @r#"
    [
        "piece 1 turn:1: text 0 \"It is 8\"",
        "turn 1 turn:1: failed",
        "restarted 1 turn:1:1",
        "piece 1 turn:1:1: text 0 \"It is 7.\"",
        "turn 1 turn:1:1: completed",
        "end: completed",
    ]
    "#);
}

#[tokio::test(start_paused = true)]
async fn text_that_turns_out_to_be_reasoning_is_void() {
    let api = Api::new().await;
    let id = asked(&api, false, 1).await;
    let mut stream = api.follow(&path(&id), None).await;
    say(&api, "Let me see");
    let mut events = vec![next(&mut stream).await];

    api.model.send(Line::Restart).expect("the model listens");
    say(&api, "It is 7.");
    end(&api, json!({ "text": "It is 7." }));
    events.extend(stream.rest().await);

    insta::assert_debug_snapshot!(lines(&events), @r#"
    [
        "piece 1 -: text 0 \"Let me see\"",
        "restarted 1 -",
        "piece 1 -: text 0 \"It is 7.\"",
        "turn 1 -: completed",
        "end: completed",
    ]
    "#);
}

#[tokio::test(start_paused = true)]
async fn a_turn_that_is_written_at_once_comes_whole_before_its_end() {
    let api = Api::new().await;
    let id = asked(&api, true, 1).await;
    let mut stream = api.follow(&path(&id), None).await;

    think(&api, "Hm.");
    say(&api, "I look.");
    end(&api, json!({ "tool_calls": [{ "id": "x", "name": "look", "arguments": {} }] }));
    let mut events = vec![next(&mut stream).await, next(&mut stream).await, next(&mut stream).await];
    say(&api, "It is 7.");
    end(&api, json!({ "output": { "text": "It is 7." } }));
    events.extend(stream.rest().await);

    insta::assert_debug_snapshot!(lines(&events), @r#"
    [
        "piece 1 turn:1: reasoning 0 \"Hm.\"",
        "piece 1 turn:1: text 0 \"I look.\"",
        "turn 1 turn:1: completed",
        "piece 1 turn:2: text 0 \"It is 7.\"",
        "turn 1 turn:2: completed",
        "end: completed",
    ]
    "#);
}

#[tokio::test(start_paused = true)]
async fn a_turn_that_is_cut_off_is_stopped() {
    let api = Api::new().await;
    let id = asked(&api, true, 1).await;
    let mut stream = api.follow(&path(&id), None).await;
    say(&api, "It is");
    next(&mut stream).await;

    assert_eq!(api.press(&format!("executions/{id}/cancel")).await.status, 200);

    assert_eq!(lines(&stream.rest().await), ["turn 1 turn:1: stopped", "end: cancelled"]);
}

#[tokio::test(start_paused = true)]
async fn of_a_long_text_the_latest_part_comes_and_the_reader_hears_how_much_it_has_missed() {
    let api = Api::new().await;
    let id = asked(&api, false, 1).await;
    let mut stream = api.follow(&path(&id), None).await;
    say(&api, "Once");
    next(&mut stream).await;
    let long = "0123456789abcdef".repeat(10 * 64 * 1024);

    say(&api, &long);
    say(&api, ".");
    end(&api, json!({ "text": "long" }));
    let events = stream.rest().await;

    let (skipped, pieces) = (&events[0], &events[1..events.len() - 2]);
    assert_eq!(skipped.name, "skipped", "{:?}", lines(&events[..1]));
    let (offset, missed) =
        (skipped.data["offset"].as_u64().unwrap(), skipped.data["missed"].as_u64().unwrap());
    assert_eq!(offset, 4 + missed);
    let shown: String = pieces.iter().map(|piece| text(&piece.data["text"])).collect();
    assert!(shown.len() <= 256 * 1024 && shown.len() > 128 * 1024, "{}", shown.len());
    assert_eq!(shown.len() as u64 + offset, 4 + long.len() as u64 + 1);
    assert!(shown.ends_with("def.") && long.contains(shown.trim_end_matches('.')));
}

#[tokio::test(start_paused = true)]
async fn a_quiet_stream_is_kept_alive_loses_nothing_and_ends_when_the_server_stops() {
    let api = Api::new().await;
    let id = asked(&api, true, 1).await;
    let mut stream = api.follow(&path(&id), None).await;
    say(&api, "I");
    next(&mut stream).await;

    let quiet = tokio::time::timeout(Duration::from_secs(3_600), stream.next()).await;
    say(&api, " look.");
    let piece = next(&mut stream).await;
    api.app.end_streams();

    assert!(quiet.is_err(), "only comments came");
    assert_eq!(lines(&[piece]), ["piece 1 turn:1: text 1 \" look.\""]);
    let rest = tokio::time::timeout(Duration::from_secs(60), stream.rest()).await;
    assert_eq!(rest.expect("the stream ends"), []);
}

#[tokio::test(start_paused = true)]
async fn many_readers_of_a_node_get_the_same_each_at_its_own_pace() {
    let api = Api::new().await;
    let id = asked(&api, true, 1).await;
    let mut readers = Vec::new();
    for word in "So it is as it was and as it will be .".split_inclusive(' ') {
        readers.push(api.follow(&path(&id), None).await);
        say(&api, word);
    }
    end(&api, json!({ "output": { "text": "So it is" } }));
    api.ended(&id).await;

    for (number, reader) in readers.into_iter().enumerate() {
        let events = reader.rest().await;
        let pieces: String = events.iter().filter_map(|event| event.data["text"].as_str()).collect();
        assert_eq!(pieces, "So it is as it was and as it will be .", "reader {number}");
        assert_eq!(lines(&events[events.len() - 2..]), ["turn 1 turn:1: completed", "end: completed"]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_node_that_has_ended_says_so_at_once() {
    let api = Api::new().await;
    let id = asked(&api, false, 1).await;
    say(&api, "It is 7.");
    end(&api, json!({ "text": "It is 7." }));
    api.ended(&id).await;

    assert_eq!(lines(&api.follow(&path(&id), None).await.rest().await), ["end: completed"]);
    for foreign in ["0", "4711", "1.0190c6f57c3a70008000000000000001.3.0"] {
        let events = api.follow(&path(&id), Some(foreign)).await.rest().await;
        assert_eq!(lines(&events).last().unwrap(), "end: completed", "{foreign}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_followed_says_why() {
    let api = Api::new().await;
    let echoed = text(&api.run(&api.flow_of(&[echo("a", json!({}))]).await).await["id"]);
    let id = asked(&api, false, 1).await;

    let answers = [
        api.get(&path(NO_ID)).await.problem(),
        api.get(&format!("executions/{id}/nodes/b/stream")).await.problem(),
        api.get(&path(&echoed)).await.problem(),
        api.send(request(Method::GET, &path(&id), &[("last-event-id", "1.2")], "")).await.problem(),
    ];

    insta::assert_debug_snapshot!(answers, @r#"
    [
        "404 no-such-execution: There is no execution [id 1].",
        "404 no-such-node: The execution has no node `b`.",
        "404 no-such-value: The node asks no agent, so there is no text to follow.",
        "400 invalid-parameter: The header Last-Event-ID must be the id of an event of this stream, such as 12 or 12.0190c6f57c3a70008000000000000001.345.0.",
    ]
    "#);
}
