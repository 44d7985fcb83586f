//! The models that a provider lists. Nothing is generated, so it costs nothing.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::{Value, json};
use steadflow_core::agent::{LlmConfig, Provider};
use steadflow_core::failure::{ErrorClass, Failure};
use steadflow_core::json;
use steadflow_core::payload::Payload;

use super::super::SkillCall;
use super::{anthropic, fault, gemini, ollama, openai, request};
use crate::body;
use crate::egress::Request;
use crate::secrets::Keyring;
use crate::texts::one_line;

/// Maximum number of models of a provider.
const MODELS_MAX: usize = 5_000;
/// Maximum number of pages of the list of them.
const PAGES_MAX: usize = 20;
/// Maximum size of a page.
const PAGE_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Maximum number of characters of a name.
const NAME_CHARS_MAX: usize = 200;

/// A page of the list: the names of its models by their ids, and the query that asks for the next page.
#[derive(Debug, PartialEq)]
struct Page {
    models: BTreeMap<String, Option<String>>,
    next: Option<(&'static str, String)>,
}

/// Lists the models of a provider as `{"models": [{"id": …, "name": …}]}`, by id.
pub(in super::super) async fn list_models(
    call: &SkillCall<'_>,
    config: &LlmConfig,
    keyring: &mut Keyring<'_>,
) -> Result<Payload, Failure> {
    let (mut models, mut next) = (BTreeMap::new(), None);
    for _ in 0..PAGES_MAX {
        let page = page(call, config, next.take(), keyring).await?;
        models.extend(page.models);
        if models.len() > MODELS_MAX {
            break;
        }
        match page.next {
            Some(query) => next = Some(query),
            None => {
                let listed = models.iter().map(|(id, name)| json!({ "id": id, "name": name }));
                return Ok(Payload::from_value(&json!({ "models": listed.collect::<Vec<_>>() })));
            }
        }
    }
    let message = format!(
        "The provider lists more than {MODELS_MAX} models, or more than {PAGES_MAX} pages of them. Type the name of the \
         model."
    );
    Err(Failure::new(ErrorClass::Rejected, message))
}

async fn page(
    call: &SkillCall<'_>,
    config: &LlmConfig,
    next: Option<(&'static str, String)>,
    keyring: &mut Keyring<'_>,
) -> Result<Page, Failure> {
    let provider = config.provider;
    let (path, size) = match provider {
        Provider::OpenAi => ("models", None),
        Provider::Anthropic => ("models", Some(("limit", "1000"))),
        Provider::Gemini => ("models", Some(("pageSize", "1000"))),
        Provider::Ollama => ("api/tags", None),
    };
    let mut url = request::url(config, path, keyring)?;
    let next = next.as_ref().map(|(name, value)| (*name, value.as_str()));
    for (name, value) in size.into_iter().chain(next) {
        url.query_pairs_mut().append_pair(name, value);
    }
    let of_protocol = match provider {
        Provider::OpenAi => (openai::KEY_HEADER, &[][..]),
        Provider::Anthropic => (anthropic::KEY_HEADER, anthropic::HEADERS),
        Provider::Gemini => (gemini::KEY_HEADER, &[][..]),
        Provider::Ollama => (ollama::KEY_HEADER, &[][..]),
    };
    let headers = request::headers(call, config, of_protocol, keyring)?;
    let request = Request { headers, follows_redirects: false, ..Request::new(Method::GET, url) };
    let answer = call.shared.send(request, keyring, call.slot).await?;
    if !answer.status().is_success() {
        return Err(fault::of_status(answer, &keyring.scrubber()).await.0);
    }
    let (peer, headers) = (answer.peer(), answer.headers().clone());
    let unusable = move |what: &str| {
        let message = format!("The list of models of {peer} {what}. Type the name of the model.");
        Failure::new(ErrorClass::Rejected, message)
    };
    let read = move |bytes: Vec<u8>| {
        let text = body::text(&headers, &bytes).map_err(|misread| unusable(&misread.to_string()))?;
        let list = json::read(text.as_bytes()).map_err(|_| unusable("is not JSON"))?;
        page_of(provider, &list).map_err(|what| unusable(&what))
    };
    answer.read(PAGE_BYTES_MAX, read).await
}

/// Reads a page.
///
/// # Errors
/// What is wrong with it, as the end of a sentence that begins with the list.
fn page_of(provider: Provider, list: &Value) -> Result<Page, String> {
    let (entries, id, name) = match provider {
        Provider::OpenAi => ("data", "id", "name"),
        Provider::Anthropic => ("data", "id", "display_name"),
        Provider::Gemini => ("models", "name", "displayName"),
        Provider::Ollama => ("models", "name", ""),
    };
    // Some servers of OpenAI's protocol have the list alone.
    let alone = Some(list).filter(|list| provider == Provider::OpenAi && list.is_array());
    let entries = alone
        .or_else(|| list.get(entries))
        .and_then(Value::as_array)
        .ok_or_else(|| format!("has no list `{entries}`"))?;
    let mut models = BTreeMap::new();
    for entry in entries.iter().filter(|entry| provider != Provider::Gemini || generates(entry)) {
        let id = entry.get(id).and_then(Value::as_str).map(|id| id.trim_start_matches("models/"));
        let is_name = |id: &&str| !id.is_empty() && id.chars().count() <= NAME_CHARS_MAX;
        let id = id.filter(is_name).ok_or("has an entry without the name of a model")?;
        let name = entry.get(name).and_then(Value::as_str).filter(|name| *name != id && !name.is_empty());
        models.insert(id.to_owned(), name.map(|name| one_line(name, NAME_CHARS_MAX)));
    }
    let next = match provider {
        Provider::Anthropic if list.get("has_more") == Some(&Value::Bool(true)) => {
            let last = list.get("last_id").and_then(Value::as_str);
            Some(("after_id", last.ok_or("goes on, but has no `last_id`")?.to_owned()))
        }
        Provider::Gemini => match list.get("nextPageToken") {
            None | Some(Value::Null) => None,
            Some(Value::String(token)) if token.is_empty() => None,
            Some(Value::String(token)) => Some(("pageToken", token.clone())),
            Some(_) => return Err("goes on with a `nextPageToken` that is no text".to_owned()),
        },
        Provider::Anthropic | Provider::OpenAi | Provider::Ollama => None,
    };
    Ok(Page { models, next })
}

/// Whether a model of Gemini generates content, as far as it says so; others make embeddings.
fn generates(entry: &Value) -> bool {
    let methods = entry.get("supportedGenerationMethods").and_then(Value::as_array);
    methods.is_none_or(|methods| methods.iter().any(|method| method == "generateContent"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_of_each_provider_are_read() {
        let page = |provider, list: Value| {
            let Page { models, next } = page_of(provider, &list).unwrap();
            let shown = |(id, name): (String, Option<String>)| {
                name.map_or(id.clone(), |name| format!("{id} ({name})"))
            };
            (models.into_iter().map(shown).collect::<Vec<_>>().join(" "), next)
        };
        let data = json!({ "object": "list", "data": [{ "id": "b" }, { "id": "a", "object": "model" }, { "id": "b" }] });

        assert_eq!(page(Provider::OpenAi, data), ("a b".to_owned(), None));
        assert_eq!(page(Provider::OpenAi, json!([{ "id": "org/x" }])), ("org/x".to_owned(), None));
        assert_eq!(page(Provider::OpenAi, json!({ "data": [] })), (String::new(), None));
        let anthropic =
            json!({ "data": [{ "id": "c-1", "display_name": "C\n1" }], "has_more": true, "last_id": "c-1" });
        assert_eq!(
            page(Provider::Anthropic, anthropic),
            ("c-1 (C 1)".to_owned(), Some(("after_id", "c-1".to_owned())))
        );
        let gemini = json!({ "models": [
            { "name": "models/g", "supportedGenerationMethods": ["generateContent"] },
            { "name": "models/embed", "supportedGenerationMethods": ["embedContent"] },
        ], "nextPageToken": "t&=" });
        assert_eq!(page(Provider::Gemini, gemini), ("g".to_owned(), Some(("pageToken", "t&=".to_owned()))));
        assert_eq!(
            page(Provider::Ollama, json!({ "models": [{ "name": "q:7b" }] })),
            ("q:7b".to_owned(), None)
        );
    }

    #[test]
    fn what_is_no_list_of_models_is_named() {
        for (provider, list, what) in [
            (Provider::OpenAi, json!({ "models": [] }), "has no list `data`"),
            (Provider::OpenAi, json!({ "data": { "id": "a" } }), "has no list `data`"),
            (Provider::Ollama, json!([{ "name": "a" }]), "has no list `models`"),
            (
                Provider::OpenAi,
                json!({ "data": [{ "name": "a" }] }),
                "has an entry without the name of a model",
            ),
            (Provider::OpenAi, json!(["a"]), "has an entry without the name of a model"),
            (
                Provider::OpenAi,
                json!([{ "id": "x".repeat(201) }]),
                "has an entry without the name of a model",
            ),
            (Provider::Anthropic, json!({ "data": [], "has_more": true }), "goes on, but has no `last_id`"),
            (
                Provider::Gemini,
                json!({ "models": [], "nextPageToken": 7 }),
                "goes on with a `nextPageToken` that is no text",
            ),
        ] {
            assert_eq!(page_of(provider, &list), Err(what.to_owned()), "{list}");
        }
    }
}
