//! Cookies within one call: what a redirect sets, the next request to the same origin carries (RFC 6265).
//!
//! Logins and checks for robots answer with a cookie and a redirect. Nothing is kept beyond the call.

use reqwest::header::{COOKIE, HeaderMap, HeaderValue, SET_COOKIE};
use url::{Origin, Url};

use crate::dates::http_date;

/// How many cookies a call keeps.
const COOKIES_MAX: usize = 50;

/// The cookies of one call.
#[derive(Debug, Default)]
pub(super) struct Cookies(Vec<Cookie>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Cookie {
    origin: Origin,
    path: String,
    name: Vec<u8>,
    value: Vec<u8>,
}

impl Cookies {
    /// Keeps what a response from `url` sets.
    pub(super) fn keep(&mut self, url: &Url, headers: &HeaderMap) {
        for header in headers.get_all(SET_COOKIE) {
            let Some((cookie, is_over)) = read(url, header.as_bytes()) else { continue };
            self.0.retain(|kept| {
                (&kept.origin, &kept.path, &kept.name) != (&cookie.origin, &cookie.path, &cookie.name)
            });
            if !is_over && self.0.len() < COOKIES_MAX {
                self.0.push(cookie);
            }
        }
    }

    /// Adds to `headers` what a request to `url` carries. A cookie that the flow sends itself wins.
    pub(super) fn add(&self, url: &Url, headers: &mut HeaderMap) {
        let mut line = headers.get(COOKIE).map(|own| own.as_bytes().to_vec()).unwrap_or_default();
        let own: Vec<Vec<u8>> = line.split(|byte| *byte == b';').map(|pair| split(pair).0.to_vec()).collect();
        for cookie in &self.0 {
            if cookie.origin != url.origin()
                || !covers(&cookie.path, url.path())
                || own.contains(&cookie.name)
            {
                continue;
            }
            if !line.is_empty() {
                line.extend_from_slice(b"; ");
            }
            line.extend_from_slice(&cookie.name);
            line.push(b'=');
            line.extend_from_slice(&cookie.value);
        }
        if let Ok(value) = HeaderValue::from_bytes(&line)
            && !line.is_empty()
        {
            headers.insert(COOKIE, value);
        }
    }
}

/// Reads one `Set-Cookie`, and whether it removes the cookie.
fn read(url: &Url, line: &[u8]) -> Option<(Cookie, bool)> {
    let mut parts = line.split(|byte| *byte == b';');
    let (name, value) = split(parts.next()?);
    if name.is_empty() {
        return None;
    }
    let default =
        url.path().rsplit_once('/').map_or("/", |(folder, _)| if folder.is_empty() { "/" } else { folder });
    let (mut path, mut is_over) = (default.to_owned(), false);
    for part in parts {
        let (key, value) = split(part);
        let text = String::from_utf8_lossy(value);
        match key.to_ascii_lowercase().as_slice() {
            b"path" if text.starts_with('/') => path = text.into_owned(),
            b"max-age" => is_over = text.starts_with('-') || text == "0",
            b"expires" => is_over = is_over || has_passed(&text),
            _ => {}
        }
    }
    let cookie = Cookie { origin: url.origin(), path, name: name.to_vec(), value: value.to_vec() };
    Some((cookie, is_over))
}

/// Returns whether a date is over. Cookies have it with dashes, too (RFC 6265, 5.1.1).
fn has_passed(date: &str) -> bool {
    let end = http_date(date).or_else(|| http_date(&date.replace('-', " ")));
    end.is_some_and(|end| end <= jiff::Timestamp::now())
}

fn split(pair: &[u8]) -> (&[u8], &[u8]) {
    let at = pair.iter().position(|byte| *byte == b'=').unwrap_or(pair.len());
    (pair[..at].trim_ascii(), pair.get(at + 1..).unwrap_or_default().trim_ascii())
}

/// Returns whether a cookie of `path` is sent with a request for `asked` (RFC 6265, 5.1.4).
fn covers(path: &str, asked: &str) -> bool {
    asked
        .strip_prefix(path)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/') || path.ends_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookies_go_where_they_belong() {
        for (set, asked, sent) in [
            ("sid=abc; Path=/", "https://a.example/home", Some("sid=abc")),
            ("sid=abc", "https://a.example/app/home", Some("sid=abc")),
            ("sid=abc", "https://a.example/other", None),
            ("sid=abc; Path=/app", "https://a.example/application", None),
            ("sid=abc; Path=/", "https://b.example/home", None),
            ("sid=abc; Path=/", "http://a.example/home", None),
            ("sid=abc; Path=/; Max-Age=0", "https://a.example/home", None),
            ("sid=abc; path=/; expires=Thu, 01 Jan 1970 00:00:00 GMT", "https://a.example/home", None),
            ("sid=abc; Path=/; Expires=Thu, 01-Jan-1970 00:00:00 GMT", "https://a.example/home", None),
            (
                "sid=abc; Path=/; Expires=Fri, 01 Jan 2100 00:00:00 GMT",
                "https://a.example/home",
                Some("sid=abc"),
            ),
            ("sid=abc; Path=home", "https://a.example/app/home", Some("sid=abc")),
            ("sid=a=b==; HttpOnly; Secure; SameSite=Lax; Path=/", "https://a.example/", Some("sid=a=b==")),
            ("sid=\"q\"; Path=/", "https://a.example/", Some("sid=\"q\"")),
            ("sid=; Path=/", "https://a.example/", Some("sid=")),
            ("nonsense; Path=/", "https://a.example/", Some("nonsense=")),
            ("=x; Path=/", "https://a.example/", None),
        ] {
            let mut cookies = Cookies::default();
            cookies.keep(&url("https://a.example/app/login"), &setting(&[set]));

            assert_eq!(line(&cookies, asked, HeaderMap::new()).as_deref(), sent, "{set} {asked}");
        }
    }

    #[test]
    fn later_cookies_replace_earlier_ones_and_the_flows_own_wins() {
        let mut cookies = Cookies::default();
        cookies.keep(&url("https://a.example/"), &setting(&["a=1; Path=/", "b=1; Path=/", "c=1; Path=/"]));
        cookies.keep(&url("https://a.example/"), &setting(&["a=2; Path=/", "b=; Path=/; Max-Age=-1"]));
        let own = HeaderMap::from_iter([(COOKIE, HeaderValue::from_static("c=own; d=own"))]);

        assert_eq!(line(&cookies, "https://a.example/x", own).unwrap(), "c=own; d=own; a=2");
    }

    #[test]
    fn only_so_many_cookies_are_kept() {
        let mut cookies = Cookies::default();
        for number in 0..=COOKIES_MAX {
            let value = HeaderValue::from_str(&format!("c{number}=1")).unwrap();
            cookies.keep(&url("https://a.example/"), &HeaderMap::from_iter([(SET_COOKIE, value)]));
        }

        assert_eq!(cookies.0.len(), COOKIES_MAX);
    }

    fn line(cookies: &Cookies, to: &str, mut headers: HeaderMap) -> Option<String> {
        cookies.add(&url(to), &mut headers);
        headers.get(COOKIE).map(|value| value.to_str().unwrap().to_owned())
    }

    fn setting(cookies: &[&'static str]) -> HeaderMap {
        cookies.iter().map(|cookie| (SET_COOKIE, HeaderValue::from_static(cookie))).collect()
    }

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }
}
