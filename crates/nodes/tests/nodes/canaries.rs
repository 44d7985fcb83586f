//! Secrets are in nothing that an attempt returns: canaries in every field of a request, echoed and failed in twelve encodings.

use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use steadflow_core::ids::TenantId;
use steadflow_core::template::{SecretPlace, SecretSlot};
use steadflow_nodes::{Nodes, NodesConfig, Secret, Secrets};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

use crate::support::{config, http_work};

const CANARIES: usize = 50;
/// Where a request can hold a secret: the pointer, the value around it, and which byte the secret is at.
const FIELDS: [(&str, &str, usize); 6] = [
    ("/headers/X-Trace", "${secrets.C00}", 0),
    ("/headers/Accept", "a ${secrets.C00} b", 2),
    ("/query/q", "${secrets.C00}", 0),
    ("/auth/token", "${secrets.C00}", 0),
    ("/body/key", "x${secrets.C00}y", 1),
    ("/url", "", 0),
];

/// What a service answers: a status, and how many characters are before the secret, so that messages and bodies are cut in it.
const ANSWERS: [(u16, usize); 6] = [(200, 0), (500, 0), (500, 985), (400, 16_370), (422, 65_520), (200, 3)];

/// Knows the canaries by their numbers, as `C00`.
struct Canaries;

impl Secrets for Canaries {
    fn secret(&self, _tenant: TenantId, name: &str) -> Option<Secret> {
        Some(Secret::new(canary(name.strip_prefix('C')?.parse().ok()?)))
    }
}

/// Returns a text that has characters which encodings change.
fn canary(number: usize) -> String {
    let odd = ["/", "+", "\"", "&", "=", "<", "ü", "%", "'", "-"][number % 10];
    format!("cnry{number:02}{odd}Kx{}{odd}Zq", "v7Hn".repeat(1 + number % 4))
}

/// Returns the text in every encoding in which a service may return it.
fn encodings(text: &str) -> Vec<String> {
    let url = |text: &str| text.bytes().map(|byte| format!("%{byte:02X}")).collect::<String>();
    let form: String = form_urlencoded(text);
    let hex: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
    let units = text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect::<String>();
    let quoted = Value::from(text).to_string();
    vec![
        text.to_owned(),
        text.to_uppercase().replace('Ü', "ü"),
        form.clone(),
        form_urlencoded(&form),
        url(text),
        quoted[1..quoted.len() - 1].to_owned(),
        units,
        text.chars().map(|c| format!("&#{};", u32::from(c))).collect(),
        STANDARD.encode(format!("u:{text}")),
        [STANDARD.encode(text), STANDARD_NO_PAD.encode(format!("ab{text}c"))].join(" "),
        [URL_SAFE.encode(text), URL_SAFE_NO_PAD.encode(format!("a{text}"))].join(" "),
        [hex.to_uppercase(), hex].join(" "),
    ]
}

fn form_urlencoded(text: &str) -> String {
    let keep = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.*".contains(&byte);
    text.bytes()
        .map(|byte| if keep(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

#[tokio::test]
async fn no_canary_is_in_anything_that_an_attempt_returns() {
    let said: Arc<Mutex<ResponseTemplate>> = Arc::new(Mutex::new(ResponseTemplate::new(200)));
    let server = MockServer::start().await;
    let answers = Arc::clone(&said);
    Mock::given(any()).respond_with(move |_: &Request| answers.lock().unwrap().clone()).mount(&server).await;

    let nodes = Nodes::new(NodesConfig { secrets: Arc::new(Canaries), ..config("127.0.0.1") }).unwrap();
    for number in 0..CANARIES {
        let secret = canary(number);
        let encoded = encodings(&secret);
        for (at, echo) in encoded.iter().enumerate() {
            // Each field meets each encoding and each answer in some of the canaries.
            let field = &FIELDS[(number + at) % FIELDS.len()];
            let (status, padding) = ANSWERS[(number / FIELDS.len() + at) % ANSWERS.len()];
            let body = format!("{}{echo}", "x".repeat(padding));
            let answer = match number % 3 {
                0 => ResponseTemplate::new(status)
                    .set_body_json(json!({ "message": body, echo.as_str(): [echo] })),
                1 => ResponseTemplate::new(status).set_body_string(body),
                _ => ResponseTemplate::new(status).set_body_raw(body, "application/octet-stream"),
            };
            *said.lock().unwrap() = answer;

            let outcome = nodes.perform(work(&server.uri(), number, field)).await;

            let text = format!("{outcome:?}");
            for form in encoded.iter().flat_map(|form| form.split(' ')) {
                let quoted = Value::from(form).to_string();
                assert!(
                    !text.contains(form) && !text.contains(&quoted[1..quoted.len() - 1]),
                    "{field:?} {echo}: {text}"
                );
            }
            assert!(!text.contains(&secret[..8]), "{field:?} {echo}: {text}");
        }
    }
}

#[tokio::test]
async fn a_secret_in_which_a_body_is_cut_is_masked_up_to_there() {
    const LOOKED_AT_BYTES: usize = 64 * 1024;
    let server = MockServer::start().await;
    let nodes = Nodes::new(NodesConfig { secrets: Arc::new(Canaries), ..config("127.0.0.1") }).unwrap();
    let secret = canary(0);
    for shown in [4, 5, secret.len() - 1, secret.len()] {
        for (status, before) in [(400, ""), (503, "{\"message\": \"")] {
            // Blanks are left out of messages, so that what is behind them is not cut a second time.
            let blanks = " ".repeat(LOOKED_AT_BYTES - shown - before.len());
            let body = format!("{before}{blanks}{secret} and so on\"}}");
            server.reset().await;
            let answer = ResponseTemplate::new(status).set_body_raw(body, "application/json");
            Mock::given(any()).respond_with(answer).mount(&server).await;

            let outcome = nodes.perform(work(&server.uri(), 0, &FIELDS[0])).await;

            let failure = outcome.result.unwrap_err();
            assert!(failure.message.ends_with("••••…"), "{shown}: {}", failure.message);
            assert!(!format!("{failure:?}").contains("cnry"), "{shown}: {failure:?}");
        }
    }
}

fn work(uri: &str, number: usize, &(pointer, text, at): &(&str, &str, usize)) -> steadflow_core::work::Work {
    let name = format!("C{number:02}");
    let text = text.replace("C00", &name);
    let url = format!("{uri}/a/${{secrets.{name}}}/b");
    let at = if pointer == "/url" { url.find("${").unwrap() } else { at };
    let mut input = json!({ "url": uri, "method": "POST", "headers": {}, "query": {}, "body": {} });
    match pointer.split('/').skip(1).collect::<Vec<_>>().as_slice() {
        ["url"] => input["url"] = url.into(),
        ["auth", key] => input["auth"] = json!({ "type": "bearer", *key: text }),
        [group, key] => input[*group][*key] = text.into(),
        _ => unreachable!("all fields are covered"),
    }
    let mut work = http_work(&input);
    let places = vec![SecretPlace { at, name: Arc::from(name) }];
    work.secrets = [SecretSlot { pointer: pointer.to_owned(), places, is_in_form: false }].into();
    work
}
