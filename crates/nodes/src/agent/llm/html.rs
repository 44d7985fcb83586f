//! HTML pages, which proxies and firewalls send in the place of a response.

/// Maximum number of characters of a title in a message.
const TITLE_CHARS_MAX: usize = 100;

/// Returns `an HTML page titled “…”` if `body` is one.
pub(super) fn described(body: &str) -> Option<String> {
    let lower = body.trim_start().to_ascii_lowercase();
    if !lower.starts_with("<!doctype html") && !lower.starts_with("<html") && !lower.starts_with("<head") {
        return None;
    }
    Some(
        title(body)
            .map_or_else(|| "an HTML page".to_owned(), |title| format!("an HTML page titled “{title}”")),
    )
}

fn title(text: &str) -> Option<String> {
    let lower = text.to_ascii_lowercase();
    let start = lower.find("<title")?;
    let start = start + lower[start..].find('>')? + 1;
    let end = start + lower[start..].find("</title")?;
    let words: Vec<&str> = text[start..end].split_whitespace().collect();
    let title: String = words.join(" ").chars().take(TITLE_CHARS_MAX).collect();
    (!title.is_empty()).then_some(title)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_named_by_their_title() {
        for (body, name) in [
            ("<html><title>Just a moment...</title>", Some("an HTML page titled “Just a moment...”")),
            (
                "\n<!DOCTYPE HTML><head><TITLE lang=en>502\n Bad  Gateway</TITLE>",
                Some("an HTML page titled “502 Bad Gateway”"),
            ),
            ("<html><body>x</body>", Some("an HTML page")),
            ("<html><title></title>", Some("an HTML page")),
            ("<html><title>never closed", Some("an HTML page")),
            ("{\"html\":\"<html>\"}", None),
            ("<Error><Code>AccessDenied</Code></Error>", None),
        ] {
            assert_eq!(described(body).as_deref(), name, "{body}");
        }
    }
}
