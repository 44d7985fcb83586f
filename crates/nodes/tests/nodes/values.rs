//! What arrives: bodies with the habits of real servers, answered byte by byte over TCP.

use serde_json::json;
use steadflow_core::failure::ErrorClass;
use steadflow_core::work::Outcome;

use crate::peers;
use crate::support::{http_work, nodes};

/// A response: the lines of its head behind the status, and its body.
type Case<'c> = (&'c [u8], &'c [u8], &'c str);

const JSON: &[u8] = b"Content-Type: application/json";
const TEXT: &[u8] = b"Content-Type: text/plain";

#[tokio::test]
async fn bodies_arrive_as_their_senders_meant_them() {
    let cases: [Case<'_>; 62] = [
        // Charsets: content type, byte order mark, document, UTF-8.
        (b"Content-Type: application/json; charset=ISO-8859-1", b"{\"city\":\"Regi\xe3o, K\xf6ln\"}", r#"{"city":"Região, Köln"}"#),
        (b"Content-Type: text/plain; charset=windows-1252", b"\x80 \x93", "\"€ “\""),
        (b"Content-Type: text/plain; charset=\"Shift_JIS\"", b"\x93\xfa\x96\x7b", "\"日本\""),
        (b"Content-Type: text/plain; charset='euc-kr'", b"\xc7\xd1", "\"한\""),
        (b"Content-Type: text/csv;charset=gb2312", b"\xd6\xd0", "\"中\""),
        (b"Content-Type: text/plain; charset=UTF8", "é".as_bytes(), "\"é\""),
        (b"Content-Type: text/plain; charset=", "é".as_bytes(), "\"é\""),
        (b"Content-Type: text/plain; format=flowed; CHARSET=koi8-r", b"\xc1", "\"а\""),
        (b"Content-Type: text/plain; charset=utf-16le", b"h\0i\0", "\"hi\""),
        (b"Content-Type: text/plain; charset=utf-16", b"\xfe\xff\0h\0i", "\"hi\""),
        (b"Content-Type: application/json; charset=utf-16", b"\xff\xfe[\x001\0]\0", "[1]"),
        (b"Content-Type: text/plain; charset=latin1", b"\xef\xbb\xbf\xc3\xa9", "\"é\""),
        (b"Content-Type: text/html", b"<META charset=latin1>\xe9", "\"<META charset=latin1>é\""),
        (b"Content-Type: text/html", b"<!-- <meta charset=utf-8> --><meta http-equiv='Content-Type' content='text/html; charset=iso-8859-2'>\xb9", "\"<!-- <meta charset=utf-8> --><meta http-equiv='Content-Type' content='text/html; charset=iso-8859-2'>š\""),
        (b"Content-Type: text/html; charset=utf-8", "<meta charset=latin1>é".as_bytes(), "\"<meta charset=latin1>é\""),
        (b"Content-Type: text/html", "<meta charset=utf-16>é".as_bytes(), "\"<meta charset=utf-16>é\""),
        (b"Content-Type: application/xml", b"<?xml version='1.0' encoding='latin1'?><a>\xe9</a>", "\"<?xml version='1.0' encoding='latin1'?><a>é</a>\""),
        (b"Content-Type: image/svg+xml", "<svg>é</svg>".as_bytes(), "\"<svg>é</svg>\""),
        (b"Content-Type: text/html\r\nContent-Type: application/json; charset=latin1", b"\"\xe9\"", "\"é\""),
        // JSON by its type, with its own text.
        (JSON, b"\xef\xbb\xbf{\"ok\":true,\"n\":1}", r#"{"ok":true,"n":1}"#),
        (b"Content-Type: text/json", b"{\"ok\":true}", r#"{"ok":true}"#),
        (b"Content-Type: Application/JSON;Charset=UTF-8", b"{\"ok\":true}", r#"{"ok":true}"#),
        (b"Content-Type: application/vnd.github+json; charset=utf-8", b"{\"ok\":true}", r#"{"ok":true}"#),
        (b"Content-Type: application/problem+json", b"[]", "[]"),
        (JSON, b"{\"id\":7615917337495251231,\"huge\":123456789012345678901234567890,\"price\":19.90,\"sci\":1.0E+2,\"neg0\":-0.0}", r#"{"id":7615917337495251231,"huge":123456789012345678901234567890,"price":19.90,"sci":1.0E+2,"neg0":-0.0}"#),
        (JSON, b" \n{ \"zeta\" : 1 ,\n \"alpha\":2 }\r\n", "{ \"zeta\" : 1 ,\n \"alpha\":2 }"),
        (JSON, b"{\"a\":1,\"a\":2}", r#"{"a":1,"a":2}"#),
        (JSON, b"{\"text\":\"a\\u0000b \\/ \\u00e9\"}", r#"{"text":"a\u0000b \/ \u00e9"}"#),
        (JSON, b"\"\\ud83d\\ude00\"", r#""\ud83d\ude00""#),
        (JSON, b"null", "null"),
        (JSON, b"", "null"),
        // Text.
        (TEXT, b"{\"ok\":true}", r#""{\"ok\":true}""#),
        (TEXT, b"a\0b", "\"a\\u0000b\""),
        (TEXT, b"", "null"),
        (b"Content-Type: application/x-ndjson", b"{\"a\":1}\n{\"a\":2}\n", r#""{\"a\":1}\n{\"a\":2}\n""#),
        (b"Content-Type: application/x-www-form-urlencoded", b"a=1&b=2", "\"a=1&b=2\""),
        (b"Content-Type: application/yaml", b"a: 1", "\"a: 1\""),
        (b"Content-Type: application/javascript", b"x()", "\"x()\""),
        // No content type, or none that is one.
        (b"X-A: 1", b"{\"ok\":true}", r#""{\"ok\":true}""#),
        (b"X-A: 1", b"\xef\xbb\xbfhi", "\"hi\""),
        (b"Content-Type: json", b"{}", "\"{}\""),
        (b"Content-Type: */*", "é".as_bytes(), "\"é\""),
        (b"X-A: 1", b"\xff\xd8\xff", r#"{"$binary":{"content_type":null,"size":3,"base64":"/9j/"}}"#),
        // Bytes.
        (b"Content-Type: image/png", b"\x89PNG\r\n\x1a\n\0\xff\xfe", r#"{"$binary":{"content_type":"image/png","size":11,"base64":"iVBORw0KGgoA//4="}}"#),
        (b"Content-Type: application/pdf;charset=UTF-8", b"%PDF", r#"{"$binary":{"content_type":"application/pdf;charset=UTF-8","size":4,"base64":"JVBERg=="}}"#),
        (b"Content-Type: application/octet-stream", b"text", r#"{"$binary":{"content_type":"application/octet-stream","size":4,"base64":"dGV4dA=="}}"#),
        (b"Content-Type: application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", b"PK", r#"{"$binary":{"content_type":"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet","size":2,"base64":"UEs="}}"#),
        // Content encodings.
        (b"Content-Type: application/json\r\nContent-Encoding: br", &hex::<15>("0b05807b226f6b223a747275657d03"), r#"{"ok":true}"#),
        (b"Content-Type: application/json\r\nContent-Encoding: zstd", &hex::<24>("28b52ffd04585900007b226f6b223a747275657d6abe13c7"), r#"{"ok":true}"#),
        (b"Content-Type: application/json\r\nContent-Encoding: identity", b"{\"ok\":true}", r#"{"ok":true}"#),
        (b"Content-Type: application/json\r\nContent-Encoding: ", b"{\"ok\":true}", r#"{"ok":true}"#),
        (b"Content-Type: application/json\r\nContent-Encoding: gzip", b"", "null"),
        (b"Content-Type: application/json\r\nContent-Encoding: utf-8", b"", "null"),
        (TEXT, b"x", "\"x\""),
        (b"Content-Type: text/plain\r\nX-Name: Caf\xe9", b"x", "\"x\""),
        (b"Content-Type: text/plain;", b"x", "\"x\""),
        (b"Content-Type: text/event-stream", b"data: 1\n\n", "\"data: 1\\n\\n\""),
        (b"Content-Type: application/json-seq", b"\x1e{}\n", "\"\\u001e{}\\n\""),
        (b"Content-Type: text/plain, application/json", b"[1]", "[1]"),
        (b"Content-Type: application/xhtml+xml", b"<p/>", "\"<p/>\""),
        (b"Content-Type: application/jwt", b"a.b.c", "\"a.b.c\""),
        (b"Content-Type: audio/mpeg", b"\0", r#"{"$binary":{"content_type":"audio/mpeg","size":1,"base64":"AA=="}}"#),
    ];
    for (head, body, expected) in cases {
        let shown = String::from_utf8_lossy(head);

        let output = fetch(head, body).await.result.unwrap_or_else(|failure| panic!("{shown}: {failure:?}"));

        let arrived = output.as_str().split_once("\"body\":").unwrap().1;
        assert_eq!(arrived, format!("{expected}}}"), "{shown}");
    }
}

#[tokio::test]
async fn bodies_that_are_not_what_they_say_fail_and_say_where() {
    let deep = "[".repeat(127) + &"]".repeat(127);
    let cases: [Case<'_>; 31] = [
        (
            JSON,
            b"{\"score\":NaN}",
            "is not JSON, although its content type is application/json: expected value at line 1 column 10",
        ),
        (JSON, b"{\"text\":\"cut \\ud83d\",\n\"x\":1}", "at line 1 column"),
        (
            JSON,
            b"{\"a\":1,\n\"t\":\"a\tb\"}",
            "control character (\\u0000-\\u001F) found while parsing a string at line 2 column",
        ),
        (JSON, b"[1e999]", "number out of range at line 1 column"),
        (JSON, b"{\"half\":", "EOF while parsing"),
        (JSON, b"{} {}", "trailing characters at line 1 column 4"),
        (JSON, b"{'a':1}", "at line 1 column 2"),
        (JSON, b"[1,]", "trailing comma at line 1 column 4"),
        (JSON, b"<html>", "expected value at line 1 column 1"),
        (JSON, b" \n", "EOF while parsing a value"),
        (JSON, b"[Infinity]", "expected value"),
        (JSON, b"[01]", "invalid number"),
        (JSON, b"\"\xe9\"", "is not valid UTF-8: 0xE9 at byte 1, in line 1"),
        (JSON, b"{\"$serde_json::private::Number\":\"1\"}", "reserved"),
        (JSON, deep.as_bytes(), "nested more than 126 deep"),
        (b"Content-Type: application/ld+json", b"x", "its content type is application/ld+json"),
        (
            b"Content-Type: application/json; charset=ascii-ish",
            b"{}",
            "has the charset `ascii-ish`, which is not supported",
        ),
        (b"Content-Type: text/plain; charset=utf-7", b"x", "`utf-7`"),
        (b"Content-Type: text/plain; charset=utf-32", b"x", "`utf-32`"),
        (b"Content-Type: text/plain; charset=iso-2022-kr", b"x", "`iso-2022-kr`"),
        (b"Content-Type: text/html", b"<meta charset=klingon>", "`klingon`"),
        (TEXT, b"a\nb\xff\xfeb", "is not valid UTF-8: 0xFF at byte 3, in line 2"),
        (TEXT, b"caf\xc3", "0xC3 at byte 3"),
        (TEXT, b"\xed\xa0\xbd", "is not valid UTF-8"),
        (
            b"Content-Type: text/plain; charset=shift_jis",
            b"ok \x93\x20",
            "is not valid Shift_JIS: 0x93 at byte 3",
        ),
        (b"Content-Type: text/plain; charset=utf-16le", b"a\0\x3d\xd8b\0", "is not valid UTF-16LE"),
        (
            b"Content-Type: application/json\r\nContent-Encoding: utf-8",
            b"{}",
            "has the content encoding `utf-8`, which is not supported",
        ),
        (b"Content-Type: application/json\r\nContent-Encoding: gzip, compress", b"{}", "`compress`"),
        (b"Content-Type: application/json\r\nContent-Encoding: aws-chunked", b"{}", "`aws-chunked`"),
        (b"Content-Type: application/json\r\nContent-Encoding: UTF-8", b"{}", "`UTF-8`"),
        (b"Content-Encoding: x-snappy-framed", b"{}", "`x-snappy-framed`"),
    ];
    for (head, body, said) in cases {
        let shown = format!("{} {}", String::from_utf8_lossy(head), String::from_utf8_lossy(body));

        let failure = fetch(head, body).await.result.expect_err(&shown);

        assert_eq!(failure.class, ErrorClass::Rejected, "{shown}");
        assert!(failure.message.contains(said), "{shown}: {}", failure.message);
        assert!(failure.message.starts_with("The response of 127.0.0.1:"), "{}", failure.message);
    }
}

#[tokio::test]
async fn the_deepest_json_can_be_used_by_what_follows() {
    let deep = "[".repeat(126) + &"]".repeat(126);

    let output = fetch(JSON, deep.as_bytes()).await.result.unwrap();

    assert_eq!(output.to_value().unwrap()["body"].to_string(), deep);
}

#[tokio::test]
async fn headers_keep_their_values_apart_and_their_letters() {
    let head = b"Set-Cookie: sid=abc; Expires=Wed, 21 Oct 2026 07:28:00 GMT; Path=/\r\nSet-Cookie: theme=dark\r\nX-A: 1\r\n\
                 X-A: 2\r\nX-Name: Caf\xe9\r\nX-Utf: Caf\xc3\xa9\r\nVary: a\r\nVary: b, c";

    let headers = fetch(head, b"").await.result.unwrap().to_value().unwrap()["headers"].clone();

    assert_eq!(
        headers["set-cookie"],
        json!(["sid=abc; Expires=Wed, 21 Oct 2026 07:28:00 GMT; Path=/", "theme=dark"])
    );
    assert_eq!((&headers["x-a"], &headers["vary"]), (&json!("1, 2"), &json!("a, b, c")));
    assert_eq!((&headers["x-name"], &headers["x-utf"]), (&json!("Café"), &json!("Café")));
    let one = fetch(b"Set-Cookie: a=1", b"").await.result.unwrap().to_value().unwrap();
    assert_eq!(one["headers"]["set-cookie"], json!(["a=1"]));
}

#[tokio::test]
async fn errors_keep_status_and_body() {
    type ErrorCase<'c> = (&'c str, &'c [u8], &'c [u8], &'c str, &'c str);
    let cases: [ErrorCase<'_>; 6] = [
        (
            "400 Bad Request",
            JSON,
            br#"{"error":"invalid_grant","error_description":"token was revoked"}"#,
            ": invalid_grant: token was revoked",
            r#"{"error":"invalid_grant","error_description":"token was revoked"}"#,
        ),
        (
            "422 Unprocessable Entity",
            JSON,
            br#"{"message":"Validation Failed","errors":[{"field":"title","code":"missing_field"}]}"#,
            ": Validation Failed: title missing_field",
            r#"{"message":"Validation Failed","errors":[{"field":"title","code":"missing_field"}]}"#,
        ),
        ("400 Bad Request", b"Content-Type: text/plain; charset=latin1", b"caf\xe9", ": café", "\"café\""),
        (
            "402 Payment Required",
            JSON,
            b"{\"balance\":19.90",
            ": {\"balance\":19.90",
            "\"{\\\"balance\\\":19.90\"",
        ),
        (
            "404 Not Found",
            b"Content-Type: application/json\r\nContent-Encoding: br",
            &hex::<15>("0b05807b226f6b223a747275657d03"),
            ": {\"ok\":true}",
            r#"{"ok":true}"#,
        ),
        (
            "404 Not Found",
            b"Content-Type: image/png",
            b"\x89",
            ".",
            r#"{"$binary":{"content_type":"image/png","size":1,"base64":"iQ=="}}"#,
        ),
    ];
    for (status, head, body, said, kept) in cases {
        let failure = fetch_with(status, head, body).await.result.unwrap_err();

        assert!(failure.message.ends_with(said), "{}", failure.message);
        assert_eq!(failure.status, status[..3].parse().ok());
        assert_eq!(failure.body.unwrap().as_str(), kept);
    }
}

/// Decodes hexadecimal digits.
fn hex<const N: usize>(digits: &str) -> [u8; N] {
    let byte = |at: usize| u8::from_str_radix(&digits[2 * at..2 * at + 2], 16).unwrap();
    assert_eq!(digits.len(), 2 * N);
    std::array::from_fn(byte)
}

async fn fetch(head: &[u8], body: &[u8]) -> Outcome {
    fetch_with("200 OK", head, body).await
}

/// Makes a call that is answered with a status line, `head` and `body`.
async fn fetch_with(status: &str, head: &[u8], body: &[u8]) -> Outcome {
    let start = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n", body.len());
    let address = peers::answering([start.as_bytes(), head, b"\r\n\r\n", body].concat()).await;
    nodes().perform(http_work(&json!({ "url": format!("http://{address}/") }))).await
}
