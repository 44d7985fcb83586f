//! A URL that is a secret as a whole, such as that of a webhook. It decides where the call goes, so the operator says to which
//! hosts that may be; and a service returns parts of it, so each part is masked.

use percent_encoding::percent_decode_str;
use url::Url;

use super::SecretHosts;

/// A shorter segment of the path or value of the query is masked only together with what is around it.
const KEY_CHARS_MIN: usize = 8;
/// One that is longer is masked even if it looks like a word.
const WORD_CHARS_MAX: usize = 15;

/// A URL whose every part is secret.
pub(super) struct WholeUrl {
    url: Url,
    /// Whether the list of its hosts has its host only as one of many.
    has_secret_host: bool,
}

impl WholeUrl {
    /// Reads the value of a secret.
    ///
    /// # Errors
    /// It is not bound to hosts, or no URL that can be called, as a sentence.
    pub(super) fn read(name: &str, value: &str, hosts: Option<&SecretHosts>) -> Result<Self, String> {
        let Some(hosts) = hosts else {
            return Err(format!(
                "The secret `{name}` is the whole URL, so it must be bound to hosts. Let an administrator \
                 bind it to the host of the URL, in `STEADFLOW_SECRET_{name}_HOSTS` or with `steadflow secrets set`, or write the URL down with secrets only in \
                 its path or query."
            ));
        };
        let url = Url::parse(value.trim()).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        let url = url.ok_or_else(|| {
            format!("The secret `{name}` is the whole URL, but does not begin with `https://` or `http://`.")
        })?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(format!(
                "The secret `{name}` is the whole URL, but holds a user name or password. Give these as `auth`."
            ));
        }
        Ok(Self { has_secret_host: !hosts.spell_out(&url), url })
    }

    /// Returns what must be masked, as it is sent and decoded.
    pub(super) fn parts(&self) -> Vec<String> {
        let url = &self.url;
        let (path, query) = (url.path().trim_matches('/'), url.query().unwrap_or_default());
        let host = url.host_str().filter(|_| self.has_secret_host);
        let values = query.split('&').map(|pair| pair.split_once('=').map_or(pair, |(_, value)| value));
        let keys = path.split('/').chain(values).filter(|part| is_key(part));
        let behind_host = format!("{path}?{query}");
        let parts = [url.as_str(), path, query, &behind_host].into_iter().chain(host).chain(keys);
        parts.flat_map(both_forms).filter(|part| !matches!(part.as_str(), "" | "?")).collect()
    }
}

impl From<WholeUrl> for String {
    fn from(whole: WholeUrl) -> Self {
        whole.url.into()
    }
}

fn both_forms(part: &str) -> [String; 2] {
    [part.to_owned(), percent_decode_str(part).decode_utf8_lossy().into_owned()]
}

/// Returns whether a part of the URL is not just a word, which would be masked everywhere.
fn is_key(part: &str) -> bool {
    let has = |is_kind: fn(char) -> bool| part.contains(is_kind);
    let count = part.chars().count();
    let is_mixed = has(|c| c.is_ascii_digit()) && has(|c| c.is_ascii_alphabetic());
    count > WORD_CHARS_MAX || (count >= KEY_CHARS_MIN && is_mixed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_but_words_is_masked() {
        let url =
            "https://hooks.Example.com/services/T00000001/a%20key%20of%20words?format=json&sig=k3y%2Fk3y%2F";

        let parts = read(url, "hooks.example.com").unwrap().parts();

        for part in [
            "https://hooks.example.com/services/T00000001/a%20key%20of%20words?format=json&sig=k3y%2Fk3y%2F",
            "services/T00000001/a%20key%20of%20words?format=json&sig=k3y%2Fk3y%2F",
            "services/T00000001/a key of words",
            "format=json&sig=k3y/k3y/",
            "T00000001",
            "a key of words",
            "k3y%2Fk3y%2F",
        ] {
            assert!(parts.iter().any(|found| found == part), "{part}: {parts:?}");
        }
        for word in ["services", "json", "hooks.example.com", ""] {
            assert!(parts.iter().all(|found| found != word), "{word:?}: {parts:?}");
        }
    }

    #[test]
    fn a_part_is_a_key_by_its_length_or_by_letters_and_digits() {
        for (part, expected) in [
            ("abcdefgh1234567", true),
            ("abcdefg1", true),
            ("abcdef1", false),
            ("12345678", false),
            ("abcdefghijklmno", false),
            ("abcdefghijklmnop", true),
            ("abcdefghijklmnopq", true),
        ] {
            assert_eq!(is_key(part), expected, "{part}");
        }
    }

    #[test]
    fn a_host_that_the_operator_does_not_write_out_is_masked() {
        let parts = read("https://k3yk3y.hooks.example/", "*.hooks.example").unwrap().parts();

        assert!(parts.iter().any(|part| part == "k3yk3y.hooks.example"), "{parts:?}");
    }

    #[test]
    fn what_is_not_bound_or_no_url_is_refused_without_its_value() {
        for (value, hosts, said) in [
            ("https://canary.example/", "", "must be bound to hosts"),
            ("canary", "x.example", "does not begin with"),
            ("ftp://canary.example/", "x.example", "does not begin with"),
            ("//canary.example/", "x.example", "does not begin with"),
            ("https://canary@x.example/", "x.example", "holds a user name or password"),
            ("https://:canary@x.example/", "x.example", "holds a user name or password"),
        ] {
            let refused = read(value, hosts).err().unwrap();

            assert!(refused.contains(said) && refused.contains("`K`"), "{refused}");
            assert!(!refused.contains("canary"), "{refused}");
        }
    }

    fn read(value: &str, hosts: &str) -> Result<WholeUrl, String> {
        let hosts = SecretHosts::parse(hosts).ok();
        WholeUrl::read("K", value, hosts.as_ref())
    }
}
