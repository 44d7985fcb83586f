//! Texts with their escapes undone, so that a secret is found in whatever mixture of escapes it is written.
//!
//! One pass undoes percent-encoding, escapes of strings (JSON and most languages) and character references of HTML. Passes
//! are repeated, because what is escaped is often escaped again. Each byte knows which part of the original text it is from.

/// How many layers of escapes are undone.
pub(super) const LAYERS_MAX: usize = 4;
/// The longest escape, in bytes.
pub(super) const ESCAPE_BYTES_MAX: usize = 12;
/// Character references by name, for what is escaped in HTML and XML.
const NAMED: [(&str, char); 6] =
    [("amp", '&'), ("lt", '<'), ("gt", '>'), ("quot", '"'), ("apos", '\''), ("nbsp", ' ')];

/// A text without some of its escapes.
#[derive(Clone, Debug)]
pub(super) struct Decoded {
    pub(super) bytes: Vec<u8>,
    /// Where each byte is from in the original text: its beginning and its end.
    origins: Vec<(usize, usize)>,
}

impl Decoded {
    fn new(text: &[u8]) -> Self {
        Self { bytes: text.to_owned(), origins: (0..text.len()).map(|at| (at, at + 1)).collect() }
    }

    /// Returns where the bytes from `start` to `end`, at least one, are from.
    pub(super) fn origin(&self, start: usize, end: usize) -> (usize, usize) {
        (self.origins[start].0, self.origins[end - 1].1)
    }

    /// Undoes one layer; `None` if there is none.
    fn without_layer(&self) -> Option<Self> {
        let mut next = Self { bytes: Vec::with_capacity(self.bytes.len()), origins: Vec::new() };
        let mut at = 0;
        let mut is_changed = false;
        while let Some(&byte) = self.bytes.get(at) {
            let (decoded, length) = match escape(&self.bytes[at..]) {
                Some(found) => {
                    is_changed = true;
                    found
                }
                None => (Decode::Byte(byte), 1),
            };
            next.push(decoded, self.origin(at, at + length));
            at += length;
        }
        is_changed.then_some(next)
    }

    fn push(&mut self, decoded: Decode, origin: (usize, usize)) {
        let mut buffer = [0; 4];
        let bytes = match decoded {
            Decode::Byte(byte) => {
                buffer[0] = byte;
                &buffer[..1]
            }
            Decode::Char(character) => character.encode_utf8(&mut buffer).as_bytes(),
        };
        for &byte in bytes {
            self.bytes.push(byte);
            self.origins.push(origin);
        }
    }

    /// Returns this with each `+` as a blank, as forms write it.
    pub(super) fn with_blanks(&self) -> Self {
        let bytes = self.bytes.iter().map(|&byte| if byte == b'+' { b' ' } else { byte }).collect();
        Self { bytes, origins: self.origins.clone() }
    }

    /// Returns this without white space, which some encoders put between lines or groups.
    pub(super) fn without_blanks(&self) -> Self {
        let kept = self.bytes.iter().zip(&self.origins).filter(|(byte, _)| !byte.is_ascii_whitespace());
        let (bytes, origins) = kept.map(|(&byte, &origin)| (byte, origin)).unzip();
        Self { bytes, origins }
    }
}

/// Returns `text` and what each layer makes of it.
pub(super) fn layers(text: &[u8]) -> Vec<Decoded> {
    let mut layers = vec![Decoded::new(text)];
    while layers.len() <= LAYERS_MAX {
        match layers.last().and_then(Decoded::without_layer) {
            Some(next) => layers.push(next),
            None => break,
        }
    }
    layers
}

/// Returns whether `text` can hold an escape.
pub(super) fn may_have_escapes(text: &[u8]) -> bool {
    text.iter().any(|byte| matches!(byte, b'%' | b'\\' | b'&'))
}

/// What an escape means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Decode {
    Byte(u8),
    Char(char),
}

/// Reads the escape that `text` begins with, and its length.
fn escape(text: &[u8]) -> Option<(Decode, usize)> {
    match text.first()? {
        b'%' => percent(text),
        b'\\' => backslash(text),
        b'&' => reference(text),
        _ => None,
    }
}

fn percent(text: &[u8]) -> Option<(Decode, usize)> {
    if matches!(text.get(1), Some(b'u' | b'U')) {
        return Some((Decode::Char(char::from_u32(hex(text.get(2..6)?)?)?), 6));
    }
    Some((Decode::Byte(u8::try_from(hex(text.get(1..3)?)?).ok()?), 3))
}

fn backslash(text: &[u8]) -> Option<(Decode, usize)> {
    let simple = |character: char| Some((Decode::Char(character), 2));
    match text.get(1)? {
        b'u' if text.get(2) == Some(&b'{') => {
            let end = text.iter().take(ESCAPE_BYTES_MAX).position(|&byte| byte == b'}')?;
            Some((Decode::Char(char::from_u32(hex(text.get(3..end)?)?)?), end + 1))
        }
        b'u' => utf16(text),
        b'U' => Some((Decode::Char(char::from_u32(hex(text.get(2..10)?)?)?), 10)),
        b'x' => Some((Decode::Byte(u8::try_from(hex(text.get(2..4)?)?).ok()?), 4)),
        b'0'..=b'7' => {
            let digits = text[1..].iter().take(3).take_while(|byte| matches!(byte, b'0'..=b'7')).count();
            let value = text[1..=digits].iter().fold(0_u32, |sum, byte| sum * 8 + u32::from(byte - b'0'));
            Some((Decode::Byte(u8::try_from(value).ok()?), digits + 1))
        }
        b'n' => simple('\n'),
        b'r' => simple('\r'),
        b't' => simple('\t'),
        b'b' => simple('\u{8}'),
        b'f' => simple('\u{c}'),
        byte if byte.is_ascii_punctuation() => simple(char::from(*byte)),
        _ => None,
    }
}

/// Reads `\uHHHH`, or two of them that are one character.
fn utf16(text: &[u8]) -> Option<(Decode, usize)> {
    let first = hex(text.get(2..6)?)?;
    if let Some(character) = char::from_u32(first) {
        return Some((Decode::Char(character), 6));
    }
    let second = text.get(6..8).filter(|start| *start == b"\\u").and_then(|_| hex(text.get(8..12)?))?;
    let units = [u16::try_from(first).ok()?, u16::try_from(second).ok()?];
    let character = char::decode_utf16(units).next()?.ok()?;
    Some((Decode::Char(character), 12))
}

/// Reads a character reference (HTML, 13.5).
fn reference(text: &[u8]) -> Option<(Decode, usize)> {
    let end = text.iter().take(ESCAPE_BYTES_MAX).position(|&byte| byte == b';')?;
    let name = std::str::from_utf8(&text[1..end]).ok()?;
    let character = match name.strip_prefix('#') {
        Some(number) => {
            let code = match number.strip_prefix(['x', 'X']) {
                Some(digits) => hex(digits.as_bytes())?,
                None => number.parse().ok()?,
            };
            char::from_u32(code)?
        }
        None => NAMED.iter().find(|(known, _)| known.eq_ignore_ascii_case(name))?.1,
    };
    Some((Decode::Char(character), end + 1))
}

fn hex(digits: &[u8]) -> Option<u32> {
    let is_hex = digits.iter().all(u8::is_ascii_hexdigit);
    is_hex.then(|| u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_undone_layer_by_layer() {
        for (text, layers_of_it) in [
            ("plain", &["plain"][..]),
            ("a%20b%c3%BC", &["a%20b%c3%BC", "a bü"]),
            ("%2541", &["%2541", "%41", "A"]),
            ("%2525252541", &["%2525252541", "%25252541", "%252541", "%2541", "%41"]),
            (r#"\"a\/\u0041\x42\103\n"#, &[r#"\"a\/\u0041\x42\103\n"#, "\"a/ABC\n"]),
            (r"\ud83d\ude00\u{1f600}", &[r"\ud83d\ude00\u{1f600}", "😀😀"]),
            (r"\U0001f600\r\t\b\f", &[r"\U0001f600\r\t\b\f", "😀\r\t\u{8}\u{c}"]),
            ("&#65;&#x42;&amp;lt;&nope;&", &["&#65;&#x42;&amp;lt;&nope;&", "AB&lt;&nope;&", "AB<&nope;&"]),
            ("100% \\ %zz %+5 \\u00 \\u{} \\ud83d & co", &["100% \\ %zz %+5 \\u00 \\u{} \\ud83d & co"]),
        ] {
            let found = layers(text.as_bytes());

            let texts: Vec<String> =
                found.iter().map(|layer| String::from_utf8_lossy(&layer.bytes).into_owned()).collect();
            assert_eq!(texts, layers_of_it, "{text}");
        }
    }

    #[test]
    fn every_byte_knows_where_it_is_from() {
        let layers = layers(b"a%2541&#66;z");

        let last = layers.last().unwrap();

        assert_eq!(last.bytes, b"aABz");
        assert_eq!((last.origin(1, 2), last.origin(2, 3), last.origin(0, 4)), ((1, 6), (6, 11), (0, 12)));
        let grouped = Decoded::new(b"a b c").without_blanks();
        assert_eq!((grouped.origin(0, 2), grouped.origin(1, 2)), ((0, 3), (2, 3)));
    }
}
