//! What strangers send to be let in: keys, tokens, links, signed calls, and values in the URLs of calls.
//!
//! Whatever is changed of them, they are read exactly or refused: nothing is accepted that was not given out or signed.

use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Map, Value, json};
use steadflow_core::access::Token;
use steadflow_core::caller::Role;
use steadflow_core::decision_link::{ApprovalRef, DecisionLink, SigningKey};
use steadflow_core::flow::Flow;
use steadflow_core::ids::{ExecutionId, TenantId};
use steadflow_core::limits::Limits;
use steadflow_core::template::{Encoded, Template};
use steadflow_core::timestamp::Timestamp;
use steadflow_core::webhook::{Call, Scheme, UnreadableHeader, Unsigned, Webhook};
use url::Url;
use uuid::Uuid;

use crate::texts::scope;

const NOW: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
/// What is put into texts.
const ODD: [&str; 24] = [
    "", "0", "A", "z", "=", "-", "_", ".", "..", ",", ";", " ", "\t", "/", "\\", "?", "#", "@", ":", "%2f",
    "%", "v1=", "\u{0}", "é",
];

/// A change of a text: so many characters from a place on become something else.
type Change = (Index, usize, &'static str);

fn changes(max: usize) -> impl Strategy<Value = Vec<Change>> {
    prop::collection::vec((any::<Index>(), 0_usize..4, prop::sample::select(&ODD[..])), 0..max)
}

fn changed(text: &str, changes: &[Change]) -> String {
    let mut characters: Vec<char> = text.chars().collect();
    for (at, count, odd) in changes {
        let at = at.index(characters.len() + 1);
        let end = (at + count).min(characters.len());
        characters.splice(at..end, odd.chars());
    }
    characters.into_iter().collect()
}

fn link(made_for: Option<&str>) -> DecisionLink {
    DecisionLink {
        tenant: TenantId::DEFAULT,
        execution: ExecutionId::new(Uuid::from_u128(7)),
        approval: ApprovalRef::of("4711:approve"),
        expires_at: Timestamp::from_micros(1_800_000_060_000_000),
        role: Role::Operator,
        made_for: made_for.map(Into::into),
    }
}

/// A call as its sender has signed it.
#[derive(Clone, Debug)]
struct SignedCall {
    webhook: Webhook,
    headers: Vec<(String, String)>,
    body: String,
}

/// Returns the calls of the corpus.
fn calls() -> Vec<SignedCall> {
    let calls: Vec<Value> =
        serde_json::from_str(include_str!("corpus/calls.json")).expect("the corpus is JSON");
    calls.into_iter().map(signed).collect()
}

fn signed(call: Value) -> SignedCall {
    let Value::Object(mut settings) = call else { panic!("a call is an object") };
    let body = settings.remove("body").expect("a body");
    let body = body.as_str().expect("a text").to_owned();
    let more = settings.remove("headers").expect("headers");
    let webhook = webhook(settings);
    let event = Unsigned { event_id: "msg_p5jXN8AQM9LWM0D4loKWxJek", sent_at: NOW, body: body.as_bytes() };
    let mut headers = webhook.signed_headers(SECRET, &event).expect("the secret can be used");
    for (name, value) in more.as_object().expect("an object") {
        headers.retain(|(known, _)| known != name);
        headers.push((name.clone(), value.as_str().expect("a text").to_owned()));
    }
    SignedCall { webhook, headers, body }
}

fn webhook(mut settings: Map<String, Value>) -> Webhook {
    settings.extend([("path".to_owned(), json!("orders")), ("secret".to_owned(), json!("${secrets.HOOK}"))]);
    let document = json!({ "name": "Orders",
        "flow_definition": { "nodes": [{ "id": "start", "type": "trigger", "webhook": settings }], "edges": [] } });
    let flow = Flow::parse(&document, &Limits::DEFAULT).expect("a flow");
    Webhook::clone(flow.webhook().expect("a webhook").2)
}

proptest! {
    #[test]
    fn a_credential_is_the_one_that_was_given_out_or_none(bytes in any::<[u8; 32]>(), changes in changes(4)) {
        let token = Token::new(bytes);
        for (read, text) in [
            (Token::read_api_key as fn(&str) -> _, token.api_key()),
            (|text| Token::read(text).ok_or(steadflow_core::access::NotAKey), token.text()),
        ] {
            let text = changed(&text, &changes);
            if let Ok(read) = read(&text) {
                let again = [read.api_key(), read.text()];
                prop_assert!(again.contains(&text), "{} is not what was read", text);
            }
        }
    }

    #[test]
    fn a_link_is_the_one_that_was_made_or_none(
        made_for in prop::option::of("[a-zé]{1,9}"),
        changes in changes(4),
        key in any::<[u8; 32]>(),
    ) {
        let (link, key) = (link(made_for.as_deref()), SigningKey::new(key));
        let token = link.token(&key);
        let text = changed(&token, &changes);

        let read = DecisionLink::read(&text, &key, NOW);

        prop_assert_eq!(read.is_ok(), text == token);
        prop_assert!(read.is_err() || read == Ok(link));
    }

    #[test]
    fn a_call_is_accepted_only_as_it_was_signed(
        call in prop::sample::select(calls()),
        header in any::<Index>(),
        of_header in changes(3),
        of_body in changes(3),
    ) {
        let SignedCall { webhook, mut headers, body } = call;
        let at = header.index(headers.len());
        headers[at].1 = changed(&headers[at].1, &of_header);
        let sent = changed(&body, &of_body);
        let header = |name: &str| {
            let mut values = headers.iter().filter(|(given, _)| given == name).map(|(_, value)| value.as_str());
            match (values.next(), values.next()) {
                (value, None) => Ok(value),
                (_, Some(_)) => Err(UnreadableHeader),
            }
        };

        let accepted = webhook.verify(
            &[SECRET.to_owned()],
            &Call { header: &header, body: sent.as_bytes(), received_at: NOW },
        );

        let is_of_body = webhook.scheme != Scheme::Bearer;
        prop_assert!(accepted.is_err() || !is_of_body || sent == body, "{:?} with {:?}", webhook.scheme, headers);
        let is_same = of_header.is_empty() && sent == body;
        prop_assert!(!is_same || accepted.is_ok(), "{:?}: {:?}", webhook.scheme, accepted);
    }

    #[test]
    fn a_value_in_a_url_leads_nowhere_else(
        url in prop::sample::select(urls()),
        values in [prop::collection::vec(prop::sample::select(&ODD[..]), 0..9), prop::collection::vec(prop::sample::select(&ODD[..]), 0..9)],
    ) {
        let document = json!({ "url": url });
        let encoded = Encoded { url: Some("/url"), form: None };
        let template = Template::compile_with(&document, &Limits::DEFAULT, encoded).expect("the corpus compiles");
        let [a, b] = values.map(|parts| parts.concat());
        let Ok(resolved) = template.resolve_call(&scope(&json!({ "a": a, "b": b }))) else { return Ok(()) };
        let resolved = resolved.input.to_value().expect("it is JSON");
        let plain = url.replace("${trigger_data.a}", "a").replace("${trigger_data.b}", "b");

        let plain = Url::parse(&plain).expect("the corpus has URLs");
        let read = Url::parse(resolved["url"].as_str().expect("a text")).expect("it is a URL");

        prop_assert_eq!(read.origin(), plain.origin());
        prop_assert_eq!((read.username(), read.password()), ("", None));
        let segments = |url: &Url| url.path_segments().map_or(0, Iterator::count);
        prop_assert!(segments(&read) <= segments(&plain), "{} of {}", read, plain);
        prop_assert_eq!(read.query_pairs().count(), plain.query_pairs().count(), "{}", read);
        prop_assert_eq!(read.fragment().is_some(), plain.fragment().is_some(), "{}", read);
    }
}

fn urls() -> Vec<String> {
    serde_json::from_str(include_str!("corpus/urls.json")).expect("the corpus is JSON")
}
