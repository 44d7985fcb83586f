//! The OpenAPI document: what the routes say of themselves, and what holds for all of them.

mod described;

use std::io::Write as _;
use std::sync::LazyLock;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;
use utoipa::openapi::path::Operation;
use utoipa::openapi::schema::{AdditionalProperties, Object, Schema, SchemaType, Type};
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{
    Content, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder, Ref, RefOr, ResponseBuilder,
};

use crate::authenticate::is_open;
use crate::routes::{self, openapi::Document};
use crate::{documents, heavy};

/// Where routes get the document from.
pub(crate) const DOCUMENT: Document = Document { text, compressed };

/// Returns the OpenAPI 3.1 document of this version.
pub fn openapi() -> Value {
    let mut document = serde_json::to_value(of_routes()).expect("the document has string keys only");
    let schemas = document["components"]["schemas"].as_object_mut().expect("the document has schemas");
    schemas.extend(documents::schemas());
    schemas.sort_keys();
    document
}

/// Returns what the routes say. The schemas of documents are names without content here.
fn of_routes() -> OpenApi {
    let (_, mut document) = routes::all(DOCUMENT).split_for_parts();
    let about = OpenApiBuilder::new().info(about()).build();
    document.info = about.info;
    let components = document.components.get_or_insert_default();
    components.add_security_scheme(API_KEY, SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)));
    let cookie = ApiKey::Cookie(ApiKeyValue::new("__Host-steadflow"));
    components.add_security_scheme(SIGN_IN, SecurityScheme::ApiKey(cookie));
    require_nullable_keys(&mut document);
    for (path, item) in &mut document.paths.paths {
        let operations = [&mut item.get, &mut item.put, &mut item.post, &mut item.delete, &mut item.patch];
        for operation in operations.into_iter().flatten() {
            add_security(path, operation);
            add_common_responses(path, operation);
            describe_optional_body(operation);
            heavy::unmark(operation);
            described::describe(operation);
        }
    }
    document
}

/// Returns [`openapi`] as JSON.
pub(crate) fn text() -> Bytes {
    /// Written once: the document is the same for as long as the process lives.
    static TEXT: LazyLock<Bytes> = LazyLock::new(|| Bytes::from(openapi().to_string()));
    TEXT.clone()
}

/// Returns [`text`] compressed: it is longer than what is compressed for each request.
pub(crate) fn compressed() -> Bytes {
    static COMPRESSED: LazyLock<Bytes> = LazyLock::new(|| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        let written = encoder.write_all(&text()).and_then(|()| encoder.finish());
        Bytes::from(written.expect("writing to memory does not fail"))
    });
    COMPRESSED.clone()
}

fn about() -> utoipa::openapi::Info {
    let license = LicenseBuilder::new().name("Apache-2.0").identifier(Some("Apache-2.0")).build();
    InfoBuilder::new()
        .title("Steadflow")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some("Runs agentic flows so that they finish, or say exactly why not. Times are RFC 3339 in UTC, ids are UUIDs, lists are plain arrays with the next page's address in `Link`."))
        .license(Some(license))
        .build()
}

/// Answers have every key that can be null; what they leave out is never null. The derived schemas do not require such
/// keys.
fn require_nullable_keys(document: &mut OpenApi) {
    let schemas = document.components.iter_mut().flat_map(|components| &mut components.schemas);
    schemas.for_each(|(_, schema)| require_nullable(schema));
}

fn require_nullable(schema: &mut RefOr<Schema>) {
    match schema {
        RefOr::T(Schema::AllOf(all)) => all.items.iter_mut().for_each(require_nullable),
        RefOr::T(Schema::Object(object)) if !is_input(object) => {
            let nullable = object.properties.iter().filter(|(_, schema)| is_nullable(schema));
            let missing = nullable.filter(|(name, _)| !object.required.contains(name));
            let missing: Vec<String> = missing.map(|(name, _)| name.clone()).collect();
            object.required.extend(missing);
        }
        RefOr::Ref(_) | RefOr::T(_) => {}
    }
}

/// Objects that clients send refuse unknown keys; answers can grow.
fn is_input(object: &Object) -> bool {
    matches!(object.additional_properties.as_deref(), Some(AdditionalProperties::FreeForm(false)))
}

fn is_nullable(schema: &RefOr<Schema>) -> bool {
    let has_null = |schema_type: &SchemaType| match schema_type {
        SchemaType::Type(one) => *one == Type::Null,
        SchemaType::Array(several) => several.contains(&Type::Null),
        SchemaType::AnyValue => false,
    };
    match schema {
        RefOr::T(Schema::Object(object)) => has_null(&object.schema_type),
        RefOr::T(Schema::Array(array)) => has_null(&array.schema_type),
        RefOr::T(Schema::OneOf(one_of)) => one_of.items.iter().any(is_nullable),
        RefOr::Ref(_) | RefOr::T(_) => false,
    }
}

/// A body that can be left out is not required. The derived schema allows null instead.
fn describe_optional_body(operation: &mut Operation) {
    let Some(RefOr::T(body)) = &mut operation.request_body else { return };
    for content in body.content.values_mut() {
        if let RefOr::T(Content { schema: Some(schema), .. }) = content
            && let RefOr::T(Schema::OneOf(either)) = schema
            && let Some(given) = either.items.iter().find(|item| !is_nullable(item)).cloned()
        {
            *schema = given;
        }
    }
}

/// The name of what requests show.
const API_KEY: &str = "api_key";
/// The same of people, by the pages of the studio.
const SIGN_IN: &str = "sign_in";

/// Says which calls show an API key, where the server asks for one.
fn add_security(path: &str, operation: &mut Operation) {
    if is_open(path) {
        operation.security = Some(Vec::new());
        return;
    }
    operation.security =
        Some([API_KEY, SIGN_IN].map(|scheme| SecurityRequirement::new(scheme, Vec::<String>::new())).into());
    let mut add = |status: &str, description: &str| {
        operation.responses.responses.entry(status.to_owned()).or_insert_with(|| problem(description));
    };
    add("401", "The server asks who it is, and there is neither an API key nor a sign-in that is valid");
    add("429", "Too many API keys and sign-ins from this address were not valid; see Retry-After");
}

/// What any call can be answered with, and what only calls below `/api/` can be. Every problem has the same shape.
fn add_common_responses(path: &str, operation: &mut Operation) {
    let has_parameters = operation.parameters.as_ref().is_some_and(|parameters| !parameters.is_empty());
    let takes_if_match = takes(operation, "If-Match");
    let mut add = |status: &str, description: &str| {
        operation.responses.responses.entry(status.to_owned()).or_insert_with(|| problem(description));
    };
    add("400", "A parameter or the body cannot be read");
    add("403", "Your role does not allow this, or the request came from a page of another site");
    if has_parameters && path.contains('{') {
        add("404", "There is nothing of that id");
    }
    if takes_if_match {
        add("412", "The state that `If-Match` names is not the current one");
    }
    add("421", "This server does not go by the name in the Host header");
    add("500", "A fault of the server");
    if !path.starts_with("/api/") {
        return;
    }
    add("503", "The server is starting, stopping or overloaded; see Retry-After");
    if operation.request_body.is_some() {
        add("408", "The body did not arrive in time");
        add("413", "The body is too large");
        add("415", "The body is not declared as JSON");
    }
    add("507", "The database has no room left");
}

fn takes(operation: &Operation, name: &str) -> bool {
    let mut parameters = operation.parameters.iter().flatten();
    parameters.any(|parameter| matches!(parameter, RefOr::T(parameter) if parameter.name == name))
}

fn problem(description: &str) -> RefOr<utoipa::openapi::Response> {
    let content = Content::new(Some(Ref::from_schema_name("Problem")));
    ResponseBuilder::new()
        .description(description)
        .content("application/problem+json", content)
        .build()
        .into()
}
