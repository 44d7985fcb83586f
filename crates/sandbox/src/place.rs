//! Where in a value something is: a JSON pointer that grows and shrinks with a walk.

/// A JSON pointer (RFC 6901).
#[derive(Debug, Default)]
pub(crate) struct Place(Vec<String>);

/// Levels of a value (`steadflow_core::json::DEPTH_MAX`).
const DEPTH_MAX: usize = 127;

impl Place {
    /// Goes down; `false` where it is too deep.
    pub(crate) fn enter(&mut self, token: impl Into<String>) -> bool {
        self.0.push(token.into());
        self.0.len() <= DEPTH_MAX
    }

    pub(crate) fn leave(&mut self) {
        self.0.pop();
    }

    /// Names the place in a sentence.
    pub(crate) fn said(&self, whole: &str) -> String {
        if self.0.is_empty() {
            return whole.to_owned();
        }
        let tokens = self.0.iter().map(|token| token.replace('~', "~0").replace('/', "~1"));
        let pointer: String = tokens.map(|token| format!("/{token}")).collect();
        let cut = pointer.char_indices().nth(200).map_or(pointer.len(), |(at, _)| at);
        format!("{whole} at `{}`", &pointer[..cut])
    }
}
