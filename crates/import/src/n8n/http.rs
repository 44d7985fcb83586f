//! *HTTP Request*.

use serde_json::{Map, Value, json};

use super::at::At;
use super::expression::{Piece, pieces};
use super::walk::Out;
use crate::credentials::with_secrets;
use crate::data::Data;
use crate::graph::action;
use crate::read::{flag, list, text};
use crate::text::{ends_inside, read_json, template};

/// Credentials that are sent as `Authorization: Bearer`.
const BEARERS: [&str; 14] = [
    "openAiApi",
    "slackApi",
    "notionApi",
    "airtableTokenApi",
    "huggingFaceApi",
    "hubspotAppToken",
    "githubApi",
    "httpBearerAuth",
    "oAuth2Api",
    "groqApi",
    "deepSeekApi",
    "openRouterApi",
    "mistralCloudApi",
    "perplexityApi",
];
/// Headers that are set for each request and cannot be written.
const OWN_HEADERS: [&str; 6] =
    ["host", "content-length", "connection", "transfer-encoding", "idempotency-key", "keep-alive"];
/// Stands for an expression while JSON is read that has some in it.
const HOLE: char = '\u{e000}';

impl At<'_, '_> {
    pub(super) fn http_request(&mut self) -> Out {
        let mut input = Map::new();
        let method = self
            .parameter(&["method"])
            .as_str()
            .or(self.word(&["requestMethod"]))
            .unwrap_or("GET")
            .to_owned();
        if method.starts_with('=') {
            return self
                .placeholder("its method is calculated", "Choose between several requests with a `switch`.");
        }
        if method != "GET" {
            input.insert("method".to_owned(), json!(method));
        }
        let url = self.parameter(&["url"]).clone();
        let url = self.url(&url);
        input.insert("url".to_owned(), url);
        let mut headers =
            self.pairs("header", "sendHeaders", "specifyHeaders", "jsonHeaders", "headerParametersUi");
        for own in OWN_HEADERS {
            if headers.keys().any(|name| name.eq_ignore_ascii_case(own)) {
                headers.retain(|name, _| !name.eq_ignore_ascii_case(own));
                self.note(
                    "/parameters/headerParameters",
                    "header",
                    &format!("`{own}` is set by Steadflow; it was left out"),
                );
            }
        }
        let query = self.pairs("query", "sendQuery", "specifyQuery", "jsonQuery", "queryParametersUi");
        if !query.is_empty() {
            input.insert("query".to_owned(), Value::Object(query));
        }
        self.auth(&mut input, &mut headers);
        let is_authorization = |name: &String| name.eq_ignore_ascii_case("authorization");
        if input.contains_key("auth") && headers.keys().any(is_authorization) {
            headers.retain(|name, _| !is_authorization(name));
            self.note(
                "/parameters/headerParameters",
                "header",
                "its credential replaces the header `Authorization`",
            );
        }
        if let Err((what, by_hand)) = self.body(&mut input, &mut headers) {
            return self.placeholder(what, by_hand);
        }
        if !headers.is_empty() {
            input.insert("headers".to_owned(), Value::Object(headers));
        }
        self.sent(input)
    }

    /// Adds the request, and says where its answer is.
    fn sent(&mut self, mut input: Map<String, Value>) -> Out {
        let options = self.parameter(&["options"]).clone();
        let response = options.pointer("/response/response").cloned().unwrap_or(Value::Null);
        if flag(&response, "neverError") {
            input.insert("expect_status".to_owned(), json!(["2xx", "400-599"]));
        }
        for (key, what, by_hand) in [
            ("pagination", "it asks for further pages", "Ask for them in a `loop`."),
            ("proxy", "it uses a proxy of its own", "A proxy is a setting of the server (`egress_proxy`)."),
            (
                "allowUnauthorizedCerts",
                "it accepts any certificate",
                "Have the operator trust the certificate.",
            ),
            ("batching", "it sends its requests in batches", "Set `max_concurrency` of a `map`."),
        ] {
            if options.get(key).is_some_and(|value| {
                !matches!(value, Value::Null | Value::Bool(false))
                    && *value != json!("")
                    && *value != json!({})
            }) {
                self.listed(&format!("/parameters/options/{key}"), "option of a request", what, by_hand);
            }
        }
        if options.pointer("/redirect/redirect/followRedirects") == Some(&json!(false)) {
            self.listed(
                "/parameters/options/redirect",
                "option of a request",
                "it follows no redirects",
                "Add the statuses of redirects to `expect_status`.",
            );
        }
        let format = text(&response, "responseFormat")
            .or(self.word(&["responseFormat"]))
            .unwrap_or("autodetect")
            .to_owned();
        let mut made = action(&self.node.id, self.node.name, "http_request", Value::Object(input));
        if let Some(ms) = options.get("timeout").and_then(Value::as_f64).filter(|ms| *ms >= 1.0) {
            made.insert("timeout_seconds".to_owned(), crate::graph::seconds(ms / 1_000.0));
        }
        self.add_attempts(made);
        let id = &self.node.id;
        let body = Data::expression(format!("{id}.body"));
        if flag(&response, "fullResponse") || flag(&options, "fullResponse") {
            let status = Data::expression(format!("{id}.status"));
            return Out::plain(Data::object(vec![
                ("statusCode", status),
                ("headers", Data::expression(format!("{id}.headers"))),
                ("body", body),
            ]));
        }
        match format.as_str() {
            "text" | "string" => {
                let name = text(&response, "outputPropertyName")
                    .or(self.word(&["dataPropertyName"]))
                    .unwrap_or("data")
                    .to_owned();
                Out::plain(Data::object(vec![(&name, body)]))
            }
            "file" => {
                self.listed(
                    "/parameters/options/response",
                    "file",
                    "its answer is a file, which n8n keeps beside the JSON of an item",
                    "Read the file from `body`, where it is `$binary`.",
                );
                Out::plain(Data::unknown("it is a file, and not JSON"))
            }
            _ => Out::plain(body),
        }
    }

    /// Returns a URL. n8n puts values in as they are, and so does a URL that is one template.
    fn url(&mut self, given: &Value) -> Value {
        let pieces = given.as_str().and_then(|text| text.strip_prefix('=')).map(pieces).unwrap_or_default();
        let has_late = pieces.iter().skip(1).any(|piece| matches!(piece, Piece::Expression(_)));
        let has_secret = given.as_str().is_some_and(|text| !with_secrets(text).1.is_empty());
        if has_late && !has_secret {
            return json!(template(&self.expression("/parameters/url", given)));
        }
        self.secret_value("/parameters/url", given)
    }

    /// Reads headers or parameters, as a list of pairs or as JSON.
    fn pairs(&mut self, what: &str, sends: &str, how: &str, as_json: &str, old: &str) -> Map<String, Value> {
        let key = format!("{what}Parameters");
        let (below, pairs) = if let Value::Array(pairs) = self.parameter(&[old, "parameter"]) {
            (format!("/parameters/{old}/parameter"), pairs.clone())
        } else if !flag(self.node.parameters, sends) {
            return Map::new();
        } else if self.word(&[how]) == Some("json") {
            return self.json_pairs(what, as_json);
        } else {
            let pairs = list(self.parameter(&[&key]), "parameters").to_vec();
            (format!("/parameters/{key}/parameters"), pairs)
        };
        let mut made = Map::new();
        for (at, pair) in pairs.iter().enumerate() {
            let name = text(pair, "name").unwrap_or_default().trim().to_owned();
            if name.is_empty() {
                continue;
            }
            if name.starts_with('=') {
                self.listed(&format!("{below}/{at}/name"), what, "its name is calculated", "Write the name.");
                continue;
            }
            let value =
                self.secret_value(&format!("{below}/{at}/value"), pair.get("value").unwrap_or(&Value::Null));
            match made.get_mut(&name) {
                Some(Value::Array(values)) => values.push(value),
                Some(other) if what == "query" => *other = json!([other, value]),
                Some(_) | None => {
                    made.insert(name, value);
                }
            }
        }
        made
    }

    /// Reads headers or parameters that are written as JSON.
    fn json_pairs(&mut self, what: &str, key: &str) -> Map<String, Value> {
        let given = self.parameter(&[key]).clone();
        let below = format!("/parameters/{key}");
        if let Some(Value::Object(fields)) = self.json_value(&below, &given) {
            return fields;
        }
        self.listed(&below, what, "its JSON cannot be read with its expressions", "Write it in the studio.");
        Map::new()
    }

    fn auth(&mut self, input: &mut Map<String, Value>, headers: &mut Map<String, Value>) {
        let how = self.word(&["authentication"]).unwrap_or("none").to_owned();
        let kind = match how.as_str() {
            "none" | "" => return,
            "genericCredentialType" => self.word(&["genericAuthType"]).unwrap_or_default().to_owned(),
            "predefinedCredentialType" => self.word(&["nodeCredentialType"]).unwrap_or_default().to_owned(),
            // Before version 2, the kind of the credential itself.
            other => other.to_owned(),
        };
        let credentials = self.node.credentials();
        let name = credentials
            .iter()
            .find(|(known, _)| *known == kind)
            .map_or(kind.as_str(), |(_, name)| name)
            .to_owned();
        let what = format!("the credential `{name}` ({kind})");
        match kind.as_str() {
            "httpBasicAuth" | "basicAuth" => {
                let (user, password) = (
                    self.secret(&format!("{name} user"), &what),
                    self.secret(&format!("{name} password"), &what),
                );
                input.insert(
                    "auth".to_owned(),
                    json!({ "type": "basic", "username": user, "password": password }),
                );
            }
            "anthropicApi" => {
                let secret = self.secret(&name, &what);
                headers.insert("x-api-key".to_owned(), json!(secret));
            }
            "googlePalmApi" => {
                let secret = self.secret(&name, &what);
                headers.insert("x-goog-api-key".to_owned(), json!(secret));
            }
            kind => {
                let secret = self.secret(&name, &what);
                input.insert("auth".to_owned(), json!({ "type": "bearer", "token": secret }));
                let is_known = BEARERS.contains(&kind) || kind.ends_with("OAuth2Api");
                if !is_known {
                    let what = format!(
                        "the file does not say how `{kind}` is sent; it is a bearer token here, which fails until the secret is set"
                    );
                    self.listed(
                        "/parameters/authentication",
                        "credential",
                        &what,
                        "Write it as `auth`, a header or a parameter.",
                    );
                }
            }
        }
    }

    fn body(
        &mut self,
        input: &mut Map<String, Value>,
        headers: &mut Map<String, Value>,
    ) -> Result<(), (&'static str, &'static str)> {
        let old = list(self.parameter(&["bodyParametersUi"]), "parameter").to_vec();
        if old.is_empty() && !flag(self.node.parameters, "sendBody") {
            return match self.word(&["bodyParametersJson"]).is_some() {
                true => self.json_body("bodyParametersJson", input),
                false => Ok(()),
            };
        }
        let kind =
            self.word(&["contentType"]).or(self.word(&["bodyContentType"])).unwrap_or("json").to_owned();
        let as_text = matches!(self.word(&["specifyBody"]), Some("json" | "string"));
        let pairs = match old.is_empty() {
            true => list(self.parameter(&["bodyParameters"]), "parameters").to_vec(),
            false => old,
        };
        match kind.as_str() {
            "json" if as_text => return self.json_body("jsonBody", input),
            "json" => {
                let fields = self.body_fields(&pairs)?;
                input.insert("body".to_owned(), Value::Object(fields));
            }
            "form-urlencoded" => {
                headers.insert("Content-Type".to_owned(), json!("application/x-www-form-urlencoded"));
                let given = self.parameter(&["body"]).clone();
                let body = if as_text {
                    self.secret_value("/parameters/body", &given)
                } else {
                    Value::Object(self.body_fields(&pairs)?)
                };
                input.insert("body".to_owned(), body);
            }
            "multipart-form-data" => {
                if pairs.iter().any(|pair| text(pair, "parameterType") == Some("formBinaryData")) {
                    return Err((
                        "it sends a file that n8n keeps beside the JSON of an item",
                        "Send the file as `content` of a part of `$multipart`.",
                    ));
                }
                let fields = self.body_fields(&pairs)?;
                let parts: Vec<Value> =
                    fields.into_iter().map(|(name, value)| json!({ "name": name, "value": value })).collect();
                input.insert("body".to_owned(), json!({ "$multipart": parts }));
            }
            "raw" => {
                if let Some(kind) =
                    self.word(&["rawContentType"]).filter(|kind| !kind.is_empty()).map(str::to_owned)
                {
                    headers.insert("Content-Type".to_owned(), json!(kind));
                }
                let given = self.parameter(&["body"]).clone();
                let body = self.secret_value("/parameters/body", &given);
                input.insert("body".to_owned(), body);
            }
            _ => {
                return Err((
                    "it sends a file that n8n keeps beside the JSON of an item",
                    "Send the file as `$binary`.",
                ));
            }
        }
        Ok(())
    }

    fn json_body(
        &mut self,
        key: &str,
        input: &mut Map<String, Value>,
    ) -> Result<(), (&'static str, &'static str)> {
        let given = self.parameter(&[key]).clone();
        let below = format!("/parameters/{key}");
        let body = self
            .json_value(&below, &given)
            .ok_or(("its JSON body cannot be read with its expressions", "Write the body in the studio."))?;
        input.insert("body".to_owned(), body);
        Ok(())
    }

    fn body_fields(&mut self, pairs: &[Value]) -> Result<Map<String, Value>, (&'static str, &'static str)> {
        let mut fields = Map::new();
        for (at, pair) in pairs.iter().enumerate() {
            let name = text(pair, "name").unwrap_or_default();
            if name.starts_with('=') || fields.contains_key(name) {
                return Err((
                    "a name in its body is calculated, or there twice",
                    "Write the body in the studio.",
                ));
            }
            let value = self.secret_value(
                &format!("/parameters/bodyParameters/parameters/{at}/value"),
                pair.get("value").unwrap_or(&Value::Null),
            );
            fields.insert(name.to_owned(), value);
        }
        Ok(fields)
    }

    /// Reads JSON that is written as text, with expressions in it. `None` if that cannot be read.
    pub(super) fn json_value(&mut self, below: &str, given: &Value) -> Option<Value> {
        let Some(source) = given.as_str() else { return Some(self.value(below, given)) };
        let Some(source) = source.strip_prefix('=') else {
            let value: Value = read_json(source)?;
            return Some(self.filled(below, &crate::text::plain_value(&value), &[]));
        };
        let pieces = pieces(source.trim());
        if let [Piece::Expression(_)] = pieces.as_slice() {
            return Some(self.secret_value(below, &json!(format!("={}", source.trim()))));
        }
        let (mut out, mut holes, mut is_inside) = (String::new(), Vec::new(), false);
        for piece in pieces {
            match piece {
                Piece::Text(part) => {
                    out.push_str(part);
                    is_inside = ends_inside(part, is_inside);
                }
                Piece::Expression(source) => {
                    let quote = if is_inside { "" } else { "\"" };
                    out.push_str(&format!("{quote}{HOLE}{}{HOLE}{quote}", holes.len()));
                    holes.push((source, is_inside));
                }
            }
        }
        let value: Value = read_json(&out)?;
        Some(self.filled(below, &value, &holes))
    }

    /// Puts expressions back where they were.
    fn filled(&mut self, below: &str, value: &Value, holes: &[(&str, bool)]) -> Value {
        match value {
            Value::Array(items) => items.iter().map(|item| self.filled(below, item, holes)).collect(),
            Value::Object(fields) => Value::Object(
                fields.iter().map(|(key, value)| (key.clone(), self.filled(below, value, holes))).collect(),
            ),
            Value::String(text) if !holes.is_empty() => {
                let mut out = String::new();
                for (at, part) in text.split(HOLE).enumerate() {
                    let hole = (at % 2 == 1)
                        .then(|| part.parse::<usize>().ok())
                        .flatten()
                        .and_then(|at| holes.get(at));
                    match hole {
                        None => out.push_str(&crate::text::plain(part)),
                        Some((source, is_inside)) => {
                            let made = self.scope.made(source).map(|made| made.text);
                            let made = made.unwrap_or_else(|why| self.lost(below, &json!(source), &why));
                            out.push_str(&template(&if *is_inside { made } else { bare(&made) }));
                        }
                    }
                }
                self.secret_text(below, &out)
            }
            Value::String(text) => self.secret_text(below, text),
            Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
        }
    }

    fn secret_text(&mut self, below: &str, text: &str) -> Value {
        let (text, names) = with_secrets(text);
        for name in names {
            let pointer = format!("{}{below}", self.node.about.pointer);
            self.report.secret(&name, &pointer, "a credential that was in the file");
        }
        json!(text)
    }
}

/// Returns the value that an expression outside of quotes becomes: n8n reads its text as JSON.
fn bare(expression: &str) -> String {
    let json = expression.strip_prefix('(').and_then(|inner| inner.strip_suffix(" | tojson)"));
    match json {
        Some(value) => value.to_owned(),
        None => format!("({expression} | string | fromjson)"),
    }
}
