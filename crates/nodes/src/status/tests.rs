//! Waits that peers ask for, and what their errors say.

use reqwest::header::{CONTENT_TYPE, HeaderValue};

use super::*;

#[test]
fn retry_after_is_read_in_every_form() {
    for (text, seconds) in [
        ("120", Some(120.0)),
        ("0", Some(0.0)),
        ("1000000000", Some(1_000_000_000.0)),
        ("99999999999999999999999", Some(f64::from(u32::MAX))),
        ("1.5", Some(1.5)),
        ("0.25", Some(0.25)),
        ("2.000", Some(2.0)),
        (" 7 ", Some(7.0)),
        ("Mon, 23 Nov 2026 10:01:30 GMT", Some(90.0)),
        ("Monday, 23-Nov-26 10:01:30 GMT", Some(90.0)),
        ("Mon Nov 23 10:01:30 2026", Some(90.0)),
        ("Mon Nov  3 10:01:30 2036", Some(313_891_290.0)),
        ("Mon, 23 Nov 2026 10:01:30 +0000", Some(90.0)),
        ("Mon, 23 Nov 2026 12:01:30 +0200", Some(90.0)),
        ("23 Nov 2026 10:01:30 GMT", Some(90.0)),
        ("Mon, 23 Nov 2026 09:00:00 GMT", None),
        ("-5", None),
        ("+5", None),
        ("1.", None),
        (".5", None),
        ("1e3", None),
        ("1,5", None),
        ("0x10", None),
        ("soon", None),
        ("", None),
    ] {
        let headers = HeaderMap::from_iter([(RETRY_AFTER, HeaderValue::from_static(text))]);

        assert_eq!(retry_after(&headers, now()), seconds.map(Duration::from_secs_f64), "{text}");
    }
}

#[test]
fn milliseconds_are_more_exact_than_seconds() {
    for (milliseconds, expected) in [("1500", 1.5), ("20.5", 0.0205), ("soon", 2.0)] {
        let mut headers = HeaderMap::from_iter([(RETRY_AFTER, HeaderValue::from_static("2"))]);
        headers.insert("retry-after-ms", HeaderValue::from_static(milliseconds));

        assert_eq!(retry_after(&headers, now()), Some(Duration::from_secs_f64(expected)), "{milliseconds}");
    }
}

#[test]
fn a_date_counts_from_the_peers_own_clock() {
    let headers = HeaderMap::from_iter([
        (RETRY_AFTER, HeaderValue::from_static("Mon, 23 Nov 2020 10:00:10 GMT")),
        (DATE, HeaderValue::from_static("Mon, 23 Nov 2020 10:00:00 GMT")),
    ]);

    assert_eq!(retry_after(&headers, now()), Some(Duration::from_secs(10)));
}

#[test]
fn statuses_have_their_classes() {
    for (status, class) in [
        (429, ErrorClass::RateLimited),
        (408, ErrorClass::Unavailable),
        (425, ErrorClass::Unavailable),
        (500, ErrorClass::Unavailable),
        (529, ErrorClass::Unavailable),
        (400, ErrorClass::Rejected),
        (404, ErrorClass::Rejected),
        (302, ErrorClass::Rejected),
        (204, ErrorClass::Rejected),
    ] {
        assert_eq!(class_of(StatusCode::from_u16(status).unwrap()), class, "{status}");
    }
}

/// Bodies as services send them.
#[test]
fn messages_have_all_that_the_body_says() {
    for (body, message) in [
        (r#"{"error":{"message":"no\nquota"}}"#, "no quota"),
        (
            r#"{"error":"invalid_grant","error_description":"token was revoked"}"#,
            "invalid_grant: token was revoked",
        ),
        (
            r#"{"message":"Validation Failed","errors":[{"resource":"Issue","field":"title","code":"missing_field"}],"documentation_url":"https://x"}"#,
            "Validation Failed: Issue title missing_field",
        ),
        (
            r#"{"error":{"message":"You exceeded your quota","type":"insufficient_quota","code":"insufficient_quota"}}"#,
            "You exceeded your quota (insufficient_quota)",
        ),
        (
            r#"{"error":{"code":400,"message":"API key not valid.","status":"INVALID_ARGUMENT","details":[{"@type":"type.googleapis.com/x","reason":"API_KEY_INVALID"}]}}"#,
            "API key not valid.: type.googleapis.com/x API_KEY_INVALID (INVALID_ARGUMENT)",
        ),
        (
            r#"{"type":"https://x.example/no","title":"Not enough credit.","detail":"Your balance is 30."}"#,
            "Not enough credit.: Your balance is 30.",
        ),
        (
            r#"{"detail":[{"loc":["body","email"],"msg":"field required","type":"value_error.missing","input":{"a":1}}]}"#,
            "body.email field required value_error.missing",
        ),
        (
            r#"{"message":"The given data was invalid.","errors":{"email":["is taken.","is too long."],"age":["is low"]}}"#,
            "The given data was invalid.: email is taken., is too long.; age is low",
        ),
        (
            r#"{"title":"One or more validation errors occurred.","status":400,"errors":{"Name":["The Name field is required."]}}"#,
            "One or more validation errors occurred.: Name The Name field is required.",
        ),
        (r#"{"errors":[{"message":"Cannot query field foo"}],"data":null}"#, "Cannot query field foo"),
        (r#"{"errors":["a is wrong","b is wrong"]}"#, "a is wrong; b is wrong"),
        (
            r#"{"code":20003,"message":"Authenticate","more_info":"https://x","status":401}"#,
            "Authenticate (20003)",
        ),
        (r#"{"errorMessages":["Field 'x' cannot be set."],"errors":{}}"#, "Field 'x' cannot be set."),
        (
            r#"[{"message":"Session expired","errorCode":"INVALID_SESSION_ID"}]"#,
            "Session expired INVALID_SESSION_ID",
        ),
        (
            r#"{"fault":{"faultstring":"Invalid ApiKey","detail":{"errorcode":"oauth.v2.InvalidApiKey"}}}"#,
            "Invalid ApiKey: errorcode oauth.v2.InvalidApiKey",
        ),
        (
            r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#,
            "Overloaded (overloaded_error)",
        ),
        (r#"{"reason":"nope"}"#, "nope"),
        (r#"{"ok":false,"why":"unknown shape"}"#, r#"{"ok":false,"why":"unknown shape"}"#),
        (r#"{"error":true,"code":"E1"}"#, r#"{"error":true,"code":"E1"}"#),
        ("\u{feff}{\"error\":\"marked\"}", "marked"),
        ("<h1>\r\n  oops\u{0}</h1>", "<h1> oops </h1>"),
        ("12", "12"),
        ("", ""),
    ] {
        assert_eq!(said(body), message, "{body}");
    }
    assert_eq!(said(&"x".repeat(5000)).chars().count(), 1001);
}

#[test]
fn bodies_of_errors_are_kept_within_bounds() {
    let text = "é".repeat(KEPT_BYTES);
    let kept = |content_type, bytes: &[u8], is_whole| {
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(content_type))]);
        let body = ErrorBody::read(&headers, Beginning { bytes: bytes.to_vec(), is_whole });
        body.kept().map(|kept| kept.to_value().unwrap())
    };

    assert_eq!(kept("application/json", br#"{"code":1.50}"#, true).unwrap().to_string(), r#"{"code":1.50}"#);
    assert_eq!(kept("application/json", br#"{"code":"#, true), Some(Value::from("{\"code\":")));
    assert_eq!(kept("application/json", br#"{"code":"#, false), Some(Value::from("{\"code\":…")));
    assert_eq!(kept("text/plain; charset=latin1", b"caf\xe9", true), Some(Value::from("café")));
    assert_eq!(kept("text/plain", b"caf\xc3", false), Some(Value::from("caf…")));
    assert_eq!(kept("text/plain; charset=nope", b"caf\xe9", true), Some(Value::from("caf\u{fffd}")));
    assert_eq!(kept("image/png", b"\x89", true).unwrap()["$binary"]["base64"], "iQ==");
    assert_eq!(kept("image/png", b"\x89", false), None);
    assert_eq!(kept("text/plain", b"", true), None);
    let long = kept("text/plain", text.as_bytes(), true).unwrap();
    assert_eq!(long.as_str().unwrap().len(), KEPT_BYTES + "…".len());
}

fn now() -> Timestamp {
    "2026-11-23T10:00:00Z".parse().unwrap()
}
