//! Calls of webhooks: what is accepted, and what is not.
//!
//! The signatures are those that the senders publish, and others made with another program: Python's `hmac`.

use serde_json::{Value, json};
use steadflow_core::flow::Flow;
use steadflow_core::limits::Limits;
use steadflow_core::timestamp::Timestamp;
use steadflow_core::webhook::{Call, EventKey, Refused, SIGNATURES_MAX, UnreadableHeader, Unsigned, Webhook};

fn triggered_by(webhook: &Value) -> Value {
    json!({ "name": "Orders", "flow_definition": { "nodes": [{ "id": "start", "type": "trigger", "webhook": webhook }], "edges": [] } })
}

fn webhook(more: Value) -> Webhook {
    let mut document = json!({ "path": "orders", "secret": "${secrets.HOOK}" });
    let (Value::Object(document_keys), Value::Object(more)) = (&mut document, more) else {
        panic!("an object")
    };
    document_keys.extend(more);
    let flow = Flow::parse(&triggered_by(&document), &Limits::DEFAULT).expect("a flow");
    Webhook::clone(flow.webhook().expect("a webhook").2)
}

fn of(scheme: &str) -> Webhook {
    webhook(json!({ "scheme": scheme }))
}

/// Verifies a call that came in `seconds` after 1970.
fn verify(
    webhook: &Webhook,
    secrets: &[&str],
    headers: &[(&str, &str)],
    body: &str,
    seconds: i64,
) -> Result<Option<EventKey>, Refused> {
    let header = |name: &str| {
        let mut values = headers.iter().filter(|(given, _)| *given == name).map(|(_, value)| *value);
        let (first, second) = (values.next(), values.next());
        if second.is_some() { Err(UnreadableHeader) } else { Ok(first) }
    };
    let secrets: Vec<String> = secrets.iter().map(|&secret| secret.to_owned()).collect();
    let received_at = Timestamp::from_micros(seconds * 1_000_000);
    webhook.verify(&secrets, &Call { header: &header, body: body.as_bytes(), received_at })
}

const GITHUB_SECRET: &str = "It's a Secret to Everybody";
const GITHUB: (&str, &str) =
    ("x-hub-signature-256", "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17");
const SLACK_SECRET: &str = "8f742231b10e8888abcd99yyyzzz85a5";
const SLACK_BODY: &str = "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";
const SLACK: (&str, &str) =
    ("x-slack-signature", "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503");
const SLACK_TIME: (&str, &str) = ("x-slack-request-timestamp", "1531420618");
const STANDARD_SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const STANDARD_BODY: &str = "{\"test\": 2432232314}";
const STANDARD: [(&str, &str); 3] = [
    ("webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek"),
    ("webhook-timestamp", "1614265330"),
    ("webhook-signature", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
];

#[test]
fn what_senders_publish_is_accepted() {
    let github = verify(&of("github"), &[GITHUB_SECRET], &[GITHUB], "Hello, World!", 0);
    let slack = verify(&of("slack"), &[SLACK_SECRET], &[SLACK, SLACK_TIME], SLACK_BODY, 1_531_420_618);
    let standard =
        verify(&of("standard_webhooks"), &[STANDARD_SECRET], &STANDARD, STANDARD_BODY, 1_614_265_330);

    assert!(github.is_ok() && slack.is_ok() && standard.is_ok(), "{github:?} {slack:?} {standard:?}");
}

#[test]
fn each_scheme_refuses_the_signature_of_another_and_what_has_changed() {
    let all = ["github", "stripe", "slack", "standard_webhooks", "hmac", "bearer"];
    let headers = [&[GITHUB, SLACK, SLACK_TIME][..], &STANDARD].concat();
    for scheme in all {
        let keys = if scheme == "hmac" {
            json!({ "scheme": scheme, "header": "X-Sig" })
        } else {
            json!({ "scheme": scheme })
        };
        let webhook = webhook(keys);
        let secret = if scheme == "standard_webhooks" { STANDARD_SECRET } else { GITHUB_SECRET };
        for body in ["", "Hello, World", "Hello, World!\n", "Hello,  World!", "hello, world!"] {
            let refused = verify(&webhook, &[secret], &headers, body, 1_614_265_330);
            assert!(refused.is_err(), "{scheme} {body:?}");
        }
        assert_eq!(
            verify(&webhook, &[secret], &[], "Hello, World!", 0),
            Err(Refused::NoSignature),
            "{scheme}"
        );
        // Without a secret, nothing is accepted: not even what was signed with none.
        for secrets in [&[][..], &[""], &["\n"], &["short"], &["fifteen bytes !"]] {
            let refused = verify(&webhook, secrets, &headers, "Hello, World!", 0);
            assert_eq!(refused, Err(Refused::NoSecret), "{scheme} {secrets:?}");
        }
    }
}

#[test]
fn a_signature_is_read_strictly_and_its_digits_in_either_case() {
    let hash = GITHUB.1.strip_prefix("sha256=").unwrap();
    let github = |value: &str| {
        verify(&of("github"), &[GITHUB_SECRET], &[(GITHUB.0, value)], "Hello, World!", 0)
            .map(|event| event.unwrap())
    };

    assert_eq!(github(&format!("sha256={}", hash.to_uppercase())), github(GITHUB.1), "it is the same event");
    let wrong = Err(Refused::WrongSignature);
    assert_eq!(github("sha256="), wrong, "an empty one is none");
    assert_eq!(github(&format!("sha256={}", &hash[..32])), wrong, "a part is not the whole");
    assert_eq!(github(&format!("sha256={hash}00")), wrong);
    for value in [hash, "sha1=7570", "SHA256=75", "sha256=7", "sha256=zz", "sha256=７５", ""] {
        assert_eq!(github(value), Err(Refused::NoSignature), "{value}");
    }
    let twice = verify(&of("github"), &[GITHUB_SECRET], &[GITHUB, GITHUB], "Hello, World!", 0);
    assert_eq!(twice, Err(Refused::NoSignature));
}

#[test]
fn a_time_may_be_five_minutes_away_in_either_direction() {
    let slack =
        |seconds| verify(&of("slack"), &[SLACK_SECRET], &[SLACK, SLACK_TIME], SLACK_BODY, seconds).map(drop);
    let standard = |seconds| {
        verify(&of("standard_webhooks"), &[STANDARD_SECRET], &STANDARD, STANDARD_BODY, seconds).map(drop)
    };

    for (at, result) in
        [(-301, Err(Refused::Stale)), (-300, Ok(())), (300, Ok(())), (301, Err(Refused::Stale))]
    {
        assert_eq!(slack(1_531_420_618 + at), result);
        assert_eq!(standard(1_614_265_330 + at), result);
    }
    for time in ["", "+1531420618", "1531420618.0", "-1", " 1531420618", "9223372036854775808", "now"] {
        let headers = [SLACK, ("x-slack-request-timestamp", time)];
        let refused = verify(&of("slack"), &[SLACK_SECRET], &headers, SLACK_BODY, 1_531_420_618);
        assert_eq!(refused, Err(Refused::NoSignature), "{time}");
    }
}

#[test]
fn a_secret_may_be_replaced_while_calls_come() {
    let new = "a new secret with some length";
    let github = |secrets: &[&str]| verify(&of("github"), secrets, &[GITHUB], "Hello, World!", 0);

    assert_eq!(github(&[new, GITHUB_SECRET]), github(&[GITHUB_SECRET]));
    assert_eq!(
        github(&["It's a Secret to Everybody\r\n"]),
        github(&[GITHUB_SECRET]),
        "files end with a line end"
    );
    assert_eq!(github(&[new]), Err(Refused::WrongSignature));
    // Senders sign with each of their secrets.
    let both = format!("v1a,x v1,AAAA {}", STANDARD[2].1);
    let headers = [STANDARD[0], STANDARD[1], ("webhook-signature", &both)];
    let standard = of("standard_webhooks");
    assert!(verify(&standard, &[STANDARD_SECRET], &headers, STANDARD_BODY, 1_614_265_330).is_ok());
    let flood = format!("{}{}", "v1,AAAA ".repeat(SIGNATURES_MAX), STANDARD[2].1);
    let headers = [STANDARD[0], STANDARD[1], ("webhook-signature", &flood)];
    let refused = verify(&standard, &[STANDARD_SECRET], &headers, STANDARD_BODY, 1_614_265_330);
    assert_eq!(refused, Err(Refused::WrongSignature), "only so many are looked at");
}

/// Signed with `whsec_5WbX5kEWLlfzsGNjH64I8lOOqUB6e8FH`.
const STRIPE_BODY: &str = r#"{"id":"evt_1","object":"event"}"#;
const STRIPE_SECRET: &str = "whsec_5WbX5kEWLlfzsGNjH64I8lOOqUB6e8FH";
const STRIPE_V1: &str = "9ea270decc4219855697aa75562fa52a40e07edc8bc3a3a70267f53380689d93";

#[test]
fn an_event_of_stripe_is_known_by_its_id_however_often_it_is_signed() {
    let stripe = |header: &str, body: &str, seconds: i64| {
        verify(&of("stripe"), &[STRIPE_SECRET], &[("stripe-signature", header)], body, seconds)
    };
    let header = format!(
        "t=1492774577,v1={STRIPE_V1},v0=6ffbb59b2300aae63f272406069a9788598b792a944a07aba816edb039989a39"
    );

    let first = stripe(&header, STRIPE_BODY, 1_492_774_600);
    let again = stripe(
        "t=1492860977,v1=f7206fd6ff32adaf1049de22b5cc5fa3d2d65b302fde7763cfdc0d9c87b50c05",
        STRIPE_BODY,
        1_492_861_000,
    );

    assert!(first.as_ref().is_ok_and(Option::is_some), "{first:?}");
    assert_eq!(first, again);
    for header in [
        format!("t=1492774577,t=1492774577,v1={STRIPE_V1}"),
        format!("v1={STRIPE_V1}"),
        format!("t=1492774577,v0={STRIPE_V1}"),
        "t=1492774577".to_owned(),
    ] {
        assert_eq!(stripe(&header, STRIPE_BODY, 1_492_774_600), Err(Refused::NoSignature), "{header}");
    }
    let written_again = r#"{"id": "evt_1", "object": "event"}"#;
    assert_eq!(stripe(&header, written_again, 1_492_774_600), Err(Refused::WrongSignature));
    let other_time = header.replace("1492774577", "1492774578");
    assert_eq!(stripe(&other_time, STRIPE_BODY, 1_492_774_600), Err(Refused::WrongSignature));
}

#[test]
fn events_are_known_by_what_their_sender_calls_them_or_by_what_is_signed() {
    let github = |id: Option<&str>| {
        let headers: Vec<_> = id.map(|id| ("x-github-delivery", id)).into_iter().chain([GITHUB]).collect();
        verify(&of("github"), &[GITHUB_SECRET], &headers, "Hello, World!", 0).unwrap().unwrap()
    };
    assert_ne!(github(Some("one")), github(Some("two")));
    assert_eq!(github(Some("one")).hash.len(), 64, "a key has one length, whatever the id is");
    assert_eq!(github(None), github(Some("")));

    let bearer = webhook(json!({ "scheme": "bearer", "id_header": "X-Event" }));
    let call = |headers: &[(&str, &str)]| verify(&bearer, &["a token of some length"], headers, "{}", 0);
    let token = ("authorization", "bearer a token of some length");
    assert_eq!(call(&[token]), Ok(None), "each call is an event");
    assert_eq!(call(&[token, ("x-event", "1")]).unwrap().map(|event| event.hash.len()), Some(64));
    let unreadable = [("x-event", "1"), ("x-event", "1")];
    assert_eq!(call(&[&[token], &unreadable[..]].concat()), Err(Refused::UnreadableId), "given twice");
    for value in
        ["Bearer a token of some lengt", "Bearer", "Basic a token of some length", "a token of some length"]
    {
        assert!(call(&[("authorization", value)]).is_err(), "{value}");
    }
}

#[test]
fn a_part_of_what_is_signed_cannot_be_taken_for_another() {
    // `msg.1614265330` as the id, and what the body begins with as the time.
    let headers = [("webhook-id", "msg.1614265330"), ("webhook-timestamp", "1614265331"), STANDARD[2]];

    let refused = verify(&of("standard_webhooks"), &[STANDARD_SECRET], &headers, "x", 1_614_265_330);

    assert_eq!(refused, Err(Refused::NoSignature));
}

#[test]
fn other_senders_say_where_their_signature_is() {
    let hmac = webhook(json!({
        "scheme": "hmac", "header": "X-Sig", "algorithm": "sha512", "encoding": "base64", "prefix": "v2=",
        "timestamp_header": "X-Time", "id_header": "X-Event",
    }));
    let body = "{\"straße\":\"😀\"}";
    let headers = [
        (
            "x-sig",
            "v2=9kIfAU/2IL0AiG6Td0wHebaMP1UWIJR8QkbU0k7Y/2mxdiPLtp6MGZpyp0O5FPx/yiYwYogbO9ddgDSLk2RqIg==",
        ),
        ("x-time", "1700000000"),
        ("x-event", "7"),
    ];
    let verified =
        |headers: &[(&str, &str)]| verify(&hmac, &["a secret with ümlauts"], headers, body, 1_700_000_000);

    assert!(verified(&headers).is_ok_and(|event| event.is_some()));
    assert_eq!(verified(&headers[..1]), Err(Refused::NoSignature), "the time is a part of it");
    let without_prefix = [("x-sig", headers[0].1.trim_start_matches("v2=")), headers[1]];
    assert_eq!(verified(&without_prefix), Err(Refused::NoSignature));
}

#[test]
fn what_is_no_webhook_is_named_where_it_is() {
    let faults = |webhook: Value| {
        let faults = Flow::parse(&triggered_by(&webhook), &Limits::DEFAULT).expect_err("it has faults");
        faults
            .iter()
            .map(|fault| {
                format!(
                    "{}: {}",
                    fault.pointer.replace("/flow_definition/nodes/0/webhook", ""),
                    fault.message
                )
            })
            .collect::<Vec<_>>()
            .join("\n")
    };

    insta::assert_snapshot!(faults(json!({})), @r#"
    /path: a webhook needs `path`: a path such as "orders/paid": letters, digits, `-`, `_`, `.` and `~`, in parts with `/` between them, at most 200 characters
    /scheme: a webhook needs `scheme`: one of `github`, `stripe`, `slack`, `standard_webhooks`, `hmac`, `bearer`
    /secret: a webhook needs `secret`: the name of a secret, such as "${secrets.GITHUB_WEBHOOK}", or a list of these
    "#);
    insta::assert_snapshot!(faults(json!({ "path": "a//b", "scheme": "sha1", "secret": "whsec_pasted" })), @r#"
    /path: `path` must be a path such as "orders/paid": letters, digits, `-`, `_`, `.` and `~`, in parts with `/` between them, at most 200 characters, not "a//b"
    /scheme: `scheme` must be one of `github`, `stripe`, `slack`, `standard_webhooks`, `hmac`, `bearer`, not "sha1"
    /secret: `secret` must be the name of a secret, such as "${secrets.GITHUB_WEBHOOK}", not a string
    "#);
    insta::assert_snapshot!(faults(json!({ "path": "a", "scheme": "hmac", "secret": ["${secrets.A}", "${secrets.B}x"] })), @r#"
    /secret/1: an entry must be the name of a secret, such as "${secrets.GITHUB_WEBHOOK}", not a string
    /header: a webhook with the scheme `hmac` needs `header`: the name of the header with the signature
    "#);
    insta::assert_snapshot!(faults(json!({ "path": "a", "scheme": "github", "secret": "${secrets.A}", "header": "X", "id_header": "Y", "extra": 1 })), @"
    /header: only the scheme `hmac` has `header`
    /id_header: the scheme fixes where the ID is, so only `hmac` and `bearer` have `id_header`
    /extra: there is no key `extra` here; there are `path`, `scheme`, `secret`, `header`, `prefix`, `algorithm`, `encoding`, `timestamp_header`, `id_header`
    ");
    for path in ["", "/a", "a/", "a/../b", ".", "a b", "ä", "a%2Fb", "a?b", &"a".repeat(201)] {
        let document = json!({ "path": path, "scheme": "github", "secret": "${secrets.A}" });
        assert!(faults(document).starts_with("/path: "), "{path}");
    }
    let six = json!({ "path": "a", "scheme": "github", "secret": ["${secrets.A}", "${secrets.A}", "${secrets.A}", "${secrets.A}", "${secrets.A}", "${secrets.A}"] });
    insta::assert_snapshot!(faults(six), @"/secret: `secret` has 6 entries; at most 5 are allowed");
    let one = json!({ "path": "a", "scheme": "github", "secret": "${secrets.A}" });
    let two = json!({ "name": "Two", "flow_definition": { "nodes": [
        { "id": "a", "type": "trigger", "webhook": one }, { "id": "b", "type": "trigger", "webhook": one } ], "edges": [] } });
    let fault = &Flow::parse(&two, &Limits::DEFAULT).expect_err("it has a fault")[0];
    assert_eq!(fault.pointer, "/flow_definition/nodes/1/webhook");
}

#[test]
fn a_call_that_is_signed_by_hand_is_accepted_by_every_scheme() {
    let custom = |more: Value| {
        let mut keys = json!({ "scheme": "hmac", "header": "X-Sig", "id_header": "X-Id" });
        keys.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        webhook(keys)
    };
    let all = [
        of("github"),
        of("stripe"),
        of("slack"),
        of("standard_webhooks"),
        of("bearer"),
        custom(json!({})),
        custom(
            json!({ "prefix": "sha512=", "algorithm": "sha512", "encoding": "base64", "timestamp_header": "X-At" }),
        ),
    ];
    for webhook in all {
        let secret =
            if webhook.scheme.as_str() == "standard_webhooks" { STANDARD_SECRET } else { GITHUB_SECRET };
        let call =
            Unsigned { event_id: "e-1", sent_at: Timestamp::from_micros(1_614_265_330_500_000), body: b"{}" };
        let signed = webhook.signed_headers(&format!("{secret}\n"), &call).expect("the secret can be used");
        let headers: Vec<(&str, &str)> = signed.iter().map(|(name, value)| (&**name, &**value)).collect();

        let accepted = verify(&webhook, &[secret], &headers, "{}", 1_614_265_330);
        let other_body = verify(&webhook, &[secret], &headers, "[]", 1_614_265_330);
        let other_secret =
            verify(&webhook, &["another secret of some length"], &headers, "{}", 1_614_265_330);

        assert!(accepted.as_ref().is_ok_and(Option::is_some), "{webhook:?} {signed:?} {accepted:?}");
        assert_eq!(other_body.is_ok(), webhook.scheme.as_str() == "bearer", "{webhook:?}");
        assert!(other_secret.is_err(), "{webhook:?}");
        assert_eq!(webhook.signed_headers("short", &call), None);
    }
    let published = Unsigned { event_id: "d", sent_at: Timestamp::from_micros(0), body: b"Hello, World!" };
    let github = of("github").signed_headers(GITHUB_SECRET, &published).unwrap();
    assert_eq!(github[1], (GITHUB.0.to_owned(), GITHUB.1.to_owned()));
    let with_dot = Unsigned { event_id: "a.b", ..published };
    assert_eq!(of("standard_webhooks").signed_headers(STANDARD_SECRET, &with_dot), None);
}
