//! Links to decide with.

use std::time::Duration;

use axum::http::Method;
use serde_json::{Value, json};
use steadflow_core::caller::{Caller, Role};
use steadflow_core::ids::TenantId;
use steadflow_runtime::replace_link_key;
use tokio::time::advance;
use uuid::Uuid;

use crate::approvals::{node_waiting, waiting};
use crate::support::{Answer, Api, NO_ID, node, readable, request, text};

fn approval(execution: &str) -> String {
    format!("approvals/{execution}:ok:approval:1")
}

/// Makes a link, and gives the address that its page calls.
async fn link(api: &Api, approval: &str, body: &Value) -> String {
    let made = api.post(&format!("{approval}/links"), body).await.expect(201);
    let url = text(&made["url"]);
    let token =
        url.strip_prefix("https://flows.example/decide/").expect("it is where people find the studio");
    assert!(token.len() <= 200, "{token}");
    format!("/api/v1/decisions/{token}")
}

async fn yes(api: &Api, link: &str) -> Value {
    let hash = api.get(link).await.expect(200)["arguments_hash"].clone();
    json!({ "decision": "approved", "arguments_hash": hash, "form": { "reason": "late" } })
}

#[tokio::test(start_paused = true)]
async fn a_link_shows_what_is_asked_and_decides_it_once() {
    let api = Api::new().await;
    let id = node_waiting(&api, "operator").await;
    let link = link(&api, &approval(&id), &json!({ "for": " ann@example.com " })).await;

    let shown = api.get(&link).await;
    let yes = yes(&api, &link).await;
    let decided = api.post(&link, &yes).await.expect(200);
    let again = api.post(&link, &yes).await.problem();
    let ended = api.ended(&id).await;

    assert_eq!(shown.header("cache-control"), Some("no-store"));
    assert_eq!(shown.header("referrer-policy"), Some("no-referrer"));
    assert_eq!(shown.header("set-cookie"), None);
    insta::assert_snapshot!(readable(&shown.expect(200)), @r#"
    {
      "subject": "node",
      "flow_name": "Refund",
      "node_name": "Refund?",
      "agent_name": null,
      "tool": null,
      "guardrail": null,
      "arguments": {
        "amount": 5
      },
      "form": {
        "type": "object",
        "properties": {
          "reason": {
            "type": "string",
            "enum": [
              "late",
              "broken"
            ]
          }
        },
        "required": [
          "reason"
        ],
        "additionalProperties": false
      },
      "arguments_hash": "sha256:7e84cbf0f7a7c92c037058665d66152f8eb8580ab2534e52c877bccceb9cc7bf",
      "requested_at": "2027-01-15T08:00:00.000000Z",
      "expires_at": null,
      "link_expires_at": "2027-01-22T08:00:00.000000Z",
      "made_for": "ann@example.com"
    }
    "#);
    insta::assert_snapshot!(readable(&decided), @r#"
    {
      "decided": {
        "decision": "approved",
        "is_edited": false,
        "comment": null,
        "by": {
          "type": "link",
          "id": "ann@example.com"
        },
        "at": "2027-01-15T08:00:00.000000Z"
      }
    }
    "#);
    insta::assert_snapshot!(again, @"409 already-decided: It was approved by ann@example.com (link) at 2027-01-15T08:00:00.000000Z, and is decided on once.");
    assert_eq!(api.get(&link).await.problem(), again);
    assert_eq!(ended["result"]["by"], json!({ "type": "link", "id": "ann@example.com" }));
    assert_eq!(ended["result"]["form"], json!({ "reason": "late" }));
}

#[tokio::test(start_paused = true)]
async fn who_only_reads_a_link_changes_nothing() {
    let api = Api::new().await;
    let id = node_waiting(&api, "operator").await;
    let link = link(&api, &approval(&id), &json!({})).await;
    let before = api.get(&format!("executions/{id}/journal?limit=100")).await.expect(200);

    let first = api.get(&link).await.expect(200);
    let second = api.get(&link).await.expect(200);
    let head = api.open(request(Method::HEAD, &link, &[], "")).await.status();

    assert_eq!((first, head.as_u16()), (second, 200));
    assert_eq!(api.get(&format!("executions/{id}/journal?limit=100")).await.expect(200), before);
    assert_eq!(api.get(&approval(&id)).await.expect(200)["is_open"], true);
}

#[tokio::test(start_paused = true)]
async fn who_has_another_link_learns_only_what_was_decided_and_when() {
    let api = Api::new().await;
    let mut told = Vec::new();
    for (of_first, of_second) in [(json!("ann"), json!("bob")), (json!(null), json!(null))] {
        let id = node_waiting(&api, "operator").await;
        let first = link(&api, &approval(&id), &json!({ "for": of_first })).await;
        let second = link(&api, &approval(&id), &json!({ "for": of_second })).await;
        let mut yes = yes(&api, &first).await;
        yes["comment"] = json!("She is a friend");
        api.post(&first, &yes).await.expect(200);

        told.push(api.get(&first).await.problem());
        told.push(api.get(&second).await.problem());
        assert_eq!(api.post(&second, &yes).await.problem(), *told.last().unwrap());
    }

    insta::assert_snapshot!(told.join("\n"), @"
    409 already-decided: It was approved by ann (link) at 2027-01-15T08:00:00.000000Z, and is decided on once. It says: She is a friend
    409 already-decided: It was approved at 2027-01-15T08:00:00.000000Z, and is decided on once.
    409 already-decided: It was approved at 2027-01-15T08:00:00.000000Z, and is decided on once.
    409 already-decided: It was approved at 2027-01-15T08:00:00.000000Z, and is decided on once.
    ");
}

#[tokio::test(start_paused = true)]
async fn of_two_links_one_decides() {
    let api = Api::new().await;
    let id = node_waiting(&api, "operator").await;
    let links = [
        link(&api, &approval(&id), &json!({ "for": "ann" })).await,
        link(&api, &approval(&id), &json!({ "for": "bob" })).await,
    ];
    let yes = yes(&api, &links[0]).await;

    let (first, second) = tokio::join!(api.post(&links[0], &yes), api.post(&links[1], &yes));

    let mut statuses = [first.status, second.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409]);
    assert_ne!(links[0], links[1]);
    for link in links {
        let problem = api.get(&link).await.problem();
        assert!(problem.starts_with("409 already-decided: It was approved "), "{problem}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_tool_is_decided_by_a_link_as_in_the_studio() {
    let api = Api::new().await;
    let id = waiting(&api).await;
    let link = link(&api, &format!("approvals/{id}:a%20b:tool:1:0"), &json!({})).await;
    let shown = api.get(&link).await.expect(200);
    let decide = |decision: &str, with: Value| {
        let mut body = json!({ "decision": decision, "arguments_hash": shown["arguments_hash"] });
        body.as_object_mut().unwrap().extend(with.as_object().unwrap().clone());
        body
    };

    let mut problems = Vec::new();
    for body in [
        decide("approved", json!({ "form": {} })),
        decide("approved", json!({ "arguments": [1] })),
        decide("cancelled", json!({})),
        decide("rejected", json!({ "arguments": {} })),
        decide("rejected", json!({ "comment": "x".repeat(2_001) })),
        json!({ "decision": "approved", "arguments_hash": "sha256:0" }),
        json!({ "decision": "approved", "arguments_hash": "sha256:0", "by": "ann" }),
    ] {
        problems.push(api.post(&link, &body).await.problem());
    }
    api.post(&link, &decide("rejected", json!({ "comment": "Too dear" }))).await.expect(200);
    let ended = api.ended(&id).await;

    let what = ["subject", "agent_name", "tool", "arguments", "form", "made_for"].map(|key| &shown[key]);
    let arguments = json!({ "amount": 1, "hangs": false });
    assert_eq!(json!(what), json!(["tool", "Buyer", "pay", arguments, null, null]));
    assert_eq!(node(&ended, "a b")["status"], "completed");
    insta::assert_snapshot!(problems.join("\n"), @"
    400 invalid-body: This has no form to fill in.
      /form: This has no form to fill in
    400 invalid-body: `arguments` must be an object.
      /arguments: `arguments` must be an object
    400 invalid-body: Only a request for input can be `cancelled`.
      /decision: Only a request for input can be `cancelled`
    400 invalid-body: What is `rejected` takes no `arguments`.
      /arguments: What is `rejected` takes no `arguments`
    400 invalid-body: `comment` has more than 2000 characters.
      /comment: `comment` has more than 2000 characters
    409 other-arguments: The call has other arguments than those that this decision names. Look at it again, and decide on what it says now.
    400 invalid-body: The body does not fit: unknown field `by`, expected one of `decision`, `arguments_hash`, `comment`, `arguments`, `form` at line 1 column 55.
      /by: unknown field `by`, expected one of `decision`, `arguments_hash`, `comment`, `arguments`, `form`
    ");
}

#[tokio::test(start_paused = true)]
async fn what_is_no_link_is_told_nothing() {
    let api = Api::new().await;
    let id = node_waiting(&api, "operator").await;
    let link = link(&api, &approval(&id), &json!({})).await;
    let yes = yes(&api, &link).await;
    let other = Api::new().await;
    let other_id = node_waiting(&other, "operator").await;
    let foreign = self::link(&other, &approval(&other_id), &json!({})).await;
    let token = link.rsplit('/').next().unwrap();
    let end = if token.ends_with('A') { "B" } else { "A" };
    let changed = format!("/api/v1/decisions/{}{end}", &token[..token.len() - 1]);

    let mut problems = Vec::new();
    for address in [
        changed.as_str(),
        &foreign,
        "/api/v1/decisions/x",
        "/api/v1/decisions/%ff",
        &format!("/api/v1/decisions/{NO_ID}:ok:approval:1"),
    ] {
        problems.push(api.get(address).await.problem());
        problems.push(api.post(address, &yes).await.problem());
    }
    api.press(&format!("executions/{id}/cancel")).await.expect(200);
    let flow = text(&api.execution(&id).await["flow_id"]);
    assert_eq!(api.delete(&format!("flows/{flow}")).await.status, 204);
    problems.push(api.get(&link).await.problem());
    let with_query = api.get(&format!("{link}?decision=approved")).await.problem();

    assert_eq!(problems.len(), 11);
    problems.dedup();
    insta::assert_snapshot!(problems.join("\n"), @"404 no-such-link: This link leads to nothing that can be decided on. Check that it is complete, as it was sent to you.");
    insta::assert_snapshot!(with_query, @"400 invalid-parameter: The query is not valid: there is no parameter `decision`.");
}

#[tokio::test(start_paused = true)]
async fn a_token_that_nobody_made_stores_nothing() {
    let api = Api::new().await;

    let refused = api.get(&format!("/api/v1/decisions/{}", "A".repeat(120))).await.problem();

    assert!(refused.starts_with("404 no-such-link"), "{refused}");
    assert_eq!(api.store().signing_key("decision_links").await.expect("an answer"), None);
    let id = node_waiting(&api, "operator").await;
    link(&api, &approval(&id), &json!({})).await;
    assert!(api.store().signing_key("decision_links").await.expect("an answer").is_some());
}

#[tokio::test(start_paused = true)]
async fn a_link_that_was_made_before_the_key_was_replaced_is_none_at_once() {
    let api = Api::new().await;
    let id = node_waiting(&api, "operator").await;
    let before = link(&api, &approval(&id), &json!({})).await;
    api.get(&before).await.expect(200);

    replace_link_key(api.store()).await.expect("it is replaced");

    assert!(api.get(&before).await.problem().starts_with("404 no-such-link"));
    let after = link(&api, &approval(&id), &json!({})).await;
    api.get(&after).await.expect(200);
}

#[tokio::test(start_paused = true)]
async fn a_link_ends_at_its_time_and_with_what_it_is_about() {
    let api = Api::new().await;
    let id = node_waiting(&api, "operator").await;
    let short = link(&api, &approval(&id), &json!({ "expires_in_seconds": 60 })).await;
    let long = link(&api, &approval(&id), &json!({ "expires_in_seconds": 2_592_000 })).await;
    let yes = yes(&api, &short).await;

    advance(Duration::from_secs(59)).await;
    let just_before = api.get(&short).await.status;
    advance(Duration::from_secs(1)).await;
    let expired = [api.get(&short).await.problem(), api.post(&short, &yes).await.problem()];
    let still_open = api.get(&long).await.status;
    api.press(&format!("executions/{id}/cancel")).await.expect(200);
    let cancelled = [api.get(&long).await.problem(), api.post(&long, &yes).await.problem()];
    let none_for_it = api.post(&format!("{}/links", approval(&id)), &json!({})).await.problem();

    assert_eq!((just_before, still_open), (200, 200));
    insta::assert_snapshot!([expired, cancelled].concat().join("\n"), @"
    410 link-expired: This link has expired, so nothing can be decided with it. Ask who sent it for another one.
    410 link-expired: This link has expired, so nothing can be decided with it. Ask who sent it for another one.
    409 execution-finished: The execution is cancelled, and what has ended does not change.
    409 execution-finished: The execution is cancelled, and what has ended does not change.
    ");
    insta::assert_snapshot!(none_for_it, @"409 execution-finished: The execution is cancelled, and what has ended does not change.");
}

#[tokio::test(start_paused = true)]
async fn a_link_is_made_for_one_thing_for_a_time_and_for_one_person() {
    let api = Api::new().await;
    let id = node_waiting(&api, "operator").await;
    let links = format!("{}/links", approval(&id));

    let mut problems = Vec::new();
    for body in [
        json!({ "expires_in_seconds": 59 }),
        json!({ "expires_in_seconds": 2_592_001 }),
        json!({ "expires_in_seconds": "60" }),
        json!({ "for": " " }),
        json!({ "for": "ann\nbob" }),
        json!({ "for": "x".repeat(61) }),
        json!({ "to": "ann" }),
    ] {
        problems.push(api.post(&links, &body).await.problem());
    }
    problems.push(api.press(&format!("approvals/{id}:ok:approval:2/links")).await.problem());
    problems.push(api.press(&format!("approvals/{NO_ID}:ok:approval:1/links")).await.problem());
    let without_body = api.press(&links).await.expect(201);

    insta::assert_snapshot!(problems.join("\n"), @r#"
    400 invalid-body: `expires_in_seconds` must be from 60 to 2592000, which is 30 days.
      /expires_in_seconds: `expires_in_seconds` must be from 60 to 2592000, which is 30 days
    400 invalid-body: `expires_in_seconds` must be from 60 to 2592000, which is 30 days.
      /expires_in_seconds: `expires_in_seconds` must be from 60 to 2592000, which is 30 days
    400 invalid-body: The body does not fit: invalid type: string "60", expected u64 at line 1 column 26.
      /expires_in_seconds: invalid type: string "60", expected u64
    400 invalid-body: `for` must be a name or an address in one line, of 1 to 60 bytes.
      /for: `for` must be a name or an address in one line, of 1 to 60 bytes
    400 invalid-body: `for` must be a name or an address in one line, of 1 to 60 bytes.
      /for: `for` must be a name or an address in one line, of 1 to 60 bytes
    400 invalid-body: `for` must be a name or an address in one line, of 1 to 60 bytes.
      /for: `for` must be a name or an address in one line, of 1 to 60 bytes
    400 invalid-body: The body does not fit: unknown field `to`, expected `expires_in_seconds` or `for` at line 1 column 5.
      /to: unknown field `to`, expected `expires_in_seconds` or `for`
    404 no-such-approval: The execution has no such call that needs approval.
    404 no-such-execution: There is no execution [id 1].
    "#);
    assert_eq!(without_body["expires_at"], "2027-01-22T08:00:00.000000Z");
}

#[tokio::test(start_paused = true)]
async fn a_link_has_the_role_of_who_made_it() {
    let api = Api::new().await;
    let id = node_waiting(&api, "editor").await;
    let links = format!("{}/links", approval(&id));
    let make = async |caller: Caller| {
        let mut request = request(Method::POST, &links, &[], "");
        request.extensions_mut().insert(caller);
        Answer::read(api.open(request).await).await
    };

    let operator = make(Caller { role: Role::Operator, ..Caller::LOCAL }).await.problem();
    let stranger = Caller { tenant: TenantId::new(Uuid::from_u128(7)), ..Caller::LOCAL };
    let stranger = make(stranger).await.status;
    let of_editor = make(Caller { role: Role::Editor, ..Caller::LOCAL }).await.expect(201);
    let address = text(&of_editor["url"]).replace("https://flows.example/decide/", "/api/v1/decisions/");
    api.post(&address, &yes(&api, &address).await).await.expect(200);

    insta::assert_snapshot!(operator, @"403 not-allowed: This is decided by the role `editor` or one above it.");
    assert_eq!(stranger, 404);
    assert_eq!(api.ended(&id).await["result"]["by"], json!({ "type": "link", "id": null }));
}

#[tokio::test(start_paused = true)]
async fn the_page_of_a_link_is_kept_by_nobody() {
    let api = Api::new().await;

    let page = api.open(request(Method::GET, "/decide/token", &[], "")).await;

    if page.status() == 200 {
        let header = |name: &str| page.headers()[name].to_str().unwrap().to_owned();
        assert_eq!(
            (header("cache-control"), header("referrer-policy")),
            ("no-store".into(), "no-referrer".into())
        );
    }
}

#[tokio::test(start_paused = true)]
async fn only_an_alert_that_is_about_waits_has_links_and_only_if_it_says_so() {
    let api = Api::new().await;
    let alert = |events: &[&str], decision_link: Value| {
        let channel = json!({ "type": "email", "to": ["ann@example.com"] });
        json!({ "name": "On call", "events": events, "channel": channel, "decision_link": decision_link })
    };

    let made = api.post("alerts", &alert(&["waiting_for_person"], json!(true))).await.expect(201);
    let unlike = api.post("alerts", &alert(&["execution_failed"], json!(true))).await.problem();
    let mut silent = alert(&["waiting_for_person"], json!(null));
    silent.as_object_mut().unwrap().remove("decision_link");
    let silent = api.post("alerts", &silent).await.expect(201);
    let changed =
        api.patch(&format!("alerts/{}", text(&made["id"])), &json!({ "decision_link": false })).await;

    assert_eq!((&made["decision_link"], &silent["decision_link"]), (&json!(true), &json!(false)));
    assert_eq!(changed.expect(200)["decision_link"], false);
    insta::assert_snapshot!(unlike, @"
    422 alert-invalid: The alert document has a fault at `/decision_link`: it is of the event `waiting_for_person`, which `events` does not have.
      /decision_link: it is of the event `waiting_for_person`, which `events` does not have
    ");
}
