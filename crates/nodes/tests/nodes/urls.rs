//! Values in URLs and forms, read as the WHATWG URL standard reads them: each comes back as it was put in, and nothing
//! else of the request changes.
//!
//! The values are those of the web platform tests (`url/` in <https://github.com/web-platform-tests/wpt>): of the
//! percent-encoding tests, of the setters' tests of encode sets, of `urlencoded-parser` and of `URLSearchParams`, with how
//! they are written in forms where the tests say it.

use percent_encoding::percent_decode_str;
use serde_json::{Value, json};
use steadflow_nodes::Nodes;
use url::{Url, form_urlencoded};

use crate::peers;
use crate::requests::work_of_document;
use crate::support::nodes;

/// Values, and how a form has them.
const FORMS: [(&str, &str); 31] = [
    ("", ""),
    ("b c", "b+c"),
    ("b+c", "b%2Bc"),
    ("=", "%3D"),
    ("==a", "%3D%3Da"),
    ("&", "%26"),
    ("*-._", "*-._"),
    ("b%c", "b%25c"),
    ("%", "%25"),
    ("%a", "%25a"),
    ("%2sf*", "%252sf*"),
    ("%2*f*", "%252*f*"),
    ("%*", "%25*"),
    ("b\0c", "b%00c"),
    ("b\u{1f4a9}c", "b%F0%9F%92%A9c"),
    ("b,c", "b%2Cc"),
    ("a\nb", "a%0Ab"),
    ("c\rd", "c%0Dd"),
    ("e\n\rf", "e%0A%0Df"),
    ("g\r\nh", "g%0D%0Ah"),
    ("a b c d", "a+b+c+d"),
    ("\u{feff}test", "%EF%BB%BFtest"),
    ("\u{ffff}", "%EF%BF%BF"),
    ("\u{fffd}\u{fffd}", "%EF%BF%BD%EF%BF%BD"),
    ("\u{fffd}x", "%EF%BF%BDx"),
    ("\u{2020}", "%E2%80%A0"),
    ("\u{e}A", "%0EA"),
    ("\u{203e}\\", "%E2%80%BE%5C"),
    ("\u{e5}\u{203f}", "%C3%A5%E2%80%BF"),
    ("windows-1252", "windows-1252"),
    ("~", "%7E"),
];

/// Values of the setters' tests: every class of characters, and what looks like a part of a URL.
const OTHERS: [&str; 22] = [
    "\0\u{1}\t\n\r\u{1f} !\"#$%&'()*+,-./09:;<=>?@AZ[\\]^_`az{|}~\u{7f}\u{80}\u{81}\u{c9}\u{e9}",
    "%c3%89t\u{e9}",
    "%C3%A9",
    "/../a",
    "a/b",
    "/",
    "//example.net",
    "\\\\example.net\\a",
    "?a=b",
    "#a",
    "a#b?c/d",
    "https:foo : bar",
    "javascript:alert(1)",
    "data:text/plain,\u{1f600}",
    "me:secret@example.net",
    "%2e%2E",
    ".%2e",
    "...",
    "[::1]:80",
    " leading and trailing ",
    "\t\n\r",
    "\u{df}\u{200d}\u{ad}",
];

fn values() -> impl Iterator<Item = String> {
    let ascii = (0_u8..=127).map(|byte| format!("a{}b", char::from(byte)));
    let named = FORMS.iter().map(|(value, _)| *value).chain(OTHERS);
    named.map(str::to_owned).chain(ascii)
}

#[tokio::test]
async fn a_template_stays_one_segment_one_parameter_and_one_field() {
    let nodes = nodes();
    for value in values() {
        let (line, body) = sent(&nodes, &value, &json!({
            "url": "BASE/v/${trigger_data.x}/end?q=${trigger_data.x}&p=1#f",
            "body": "q=${trigger_data.x}&p=1", "headers": { "content-type": "application/x-www-form-urlencoded" },
        }))
        .await;

        let url = Url::parse("http://x.test").unwrap().join(&line).unwrap();
        let segments: Vec<&str> = url.path_segments().unwrap().collect();
        assert_eq!((segments.len(), segments[0], segments[2]), (3, "v", "end"), "{line}");
        assert_eq!(percent_decode_str(segments[1]).decode_utf8().unwrap(), value, "{line}");
        let wanted = [("q".to_owned(), value), ("p".to_owned(), "1".to_owned())];
        assert_eq!(url.query_pairs().into_owned().collect::<Vec<_>>(), wanted, "{line}");
        assert_eq!(
            form_urlencoded::parse(body.as_bytes()).into_owned().collect::<Vec<_>>(),
            wanted,
            "{body}"
        );
    }
}

#[tokio::test]
async fn names_and_values_of_queries_and_forms_come_back() {
    let nodes = nodes();
    for value in values() {
        let input = json!({ "url": "BASE/?z=0", "query": { &value: [&value, "1"] }, "body": { &value: &value },
            "headers": { "content-type": "application/x-www-form-urlencoded" } });

        let (line, body) = sent(&nodes, &value, &input).await;

        let url = Url::parse("http://x.test").unwrap().join(&line).unwrap();
        let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(pairs, [pair("z", "0"), pair(&value, &value), pair(&value, "1")], "{line}");
        let fields: Vec<(String, String)> = form_urlencoded::parse(body.as_bytes()).into_owned().collect();
        assert_eq!(fields, [pair(&value, &value)], "{body}");
    }
}

#[tokio::test]
async fn forms_are_written_as_the_standard_writes_them() {
    let nodes = nodes();
    for (value, written) in FORMS {
        let input = json!({ "url": "BASE/", "query": { "a": value }, "body": { "a": value },
            "headers": { "content-type": "application/x-www-form-urlencoded" } });

        let (line, body) = sent(&nodes, "", &input).await;

        assert_eq!((line, body), (format!("/?a={written}"), format!("a={written}")));
    }
}

/// Servers that sign requests (AWS Signature 4, OAuth 1) compare with the unreserved characters of RFC 3986; the WHATWG
/// standard would keep a few more, and reads both alike.
#[tokio::test]
async fn a_template_keeps_the_unreserved_characters_alone() {
    let nodes = nodes();
    let mut encoded_here_alone = String::new();
    for character in (0x20..0x7f_u8).map(char::from) {
        // A single dot would be another path.
        let value = format!("x{character}");
        let (line, _) = sent(&nodes, &value, &json!({ "url": "BASE/${trigger_data.x}" })).await;

        let is_kept = line == format!("/{value}");
        assert_eq!(is_kept, character.is_ascii_alphanumeric() || "-._~".contains(character), "{line}");
        let standard_keeps = character.is_ascii_alphanumeric() || "-._~!'()*".contains(character);
        if standard_keeps && !is_kept {
            encoded_here_alone.push(character);
        }
    }
    assert_eq!(encoded_here_alone, "!'()*");
}

/// Returns the target and the body of the request that a flow's node makes, in whose URL `BASE` is the peer's.
async fn sent(nodes: &Nodes, x: &str, input: &Value) -> (String, String) {
    let (address, received) = peers::scripted(vec![b"HTTP/1.1 204 No Content\r\n\r\n".to_vec()]).await;
    let mut input = input.clone();
    let url = input["url"].as_str().unwrap().replace("BASE", &format!("http://{address}"));
    input["url"] = url.into();
    input["method"] = "POST".into();
    let work = work_of_document(&input, &json!({ "x": x }));

    nodes.perform(work).await.result.unwrap_or_else(|failure| panic!("{input}: {failure:?}"));

    let request = received.lock().unwrap().remove(0);
    let target = request.head.split(' ').nth(1).unwrap().to_owned();
    (target, String::from_utf8(request.body).unwrap())
}
