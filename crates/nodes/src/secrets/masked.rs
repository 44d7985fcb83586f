//! Masks secrets in a text that comes in pieces: what may become one is held back until it is known.

use std::sync::Arc;

use super::scrubber::Scrubber;

/// How much may be held back, in bytes. Hardly a secret is that long: it is blanks or escapes without an end.
const HELD_BYTES_MAX: usize = 8 * 1024;

/// A text that comes in pieces, whose secrets are masked as [`Scrubber::text`] does it with the whole.
#[derive(Debug, Default)]
pub(crate) struct Masked {
    scrubber: Arc<Scrubber>,
    held: String,
    /// Nothing is passed on any more, because too much would have to be held back.
    is_lost: bool,
}

impl Masked {
    pub(crate) fn new(scrubber: Arc<Scrubber>) -> Self {
        Self { scrubber, ..Self::default() }
    }

    /// Takes a piece, and returns what can be passed on.
    pub(crate) fn push(&mut self, piece: &str) -> String {
        if self.is_lost {
            return String::new();
        }
        self.held.push_str(piece);
        let settled = self.scrubber.settled(&self.held);
        let rest = self.held.split_off(settled);
        let text = std::mem::replace(&mut self.held, rest);
        if self.held.len() > HELD_BYTES_MAX {
            (self.is_lost, self.held) = (true, String::new());
        }
        self.scrubber.text(&text).into_owned()
    }

    /// Returns what was held back, now that nothing follows.
    pub(crate) fn end(&mut self) -> String {
        let held = std::mem::take(&mut self.held);
        self.scrubber.text(&held).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::super::scrubber::Scrubbers;
    use super::*;

    const SECRETS: [&str; 3] = ["k-4711-canary", "abab", "two words"];

    fn scrubber() -> Arc<Scrubber> {
        Scrubbers::default().of(SECRETS.map(str::to_owned).to_vec())
    }

    #[test]
    fn a_text_in_pieces_is_masked_as_the_whole_is_whatever_the_pieces() {
        let scrubber = scrubber();
        for text in [
            "Nothing to hide: 🦀 & 100 % of k-4711, abc.",
            "It is k-4711-canary, or K-4711-CANARY.",
            "k-4711-canaryk-4711-canary and abababab",
            "k-4711-k-4711-canary",
            "k - 4 7 1 1 \n - c a n a r y",
            "k%2D4711%2dcanary and k%252D4711%25252dcanary",
            r"k\u002d4711\x2dcanary \\u006b-4711-canary &#107;-4711&#45;canary &amp;#107;-4711-canary",
            "azQ3MTEtY2FuYXJ5 and ay00NzExLWNhbmFyeQ== and 6b2d343731312d63616e617279",
            "yranac-1174-k, two+words, two%20words, two   words",
            "{\"text\": \"k-4711-\\u0063anary\\n\\\"x\\\"\"}",
            "ends with k-4711-cana",
        ] {
            let whole = scrubber.text(text);
            for size in 1..=text.len() {
                let mut masked = Masked::new(Arc::clone(&scrubber));
                let mut all = String::new();
                let mut rest = text;
                while !rest.is_empty() {
                    let (piece, more) = rest.split_at(rest.ceil_char_boundary(size.min(rest.len())));
                    all.push_str(&masked.push(piece));
                    assert!(whole.starts_with(&all), "{text} by {size}: {all}");
                    rest = more;
                }
                all.push_str(&masked.end());
                assert_eq!(all, whole, "{text} by {size}");
            }
        }
    }

    #[test]
    fn what_cannot_become_a_secret_is_passed_on_at_once() {
        let mut masked = Masked::new(scrubber());

        assert_eq!(masked.push("Dear friend, "), "Dear friend, ");
        assert_eq!(masked.push("it is k-47"), "it is ");
        assert_eq!(masked.push("12. "), "k-4712. ");
        assert_eq!(Masked::default().push("it is k-47"), "it is k-47");
    }

    #[test]
    fn so_much_is_held_back_and_no_more() {
        let mut masked = Masked::new(scrubber());
        masked.push("k");

        for _ in 0..10 {
            assert_eq!(masked.push(&" ".repeat(1_000)), "");
        }

        assert!(masked.held.is_empty() && masked.is_lost);
        assert_eq!(masked.push("hello") + &masked.end(), "");
    }
}
