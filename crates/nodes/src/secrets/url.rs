//! A URL that holds secrets. It is parsed with marks in their place, so that a secret can only become what its place is: a
//! segment of the path, or a part of a value of the query.

use percent_encoding::utf8_percent_encode;
use steadflow_core::node::SECRET_ROOMS;
use steadflow_core::template::SecretSlot;
use url::Url;

use crate::call::SEGMENT;

/// The secrets of a URL, and what is in their place until they are filled in.
#[derive(Debug, Default)]
pub(crate) struct UrlSecrets(Vec<Marked>);

struct Marked {
    mark: String,
    name: String,
    value: String,
}

impl std::fmt::Debug for Marked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.name)
    }
}

impl UrlSecrets {
    /// Puts marks into `text` in the place of its secrets; `None` if the slot does not fit the text.
    pub(super) fn mark(
        text: &str,
        slot: &SecretSlot,
        value_of: impl Fn(&str) -> String,
    ) -> Option<(String, Self)> {
        let values: Vec<String> = slot.places.iter().map(|place| value_of(&place.name)).collect();
        let stem = free_stem(&format!("{text} {}", values.join(" ")));
        let mark_of = |number: usize| format!("{stem}{number:03}z");
        let marked = slot.places.iter().zip(values).enumerate().map(|(number, (place, value))| Marked {
            mark: mark_of(number),
            name: place.name.to_string(),
            value,
        });
        let secrets = Self(marked.collect());
        let number_of = |at: usize| slot.places.iter().take_while(|place| place.at < at).count();
        let text = slot.filled(text, |place| mark_of(number_of(place.at)))?;
        Some((text, secrets))
    }

    /// Checks where the secrets are.
    ///
    /// # Errors
    /// Which secret is where it may not be, as a sentence.
    pub(crate) fn check(&self, url: &str) -> Result<(), String> {
        if self.0.is_empty() {
            return Ok(());
        }
        // What is no URL is said by who reads it, unless a secret is why.
        let url = Url::parse(url.trim());
        for Marked { mark, name, .. } in &self.0 {
            let place = match &url {
                Ok(url) => misplaced(url, mark),
                Err(_) => Some("in a URL that is not valid"),
            };
            if let Some(place) = place {
                return Err(format!("The secret `{name}` is {place}: {SECRET_ROOMS}."));
            }
        }
        Ok(())
    }

    /// Fills the secrets in.
    ///
    /// # Errors
    /// A secret would be another part of the URL than its place says, as a sentence.
    pub(crate) fn fill(&self, url: Url) -> Result<Url, String> {
        let mut text = url.as_str().to_owned();
        for Marked { mark, name, value } in &self.0 {
            if matches!(value.as_str(), "" | "." | "..")
                && !url.query().unwrap_or_default().contains(mark.as_str())
            {
                return Err(format!(
                    "The secret `{name}` cannot be a segment of a path: it is empty, `.` or `..`."
                ));
            }
            text = text.replace(mark.as_str(), &utf8_percent_encode(value, SEGMENT).to_string());
        }
        Url::parse(&text).map_err(|_| "The URL is not valid with its secrets filled in.".to_owned())
    }
}

/// Returns letters that `text` does not hold, in lower case as hosts are.
fn free_stem(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let mut stem = "zsecret".to_owned();
    while lower.contains(&stem) {
        stem.push('q');
    }
    stem
}

/// Says where `mark` is, if it is not a segment of the path or in a value of the query.
fn misplaced(url: &Url, mark: &str) -> Option<&'static str> {
    let is_in = |text: &str| text.contains(mark);
    if is_in(url.scheme()) || is_in(url.host_str().unwrap_or_default()) {
        return Some("in the scheme or the host of the URL");
    }
    if is_in(url.username()) || is_in(url.password().unwrap_or_default()) {
        return Some("in the user name or the password of the URL");
    }
    if is_in(url.fragment().unwrap_or_default()) {
        return Some("in the fragment of the URL");
    }
    if url.path().split('/').any(|segment| is_in(segment) && segment != mark) {
        return Some("a part of a segment of the path");
    }
    let names = url.query().unwrap_or_default().split('&');
    if names.filter_map(|pair| pair.split('=').next()).any(is_in) {
        return Some("in the name of a parameter of the query");
    }
    None
}

#[cfg(test)]
mod tests {
    use steadflow_core::template::SecretPlace;

    use super::*;

    #[test]
    fn a_mark_is_not_in_the_text() {
        let text = "zSecret zsecretq xyzzy";

        assert!(!text.to_lowercase().contains(&free_stem(text)));
    }

    #[test]
    fn a_secret_stays_a_segment_or_a_value() {
        for (text, value, expected) in [
            ("https://x.example/a/${secrets.K}/b", "T0/B 1?#%", "https://x.example/a/T0%2FB%201%3F%23%25/b"),
            ("https://x.example/a?k=v1:${secrets.K}&b=1", "a&c=d", "https://x.example/a?k=v1:a%26c%3Dd&b=1"),
            ("https://x.example/?k=${secrets.K}", "..", "https://x.example/?k=.."),
            (
                "https://x.example/zsecret/${secrets.K}",
                "zsecretq000z",
                "https://x.example/zsecret/zsecretq000z",
            ),
            ("  https://x.example/${secrets.K}", "ü", "https://x.example/%C3%BC"),
        ] {
            assert_eq!(filled(text, value).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn a_secret_elsewhere_is_refused_by_name() {
        for (text, place) in [
            ("${secrets.K}", "in a URL that is not valid"),
            ("${secrets.K}://x.example/", "in the scheme or the host"),
            ("https://${secrets.K}.example/", "in the scheme or the host"),
            ("https:/${secrets.K}/a", "in the scheme or the host"),
            ("https:\\\\${secrets.K}", "in the scheme or the host"),
            ("https://x.example:${secrets.K}/", "in a URL that is not valid"),
            ("https://${secrets.K}@x.example/", "in the user name"),
            ("https://u:${secrets.K}@x.example/", "in the user name"),
            ("https://x.example/#${secrets.K}", "in the fragment"),
            ("https://x.example/a-${secrets.K}", "a part of a segment"),
            ("https://x.example/?a&${secrets.K}=b", "in the name of a parameter"),
        ] {
            let refused = filled(text, "canary").unwrap_err();

            assert!(refused.starts_with(&format!("The secret `K` is {place}")), "{text}: {refused}");
            assert!(!refused.contains("canary") && !refused.contains("zsecret"), "{refused}");
        }
        for value in ["", ".", ".."] {
            assert!(filled("https://x.example/a/${secrets.K}/b", value).unwrap_err().contains("`K`"));
        }
    }

    fn filled(text: &str, value: &str) -> Result<String, String> {
        let at = text.find("${").unwrap();
        let places = vec![SecretPlace { at, name: "K".into() }];
        let slot = SecretSlot { pointer: "/url".to_owned(), places, is_in_form: false };
        let (marked, secrets) = UrlSecrets::mark(text, &slot, |_| value.to_owned()).unwrap();
        secrets.check(&marked)?;
        secrets.fill(Url::parse(marked.trim()).unwrap()).map(String::from)
    }
}
