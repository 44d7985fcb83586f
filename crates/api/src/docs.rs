//! The documentation that was built in, so it fits this version: pages, the example flows, and a list of both. Pages about the
//! development of the server are not there.

mod links;

use std::borrow::Cow;

use rust_embed::{EmbeddedFile, RustEmbed};

#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/../../docs/guides"]
struct Guides;

#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/../../docs/concepts"]
struct Concepts;

#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/../../docs/reference"]
struct Reference;

#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/../../examples"]
struct Examples;

/// Pages that are in no folder.
const SINGLE: [(&str, &str); 3] = [
    ("state-machine.md", include_str!("../../../docs/state-machine.md")),
    ("hardening.md", include_str!("../../../docs/hardening.md")),
    ("threat-model.md", include_str!("../../../docs/threat-model.md")),
];

/// Returns a page as it is served: without the links that lead to what is not.
pub(crate) fn page(path: &str) -> Option<String> {
    text_of(path).map(|text| links::without_dead(&text, path, is_there))
}

/// Returns an example flow.
pub(crate) fn example(name: &str) -> Option<Cow<'static, str>> {
    text_of(&format!("examples/{name}"))
}

/// Returns whether there is something at a path, such as `docs/guides/agents.md`.
fn is_there(path: &str) -> bool {
    text_of(path).is_some()
}

fn text_of(path: &str) -> Option<Cow<'static, str>> {
    if let Some(name) = path.strip_prefix("examples/") {
        return Examples::get(name).and_then(text);
    }
    let path = path.strip_prefix("docs/")?;
    if let Some((_, text)) = SINGLE.iter().find(|(name, _)| *name == path) {
        return Some(Cow::Borrowed(text));
    }
    let (folder, name) = path.split_once('/')?;
    let file = match folder {
        "guides" => Guides::get(name),
        "concepts" => Concepts::get(name),
        "reference" => Reference::get(name),
        _ => None,
    };
    file.and_then(text)
}

fn text(file: EmbeddedFile) -> Option<Cow<'static, str>> {
    match file.data {
        Cow::Borrowed(bytes) => std::str::from_utf8(bytes).ok().map(Cow::Borrowed),
        Cow::Owned(bytes) => String::from_utf8(bytes).ok().map(Cow::Owned),
    }
}

/// Lists everything, in the form of <https://llmstxt.org>.
pub(crate) fn llms() -> String {
    let mut list = String::from(
        "# Steadflow\n\n\
         > Runs agentic flows (graphs of agents, HTTP calls, code, conditions and waits) durably: each step is on disk before the \
         next depends on it, and what fails can be retried from where it failed. One binary with an API and a studio.\n\n\
         The API is described by [openapi.json](/api/v1/openapi.json) (OpenAPI 3.1), with examples and the permission of each \
         operation. It takes an API key: `Authorization: Bearer sf_live_…`.\n",
    );
    add(&mut list, "Guides", "docs/guides", Guides::iter());
    add(&mut list, "Concepts", "docs/concepts", Concepts::iter());
    add(&mut list, "Reference", "docs/reference", Reference::iter());
    add(&mut list, "Operation", "docs", SINGLE.iter().map(|(name, _)| Cow::Borrowed(*name)));
    add(&mut list, "Examples", "examples", Examples::iter());
    list
}

fn add(list: &mut String, title: &str, folder: &str, names: impl Iterator<Item = Cow<'static, str>>) {
    let mut names: Vec<_> = names.collect();
    names.sort_unstable();
    list.push_str(&format!("\n## {title}\n\n"));
    for name in names {
        let path = format!("{folder}/{name}");
        let text = text_of(&path).unwrap_or_default();
        let (title, about) = if name.ends_with(".md") { about_page(&text) } else { about_flow(&text) };
        let title = title.unwrap_or_else(|| name.to_string());
        let about = about.map(|about| format!(": {about}")).unwrap_or_default();
        list.push_str(&format!("- [{title}](/{path}){about}\n"));
    }
}

/// Returns the title of a page and its first sentence.
fn about_page(text: &str) -> (Option<String>, Option<String>) {
    let mut lines = text.lines().filter(|line| !line.is_empty());
    let title = lines.next().and_then(|line| line.strip_prefix("# ")).map(str::to_owned);
    let about = lines.next().filter(|line| line.starts_with(char::is_alphabetic));
    (title, about.map(links::plain))
}

/// Returns the name and the description of an example.
fn about_flow(text: &str) -> (Option<String>, Option<String>) {
    let Ok(file) = serde_json::from_str::<serde_json::Value>(text) else { return (None, None) };
    let flow = file.get("flow").unwrap_or(&file);
    let of = |key: &str| flow[key].as_str().map(str::to_owned);
    (of("name"), of("description"))
}
