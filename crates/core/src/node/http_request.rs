//! `http_request`: sends one HTTP request.

mod secret_room;

use serde_json::{Value, json};

use super::keys::{InputOf, input_of, resolved};
use super::{About, Context, NamedBy, Next, NodeKind, Traits, misfit};
use crate::document::{
    AnyName, Key, Keys, Place, Plain, Reader, Reading, Terms, Text, any_json, choice, entries, key, object,
    one_or_many, plain_text, text,
};
use crate::failure::Failure;
use crate::http::{
    HeaderName, HeaderValue, Scalar, StatusRanges, Statuses, is_form_type, is_token, token_pattern,
};
use crate::limits::{HEADERS_MAX, Limits, PARAMETERS_MAX};
use crate::template::{Piece, Template, pieces};
use crate::work::Task;

pub(super) use secret_room::check as check_secret;
pub use secret_room::{SECRET_ROOMS, SecretRoom};

/// The keys of an HTTP request.
#[derive(Clone, Debug)]
pub struct HttpRequest {
    /// What [`HttpInput`] is read from once its templates are resolved.
    pub input: Template,
}

/// What is sent, and what counts as success.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpInput {
    /// In capitals.
    pub method: String,
    /// Begins with `http://` or `https://`.
    pub url: String,
    /// Names as they are given; none is reserved.
    pub headers: Vec<(String, String)>,
    /// What is put behind the URL; a parameter has several values where it is repeated.
    pub query: Vec<(String, Vec<String>)>,
    /// Who calls.
    pub auth: Option<HttpAuth>,
    /// Sent as it is where it is a string, else as its content type or its own keys say, or as JSON.
    pub body: Option<Value>,
    /// Statuses that count as success.
    pub expect_status: StatusRanges,
    /// Whether redirects are followed.
    pub follows_redirects: bool,
    /// The key that it is signed with (standardwebhooks.com).
    pub signed_with: Option<String>,
}

/// Who calls, as the header `Authorization` says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HttpAuth {
    /// RFC 7617.
    Basic {
        /// Without a colon.
        username: String,
        /// May be empty.
        password: String,
    },
    /// RFC 6750.
    Bearer {
        /// As it is sent.
        token: String,
    },
}

pub(crate) const HTTP_INPUT: InputOf<HttpInput> =
    input_of(HttpInput::keys).with_url("/url").with_form("/body", is_form).with_secrets(check_secret);

impl HttpRequest {
    pub(super) const ABOUT: About = About {
        name: "http_request",
        named_by: NamedBy::Action,
        aliases: &[],
        title: "HTTP request",
        description: "Sends an HTTP request. A response with an unexpected status is an error.",
        traits: Traits { takes_attempts: true, makes_calls: true, ..Traits::NONE },
        output,
        example,
    };

    /// What documents call it.
    pub(crate) const NAME: &'static str = Self::ABOUT.name;

    pub(super) fn read(keys: &mut Keys<'_>) -> Option<Self> {
        let input = keys.take(
            key("input", "Input", HTTP_INPUT)
                .needed_for_its_keys()
                .doc("The request. Strings can be templates."),
        );
        Some(Self { input: input? })
    }
}

/// Returns whether the content type that `input` writes is that of a form.
fn is_form(input: &Value) -> bool {
    let headers = input.get("headers").and_then(Value::as_object).into_iter().flatten();
    let mut types = headers.filter(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    types.any(|(_, value)| value.as_str().is_some_and(is_form_type))
}

impl HttpInput {
    /// Reads an input whose templates are resolved and whose secrets are filled in.
    ///
    /// # Errors
    /// A failure of class `validation` that names each key and what is wrong with it. It may hold parts of the input.
    pub fn read(input: &Value) -> Result<Self, Failure> {
        resolved(input, Self::keys).map_err(|faults| misfit("http_request", &faults))
    }

    /// Returns the request that posts a message as JSON. It is not sent again to where a redirect leads: that may lose it.
    pub(super) fn post(url: String, headers: Vec<(String, String)>, body: Value) -> Self {
        Self {
            method: "POST".to_owned(),
            url,
            headers,
            query: Vec::new(),
            auth: None,
            body: Some(body),
            expect_status: StatusRanges::success(),
            follows_redirects: false,
            signed_with: None,
        }
    }

    fn keys(keys: &mut Keys<'_>) -> Option<Self> {
        let method = keys.take(
            key("method", "Method", Method)
                .default("GET")
                .doc("Any method but `CONNECT` and `TRACE`, in either case."),
        );
        let url = keys.take(
            key("url", "URL", Url)
                .needed("`http_request`")
                .prompt("Enter a URL")
                .doc("Begins with `https://` or `http://`. Whole segments of the path and values of the query can use `${secrets.NAME}`."),
        );
        let headers = keys.take(
            key("headers", "Headers", entries(HeaderName, HeaderValue).at_most(HEADERS_MAX))
                .default(Plain::Object)
                .doc("Values can use `${secrets.NAME}`. A value of null omits the header."),
        );
        let query = keys.take(
            key("query", "Query", entries(AnyName, one_or_many(Scalar)).at_most(PARAMETERS_MAX))
                .default(Plain::Object)
                .doc("Query parameters. Lists repeat the key, null omits it. Values can use `${secrets.NAME}`."),
        );
        let auth = keys.take(
            key("auth", "Authentication", object(HttpAuth::keys))
                .doc("Sent as the header `Authorization`. Values can use `${secrets.NAME}`."),
        );
        let body = keys.take(
            key("body", "Body", any_json())
                .doc("Strings are sent unchanged (as `text/plain`), everything else as JSON. If the header `Content-Type` is `application/x-www-form-urlencoded`, an object becomes form fields, and in a string each template is one name or value. `{\"$multipart\": […]}` and `{\"$binary\": …}` are sent as parts and as bytes."),
        );
        let expected = keys.take(
            key("expect_status", "Expected statuses", one_or_many(Statuses).not_empty())
                .default("200-299")
                .doc("Any other status is an error. Redirects are followed unless one is expected."),
        );
        let sets_authorization = |headers: &Vec<(String, String)>| {
            headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("authorization"))
        };
        if auth.is_some() && headers.as_ref().is_some_and(sets_authorization) {
            keys.fault("auth", "the request has `auth` or the header `Authorization`, not both");
        }
        let expect_status = StatusRanges(expected?);
        Some(Self {
            method: method?,
            url: url?,
            headers: headers?,
            query: query?,
            auth,
            body,
            follows_redirects: !expect_status.contain_redirects(),
            expect_status,
            signed_with: None,
        })
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scheme {
    Basic,
    Bearer,
}

impl HttpAuth {
    const SCHEMES: &'static [(&'static str, Scheme)] =
        &[("basic", Scheme::Basic), ("bearer", Scheme::Bearer)];

    fn keys(keys: &mut Keys<'_>) -> Option<Self> {
        let scheme = keys
            .take(key("type", "Type", choice(Self::SCHEMES)).needed("`auth`").doc("`basic` or `bearer`."));
        let needed_by = |wanted: Scheme, what, key: Key<Text>| {
            if scheme == Some(wanted) { key.needed(what) } else { key }
        };
        let username = key("username", "User name", text()).doc("Of `basic`; without a colon.");
        let username = keys.take(needed_by(Scheme::Basic, "`basic`", username));
        let password =
            keys.take(key("password", "Password", plain_text()).default("").doc("Of `basic`; may be empty."));
        let token = key("token", "Token", text()).doc("Of `bearer`.");
        let token = keys.take(needed_by(Scheme::Bearer, "`bearer`", token));
        if username.as_ref().is_some_and(|name| name.contains(':')) {
            keys.fault("username", "a user name must not hold a colon, because that ends it");
        }
        match scheme? {
            Scheme::Basic => Some(Self::Basic { username: username?, password: password? }),
            Scheme::Bearer => Some(Self::Bearer { token: token? }),
        }
    }
}

/// Reads a method that can be sent.
#[derive(Clone, Copy, Debug)]
struct Method;

impl Method {
    const USUAL: [&str; 7] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];
    /// They ask for a tunnel, and for an echo that may hold secrets.
    const REFUSED: [&str; 2] = ["connect", "trace"];
}

impl Reader for Method {
    type Value = String;

    fn wanted(&self, _: &Limits) -> String {
        "a method that can be sent, such as `GET`".to_owned()
    }

    fn schema(&self, _: &Terms) -> Value {
        json!({ "type": "string", "pattern": token_pattern(&Self::REFUSED), "examples": Self::USUAL })
    }

    fn read(&self, value: &Value, at: &Place<'_>, reading: &mut Reading) -> Option<String> {
        let is_refused = |text: &str| Self::REFUSED.iter().any(|refused| refused.eq_ignore_ascii_case(text));
        let method = value.as_str().filter(|text| is_token(text) && !is_refused(text));
        reading.fitting(self, method.map(str::to_ascii_uppercase), value, at)
    }
}

/// Checks a URL as far as possible without a URL parser; the code that opens it parses it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Url;

impl Url {
    fn has_scheme(text: &str) -> bool {
        let has =
            |scheme: &str| text.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme));
        has("https://") || has("http://")
    }

    /// Refuses a user name or password that the document writes into the URL.
    fn check_credentials(url: &str, at: &Place<'_>, reading: &mut Reading) -> bool {
        let authority = url.split_once("://").map_or("", |(_, behind)| behind);
        let authority = authority.split(['/', '\\', '?', '#']).next().unwrap_or_default();
        let has_credentials = authority.contains('@');
        if has_credentials {
            let message = "the URL contains a user name or password; use `auth` instead, as in \
                           `{\"type\": \"basic\", \"username\": …, \"password\": …}`";
            reading.fault(at, message);
        }
        !has_credentials
    }
}

impl Reader for Url {
    type Value = String;

    fn wanted(&self, _: &Limits) -> String {
        "a URL that begins with `https://` or `http://`".to_owned()
    }

    fn schema(&self, _: &Terms) -> Value {
        json!({ "type": "string", "pattern": "^\\s*(?:[Hh][Tt][Tt][Pp][Ss]?://|\\$\\{)" })
    }

    fn read(&self, value: &Value, at: &Place<'_>, reading: &mut Reading) -> Option<String> {
        let url = value.as_str().map(str::trim).filter(|url| Self::has_scheme(url));
        let url = reading.fitting(self, url.map(str::to_owned), value, at)?;
        Self::check_credentials(&url, at, reading).then_some(url)
    }

    fn check_template(&self, text: &str, at: &Place<'_>, reading: &mut Reading) {
        let start = text.trim_start();
        if !start.starts_with("${") && !Self::has_scheme(start) {
            reading.fitting(self, None, &text.into(), at);
        }
        Self::check_credentials(&without_expressions(start), at, reading);
    }
}

/// Returns a template with a letter in the place of each expression.
fn without_expressions(text: &str) -> String {
    let pieces = pieces(text).unwrap_or_default();
    let texts = pieces.into_iter().map(|piece| match piece {
        Piece::Text(text) => text,
        Piece::Expression(_) => "x".to_owned(),
    });
    texts.collect()
}

pub(super) fn output() -> Value {
    json!({
        "type": "object", "title": "Output", "required": ["status", "headers", "body"],
        "properties": {
            "status": { "type": "integer", "title": "Status" },
            "headers": {
                "type": "object", "title": "Headers",
                "additionalProperties": { "type": ["string", "array"], "items": { "type": "string" } },
                "description": "Names are in lower case. Several values of a header are joined by commas; `set-cookie` is a list.",
            },
            "body": { "title": "Body", "description": "Parsed if it is JSON, text if it is text, otherwise `{\"$binary\": …}`. Null if it is empty." },
        },
    })
}

fn example() -> Value {
    json!({
        "id": "fetch-data", "type": "action", "action": "http_request",
        "input": {
            "method": "POST", "url": "https://api.example.com/vendors/${trigger_data.vendor_id}",
            "headers": { "Authorization": "Bearer ${secrets.VENDOR_API_KEY}" },
            "body": { "deep": true }, "expect_status": ["2xx", 404],
        },
    })
}

impl NodeKind for HttpRequest {
    fn about(&self) -> &'static About {
        &Self::ABOUT
    }

    fn input(&self) -> Option<&Template> {
        Some(&self.input)
    }

    fn begin(&self, context: &Context<'_>) -> Next {
        Next::call(Task::HttpRequest, &self.input, context)
    }
}
