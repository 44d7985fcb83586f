//! How to reach the models of an `llm` agent.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::NAME_CHARS_MAX;
use super::backend::{HEADERS_MAX, SecretReader, UrlReader, by_lower_case};
use super::extras::{ExtraBodyReader, QueryName, extra_query_of, place_of_parameter};
use super::prices::read_prices;
use crate::agent::destination::Destination;
use crate::agent::secrecy::SecretText;
use crate::agent::{Api, Fallback, LlmConfig, Prices, Provider};
use crate::document::{
    Description, Key, Keys, Object, Place, Plain, Reader, Reading, Terms, Unknown, boolean, choice, entries,
    key, list, number, object, text, whole,
};
use crate::http::HeaderName;
use crate::limits::{FALLBACKS_MAX, Limits};

const IDLE_SECONDS_MAX: u32 = 3_600;

pub(super) const LLM: Object<LlmConfig> = object(read_llm).named("LlmConfig");

pub(super) fn read_llm(keys: &mut Keys<'_>) -> Option<LlmConfig> {
    let given = Given::read(keys, Role::First);
    let fallbacks = list(FallbackReader(given.spoken)).at_most(FALLBACKS_MAX);
    let fallbacks = keys.take(
        key("fallbacks", "Fallback models", fallbacks)
            .default(Plain::List)
            .doc("Models that are asked for the same turn if this one cannot answer, in order."),
    );
    keys.elsewhere(place_of_parameter);
    let first = given.first()?;
    let fallbacks = fallbacks.into_iter().flatten();
    let fallbacks = fallbacks
        .filter_map(|(given, prices)| Some(Fallback { config: given.behind(&first)?, prices }))
        .collect();
    Some(LlmConfig { fallbacks, ..first })
}

/// Reads a fallback; `first` is what the first model speaks.
pub(super) fn read_fallback(keys: &mut Keys<'_>, first: Option<Spoken>) -> Option<(Given, Option<Prices>)> {
    let given = Given::read(keys, Role::Fallback(first));
    let prices = keys.take(
        key("prices", "Prices", object(read_prices).named("Prices"))
            .doc("What its tokens cost; its calls have no cost without them."),
    );
    keys.elsewhere(place_of_parameter);
    Some((given, prices))
}

/// Reads a fallback, which takes from the first model what it does not name itself.
#[derive(Clone, Copy, Debug)]
struct FallbackReader(Option<Spoken>);

impl Reader for FallbackReader {
    type Value = (Given, Option<Prices>);

    fn wanted(&self, _: &Limits) -> String {
        "an object".to_owned()
    }

    fn schema(&self, terms: &Terms) -> Value {
        terms.part("FallbackModel", |terms| {
            Description::of(terms, Unknown::Refused, |keys| read_fallback(keys, self.0)).schema()
        })
    }

    fn read(&self, value: &Value, at: &Place<'_>, reading: &mut Reading) -> Option<Self::Value> {
        reading.object(value, at, Unknown::Refused, |keys| read_fallback(keys, self.0))
    }

    fn inside(&self, terms: &Terms) -> Option<Description> {
        Some(Description::of(terms, Unknown::Refused, |keys| read_fallback(keys, self.0)))
    }
}

/// Which model is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    First,
    /// One behind a first model that speaks this.
    Fallback(Option<Spoken>),
}

/// Whose protocol a model speaks, and which of their APIs.
pub(super) type Spoken = (Provider, Api);

impl Role {
    /// Sets a default, which only the first model has.
    fn default<R: Reader>(self, key: Key<R>, value: impl Into<Plain>) -> Key<R> {
        if self == Self::First { key.default(value) } else { key }
    }
}

/// What a document says of a model.
#[derive(Debug)]
pub(super) struct Given {
    provider: Option<Provider>,
    api: Option<Api>,
    /// What both say, with what is not said as in the first model.
    spoken: Option<Spoken>,
    base_url: Option<String>,
    model: Option<String>,
    api_key: Option<SecretText>,
    headers: Option<BTreeMap<String, SecretText>>,
    temperature: Option<f64>,
    extra_body: Option<Map<String, Value>>,
    extra_query: Option<BTreeMap<String, SecretText>>,
    is_stream: Option<bool>,
    idle_timeout: Option<Duration>,
}

impl Given {
    fn read(keys: &mut Keys<'_>, role: Role) -> Self {
        const MODEL: &str = "a model";
        let provider = key("provider", "Provider", choice(Provider::NAMED)).doc("Whose protocol it speaks.");
        let (provider, of_first) = match role {
            Role::First => (keys.take(provider.needed(MODEL)), None),
            Role::Fallback(first) => (keys.take(provider), first),
        };
        let api = read_api(keys, provider.or(of_first.map(|(first, _)| first)));
        let spoken = match (provider, of_first) {
            (Some(own), Some((first, of_first))) if own == first => Some((own, api.unwrap_or(of_first))),
            (Some(own), _) => Some((own, api.unwrap_or_default())),
            (None, first) => first.map(|(first, of_first)| (first, api.unwrap_or(of_first))),
        };
        let base_url = keys.take(
            key("base_url", "Base URL", UrlReader { place_of_query: extra_query_of, is_base: true })
                .doc("Where it is; the provider's own address where there is none."),
        );
        let model =
            keys.take(key("model", "Model", ModelReader).needed(MODEL).doc("As the provider spells it."));
        let api_key = keys.take(
            key("api_key", "API key", SecretReader)
                .doc("Sent the way the provider asks for it. `${secrets.NAME}`, or the key."),
        );
        let headers = read_headers(keys, role);
        let temperature = keys.take(
            key("temperature", "Temperature", number(0.0, 2.0))
                .doc("The provider's default where there is none."),
        );
        let extra_body = key("extra_body", "Extra parameters", ExtraBodyReader(spoken))
            .doc("Added to the body of each call, for parameters that only some servers know.");
        let extra_body = keys.take(role.default(extra_body, Plain::Object));
        let extra_query = read_extra_query(keys, role);
        let is_stream = key("stream", "Stream", boolean())
            .doc("Whether answers are asked for as streams. For servers that cannot stream, false.");
        let is_stream = keys.take(role.default(is_stream, true));
        let idle_timeout = keys.take(
            key("idle_timeout_seconds", "Idle timeout in seconds", whole(1, IDLE_SECONDS_MAX)).doc(
                "How long the server may send nothing: a stream 120 seconds where there is none. Models that reason may \
                 be silent for long.",
            ),
        );
        let idle_timeout = idle_timeout.map(|seconds| Duration::from_secs(seconds.into()));
        let api_key = api_key.flatten();
        Self {
            provider,
            api,
            spoken,
            base_url,
            model,
            api_key,
            headers,
            temperature,
            extra_body,
            extra_query,
            is_stream,
            idle_timeout,
        }
    }

    /// Returns the first model of an agent.
    fn first(self) -> Option<LlmConfig> {
        let provider = self.provider?;
        let base_url = self.base_url.clone().unwrap_or_else(|| provider.default_base_url().to_owned());
        self.model(provider, base_url, None)
    }

    /// Returns a fallback of `first`. Where both go to the same place, it is like that one in all that it does not name
    /// itself; what belongs to another place, such as a key, is not sent to this one.
    fn behind(self, first: &LlmConfig) -> Option<LlmConfig> {
        let provider = self.provider.unwrap_or(first.provider);
        let of_provider =
            if provider == first.provider { &first.base_url } else { provider.default_base_url() };
        let base_url = self.base_url.clone().unwrap_or_else(|| of_provider.to_owned());
        let is_there = Destination::at(provider, &base_url) == Destination::of_model(first);
        self.model(provider, base_url, is_there.then_some(first))
    }

    /// Returns the model; what is not given is as in `like`, or has its default.
    fn model(self, provider: Provider, base_url: String, like: Option<&LlmConfig>) -> Option<LlmConfig> {
        Some(LlmConfig {
            provider,
            api: self.api.or_else(|| Some(like?.api)).unwrap_or_default(),
            base_url,
            model: self.model?,
            api_key: self.api_key.or_else(|| like?.api_key.clone()),
            headers: self.headers.or_else(|| Some(like?.headers.clone())).unwrap_or_default(),
            temperature: self.temperature.or_else(|| like?.temperature),
            extra_body: self.extra_body.or_else(|| Some(like?.extra_body.clone())).unwrap_or_default(),
            extra_query: self.extra_query.or_else(|| Some(like?.extra_query.clone())).unwrap_or_default(),
            is_stream: self.is_stream.or_else(|| Some(like?.is_stream)).unwrap_or(true),
            idle_timeout: self.idle_timeout.or_else(|| like?.idle_timeout),
            fallbacks: Vec::new(),
        })
    }
}

/// Reads which API of `provider` a model offers. Only OpenAI has several.
fn read_api(keys: &mut Keys<'_>, provider: Option<Provider>) -> Option<Api> {
    let api = keys.take(key("api", "API", choice(Api::NAMED)).doc(
        "Which API of the provider `openai` it offers: `chat_completions`, as most servers do, or `responses`. Chat \
         completions where there is none.",
    ))?;
    let other = provider.filter(|provider| *provider != Provider::OpenAi);
    if let Some(other) = other {
        keys.fault("api", format!("only `openai` has several APIs; remove `api` for `{}`", other.name()));
    }
    other.is_none().then_some(api)
}

fn read_headers(keys: &mut Keys<'_>, role: Role) -> Option<BTreeMap<String, SecretText>> {
    let all = || entries(HeaderName, SecretReader).at_most(HEADERS_MAX);
    let headers = key("headers", "Headers", all())
        .doc("Sent with each call. Values are secret; they may hold `${secrets.NAME}`.");
    let headers = keys.take(role.default(headers, Plain::Object));
    let extra = key("extra_headers", "Extra headers", all())
        .doc("The same as `headers`, under the name that client libraries have for it.");
    let extra = keys.take(role.default(extra, Plain::Object));
    let is_given = headers.is_some() || extra.is_some();
    let mut all = by_lower_case(headers);
    all.extend(by_lower_case(extra));
    is_given.then_some(all)
}

fn read_extra_query(keys: &mut Keys<'_>, role: Role) -> Option<BTreeMap<String, SecretText>> {
    let query = key("extra_query", "Extra query", entries(QueryName, SecretReader).at_most(HEADERS_MAX))
        .doc("Added to the query of each call. Values are secret; they may hold `${secrets.NAME}`.");
    let query = keys.take(role.default(query, Plain::Object))?;
    Some(query.into_iter().filter_map(|(name, text)| Some((name, text?))).collect())
}

/// Reads the name of a model.
#[derive(Clone, Copy, Debug)]
struct ModelReader;

impl Reader for ModelReader {
    type Value = String;

    fn wanted(&self, limits: &Limits) -> String {
        text().at_most(NAME_CHARS_MAX).wanted(limits)
    }

    fn schema(&self, _: &Terms) -> Value {
        json!({ "type": "string", "maxLength": NAME_CHARS_MAX, "pattern": "^[^\\s?#\\u0000-\\u001f\\u007f-\\u009f]+$" })
    }

    fn read(&self, value: &Value, at: &Place<'_>, reading: &mut Reading) -> Option<String> {
        let model = text().at_most(NAME_CHARS_MAX).read(value, at, reading)?;
        if model.chars().any(|c| c.is_control() || c.is_whitespace() || matches!(c, '?' | '#')) {
            reading.fault(at, "a model's name has no blanks, `?` or `#`");
            return None;
        }
        Some(model)
    }
}
