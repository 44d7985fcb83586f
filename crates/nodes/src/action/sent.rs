//! Bodies of requests: what the input's `body` is sent as.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use serde_json::{Map, Value};
use steadflow_core::http::{FORM_TYPE, is_form_type};
use url::form_urlencoded;

const MULTIPART: &str = "$multipart";
pub(super) const BINARY: &str = "$binary";

/// Returns the bytes of `body`, and sets their content type in `headers` unless the flow does.
///
/// `boundary` begins the boundary of a multipart body. It is the same in all attempts, so that they send the same bytes.
///
/// # Errors
/// What in `body` cannot be sent, as a sentence.
pub(super) fn sent(body: &Value, headers: &mut HeaderMap, boundary: &str) -> Result<Bytes, String> {
    let (content_type, bytes) = match body {
        Value::String(text) => ("text/plain; charset=utf-8".to_owned(), text.clone().into_bytes()),
        Value::Object(fields) if is_only(fields, MULTIPART) => return multipart(fields, headers, boundary),
        Value::Object(fields) if is_only(fields, BINARY) => binary(&fields[BINARY])?,
        Value::Object(fields) if is_form(headers) => (FORM_TYPE.to_owned(), form(fields)?.into_bytes()),
        json @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
            ("application/json".to_owned(), json.to_string().into_bytes())
        }
    };
    if !headers.contains_key(CONTENT_TYPE) {
        let value = HeaderValue::try_from(content_type);
        headers.insert(CONTENT_TYPE, value.map_err(|_| "The `content_type` of `body` cannot be sent.")?);
    }
    Ok(Bytes::from(bytes))
}

pub(super) fn is_only(fields: &Map<String, Value>, key: &str) -> bool {
    fields.len() == 1 && fields.contains_key(key)
}

fn is_form(headers: &HeaderMap) -> bool {
    let given = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    is_form_type(given)
}

/// Encodes form fields as browsers do (WHATWG URL, 5.2). A list repeats its field, null omits it.
fn form(fields: &Map<String, Value>) -> Result<String, String> {
    let mut form = form_urlencoded::Serializer::new(String::new());
    for (name, value) in fields {
        let values = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
        for value in values.iter().filter(|value| !value.is_null()) {
            let text = scalar(value).ok_or_else(|| {
                format!("The form field `{name}` of `body` must be a string, a number, a boolean or a list of these.")
            })?;
            form.append_pair(name, &text);
        }
    }
    Ok(form.finish())
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Returns the content type and the bytes of the value of `$binary`.
pub(super) fn binary(value: &Value) -> Result<(String, Vec<u8>), String> {
    let base64 = value.get("base64").and_then(Value::as_str).ok_or("`$binary` needs `base64`, a string.")?;
    let bytes =
        STANDARD.decode(base64).map_err(|error| format!("`base64` of `$binary` is not valid: {error}."))?;
    let content_type =
        value.get("content_type").and_then(Value::as_str).unwrap_or("application/octet-stream");
    Ok((content_type.to_owned(), bytes))
}

/// Encodes parts (RFC 7578).
fn multipart(fields: &Map<String, Value>, headers: &mut HeaderMap, boundary: &str) -> Result<Bytes, String> {
    let Value::Array(entries) = &fields[MULTIPART] else {
        return Err("`$multipart` must be a list of parts.".to_owned());
    };
    let parts: Vec<Part> = entries.iter().map(Part::read).collect::<Result<_, _>>()?;
    let boundary = free_boundary(boundary, &parts);
    let mut body = Vec::new();
    for part in &parts {
        body.extend_from_slice(format!("--{boundary}\r\n{}\r\n\r\n", part.head()).as_bytes());
        body.extend_from_slice(&part.content);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    let content_type = HeaderValue::try_from(format!("multipart/form-data; boundary={boundary}"));
    // A type that the flow gives has no boundary, or one that is not in the body.
    headers.insert(CONTENT_TYPE, content_type.expect("a boundary is letters, digits and dashes"));
    Ok(Bytes::from(body))
}

/// One part of a multipart body.
struct Part {
    name: String,
    filename: Option<String>,
    content_type: Option<String>,
    content: Vec<u8>,
}

impl Part {
    const KEYS: [&str; 5] = ["name", "value", "content", "content_type", "filename"];

    fn read(entry: &Value) -> Result<Self, String> {
        let Value::Object(keys) = entry else {
            return Err("A part of `$multipart` must be an object.".to_owned());
        };
        if let Some(unknown) = keys.keys().find(|key| !Self::KEYS.contains(&key.as_str())) {
            return Err(format!("A part of `$multipart` has no key `{unknown}`."));
        }
        let text = |key: &str| match keys.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if !text.contains(['\r', '\n']) || key != "content_type" => {
                Ok(Some(text.clone()))
            }
            Some(_) => Err(format!("`{key}` of a part of `$multipart` must be a string of one line.")),
        };
        let name = text("name")?.ok_or("A part of `$multipart` needs a `name`.")?;
        let (own_type, content) = match (keys.get("value"), keys.get("content")) {
            (Some(value), None) => (None, scalar(value).unwrap_or_else(|| value.to_string()).into_bytes()),
            (None, Some(Value::Object(fields))) if is_only(fields, BINARY) => {
                let (content_type, bytes) = binary(&fields[BINARY])?;
                (Some(content_type), bytes)
            }
            (None, Some(content)) => {
                (None, scalar(content).unwrap_or_else(|| content.to_string()).into_bytes())
            }
            _ => return Err(format!("The part `{name}` of `$multipart` needs either `value` or `content`.")),
        };
        Ok(Self {
            name,
            filename: text("filename")?,
            content_type: text("content_type")?.or(own_type),
            content,
        })
    }

    fn head(&self) -> String {
        let mut head = format!("Content-Disposition: form-data; name=\"{}\"", quoted(&self.name));
        if let Some(filename) = &self.filename {
            head.push_str(&format!("; filename=\"{}\"", quoted(filename)));
        }
        if let Some(content_type) = &self.content_type {
            head.push_str(&format!("\r\nContent-Type: {content_type}"));
        }
        head
    }
}

/// Escapes a name as browsers do (HTML, "multipart/form-data encoding algorithm").
fn quoted(text: &str) -> String {
    text.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A")
}

/// Returns a boundary that no part holds.
fn free_boundary(start: &str, parts: &[Part]) -> String {
    let plain: String = start.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').take(50).collect();
    let held = |boundary: &str| {
        parts.iter().any(|part| part.content.windows(boundary.len()).any(|run| run == boundary.as_bytes()))
    };
    let mut boundaries = (0_u32..).map(|number| format!("{plain}-{number}"));
    boundaries.find(|boundary| !held(boundary)).expect("a body holds less than 2³² boundaries")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn forms_are_encoded_as_browsers_do() {
        for (fields, encoded) in [
            (
                json!({ "grant_type": "client_credentials", "scope": "a b&c" }),
                "grant_type=client_credentials&scope=a+b%26c",
            ),
            (json!({ "a": [1, true, null, "x"], "b": null }), "a=1&a=true&a=x"),
            (json!({ "ü": "€ + %", "e": "" }), "%C3%BC=%E2%82%AC+%2B+%25&e="),
            (json!({ "n": 19.90, "line": "a\r\nb", "safe": "*-._~" }), "n=19.9&line=a%0D%0Ab&safe=*-._%7E"),
            (json!({}), ""),
        ] {
            assert_eq!(text_of(&fields, &[FORM_TYPE]), encoded);
        }
        let charset = text_of(&json!({ "a": "b c" }), &["Application/X-WWW-Form-URLencoded; charset=UTF-8"]);
        assert_eq!(charset, "a=b+c");
        assert_eq!(text_of(&json!("user=ann&pw=a%26b"), &[FORM_TYPE]), "user=ann&pw=a%26b");
    }

    #[test]
    fn what_no_form_can_hold_is_named() {
        let mut headers = headers_of(&[FORM_TYPE]);

        let error = sent(&json!({ "card": { "number": 1 } }), &mut headers, "b").unwrap_err();

        assert!(error.contains("`card`"), "{error}");
    }

    #[test]
    fn bytes_are_sent_as_they_are() {
        let mut headers = HeaderMap::new();
        let body = json!({ "$binary": { "content_type": "image/png", "size": 4, "base64": "iVBORw==" } });

        assert_eq!(&sent(&body, &mut headers, "b").unwrap()[..], b"\x89PNG");
        assert_eq!(headers[CONTENT_TYPE], "image/png");
        for wrong in [json!({ "base64": "*" }), json!({}), json!("x"), json!({ "base64": "iVBORw" })] {
            assert!(sent(&json!({ "$binary": wrong }), &mut headers, "b").is_err());
        }
    }

    #[test]
    fn parts_keep_their_names_types_and_bytes() {
        let mut headers = headers_of(&["multipart/form-data"]);
        let body = json!({ "$multipart": [
            { "name": "note", "value": "b-0 is in here" },
            { "name": "n", "value": 19.90 },
            { "name": "meta", "value": { "a": [1] } },
            { "name": "f\"1", "filename": "ü\n.png", "content": { "$binary": { "content_type": "image/png", "base64": "iVBORw==" } } },
            { "name": "csv", "filename": "a.csv", "content": "x,y\r\n", "content_type": "text/csv" },
        ] });

        let bytes = sent(&body, &mut headers, "b").unwrap();

        assert_eq!(headers[CONTENT_TYPE], "multipart/form-data; boundary=b-1");
        let expected = [
            "--b-1\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\nb-0 is in here\r\n".as_bytes(),
            b"--b-1\r\nContent-Disposition: form-data; name=\"n\"\r\n\r\n19.9\r\n",
            b"--b-1\r\nContent-Disposition: form-data; name=\"meta\"\r\n\r\n{\"a\":[1]}\r\n",
            "--b-1\r\nContent-Disposition: form-data; name=\"f%221\"; filename=\"ü%0A.png\"\r\nContent-Type: image/png\r\n\r\n".as_bytes(),
            b"\x89PNG\r\n",
            b"--b-1\r\nContent-Disposition: form-data; name=\"csv\"; filename=\"a.csv\"\r\nContent-Type: text/csv\r\n\r\nx,y\r\n\r\n",
            b"--b-1--\r\n",
        ]
        .concat();
        assert_eq!(String::from_utf8_lossy(&bytes), String::from_utf8_lossy(&expected));
    }

    #[test]
    fn parts_that_cannot_be_sent_are_refused() {
        for part in [
            json!({ "value": 1 }),
            json!({ "name": "a" }),
            json!({ "name": "a", "value": 1, "content": "x" }),
            json!({ "name": "a", "value": 1, "file": "x" }),
            json!({ "name": "a", "content": "x", "content_type": "a\r\nX: y" }),
            json!("x"),
        ] {
            let body = json!({ "$multipart": [part] });
            assert!(sent(&body, &mut HeaderMap::new(), "b").is_err(), "{body}");
        }
    }

    fn text_of(body: &Value, types: &[&'static str]) -> String {
        String::from_utf8(sent(body, &mut headers_of(types), "b").unwrap().to_vec()).unwrap()
    }

    fn headers_of(types: &[&'static str]) -> HeaderMap {
        types.iter().map(|content_type| (CONTENT_TYPE, HeaderValue::from_static(content_type))).collect()
    }
}
