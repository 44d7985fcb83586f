//! The arguments that name a blob storage.

/// The storage for blobs.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct Blobs {
    /// Storage for records of 64 KiB or more, as `file:PATH` or `s3://BUCKET/PREFIX` [default: they are in the database]
    #[arg(long, value_name = "URL", env = "STEADFLOW_BLOBS")]
    pub(crate) blobs: Option<String>,
    /// Endpoint of `s3://`, such as `https://s3.example.org` [default: that of AWS for the region]
    #[arg(long, value_name = "URL", env = "STEADFLOW_BLOBS_ENDPOINT")]
    pub(crate) blobs_endpoint: Option<String>,
    /// Region of `s3://` [default: us-east-1]
    #[arg(long, value_name = "REGION", env = "STEADFLOW_BLOBS_REGION")]
    pub(crate) blobs_region: Option<String>,
}
