//! `steadflow apply`: makes a server have what files say.

use std::path::PathBuf;
use std::process::ExitCode;

use reqwest::header::IF_MATCH;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use steadflow_core::payload::Payload;
use steadflow_store::FlowStatus;
use uuid::Uuid;

use super::matched::{Ids, Matched, names};
use super::plan::{Change, Plan, Step, differing};
use super::read::read;
use super::stored::{Stored, all};
use super::version_notes;
use super::{Kind, Kinds};
use crate::client::{Refused, Server};
use crate::output;
use crate::validate::INVALID;

/// What to apply, and how.
#[derive(Clone, Debug)]
pub(crate) struct Applying {
    pub(crate) paths: Vec<PathBuf>,
    pub(crate) kinds: Kinds,
    /// Only say what would be done.
    pub(crate) is_dry_run: bool,
    /// Also archive flows that no file has.
    pub(crate) prunes: bool,
}

/// What became of files.
#[derive(Debug)]
pub(crate) struct Applied {
    pub(crate) results: Vec<Fate>,
    pub(crate) notes: Vec<String>,
    /// Why it ended before all was done.
    pub(crate) failure: Option<anyhow::Error>,
}

/// What became of a file.
#[derive(Clone, Debug)]
pub(crate) struct Fate {
    about: Value,
    id: Option<Uuid>,
    pub(crate) outcome: Outcome,
    /// The version before, and now.
    versions: [Option<u64>; 2],
    /// The keys that differed.
    keys: Vec<&'static str>,
}

/// What became of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Created,
    Changed,
    Unchanged,
    Archived,
    Failed,
    NotTried,
}

/// Why nothing was done.
#[derive(Debug)]
pub(crate) enum NotApplied {
    /// These are the errors in files.
    Faults(Vec<String>),
    /// The server could not be asked.
    Failed(anyhow::Error),
}

impl From<anyhow::Error> for NotApplied {
    fn from(error: anyhow::Error) -> Self {
        Self::Failed(error)
    }
}

impl From<Vec<String>> for NotApplied {
    fn from(faults: Vec<String>) -> Self {
        Self::Faults(faults)
    }
}

/// Applies files, and prints what became of each.
pub(crate) async fn apply_paths(
    server: &Server,
    applying: Applying,
    as_json: bool,
) -> anyhow::Result<ExitCode> {
    version_notes(server).await?;
    let applied = match apply(server, &applying).await {
        Ok(applied) => applied,
        Err(NotApplied::Failed(error)) => return Err(error),
        Err(NotApplied::Faults(lines)) => {
            lines.iter().for_each(output::note);
            output::note(format_args!("Nothing was changed: {}.", output::count(lines.len(), "error")));
            return Ok(ExitCode::from(INVALID));
        }
    };
    applied.notes.iter().for_each(output::note);
    if as_json {
        output::payload(&Payload::from_value(&applied.to_value(applying.is_dry_run)));
    } else {
        let shown = applied.results.iter().filter(|fate| fate.outcome != Outcome::Unchanged);
        shown.for_each(|fate| output::line(fate.line(applying.is_dry_run)));
    }
    output::note(applied.summary(applying.is_dry_run));
    let Some(failure) = applied.failure else { return Ok(ExitCode::SUCCESS) };
    output::notes(format_args!("{failure:#}"));
    output::note(
        "Not everything was done. What was done stays; when this is repaired, apply again: it does the rest.",
    );
    Ok(ExitCode::FAILURE)
}

/// Applies files: first all of them are checked, and then each is sent on its own.
///
/// # Errors
/// If nothing was done.
pub(crate) async fn apply(server: &Server, applying: &Applying) -> Result<Applied, NotApplied> {
    let found = read(&applying.paths)?;
    let stored = all(server).await?;
    let mut plan = Plan::new(Matched::new(found.items, stored)?, applying.kinds)?;
    plan.notes.extend(
        found.others.iter().map(|path| format!("{}: neither a flow nor an agent, left out", path.display())),
    );
    let mut faults = Vec::new();
    for step in &plan.steps {
        faults.extend(step.faults(server, &plan.ids).await?);
    }
    if !faults.is_empty() {
        return Err(NotApplied::Faults(faults));
    }
    if !applying.prunes {
        plan.rest.clear();
    }
    plan.rest.retain(|stored| stored.kind == Kind::Flow && stored.status != FlowStatus::Archived.as_str());
    Ok(if applying.is_dry_run { foreseen(plan) } else { carried_out(server, plan).await })
}

/// Returns what would become of files.
fn foreseen(plan: Plan) -> Applied {
    let mut results: Vec<Fate> = plan.steps.iter().map(|step| Fate::of(step, step.foreseen())).collect();
    results.extend(plan.rest.iter().map(|stored| Fate::of_stored(stored, Outcome::Archived)));
    Applied { results, notes: plan.notes, failure: None }
}

async fn carried_out(server: &Server, plan: Plan) -> Applied {
    let Plan { steps, rest, mut ids, mut notes } = plan;
    let (mut results, mut failure, mut again) = (Vec::new(), None, Vec::new());
    let bar = output::bar(steps.len() + rest.len());
    for step in steps {
        let mut fate = Fate::of(&step, Outcome::NotTried);
        if failure.is_none() {
            match step.carry_out(server, &ids).await {
                Ok(None) => fate.outcome = Outcome::Unchanged,
                Ok(Some(now)) => {
                    fate.done(&step, &now.stored);
                    notes.extend(now.warnings);
                    // What it refers to may have got its id by then.
                    let open = names(&step.item.document);
                    let sent = ids.clone();
                    if let Some(id) = step.item.id.filter(|id| *id != now.stored.id) {
                        ids.insert(id, now.stored.id);
                    }
                    again.push((step, now.stored, open, sent));
                }
                Err(error) => {
                    fate.outcome = Outcome::Failed;
                    failure = Some(error);
                }
            }
        }
        results.push(fate);
        bar.inc(1);
    }
    for (step, stored, open, sent) in again {
        if failure.is_none() && open.iter().any(|id| ids.get(id) != sent.get(id)) {
            failure = step.refer(server, &stored, &ids).await.err();
        }
    }
    for stored in rest {
        let mut outcome = Outcome::NotTried;
        if failure.is_none() {
            failure = archive(server, &stored).await.err();
            outcome = if failure.is_none() { Outcome::Archived } else { Outcome::Failed };
        }
        results.push(Fate::of_stored(&stored, outcome));
        bar.inc(1);
    }
    bar.finish_and_clear();
    Applied { results, notes, failure }
}

async fn archive(server: &Server, stored: &Stored) -> anyhow::Result<()> {
    let call = server.call(Method::PATCH, &format!("/flows/{}", stored.id));
    let call = call.header(IF_MATCH, &stored.etag).json(&json!({ "status": FlowStatus::Archived.as_str() }));
    server
        .send(call)
        .await
        .map(drop)
        .map_err(|error| error.context(format!("The flow {} was not archived", stored.name)))
}

/// What a server has after a change, and what it warns of.
struct Now {
    stored: Stored,
    warnings: Vec<String>,
}

impl Step {
    fn foreseen(&self) -> Outcome {
        match self.change {
            Change::Create => Outcome::Created,
            Change::Save(_) | Change::Unknown => Outcome::Changed,
            Change::Nothing => Outcome::Unchanged,
        }
    }

    /// Does what has to be done. `None` if that is nothing.
    async fn carry_out(&self, server: &Server, ids: &Ids) -> anyhow::Result<Option<Now>> {
        let kind = self.item.kind;
        let call = match (&self.change, &self.stored) {
            (Change::Nothing, _) => return Ok(None),
            (Change::Create, _) | (_, None) => server.call(Method::POST, kind.path()).json(&self.whole(ids)),
            (change, Some(stored)) => {
                let keys: &[_] = if let Change::Save(keys) = change { keys } else { &[] };
                let call = server.call(Method::PATCH, &format!("{}/{}", kind.path(), stored.id));
                call.header(IF_MATCH, &stored.etag).json(&self.patch(keys, ids))
            }
        };
        let now = self.sent(server, call).await?;
        let is_same = self.change == Change::Unknown
            && self.stored.as_ref().is_some_and(|stored| stored.version == now.stored.version);
        Ok((!is_same).then_some(now))
    }

    /// Sends it again where other ids are known by now for what it refers to.
    async fn refer(&self, server: &Server, stored: &Stored, ids: &Ids) -> anyhow::Result<()> {
        let keys = differing(&self.item, stored, ids);
        if keys.is_empty() {
            return Ok(());
        }
        let call = server.call(Method::PATCH, &format!("{}/{}", self.item.kind.path(), stored.id));
        let call = call.header(IF_MATCH, &stored.etag).json(&self.patch(&keys, ids));
        self.sent(server, call).await.map(drop)
    }

    async fn sent(&self, server: &Server, call: reqwest::RequestBuilder) -> anyhow::Result<Now> {
        let answer = match server.send(call).await {
            Ok(answer) => answer.value,
            Err(error) => return Err(self.failed(server, error).await),
        };
        let stored = Stored::of(self.item.kind, &answer);
        let stored = stored.ok_or_else(|| {
            anyhow::anyhow!("The answer of the server is of another form than this version knows")
        })?;
        let warnings = crate::client::faults(&answer["warnings"]);
        let warning = |fault: &steadflow_core::flow::Fault| {
            self.item.fault(&fault.pointer, format!("warning: {}", fault.message))
        };
        Ok(Now { stored, warnings: warnings.iter().map(warning).collect() })
    }

    /// Says what went wrong in terms of the file.
    async fn failed(&self, server: &Server, error: anyhow::Error) -> anyhow::Error {
        let file = self.item.file();
        let Some(refused) = error.downcast_ref::<Refused>() else {
            let message = format!("{file}: it is not known whether this was done; `steadflow diff` shows it");
            return error.context(message);
        };
        if let (StatusCode::PRECONDITION_FAILED, Some(stored)) = (refused.status, &self.stored) {
            let path = format!("{}/{}", self.item.kind.path(), stored.id);
            let current = server.send(server.call(Method::GET, &path)).await.ok();
            let current =
                current.map_or("another one".to_owned(), |answer| answer.value["version"].to_string());
            return anyhow::anyhow!(
                "{file}: somebody has changed the {} while this ran: it was compared with version {}, and version {current} is \
                 current. See `steadflow diff {file}`",
                self.item.kind.name(),
                stored.version
            );
        }
        let faults = refused.faults();
        if faults.is_empty() {
            return anyhow::anyhow!("{file}: {refused}");
        }
        let lines: Vec<String> = faults.iter().map(|fault| self.item.line(fault)).collect();
        anyhow::anyhow!(lines.join("\n"))
    }
}

impl Fate {
    fn of(step: &Step, outcome: Outcome) -> Self {
        let keys = if let Change::Save(keys) = &step.change { keys.clone() } else { Vec::new() };
        let stored = step.stored.as_ref();
        let versions = [stored.map(|stored| stored.version), None];
        Self { about: step.about(), id: stored.map(|stored| stored.id), outcome, versions, keys }
    }

    fn of_stored(stored: &Stored, outcome: Outcome) -> Self {
        let about = json!({ "file": null, "kind": stored.kind.name(), "name": stored.name });
        let versions = [Some(stored.version), None];
        Self { about, id: Some(stored.id), outcome, versions, keys: vec!["status"] }
    }

    fn done(&mut self, step: &Step, now: &Stored) {
        self.outcome = if step.stored.is_none() { Outcome::Created } else { Outcome::Changed };
        self.id = Some(now.id);
        self.versions[1] = Some(now.version);
    }

    pub(crate) fn line(&self, is_dry_run: bool) -> String {
        let (name, id) = (self.about["name"].as_str().unwrap_or_default(), self.id);
        let file = self.about["file"].as_str().unwrap_or("no file");
        let id = id.map(|id| format!(" {id}")).unwrap_or_default();
        let versions = match self.versions {
            [Some(before), Some(now)] if before != now => format!(", version {before} → {now}"),
            [Some(version), _] | [None, Some(version)] => format!(", version {version}"),
            [None, None] => String::new(),
        };
        let keys = if self.keys.is_empty() { String::new() } else { format!(": {}", self.keys.join(", ")) };
        format!("{:<13} {file}  {name}{id}{versions}{keys}", self.outcome.text(is_dry_run))
    }
}

impl Outcome {
    const ALL: [Self; 6] =
        [Self::Created, Self::Changed, Self::Archived, Self::Unchanged, Self::Failed, Self::NotTried];

    const fn name(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Changed => "changed",
            Self::Unchanged => "unchanged",
            Self::Archived => "archived",
            Self::Failed => "failed",
            Self::NotTried => "not_tried",
        }
    }

    fn text(self, is_dry_run: bool) -> &'static str {
        match self {
            Self::Created if is_dry_run => "would create",
            Self::Changed if is_dry_run => "would change",
            Self::Archived if is_dry_run => "would archive",
            Self::NotTried => "not tried",
            Self::Created | Self::Changed | Self::Unchanged | Self::Archived | Self::Failed => self.name(),
        }
    }
}

impl Applied {
    fn summary(&self, is_dry_run: bool) -> String {
        let count = |outcome| self.results.iter().filter(|fate| fate.outcome == outcome).count();
        let parts = Outcome::ALL.into_iter().map(|outcome| (outcome, count(outcome)));
        let parts = parts.filter(|(outcome, count)| *count > 0 || *outcome == Outcome::Unchanged);
        let parts: Vec<String> =
            parts.map(|(outcome, count)| format!("{count} {}", outcome.name().replace('_', " "))).collect();
        let (before, parts) =
            (if is_dry_run { "Dry run, nothing was changed: " } else { "" }, parts.join(", "));
        format!("{before}{parts}.")
    }

    fn to_value(&self, is_dry_run: bool) -> Value {
        let results = self.results.iter().map(|fate| {
            let mut shown = fate.about.clone();
            shown["id"] = fate.id.map(|id| id.to_string()).into();
            shown["result"] = fate.outcome.name().into();
            shown["version_before"] = fate.versions[0].into();
            shown["version"] = fate.versions[1].into();
            shown["keys"] = fate.keys.clone().into();
            shown
        });
        json!({
            "dry_run": is_dry_run,
            "failure": self.failure.as_ref().map(|error| format!("{error:#}")),
            "results": results.collect::<Vec<_>>(),
        })
    }
}
