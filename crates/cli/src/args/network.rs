//! The arguments of how the server is reached.

use std::path::PathBuf;

/// How the server is reached.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct Network {
    /// Address to listen on. Others than loopback addresses need TLS or a proxy, and a public URL [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS", env = "STEADFLOW_LISTEN")]
    pub(crate) listen: Option<String>,
    /// Certificate of the server, with those that lead to its root, as PEM: the server then speaks TLS [default: none]
    #[arg(long, value_name = "FILE", env = "STEADFLOW_TLS_CERT")]
    pub(crate) tls_cert: Option<PathBuf>,
    /// Private key of the certificate, as PEM
    #[arg(long, value_name = "FILE", env = "STEADFLOW_TLS_KEY")]
    pub(crate) tls_key: Option<PathBuf>,
    /// Address or network of a proxy that clients come through, and from which alone connections are then accepted. May be repeated
    #[arg(long, value_name = "ADDRESS", env = "STEADFLOW_BEHIND_PROXY", value_delimiter = ',')]
    pub(crate) behind_proxy: Vec<String>,
}
