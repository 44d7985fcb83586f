//! Standard output and standard error.
//!
//! Names, messages and values come from servers and documents. Nothing of them reaches a terminal that moves its cursor,
//! changes its state, or shows text in another order than it has.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};

use comfy_table::{ColumnConstraint, ContentArrangement, LineStyle, Row, Table, TableStyle, Width};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;
use steadflow_core::payload::Payload;
use steadflow_core::visible::is_hidden;

/// Columns that a table leaves empty beside each of its own.
const PADDING: u16 = 2;
/// What a column of a table is not made narrower than, in characters.
const COLUMN_CHARS_MIN: u16 = 8;

/// Whether a person looks at standard output.
pub(crate) fn is_terminal() -> bool {
    io::stdout().is_terminal()
}

/// Writes a line to standard output, [escaped]. Ignores errors, such as a closed pipe.
pub(crate) fn line(text: impl Display) {
    let _ = writeln!(io::stdout().lock(), "{}", escaped(&text.to_string()));
}

/// Writes several lines to standard output, each [escaped].
pub(crate) fn lines(text: impl Display) {
    text.to_string().split('\n').for_each(line);
}

/// Writes a line to standard error, [escaped].
pub(crate) fn note(text: impl Display) {
    let _ = writeln!(io::stderr().lock(), "{}", escaped(&text.to_string()));
}

/// Writes several lines to standard error, each [escaped].
pub(crate) fn notes(text: impl Display) {
    text.to_string().split('\n').for_each(note);
}

/// Prints what a program reads.
pub(crate) fn json(value: &Value) {
    payload(&Payload::from_value(value));
}

/// Writes a payload to standard output, as the text that it is: every number as it was written. On a terminal, what
/// [`escaped`] would change in it is escaped as in JSON.
pub(crate) fn payload(payload: &Payload) {
    let mut out = io::stdout().lock();
    let text = payload.as_str();
    let _ = if out.is_terminal() { writeln!(out, "{}", escaped_json(text)) } else { writeln!(out, "{text}") };
}

/// Writes a text of this program to standard output, as it is.
pub(crate) fn script(text: &str) {
    let _ = write!(io::stdout().lock(), "{text}");
}

/// Writes JSON to standard output as [`payload`] does, piece by piece.
pub(crate) struct Pieces {
    out: io::Stdout,
    /// The beginning of a character whose other bytes have not arrived; only for a terminal.
    rest: Vec<u8>,
}

impl Pieces {
    pub(crate) fn new() -> Self {
        Self { out: io::stdout(), rest: Vec::new() }
    }

    /// Writes what has arrived.
    ///
    /// # Errors
    /// That of standard output.
    pub(crate) fn write(&mut self, piece: &[u8]) -> io::Result<()> {
        if !self.out.is_terminal() {
            return self.out.write_all(piece);
        }
        self.rest.extend_from_slice(piece);
        let text = whole_characters(&mut self.rest);
        self.out.write_all(escaped_json(&text).as_bytes())
    }

    /// Ends the line.
    pub(crate) fn end(mut self) {
        let _ = writeln!(self.out);
    }
}

/// Takes the text out of `bytes`, up to a character that is not complete.
fn whole_characters(bytes: &mut Vec<u8>) -> String {
    let end = match std::str::from_utf8(bytes) {
        Err(error) if error.error_len().is_none() => error.valid_up_to(),
        Ok(_) | Err(_) => bytes.len(),
    };
    let rest = bytes.split_off(end);
    let text = String::from_utf8_lossy(bytes).into_owned();
    *bytes = rest;
    text
}

/// Returns `text` with control characters, line breaks and characters that change the direction of text as `\u{…}`.
pub(crate) fn escaped(text: &str) -> String {
    replaced(text, is_hidden, |char| format!("\\u{{{:x}}}", u32::from(char)))
}

/// Returns `json` with what [`escaped`] changes in its strings as `\uXXXX`, which is the same JSON. Line breaks between its
/// values remain.
pub(crate) fn escaped_json(json: &str) -> String {
    let in_strings = |char| char >= '\u{7f}' && is_hidden(char);
    replaced(json, in_strings, |char| format!("\\u{:04x}", u32::from(char)))
}

fn replaced(text: &str, is_replaced: impl Fn(char) -> bool, by: impl Fn(char) -> String) -> String {
    let mut out = String::with_capacity(text.len());
    for char in text.chars() {
        if is_replaced(char) { out.push_str(&by(char)) } else { out.push(char) }
    }
    out
}

/// Returns an empty table with this header, and a line below the header.
pub(crate) fn table<const N: usize>(head: [&str; N]) -> Table {
    const LINE: LineStyle = LineStyle::none().fill('─').junction('─');
    let mut table = Table::new();
    table.load_style(TableStyle::new().header_separator(LINE).bottom_border(LINE)).set_header(head);
    table
}

/// Returns a table as text. On a terminal, each row is one line of it: what does not fit is cut at its end, or left out on the right;
/// the first column, which names the row, is whole. In a file or a pipe, everything is whole.
pub(crate) fn fitted(mut table: Table) -> String {
    if let Some(width) = table.width().filter(|_| io::stdout().is_terminal()) {
        fit(&mut table, width);
    }
    table.to_string()
}

fn fit(table: &mut Table, width: u16) {
    let heads = table.header().into_iter().flat_map(Row::cell_iter);
    let heads: Vec<u16> = heads.map(|cell| u16::try_from(cell.content().len()).unwrap_or(u16::MAX)).collect();
    let mut widths = table.column_max_content_widths();
    let all = |widths: &[u16]| widths.iter().map(|width| width + PADDING).sum::<u16>();
    while all(&widths) > width {
        let can_shrink = |at: &usize| widths[*at] > heads[*at].max(COLUMN_CHARS_MIN);
        match (1..widths.len()).filter(can_shrink).max_by_key(|at| widths[*at]) {
            Some(widest) => widths[widest] -= 1,
            None if widths.len() > 1 => widths.truncate(widths.len() - 1),
            None => break,
        }
    }
    table.set_content_arrangement(ContentArrangement::Dynamic).set_truncation_indicator("…");
    for (at, column) in table.column_iter_mut().enumerate() {
        let fitted = |width| ColumnConstraint::Absolute(Width::Fixed(width + PADDING));
        column.set_constraint(widths.get(at).map_or(ColumnConstraint::Hidden, |width| fitted(*width)));
    }
    table.row_iter_mut().for_each(|row| {
        row.max_height(1);
    });
}

/// Returns a bar that shows how many of `all` are done. Without a terminal, nothing is shown.
pub(crate) fn bar(all: usize) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:40} {pos} of {len}, {eta} left");
    ProgressBar::new(all as u64).with_style(style.expect("the template is valid"))
}

/// Formats a duration in a suitable unit: `850 ms`, `1.2 s`, `3 min 5 s`.
pub(crate) fn span(duration: std::time::Duration) -> String {
    let seconds = duration.as_secs_f64();
    if seconds < 0.9995 {
        format!("{:.0} ms", seconds * 1_000.0)
    } else if seconds < 60.0 {
        let text = format!("{seconds:.1}");
        format!("{} s", text.strip_suffix(".0").unwrap_or(&text))
    } else {
        let whole = duration.as_secs();
        format!("{} min {} s", whole / 60, whole % 60)
    }
}

/// Formats a number with a noun: `1 node`, `3 nodes`.
pub(crate) fn count(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn spans_have_a_suitable_unit() {
        let texts: Vec<String> = [12, 850, 1_000, 1_240, 59_900, 185_000]
            .into_iter()
            .map(|ms| span(Duration::from_millis(ms)))
            .collect();

        assert_eq!(texts, ["12 ms", "850 ms", "1 s", "1.2 s", "59.9 s", "3 min 5 s"]);
    }

    #[test]
    fn what_steers_a_terminal_is_escaped() {
        let hostile = "a\u{1b}[2J\r\nb\u{7}\u{9b}\u{202e}\u{2069}\u{200f}c";

        assert_eq!(escaped(hostile), r"a\u{1b}[2J\u{d}\u{a}b\u{7}\u{9b}\u{202e}\u{2069}\u{200f}c");
        assert_eq!(escaped("Zürich – 東京 👩‍💻"), "Zürich – 東京 👩‍💻");
    }

    #[test]
    fn escaped_json_says_the_same() {
        let json = "{\n  \"a\": \"\u{7f}\u{202e}é\"\n}";

        let escaped = escaped_json(json);

        assert_eq!(escaped, "{\n  \"a\": \"\\u007f\\u202eé\"\n}");
        let read = |text: &str| serde_json::from_str::<serde_json::Value>(text).expect("it is JSON");
        assert_eq!(read(&escaped), read(json));
    }

    #[test]
    fn characters_in_two_pieces_are_put_together() {
        let mut bytes = b"a\xc3".to_vec();
        assert_eq!(whole_characters(&mut bytes), "a");
        bytes.push(0xa9);
        assert_eq!(whole_characters(&mut bytes), "é");
        bytes.extend(b"\xffb");
        assert_eq!(whole_characters(&mut bytes), "\u{fffd}b");
    }

    #[test]
    fn tables_fit_with_wide_characters_and_lose_columns_from_the_right() {
        let shown = |width| {
            let mut narrow = table(["id", "name", "status", "changed"]);
            narrow.add_row(["0197-long-enough", "東京の返金フロー確認", "active", "2026-12-01 05:11"]);
            fit(&mut narrow, width);
            narrow.to_string().lines().nth(2).unwrap_or_default().trim_end().to_owned()
        };

        assert_eq!(shown(80), " 0197-long-enough   東京の返金フロー確認   active   2026-12-01 05:11");
        assert_eq!(shown(54), " 0197-long-enough   東京の返金…    active   2026-12-01…");
        assert_eq!(shown(30), " 0197-long-enough   東京の…");
        assert_eq!(shown(5), " 0197-long-enough");
    }

    #[test]
    fn one_is_singular() {
        assert_eq!(count(1, "node"), "1 node");
        assert_eq!(count(0, "node"), "0 nodes");
    }
}
