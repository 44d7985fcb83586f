//! Flow files of other systems as flow documents of Steadflow: text in, documents and a report out.
//!
//! What has the same meaning here is translated. What has not is named in the [`Report`] with its place in the file, and stays
//! in the document as something that fails by name when it runs: a node that fails, or a template that reads a field which says
//! what was not imported. Nothing is guessed, and each document that is made passes [`Flow::parse`](steadflow_core::flow::Flow::parse).
//! Credentials are never copied: they become references to secrets, which the report lists.
//!
//! There is a file for the nodes of each source and one for its expressions. What they share:
//! [`data`] says how the data of a node is read here, [`graph`] collects nodes and edges, [`document`] makes of them what is valid.

mod agent;
mod credentials;
mod data;
mod dify;
mod document;
mod error;
mod expression;
mod graph;
mod n8n;
mod read;
mod report;
mod step_functions;
mod text;
mod yaml;

use serde_json::Value;

pub use error::ImportError;
pub use report::{Entry, Kind, Report, SecretUse};

use credentials::Scrubbed;

/// Whose file it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// An export of n8n: JSON.
    N8n,
    /// A DSL file of Dify: YAML, of a workflow or a chatflow.
    Dify,
    /// A state machine of AWS Step Functions: JSON or YAML in the Amazon States Language.
    StepFunctions,
}

impl Source {
    /// Returns the name that people know.
    pub const fn name(self) -> &'static str {
        match self {
            Self::N8n => "n8n",
            Self::Dify => "Dify",
            Self::StepFunctions => "Step Functions",
        }
    }
}

/// A document that was made.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    /// The name of the flow.
    pub name: String,
    /// A flow document, or a run document with the flow and its agents.
    pub value: Value,
}

/// What a file became.
#[derive(Clone, Debug)]
pub struct Imported {
    /// One document for each way in which the source starts the flow.
    pub documents: Vec<Document>,
    /// What was mapped and what was not.
    pub report: Report,
}

impl Imported {
    /// Puts a node that fails by name in the place of each node that has a fault which only a caller can find, such as code that
    /// is not JavaScript. Pointers are those into the document at `place`.
    pub fn refuse(&mut self, place: usize, faults: &[(String, String)]) {
        let Some(document) = self.documents.get_mut(place) else { return };
        document::replace_faulty(&mut document.value, faults, &mut self.report);
        self.report.close();
    }
}

/// Reads `text`, a file of `from` or of the source that it looks like, and makes documents of it. `name` is what the flow is called
/// if the file has no name for it.
///
/// # Errors
/// [`ImportError`] if the text is not a file of that source.
pub fn import(text: &[u8], from: Option<Source>, name: &str) -> Result<Imported, ImportError> {
    let file = read::value(text)?;
    let source = match from {
        Some(source) => source,
        None => read::source_of(&file).ok_or(ImportError::Unknown)?,
    };
    let mut report = Report::new(source);
    // What is a credential is gone before anything looks at the file, so that it is in no document and in no message.
    let Scrubbed { value: file, found } = credentials::scrub(file);
    report.left_out(&found);
    let drafts = match source {
        Source::N8n => n8n::drafts(&file, name, &mut report)?,
        Source::Dify => dify::drafts(&file, name, &mut report)?,
        Source::StepFunctions => step_functions::drafts(&file, name, &mut report)?,
    };
    let mut documents = Vec::new();
    for draft in drafts {
        documents.push(document::finish(draft, &mut report)?);
    }
    report.close();
    Ok(Imported { documents, report })
}
