//! The arguments of `steadflow pause` and `steadflow resume`.

use super::Asked;

/// Pause everything on a running server: nothing new starts until `resume`
///
/// What is running finishes and is recorded. New starts, schedules and webhooks are accepted and wait. Timeouts go on.
#[derive(Debug, clap::Args)]
pub(crate) struct Pause {
    /// Why, for everybody to see while it lasts
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: Option<String>,
    #[command(flatten)]
    pub(crate) asked: Asked,
}

/// Resume everything that `steadflow pause` has paused
#[derive(Debug, clap::Args)]
pub(crate) struct Resume {
    #[command(flatten)]
    pub(crate) asked: Asked,
}
