//! Standard output and standard error.

use std::fmt::Display;
use std::io::{self, Write};

use comfy_table::{LineStyle, Table, TableStyle};
use steadflow_core::payload::Payload;

/// Writes a line to standard output. Ignores errors, such as a closed pipe.
pub(crate) fn line(text: impl Display) {
    let _ = writeln!(io::stdout().lock(), "{text}");
}

/// Writes a line to standard error.
pub(crate) fn note(text: impl Display) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Writes a payload to standard output, as the text that it is: every number as it was written.
pub(crate) fn payload(payload: &Payload) {
    line(payload.as_str());
}

/// Returns an empty table with this header, and a line below the header.
pub(crate) fn table<const N: usize>(head: [&str; N]) -> Table {
    const LINE: LineStyle = LineStyle::none().fill('─').junction('─');
    let mut table = Table::new();
    table.load_style(TableStyle::new().header_separator(LINE).bottom_border(LINE)).set_header(head);
    table
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
    fn one_is_singular() {
        assert_eq!(count(1, "node"), "1 node");
        assert_eq!(count(0, "node"), "0 nodes");
    }
}
