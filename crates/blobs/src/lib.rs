//! The storages for blobs: a folder, and what speaks the protocol of S3. [`steadflow_store::BlobStorage`] says what they must do.
//!
//! Both name a blob by its execution and its hash, `<execution>/<sha256>`, so that what is in one can be copied into the other.

mod folder;
mod s3;

pub use folder::Folder;
pub use s3::{Credentials, S3, S3Config, S3Error};
