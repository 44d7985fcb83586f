//! The arguments of mail.

/// Mail of flows.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct Mail {
    /// Mail server, such as `smtp://user:password@mail.example.com:587`, or `smtps://…` for TLS from the beginning [default: none]
    #[arg(long, value_name = "URL", env = "STEADFLOW_SMTP_URL", hide_env_values = true)]
    pub(crate) smtp_url: Option<String>,
    /// Sender of mails, such as `Flows <flows@example.com>`
    #[arg(long, value_name = "ADDRESS", env = "STEADFLOW_MAIL_FROM")]
    pub(crate) mail_from: Option<String>,
    /// Further sender that flows may name: an address, or a domain such as `@example.com`. May be repeated
    #[arg(long, value_name = "ADDRESS", env = "STEADFLOW_MAIL_FROM_ALLOW", value_delimiter = ',')]
    pub(crate) mail_from_allow: Vec<String>,
    /// Where people find the studio, for links in messages, such as `https://flows.example.org` [default: the address to listen on]
    #[arg(long, value_name = "URL", env = "STEADFLOW_PUBLIC_URL")]
    pub(crate) public_url: Option<String>,
}
