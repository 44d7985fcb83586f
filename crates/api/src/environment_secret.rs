//! Secrets that the server was given when it started.

/// A secret of the environment of the server, without its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnvironmentSecret {
    /// Its name.
    pub name: String,
    /// The only hosts that it may be sent to, separated by commas; `None` for all.
    pub hosts: Option<String>,
}
