//! Joins what the clients, the peer and the server say.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use serde_json::Value;
use steadflow_blackbox::{Api, Call, Peer, millis_between, moment};

use crate::kill::kinds::{Kind, QUEUED_AT_ONCE, QUEUED_MILLIS};
use crate::kill::load::{Journal, Started};

/// How long everything that was accepted may take to end after the last restart.
const ENDS_WITHIN: Duration = Duration::from_secs(30);

/// What was found, and how much there was to find it in.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    /// Each a broken promise.
    broken: Vec<String>,
    executions: BTreeMap<String, usize>,
    peer_calls: usize,
    attempts: usize,
    interrupted: usize,
    manual_retries: usize,
    unknown: usize,
    replayed: usize,
    /// The most executions of the limited flow that called at once.
    limited_most: usize,
}

impl Findings {
    pub(crate) async fn gather(api: &Api, peer: &Peer, journal: &Journal) -> Self {
        let mut findings = Self { unknown: journal.unknown, replayed: journal.replayed, ..Self::default() };
        let mut executions = BTreeMap::new();
        for accepted in &journal.accepted {
            let execution = api.finished(&accepted.id, ENDS_WITHIN).await;
            let kind = &journal.flows[accepted.flow].1;
            findings.check_end(accepted, kind, &execution);
            findings.check_attempts(kind, &execution);
            executions.insert(accepted.id.clone(), execution);
        }
        findings.check_lists(api, journal).await;
        // A call may have reached the peer a moment before it was stopped; all have ended by now.
        findings.check_peer(&executions, &peer.calls());
        findings.check_limit(&peer.calls());
        findings
    }

    fn check_end(&mut self, accepted: &Started, kind: &Kind, execution: &Value) {
        let status = execution["status"].as_str().unwrap_or_default();
        *self.executions.entry(status.to_owned()).or_default() += 1;
        self.manual_retries += usize::from(accepted.retry_of.is_some());
        let is_interrupted = attempts(execution).any(|(_, attempt)| is_interrupted(attempt));
        // Crashes count as attempts, so that they can use up what a flow has.
        if status != kind.ends && !(status == "failed" && is_interrupted) {
            self.break_(&accepted.id, format!("ended as {status}: {}", execution["error_message"]));
        }
        if execution["retry_of"].as_str() != accepted.retry_of.as_deref() {
            self.break_(&accepted.id, format!("retries {}", execution["retry_of"]));
        }
    }

    fn check_attempts(&mut self, kind: &Kind, execution: &Value) {
        let id = execution["id"].as_str().unwrap_or_default();
        for node in execution["node_executions"].as_array().into_iter().flatten() {
            let attempts = node["attempts"].as_array().map_or(&[][..], Vec::as_slice);
            let interrupted = attempts.iter().filter(|attempt| is_interrupted(attempt)).count();
            self.attempts += attempts.len();
            self.interrupted += interrupted;
            let retries = kind.retry_count.max(u32::from(interrupted > 0));
            if attempts.len() > retries as usize + 1 {
                self.break_(id, format!("{} attempts of {}", attempts.len(), node["node_id"]));
            }
            if attempts.windows(3).any(|three| three.iter().all(is_interrupted)) {
                self.break_(id, format!("{} went on after two interruptions", node["node_id"]));
            }
            for (index, attempt) in attempts.iter().enumerate() {
                if attempt["number"] != index + 1 || attempt["ended_at"].is_null() {
                    self.break_(id, format!("attempt {} of {}: {attempt}", index + 1, node["node_id"]));
                }
            }
            for pair in attempts.windows(2) {
                if moment(&pair[0]["ended_at"]) > moment(&pair[1]["started_at"]) {
                    self.break_(id, format!("attempts of {} overlap: {pair:?}", node["node_id"]));
                }
            }
        }
    }

    /// What is listed is what was promised, no more and no less.
    async fn check_lists(&mut self, api: &Api, journal: &Journal) {
        for (at, (flow, _)) in journal.flows.iter().enumerate() {
            let of_flow = |accepted: &&Started| accepted.flow == at;
            let promised: BTreeSet<_> =
                journal.accepted.iter().filter(of_flow).map(|accepted| accepted.id.clone()).collect();
            let listed = listed(api, flow).await;
            let unique: BTreeSet<_> = listed.iter().cloned().collect();
            if unique.len() != listed.len() {
                self.break_(flow, "some executions are listed twice".into());
            }
            for id in promised.symmetric_difference(&unique) {
                let what = if promised.contains(id) { "is not listed" } else { "was promised to no client" };
                self.break_(id, what.into());
            }
        }
    }

    /// Every call is an attempt that is recorded, and no attempt calls twice.
    fn check_peer(&mut self, executions: &BTreeMap<String, Value>, calls: &[Call]) {
        let mut seen = BTreeSet::new();
        for call in calls {
            let Some((id, node)) = call.key.split_once(':') else {
                self.break_(&call.key, "is no key of ours".into());
                continue;
            };
            let recorded = executions.get(id).is_some_and(|execution| {
                attempts(execution).any(|(of, attempt)| {
                    let is_same = of["node_id"] == node && attempt["number"] == call.attempt;
                    is_same && moment(&attempt["started_at"]) <= call.at
                })
            });
            if !recorded {
                self.break_(id, format!("a call that no attempt accounts for: {call:?}"));
            }
            if !seen.insert((call.key.clone(), call.attempt)) {
                self.break_(id, format!("an attempt that called twice: {call:?}"));
            }
        }
        self.peer_calls = calls.len();
    }

    /// At no moment does the peer have calls of more executions than the flow allows.
    fn check_limit(&mut self, calls: &[Call]) {
        let path = format!("/slow/{QUEUED_MILLIS}");
        let queued: Vec<&Call> = calls.iter().filter(|call| call.path == path).collect();
        for (index, call) in queued.iter().enumerate() {
            let before = queued[..=index].iter().rev();
            let at_once = before.take_while(|other| millis_between(other.at, call.at) < QUEUED_MILLIS);
            let executions: BTreeSet<&str> = at_once.map(|other| other.key.as_str()).collect();
            self.limited_most = self.limited_most.max(executions.len());
            if executions.len() > QUEUED_AT_ONCE {
                self.break_(&call.key, format!("called beside others of a limited flow: {executions:?}"));
            }
        }
    }

    fn break_(&mut self, whose: &str, what: String) {
        self.broken.push(format!("{whose}: {what}"));
    }

    pub(crate) fn assert_sound(&self) {
        assert!(self.broken.is_empty(), "{} broken promises:\n{}", self.broken.len(), self.broken.join("\n"));
    }

    /// A process that is stopped in order hands back what it does.
    pub(crate) fn assert_none_interrupted(&self) {
        assert_eq!(self.interrupted, 0, "interrupted attempts");
        assert!(self.attempts > 0, "nothing was attempted");
    }

    /// The limit says something only if it was reached.
    pub(crate) fn assert_limit_was_reached(&self) {
        assert_eq!(self.limited_most, QUEUED_AT_ONCE, "executions of the limited flow at once");
    }

    /// Nothing found in a run where nothing happened says nothing.
    pub(crate) fn assert_telling(&self, kills: usize) {
        let ended = |status: &str| self.executions.get(status).copied().unwrap_or_default();
        let all: usize = self.executions.values().sum();
        assert!(ended("completed") * 2 > all, "less than half completed");
        assert!(ended("cancelled") > kills, "hardly any cancel");
        assert!(self.manual_retries > kills, "hardly any manual retry");
        assert!(self.interrupted >= kills, "hardly any attempt was interrupted");
        assert!(self.unknown >= kills && self.replayed > kills, "hardly any call was repeated");
    }
}

impl fmt::Display for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "executions {:?}, {} by manual retry; {} attempts, {} interrupted; {} calls at the peer; {} calls of \
             unknown outcome repeated, {} repeated for certain; {} executions of the limited flow at once",
            self.executions,
            self.manual_retries,
            self.attempts,
            self.interrupted,
            self.peer_calls,
            self.unknown,
            self.replayed,
            self.limited_most
        )
    }
}

fn attempts(execution: &Value) -> impl Iterator<Item = (&Value, &Value)> {
    let nodes = execution["node_executions"].as_array().into_iter().flatten();
    nodes.flat_map(|node| {
        node["attempts"].as_array().into_iter().flatten().map(move |attempt| (node, attempt))
    })
}

fn is_interrupted(attempt: &Value) -> bool {
    attempt["error_class"] == "interrupted"
}

/// Walks through all pages of a flow's executions.
async fn listed(api: &Api, flow: &str) -> Vec<String> {
    let mut ids = Vec::new();
    let mut path = format!("flows/{flow}/executions?limit=100");
    loop {
        let answer = api.get(&path).await;
        let link = answer.headers.get("link").and_then(|link| link.to_str().ok()).map(str::to_owned);
        let page = answer.expect(200);
        ids.extend(
            page.as_array().into_iter().flatten().filter_map(|row| row["id"].as_str().map(str::to_owned)),
        );
        let Some(next) = link.as_deref().and_then(next_page) else { return ids };
        path = next;
    }
}

/// Reads `<…>; rel="next"`.
fn next_page(link: &str) -> Option<String> {
    let (target, relation) = link.strip_prefix('<')?.split_once('>')?;
    let path = target.find("/api/").map(|at| &target[at..])?;
    relation.contains("next").then(|| path.to_owned())
}
