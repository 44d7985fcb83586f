//! *HTTP request*.

use serde_json::{Map, Value, json};

use super::values::{Piece, pieces};
use super::walk::{At, Out};
use crate::credentials::with_secrets;
use crate::data::Data;
use crate::graph::{action, seconds};
use crate::read::{flag, list, text};
use crate::text::template;

impl At<'_, '_, '_> {
    pub(super) fn request(&mut self) -> Out {
        let data = self.node.data;
        let mut input = Map::new();
        input.insert("method".to_owned(), json!(text(data, "method").unwrap_or("get").to_uppercase()));
        let url = self.url(text(data, "url").unwrap_or_default());
        input.insert("url".to_owned(), url);
        let mut headers = self.lines("headers");
        let query = self.lines("params");
        if !query.is_empty() {
            input.insert("query".to_owned(), Value::Object(query));
        }
        self.authorization(&mut input, &mut headers);
        if let Err((what, by_hand)) = self.body(&mut input, &mut headers) {
            return self.placeholder(what, by_hand);
        }
        if !headers.is_empty() {
            input.insert("headers".to_owned(), Value::Object(headers));
        }
        let retries = data.get("retry_config").is_some_and(|retry| flag(retry, "retry_enabled"));
        if !retries {
            // There, any status is an answer.
            input.insert("expect_status".to_owned(), json!(["2xx", "400-599"]));
        }
        let mut made = action(&self.node.id, &self.node.about.name, "http_request", Value::Object(input));
        let timeout = data.get("timeout").unwrap_or(&Value::Null);
        let limits = ["max_connect_timeout", "max_read_timeout", "max_write_timeout"];
        let limit: f64 = limits.iter().filter_map(|key| timeout.get(*key)?.as_f64()).sum();
        if limit > 0.0 {
            made.insert("timeout_seconds".to_owned(), seconds(limit));
        }
        self.add_attempts(made);
        let id = &self.node.id;
        self.note("answer", "`body` is the text of the answer there; JSON is read here, and written again where its text is needed");
        let body = Data::expression(format!("({id}.body | string)"));
        let outputs = vec![
            ("body", body),
            ("status_code", Data::expression(format!("{id}.status"))),
            ("headers", Data::expression(format!("{id}.headers"))),
        ];
        self.out(Data::object(outputs))
    }

    /// Returns a URL, into which values are put as they are.
    fn url(&mut self, given: &str) -> Value {
        let has_late = pieces(given).iter().skip(1).any(|piece| matches!(piece, Piece::Reference(_)));
        let with_marks = self.marked(given);
        let has_secret = !with_secrets(&with_marks).1.is_empty();
        if has_late && !has_secret {
            let made = super::values::filled(given, &self.known).and_then(|data| data.read(&[]));
            let made = made.unwrap_or_else(|why| self.lost("/url", given, &why));
            return json!(template(&made));
        }
        self.secret_text("/url", given)
    }

    /// Returns a text where a document may use secrets.
    fn secret_text(&mut self, below: &str, given: &str) -> Value {
        let marked = self.marked(given);
        let made = self.text(below, &marked);
        let Some(made) = made.as_str() else { return made };
        let (made, names) = with_secrets(made);
        for name in names {
            let pointer = format!("{}/data{below}", self.node.about.pointer);
            self.walk.report.secret(&name, &pointer, "a credential that was in the file");
        }
        json!(made)
    }

    /// Puts a mark in the place of each reference to a secret.
    fn marked(&self, given: &str) -> String {
        let mut out = String::new();
        for piece in pieces(given) {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Reference(path) => {
                    match path.strip_prefix("env.").and_then(|name| self.walk.secrets.get(name)) {
                        Some(secret) => out.push_str(&format!("[left out: {secret}]")),
                        None => out.push_str(&format!("{{{{#{path}#}}}}")),
                    }
                }
            }
        }
        out
    }

    /// Reads headers or parameters: a line for each, `NAME:VALUE`.
    fn lines(&mut self, key: &str) -> Map<String, Value> {
        let mut made = Map::new();
        for line in text(self.node.data, key).unwrap_or_default().lines() {
            let Some((name, value)) = line.split_once(':') else { continue };
            let name = name.trim();
            if name.is_empty()
                || ["host", "content-length"].contains(&name.to_ascii_lowercase().as_str())
                    && key == "headers"
            {
                continue;
            }
            if name.contains("{{#") {
                self.listed(&format!("/{key}"), key, "a name is calculated", "Write the name.");
                continue;
            }
            let value = self.secret_text(&format!("/{key}"), value.trim());
            made.insert(name.to_owned(), value);
        }
        made
    }

    fn authorization(&mut self, input: &mut Map<String, Value>, headers: &mut Map<String, Value>) {
        let given = self.node.data.get("authorization").unwrap_or(&Value::Null);
        if matches!(text(given, "type"), None | Some("no-auth")) {
            return;
        }
        let config = given.get("config").unwrap_or(&Value::Null);
        let key = text(config, "api_key").filter(|key| !key.is_empty());
        let value = match key {
            Some(key) => self.secret_text("/authorization/config/api_key", key),
            // An export leaves it out.
            None => {
                let name = crate::text::secret(&format!("{} key", self.node.about.name));
                let pointer = format!("{}/data/authorization", self.node.about.pointer);
                self.walk.report.secret(
                    &name,
                    &pointer,
                    "the key of the request, which the file does not have",
                );
                json!(format!("${{secrets.{name}}}"))
            }
        };
        match text(config, "type").unwrap_or("bearer") {
            "bearer" => {
                input.insert("auth".to_owned(), json!({ "type": "bearer", "token": value }));
            }
            "custom" => {
                let header =
                    text(config, "header").filter(|header| !header.is_empty()).unwrap_or("Authorization");
                headers.insert(header.to_owned(), value);
            }
            _ => {
                let value = value.as_str().unwrap_or_default().to_owned();
                headers.insert("Authorization".to_owned(), json!(format!("Basic {value}")));
            }
        }
    }

    fn body(
        &mut self,
        input: &mut Map<String, Value>,
        headers: &mut Map<String, Value>,
    ) -> Result<(), (&'static str, &'static str)> {
        let body = self.node.data.get("body").unwrap_or(&Value::Null);
        let kind = text(body, "type").unwrap_or("none");
        let rows = list(body, "data");
        let whole = text(body, "data")
            .or_else(|| rows.first().and_then(|row| text(row, "value")))
            .unwrap_or_default();
        match kind {
            "none" => {}
            "json" => {
                let value = self.json(whole).ok_or((
                    "its JSON body cannot be read with its references",
                    "Write the body in the studio.",
                ))?;
                input.insert("body".to_owned(), value);
            }
            "raw-text" => {
                let value = self.secret_text("/body/data", whole);
                input.insert("body".to_owned(), value);
            }
            "x-www-form-urlencoded" | "form-data" => {
                let pairs = self.pairs(body, rows)?;
                if kind == "form-data" {
                    let parts: Vec<Value> = pairs
                        .into_iter()
                        .map(|(name, value)| json!({ "name": name, "value": value }))
                        .collect();
                    input.insert("body".to_owned(), json!({ "$multipart": parts }));
                } else {
                    headers.insert("Content-Type".to_owned(), json!("application/x-www-form-urlencoded"));
                    input.insert("body".to_owned(), Value::Object(pairs.into_iter().collect()));
                }
            }
            _ => return Err(("it sends a file", "Send the file as `$binary`.")),
        }
        Ok(())
    }

    fn pairs(
        &mut self,
        body: &Value,
        rows: &[Value],
    ) -> Result<Vec<(String, Value)>, (&'static str, &'static str)> {
        let mut pairs = Vec::new();
        for row in rows {
            if text(row, "type") == Some("file") {
                return Err(("it sends a file", "Send the file as `content` of a part of `$multipart`."));
            }
            let value = self.secret_text("/body/data", text(row, "value").unwrap_or_default());
            pairs.push((text(row, "key").unwrap_or_default().to_owned(), value));
        }
        for line in text(body, "data").unwrap_or_default().lines() {
            let Some((name, value)) = line.split_once(':') else { continue };
            let value = self.secret_text("/body/data", value.trim());
            pairs.push((name.trim().to_owned(), value));
        }
        Ok(pairs)
    }

    /// Reads JSON with references in its strings. One outside of them is put in as JSON is.
    fn json(&mut self, source: &str) -> Option<Value> {
        let (mut out, mut is_inside) = (String::new(), false);
        for piece in pieces(source) {
            match piece {
                Piece::Text(part) => {
                    out.push_str(part);
                    is_inside = crate::text::ends_inside(part, is_inside);
                }
                Piece::Reference(path) if is_inside => out.push_str(&format!("{{{{#{path}#}}}}")),
                Piece::Reference(path) => out.push_str(&format!("\"{{{{#{path}#}}}}\\ue000\"")),
            }
        }
        let value = crate::text::read_json(&out)?;
        Some(self.in_json(&value))
    }

    fn in_json(&mut self, value: &Value) -> Value {
        match value {
            Value::String(given) => match given.strip_suffix('\u{e000}') {
                None => self.secret_text("/body/data", given),
                Some(reference) => {
                    let made = super::values::filled(reference, &self.known).and_then(|data| data.read(&[]));
                    let made = made.unwrap_or_else(|why| self.lost("/body/data", reference, &why));
                    json!(template(&format!("({made} | string | fromjson)")))
                }
            },
            Value::Array(items) => items.iter().map(|item| self.in_json(item)).collect(),
            Value::Object(fields) => {
                Value::Object(fields.iter().map(|(key, value)| (key.clone(), self.in_json(value))).collect())
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
        }
    }
}
