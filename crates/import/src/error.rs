//! Why a file cannot be imported at all.

/// Bytes of a file. The largest of the published flows has 4 MB.
pub(crate) const BYTES_MAX: usize = 16 * 1024 * 1024;

/// Why a file could not be read at all.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// It is too large.
    #[error("the file has {0} bytes; at most {BYTES_MAX} are read")]
    TooLarge(usize),
    /// It is not text.
    #[error("the file is not text in UTF-8: byte {0} is not part of a character")]
    NotText(usize),
    /// It is not JSON, or could be read in two ways.
    #[error("not JSON: {0}")]
    Json(String),
    /// It is not YAML, or could be read in two ways.
    #[error("not YAML that can be read: line {line}, column {column}: {message}")]
    Yaml {
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
        /// What is wrong there.
        message: String,
    },
    /// Nothing says whose file it is.
    #[error(
        "this is no file of n8n (an object with `nodes` and `connections`), Dify (with `app` and `workflow`) or Step Functions (with \
         `StartAt` and `States`); name its source with `--from`"
    )]
    Unknown,
    /// Something that the source always has is missing or of another kind.
    #[error("{pointer}: {message}")]
    Shape {
        /// Where, as a JSON pointer.
        pointer: String,
        /// What is wrong there.
        message: String,
    },
}

impl ImportError {
    /// Returns an error of the shape.
    pub(crate) fn shape(pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Shape { pointer: pointer.into(), message: message.into() }
    }
}
