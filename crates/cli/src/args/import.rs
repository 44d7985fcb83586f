//! Arguments of `steadflow import`.

use std::path::PathBuf;

use clap::ValueEnum;

/// Make flow documents of flow files of n8n, Dify and AWS Step Functions
///
/// What has the same meaning is translated. What has not is listed with its place in the file, and stays in the document as
/// something that fails by name when it runs. Credentials are left out. Every document that is written is valid.
///
/// Exit status: 0 everything was mapped, 3 something is listed, 1 a file could not be read or written.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Import {
    /// Flow files: exports of n8n (JSON), DSL files of Dify (YAML), state machines of Step Functions (JSON or YAML); `-` reads from
    /// standard input
    #[arg(value_name = "FILE", required = true)]
    pub(crate) files: Vec<PathBuf>,
    /// Whose files they are [default: what each looks like]
    #[arg(long, value_name = "SOURCE")]
    pub(crate) from: Option<From>,
    /// Folder for the documents; it is made if it does not exist [default: the working directory]
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Print the report as JSON: a list with an object for each file
    #[arg(long)]
    pub(crate) json: bool,
}

/// Whose file it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum From {
    N8n,
    Dify,
    StepFunctions,
}

const EXAMPLES: &str = "\
Examples:
  steadflow import workflow.json
  steadflow import exports/*.json --out flows
  steadflow import machine.asl.json --from step-functions --json | jq '.[].report.entries'";
