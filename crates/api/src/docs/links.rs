//! Links between Markdown pages, as they are served.

/// Returns a page without the links that lead to files that are not served: their text stays.
pub(super) fn without_dead(text: &str, path: &str, is_there: impl Fn(&str) -> bool) -> String {
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    rewritten(text, |link| {
        let file = link.target.split('#').next().unwrap_or_default();
        let is_relative = !file.is_empty() && !file.contains("://") && !file.starts_with('/');
        let is_dead = is_relative && !is_there(&resolved(folder, file));
        if is_dead { link.label } else { link.whole }
    })
}

/// Returns a sentence with the text of its links only.
pub(super) fn plain(text: &str) -> String {
    rewritten(text, |link| link.label)
}

/// A link or an image: `[label](target)`.
#[derive(Clone, Copy, Debug)]
struct Link<'a> {
    whole: &'a str,
    label: &'a str,
    target: &'a str,
}

/// Replaces every link.
fn rewritten<'a>(text: &'a str, replace: impl Fn(Link<'a>) -> &'a str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, link, after)) = next_link(rest) {
        out.push_str(before);
        out.push_str(replace(link));
        rest = after;
    }
    out.push_str(rest);
    out
}

/// Finds the next link, with what is before and after it.
fn next_link(text: &str) -> Option<(&str, Link<'_>, &str)> {
    text.match_indices("](").find_map(|(middle, _)| {
        let open = text[..middle].rfind('[')?;
        let end = middle + 2 + text[middle + 2..].find([')', ' ', '\n'])?;
        let (label, target) = (&text[open + 1..middle], &text[middle + 2..end]);
        let start = if text[..open].ends_with('!') { open - 1 } else { open };
        let is_link = text[end..].starts_with(')') && !label.contains('\n');
        is_link.then(|| (&text[..start], Link { whole: &text[start..=end], label, target }, &text[end + 1..]))
    })
}

/// Returns the path that a relative one leads to from a folder.
fn resolved(folder: &str, path: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            ".." => drop(parts.pop()),
            "" | "." => {}
            name => parts.push(name),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_to_what_is_not_served_are_left_as_their_text() {
        let page = "See [agents](agents.md#tools), [the code](../../ARCHITECTURE.md), ![a picture](../images/a.png) \
                    and [RFC 9457](https://www.rfc-editor.org/rfc/rfc9457), [here](#a).";

        let served = without_dead(page, "docs/guides/first.md", |path| path == "docs/guides/agents.md");

        let expected = "See [agents](agents.md#tools), the code, a picture \
                        and [RFC 9457](https://www.rfc-editor.org/rfc/rfc9457), [here](#a).";
        assert_eq!(served, expected);
    }
}
