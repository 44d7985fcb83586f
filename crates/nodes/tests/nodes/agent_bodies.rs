//! Bodies of models and remote agents in all charsets and content encodings.

use encoding_rs::{SHIFT_JIS, WINDOWS_1252};
use serde_json::{Value, json};
use steadflow_core::failure::{ErrorClass, Failure};

use crate::models::{completion, text};
use crate::peers;
use crate::support::{nodes_with_agent, result, skill_work};

/// What a peer says: in Latin-1, too.
const SAID: &str = "Größe: 3 m²";
/// What a peer in Japan says.
const SAID_THERE: &str = "日本";

#[tokio::test]
async fn bodies_are_decoded_as_their_senders_say() {
    for (head, encoded, said) in [
        ("Content-Type: application/json; charset=ISO-8859-1", latin_1 as Encode, SAID),
        ("Content-Type: text/plain;charset=\"windows-1252\"", latin_1, SAID),
        ("Content-Type: application/json; charset=Shift_JIS", shift_jis, SAID_THERE),
        ("Content-Type: application/json; charset=utf-16le", utf_16_le, SAID_THERE),
        ("Content-Type: application/json", marked_utf_16_le, SAID),
        ("Content-Type: application/json; charset=utf-16", marked_utf_16_be, SAID_THERE),
        ("Content-Type: application/json; charset=latin1", marked_utf_8, SAID),
        ("X: y", marked_utf_16_be, SAID),
        ("Content-Type: application/json\r\nContent-Encoding: gzip", gzip_members, SAID),
        ("Content-Type: application/json; charset=latin1\r\nContent-Encoding: gzip", gzip_latin_1, SAID),
        ("Content-Type: application/json\r\nContent-Encoding: deflate", raw_deflate, SAID_THERE),
    ] {
        let model = text("openai", answer("200 OK", head, &encoded(&reply(said)))).await;
        let agent = remote(answer("200 OK", head, &encoded(&json!({ "a": said }).to_string()))).await;

        assert_eq!(model, Ok(json!({ "text": said })), "model: {head}");
        assert_eq!(agent, Ok(json!({ "a": said })), "agent: {head}");
    }
}

#[tokio::test]
async fn streams_and_lines_of_models_are_decoded_too() {
    let events = format!(
        "data: {{\"choices\":[{{\"delta\":{{\"content\":\"{SAID}\"}},\"finish_reason\":\"stop\"}}]}}\n\ndata: [DONE]\n\n"
    );
    let lines = format!(
        "{{\"message\":{{\"content\":\"{SAID}\"}},\"done\":false}}\n{{\"message\":{{\"content\":\"\"}},\"done\":true,\"done_reason\":\"stop\"}}\n"
    );
    for (provider, head, body) in [
        ("openai", "Content-Type: text/event-stream; charset=ISO-8859-1", latin_1(&events)),
        ("openai", "Content-Type: text/event-stream", marked_utf_8(&events)),
        ("ollama", "Content-Type: application/x-ndjson; charset=utf-16le", utf_16_le(&lines)),
        ("ollama", "Content-Type: application/x-ndjson", marked_utf_8(&lines)),
    ] {
        assert_eq!(
            text(provider, answer("200 OK", head, &body)).await,
            Ok(json!({ "text": SAID })),
            "{head}"
        );
    }
}

#[tokio::test]
async fn bodies_that_cannot_be_decoded_fail_by_name() {
    let json = "Content-Type: application/json";
    for (head, body, class, said) in [
        (
            format!("{json}; charset=klingon"),
            reply(SAID).into_bytes(),
            ErrorClass::ModelOutput,
            "has the charset `klingon`, which is not supported",
        ),
        (json.to_owned(), latin_1(&reply(SAID)), ErrorClass::ModelOutput, "is not valid UTF-8: 0xF6 at byte"),
        (
            format!("{json}; charset=Shift_JIS"),
            b"{\"a\":\"\xff\"}".to_vec(),
            ErrorClass::ModelOutput,
            "is not valid Shift_JIS: 0xFF at byte 6, in line 1",
        ),
        (
            format!("{json}\r\nContent-Encoding: utf-8"),
            reply(SAID).into_bytes(),
            ErrorClass::Rejected,
            "has the content encoding `utf-8`, which is not supported",
        ),
        (
            format!("{json}\r\nContent-Encoding: gzip"),
            reply(SAID).into_bytes(),
            ErrorClass::Connection,
            "is not valid gzip",
        ),
        (
            format!("{json}\r\nContent-Encoding: gzip"),
            [gzip_members(&reply(SAID)), b"more".to_vec()].concat(),
            ErrorClass::Connection,
            "is not valid gzip",
        ),
    ] {
        for failure in [
            text("openai", answer("200 OK", &head, &body)).await.unwrap_err(),
            remote(answer("200 OK", &head, &body)).await.unwrap_err(),
        ] {
            assert_eq!(failure.class, class, "{head}: {failure:?}");
            assert!(failure.message.contains(said), "{head}: {}", failure.message);
        }
    }
}

#[tokio::test]
async fn error_bodies_are_decoded_for_their_message() {
    let error = json!({ "error": { "message": "ungültiger Schlüssel" } }).to_string();
    let page =
        "<html><head><meta charset=iso-8859-1><title>Zugriff verweigert für Gäste</title></head></html>";
    let json = "Content-Type: application/json";
    for (head, body, said) in [
        (format!("{json}; charset=ISO-8859-1"), latin_1(&error), "ungültiger Schlüssel"),
        (json.to_owned(), marked_utf_16_le(&error), "ungültiger Schlüssel"),
        (format!("{json}; charset=utf-16le"), utf_16_le(&error), "ungültiger Schlüssel"),
        (format!("{json}\r\nContent-Encoding: gzip"), gzip_members(&error), "ungültiger Schlüssel"),
        (format!("{json}; charset=latin1"), latin_1("kein JSON: ungültig"), "kein JSON: ungültig"),
        (json.to_owned(), latin_1(&error), "ung\u{fffd}ltiger Schl\u{fffd}ssel"),
        (format!("{json}; charset=klingon"), error.clone().into_bytes(), "ungültiger Schlüssel"),
        ("Content-Type: text/html".to_owned(), latin_1(page), "verweigert für Gäste"),
    ] {
        for failure in [
            text("openai", answer("403 Forbidden", &head, &body)).await.unwrap_err(),
            remote(answer("403 Forbidden", &head, &body)).await.unwrap_err(),
        ] {
            assert_eq!((failure.class, failure.status), (ErrorClass::Rejected, Some(403)), "{head}");
            assert!(failure.message.contains(said), "{head}: {}", failure.message);
        }
    }
}

type Encode = fn(&str) -> Vec<u8>;

fn latin_1(text: &str) -> Vec<u8> {
    WINDOWS_1252.encode(text).0.into_owned()
}

fn shift_jis(text: &str) -> Vec<u8> {
    SHIFT_JIS.encode(text).0.into_owned()
}

fn utf_16_le(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

fn marked_utf_16_le(text: &str) -> Vec<u8> {
    utf_16_le(&format!("\u{feff}{text}"))
}

fn marked_utf_16_be(text: &str) -> Vec<u8> {
    format!("\u{feff}{text}").encode_utf16().flat_map(u16::to_be_bytes).collect()
}

fn marked_utf_8(text: &str) -> Vec<u8> {
    format!("\u{feff}{text}").into_bytes()
}

/// Compresses in three members.
fn gzip_members(text: &str) -> Vec<u8> {
    let (start, end) = text.as_bytes().split_at(text.len() / 2);
    [gzip(start), gzip(b""), gzip(end)].concat()
}

fn gzip_latin_1(text: &str) -> Vec<u8> {
    gzip(&latin_1(text))
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    read(flate2::read::GzEncoder::new(bytes, flate2::Compression::default()))
}

fn raw_deflate(text: &str) -> Vec<u8> {
    read(flate2::read::DeflateEncoder::new(text.as_bytes(), flate2::Compression::default()))
}

fn read(mut source: impl std::io::Read) -> Vec<u8> {
    let mut bytes = Vec::new();
    source.read_to_end(&mut bytes).unwrap();
    bytes
}

/// Returns the response of a model of OpenAI's protocol.
fn reply(said: &str) -> String {
    completion(&json!(said), &json!("stop")).to_string()
}

fn answer(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head =
        format!("HTTP/1.1 {status}\r\n{headers}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
    [head.as_bytes(), body].concat()
}

/// Runs the skill of a remote agent that answers with `answer`.
async fn remote(answer: Vec<u8>) -> Result<Value, Failure> {
    let address = peers::answering(answer).await;
    let agent = json!({ "name": "Remote", "agent_type": "http", "config": { "endpoint": format!("http://{address}") }, "skills": ["ask"] });
    result(nodes_with_agent(&agent).perform(skill_work("ask", &json!("hi"))).await)
}
