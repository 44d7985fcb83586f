//! From bytes to text, by the charset that the sender names: as browsers do, but without replacing what is wrong.
//!
//! A byte order mark counts most, then the content type, then what the document says of itself (`<meta>` in HTML, the
//! declaration in XML), then UTF-8. Labels have the meaning of the WHATWG Encoding standard: `iso-8859-1` is windows-1252.

use std::fmt::Write as _;

use encoding_rs::{
    DecoderResult, Encoding, REPLACEMENT, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252, X_USER_DEFINED,
};

use super::Misread;
use super::media::{Kind, Media};

/// How far a document is searched for what it says of itself (HTML standard, "prescan a byte stream").
const SEARCHED_BYTES: usize = 1024;

/// Decodes `bytes` of a content type, if there is one, without their byte order mark.
///
/// # Errors
/// The charset is unknown, or a byte does not exist in it; which one and where.
pub(super) fn decode(bytes: &[u8], media: Option<&Media>) -> Result<String, Misread> {
    let (encoding, mark) = encoding_of(bytes, media)?;
    decode_as(encoding, bytes, mark)
}

/// Decodes like [`decode`] with replacement characters where a byte does not exist in the charset. An unknown charset counts
/// as UTF-8.
pub(super) fn decode_lossily(bytes: &[u8], media: Option<&Media>) -> String {
    let (encoding, mark) = encoding_of(bytes, media).unwrap_or((UTF_8, 0));
    encoding.decode_without_bom_handling(&bytes[mark..]).0.into_owned()
}

/// Returns the encoding, and the length of the byte order mark.
fn encoding_of(bytes: &[u8], media: Option<&Media>) -> Result<(&'static Encoding, usize), Misread> {
    if let Some(marked) = Encoding::for_bom(bytes) {
        return Ok(marked);
    }
    let Some(media) = media else { return Ok((UTF_8, 0)) };
    let own = match media.kind() {
        Kind::Html => html_charset(bytes),
        Kind::Xml => xml_charset(bytes),
        Kind::Json | Kind::Text | Kind::Binary => None,
    };
    let encoding = match (&media.charset, own) {
        (Some(label), _) => named(label)?,
        // A document that can be searched for ASCII is not UTF-16, whatever it says.
        (None, Some(label)) => match named(&label)? {
            encoding if encoding == UTF_16LE || encoding == UTF_16BE => UTF_8,
            encoding if encoding == X_USER_DEFINED => WINDOWS_1252,
            encoding => encoding,
        },
        (None, None) => UTF_8,
    };
    Ok((encoding, 0))
}

/// Returns whether a label means UTF-8.
pub(super) fn is_utf_8(label: &str) -> bool {
    named(label).is_ok_and(|encoding| encoding == UTF_8)
}

fn named(label: &str) -> Result<&'static Encoding, Misread> {
    match Encoding::for_label(label.as_bytes()) {
        // Browsers refuse these labels by decoding everything to one replacement character.
        Some(encoding) if encoding != REPLACEMENT => Ok(encoding),
        Some(_) | None => Err(Misread(format!("has the charset `{label}`, which is not supported"))),
    }
}

/// Decodes what follows the first `mark` bytes.
fn decode_as(encoding: &'static Encoding, bytes: &[u8], mark: usize) -> Result<String, Misread> {
    match encoding.decode_without_bom_handling_and_without_replacement(&bytes[mark..]) {
        Some(text) => Ok(text.into_owned()),
        None => Err(wrong_bytes(encoding, bytes, mark)),
    }
}

/// Says which bytes are wrong.
fn wrong_bytes(encoding: &'static Encoding, bytes: &[u8], mark: usize) -> Misread {
    let mut decoder = encoding.new_decoder_without_bom_handling();
    let rest = &bytes[mark..];
    let room = decoder.max_utf8_buffer_length_without_replacement(rest.len()).unwrap_or(rest.len());
    let mut text = String::with_capacity(room);
    let (result, read) = decoder.decode_to_string_without_replacement(rest, &mut text, true);
    let (length, pushed_back) = match result {
        DecoderResult::Malformed(length, behind) => (usize::from(length), usize::from(behind)),
        DecoderResult::InputEmpty | DecoderResult::OutputFull => (0, 0),
    };
    let end = read - pushed_back;
    let mut shown = String::new();
    for byte in &rest[end.saturating_sub(length)..end] {
        let _ = write!(shown, "{byte:02X}");
    }
    let line = text.matches('\n').count() + 1;
    let offset = mark + end.saturating_sub(length);
    Misread(format!("is not valid {}: 0x{shown} at byte {offset}, in line {line}", encoding.name()))
}

/// Returns the charset that a `<meta>` names.
fn html_charset(bytes: &[u8]) -> Option<String> {
    let start = beginning(bytes);
    let mut rest = start.as_str();
    while let Some(at) = rest.find("<meta").map(|at| at + "<meta".len()) {
        let end = rest[at..].find('>').map_or(rest.len(), |length| at + length);
        if let Some(label) = after_name(&rest[at..end], "charset") {
            return Some(label);
        }
        rest = &rest[end..];
    }
    None
}

/// Returns the charset that an XML declaration names.
fn xml_charset(bytes: &[u8]) -> Option<String> {
    let start = beginning(bytes);
    let declaration = start.trim_ascii_start().strip_prefix("<?xml")?;
    after_name(&declaration[..declaration.find("?>")?], "encoding")
}

/// Returns the beginning in lower case, comments cut out; what is not ASCII does not matter here.
fn beginning(bytes: &[u8]) -> String {
    let ascii = |byte: &u8| if byte.is_ascii() { char::from(byte.to_ascii_lowercase()) } else { '?' };
    let mut text: String = bytes.iter().take(SEARCHED_BYTES).map(ascii).collect();
    while let Some(from) = text.find("<!--") {
        let end = text[from..].find("-->").map_or(text.len(), |length| from + length + "-->".len());
        text.replace_range(from..end, "");
    }
    text
}

/// Returns the value of `name=value` in `text`, with or without quotes.
fn after_name(text: &str, name: &str) -> Option<String> {
    let behind = text.split_once(name)?.1.trim_ascii_start().strip_prefix('=')?.trim_ascii_start();
    let value = behind.trim_start_matches(['"', '\'']);
    let end = value.find(|c: char| c.is_ascii_whitespace() || matches!(c, '"' | '\'' | ';' | '/' | '>'));
    let value = &value[..end.unwrap_or(value.len())];
    (!value.is_empty()).then(|| value.to_owned())
}
