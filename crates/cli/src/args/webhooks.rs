//! The arguments of `steadflow webhooks`.

use clap::Subcommand;
use uuid::Uuid;

use super::Asked;

/// List and show the webhooks of a running server, and call them
#[derive(Debug, clap::Args)]
pub(crate) struct Webhooks {
    #[command(subcommand)]
    pub(crate) command: WebhooksCommand,
    #[command(flatten)]
    pub(crate) asked: Asked,
}

#[derive(Debug, Subcommand)]
pub(crate) enum WebhooksCommand {
    /// List webhooks with their secrets and last calls, that of the newest flow first
    List {
        /// Only that of this flow
        #[arg(long, value_name = "ID")]
        flow: Option<Uuid>,
    },
    /// Show a webhook and its last calls: what they started, or why they were refused
    Show {
        /// Path of the webhook, below /hooks/
        path: String,
    },
    /// Sign a call as its sender does, and make it
    ///
    /// With `--wait`, the exit status is 1 if the execution failed or was cancelled.
    Send(SendCall),
}

/// A call of a webhook.
#[derive(Debug, clap::Args)]
pub(crate) struct SendCall {
    /// Path of the webhook, below /hooks/
    pub(crate) path: String,
    /// Body of the call, or @FILE
    #[arg(long, value_name = "BODY", default_value = "{}", allow_hyphen_values = true)]
    pub(crate) data: String,
    /// Media type of the body
    #[arg(long, value_name = "TYPE", default_value = "application/json")]
    pub(crate) content_type: String,
    /// Secret to sign with, from its STEADFLOW_SECRET_* variable, or from a file as NAME=@FILE [default: the first secret of
    /// the webhook that has a variable]
    #[arg(long, value_name = "NAME")]
    pub(crate) secret: Option<String>,
    /// ID of the event, for schemes that have it in a header: calls with the same ID start one execution [default: a new ID]
    #[arg(long, value_name = "ID")]
    pub(crate) event_id: Option<String>,
    /// Wait for the end of the execution, up to 60 seconds
    #[arg(long, value_name = "SECONDS")]
    pub(crate) wait: Option<u32>,
}
