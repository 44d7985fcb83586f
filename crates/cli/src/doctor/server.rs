//! `steadflow doctor --server`: what a running server says about itself, and what is missing in it.

use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use steadflow_core::payload::Payload;

use crate::client::{Refused, Server};
use crate::output;
use crate::settings::ServerAddress;
use crate::shown::raw;

/// How long a server may take to say that it is there.
const WITHIN: Duration = Duration::from_secs(10);
/// How far clocks may be apart, in seconds, before calls that are signed with the time come near to being refused.
const CLOCK_SECONDS: u64 = 30;
/// The part of a quota of which it is said that it will soon be used up.
const NEARLY: f64 = 0.9;

/// How something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Ok,
    /// It cannot be seen with this key.
    Skipped,
    /// It works, and may soon not.
    Warning,
    Fault,
}

impl State {
    const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Skipped => "skipped",
            Self::Warning => "warning",
            Self::Fault => "fault",
        }
    }
}

/// What was found out: about what, how that is, and what to do.
type Finding = (&'static str, State, String);

/// Checks a running server, and prints a line for each thing that was looked at.
pub(crate) async fn examine(address: ServerAddress, as_json: bool) -> anyhow::Result<ExitCode> {
    let server = Server::new(&address)?;
    let findings = findings(&server, &address.url).await;
    let count = |state| findings.iter().filter(|(_, found, _)| *found == state).count();
    let (faults, warnings) = (count(State::Fault), count(State::Warning));
    if as_json {
        let list = findings
            .iter()
            .map(|(about, state, text)| json!({ "about": about, "state": state.name(), "text": text }));
        let shown = json!({ "server": address.url, "faults": faults, "findings": list.collect::<Vec<_>>() });
        output::payload(&Payload::from_value(&shown));
    } else {
        for (about, state, text) in &findings {
            output::line(format_args!("{:<8} {about:<10} {text}", state.name()));
        }
    }
    output::note(format_args!("{}, {}", output::count(faults, "fault"), output::count(warnings, "warning")));
    Ok(if faults == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn findings(server: &Server, url: &str) -> Vec<Finding> {
    let response = match server.open(server.root(Method::GET, "/healthz").timeout(WITHIN)).await {
        Ok(response) => response,
        Err(error) => return vec![("reached", State::Fault, format!("{url}: {error:#}"))],
    };
    let mut findings = vec![("reached", State::Ok, url.to_owned())];
    let date = response.headers().get("date").and_then(|date| date.to_str().ok()).map(str::to_owned);
    let health: Value =
        response.text().await.ok().and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
    findings.push(version(&health));
    findings.push(ready(server).await);
    findings.push(("database", State::Ok, raw(&health["durability"])));
    findings.push(room(&health));
    findings.extend(date.and_then(|date| clock(&date)));
    let who = who(server).await;
    let is_known = who.1 != State::Fault;
    findings.push(who);
    if is_known {
        findings.extend(secrets(server).await);
        findings.extend(webhooks(server).await);
        findings.extend(commands(server).await);
        findings.extend(damage(server).await);
        findings.extend(quotas(server).await);
        findings.extend(alerts(server).await);
    }
    findings
}

fn version(health: &Value) -> Finding {
    let (version, own) = (raw(&health["version"]), env!("CARGO_PKG_VERSION"));
    if version == own {
        return ("version", State::Ok, version);
    }
    let text = format!(
        "the server is {version}, and this program is {own}. Use the program of the server's version"
    );
    ("version", State::Warning, text)
}

async fn ready(server: &Server) -> Finding {
    match server.send(server.readiness(WITHIN)).await {
        Ok(_) => ("ready", State::Ok, "takes new work".to_owned()),
        Err(error) => ("ready", State::Fault, format!("{error:#} See the log of the server")),
    }
}

fn room(health: &Value) -> Finding {
    let what = "Delete what is not needed, keep executions for fewer days, or enlarge the disk";
    match health["room"].as_str() {
        Some("enough") => ("room", State::Ok, "enough".to_owned()),
        Some("low") => ("room", State::Warning, format!("little room is left for the database. {what}")),
        _ => (
            "room",
            State::Fault,
            format!("the rest is held back for what runs, and nothing new starts. {what}"),
        ),
    }
}

/// Compares the clock of the server with that of this machine.
fn clock(date: &str) -> Option<Finding> {
    let there = seconds_of(date)?;
    let here = SystemTime::UNIX_EPOCH.elapsed().ok()?.as_secs();
    let apart = there.abs_diff(here);
    Some(if apart <= CLOCK_SECONDS {
        ("clock", State::Ok, format!("{apart} s apart from this machine"))
    } else {
        let text = format!(
            "{apart} s apart from this machine: calls that are signed with the time are refused, and schedules start at another moment. Set \
             the clocks by NTP"
        );
        ("clock", State::Fault, text)
    })
}

/// Reads a date as HTTP has it, `Tue, 01 Dec 2026 04:33:14 GMT`, as seconds since 1970.
fn seconds_of(date: &str) -> Option<u64> {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let parts: Vec<&str> = date.split_whitespace().collect();
    let [_, day, month, year, time, "GMT"] = parts[..] else { return None };
    let month = 1 + MONTHS.iter().position(|name| *name == month)?;
    let text = format!("{year}-{month:02}-{day}T{time}Z");
    let micros = steadflow_core::timestamp::Timestamp::parse(&text).ok()?.as_micros();
    u64::try_from(micros / 1_000_000).ok()
}

async fn who(server: &Server) -> Finding {
    match server.send(server.call(Method::GET, "/account")).await {
        Ok(answer) if answer.value["is_local"] == true => {
            ("key", State::Ok, "none is needed: the server answers its own machine alone".to_owned())
        }
        Ok(answer) => {
            let account = &answer.value;
            let folders = account["grants"].as_array().map_or(0, Vec::len);
            let folders = if folders == 0 {
                String::new()
            } else {
                format!(", and roles in {}", output::count(folders, "folder"))
            };
            let text = format!(
                "works, as {} with the role {}{folders}",
                raw(&account["name"]),
                raw(&account["role"])
            );
            ("key", State::Ok, text)
        }
        Err(error) => ("key", State::Fault, format!("{error:#}")),
    }
}

/// Asks for a list that not every key may see.
async fn list(server: &Server, about: &'static str, path: &str) -> Result<Vec<Value>, Finding> {
    server.all(path).await.map_err(|error| match error.downcast_ref::<Refused>() {
        Some(refused) if matches!(refused.status, StatusCode::FORBIDDEN | StatusCode::NOT_FOUND) => {
            (about, State::Skipped, "this key may not see it".to_owned())
        }
        Some(_) | None => (about, State::Fault, format!("{error:#}")),
    })
}

/// Returns the faults, or that there are none.
fn or_ok(about: &'static str, faults: Vec<Finding>, ok: impl FnOnce() -> String) -> Vec<Finding> {
    if faults.is_empty() { vec![(about, State::Ok, ok())] } else { faults }
}

async fn secrets(server: &Server) -> Vec<Finding> {
    const ABOUT: &str = "secrets";
    let (uses, stored) =
        match (list(server, ABOUT, "/secret-uses").await, list(server, ABOUT, "/secrets").await) {
            (Ok(uses), Ok(stored)) => (uses, stored),
            (Err(finding), _) | (_, Err(finding)) => return vec![finding],
        };
    let mut faults = Vec::new();
    let mut fault = |text: String| faults.push((ABOUT, State::Fault, text));
    for user in &uses {
        for name in user["secrets"].as_array().into_iter().flatten() {
            if !stored.iter().any(|secret| secret["name"] == *name) {
                let name = raw(name);
                fault(format!(
                    "the {} {} uses {name}, which there is not. Store it: steadflow secrets set {name} --hosts HOST < FILE",
                    raw(&user["kind"]),
                    raw(&user["name"])
                ));
            }
        }
    }
    for secret in &stored {
        let name = raw(&secret["name"]);
        if secret["is_damaged"] == true {
            fault(format!(
                "{name} cannot be decrypted. Start the server with the master key that it was stored with, or set it again: \
                 steadflow secrets set {name}"
            ));
        }
        match secret["oauth2"]["connection"].as_str() {
            Some("needs_connection") => {
                fault(format!("{name} has to be allowed by a person: steadflow secrets connect {name}"));
            }
            Some("failing") => {
                let why = raw(&secret["oauth2"]["error"]);
                fault(format!(
                    "{name} gets no token: {why} If it stays so, connect it again: steadflow secrets connect {name}"
                ));
            }
            Some(_) | None => {}
        }
    }
    or_ok(ABOUT, faults, || format!("all {} that are used are there", uses_of(&uses)))
}

/// Counts the names of secrets that are used.
fn uses_of(uses: &[Value]) -> usize {
    let names = uses.iter().flat_map(|user| user["secrets"].as_array().into_iter().flatten());
    names.filter_map(Value::as_str).collect::<std::collections::BTreeSet<_>>().len()
}

async fn webhooks(server: &Server) -> Vec<Finding> {
    const ABOUT: &str = "webhooks";
    let webhooks = match list(server, ABOUT, "/webhooks").await {
        Ok(webhooks) => webhooks,
        Err(finding) => return vec![finding],
    };
    let mut faults = Vec::new();
    for webhook in &webhooks {
        let secrets = webhook["secrets"].as_array().map(Vec::as_slice).unwrap_or_default();
        if secrets.iter().any(|secret| secret["status"] == "set") {
            continue;
        }
        let names: Vec<String> = secrets
            .iter()
            .map(|secret| format!("{} is {}", raw(&secret["name"]), raw(&secret["status"])))
            .collect();
        let names = if names.is_empty() { "it names no secret".to_owned() } else { names.join(", ") };
        let is_active = webhook["flow_status"] == "active";
        let state = if is_active { State::Fault } else { State::Warning };
        let text = format!(
            "{} of the flow {} ({}) refuses every call: {names}. Set it: steadflow secrets set NAME < FILE",
            raw(&webhook["url_path"]),
            raw(&webhook["flow_name"]),
            raw(&webhook["flow_status"])
        );
        faults.push((ABOUT, state, text));
    }
    or_ok(ABOUT, faults, || format!("{} with a secret", output::count(webhooks.len(), "webhook")))
}

async fn commands(server: &Server) -> Vec<Finding> {
    const ABOUT: &str = "commands";
    let listed = list(server, ABOUT, "/mcp-commands").await;
    let agents = list(server, ABOUT, "/agents?agent_type=mcp&limit=1000").await;
    let (listed, agents) = match (listed, agents) {
        (Ok(listed), Ok(agents)) => (listed, agents),
        (Err(finding), _) | (_, Err(finding)) => return vec![finding],
    };
    let named = agents.iter().filter_map(|agent| Some((agent, agent["config"]["command"].as_str()?)));
    let missing = named.filter(|(_, name)| !listed.iter().any(|command| command["name"] == *name));
    let faults: Vec<Finding> = missing
        .map(|(agent, name)| {
            let agent = raw(&agent["name"]);
            let text = format!("the agent {agent} uses the local command {name}. Add `[mcp.{name}]` to steadflow.toml, or change the agent");
            (ABOUT, State::Fault, text)
        })
        .collect();
    or_ok(ABOUT, faults, || format!("{} of MCP servers", output::count(listed.len(), "local command")))
}

/// Looks for what is stored and cannot be read.
async fn damage(server: &Server) -> Vec<Finding> {
    const ABOUT: &str = "stored";
    let mut faults = Vec::new();
    let mut sound = 0;
    for path in ["/flows", "/agents", "/alerts"] {
        let query = if path == "/alerts" { "" } else { "?limit=1000" };
        match list(server, ABOUT, &format!("{path}{query}")).await {
            Ok(entries) => {
                sound += entries.len();
                let damaged = entries.iter().filter(|entry| !entry["damaged"].is_null());
                faults.extend(damaged.map(|entry| {
                    let text = format!(
                        "{path}/{}: {}. Delete it, or restore the database from a backup",
                        raw(&entry["id"]),
                        raw(&entry["damaged"])
                    );
                    (ABOUT, State::Fault, text)
                }));
            }
            Err(finding) => faults.push(finding),
        }
    }
    or_ok(ABOUT, faults, || format!("all {sound} of flows, agents and alerts can be read"))
}

async fn quotas(server: &Server) -> Vec<Finding> {
    const ABOUT: &str = "quota";
    const LIMITS: [(&str, &str, &str); 5] = [
        ("executions", "executions", "executions that have not ended"),
        ("starts_per_minute", "starts_last_minute", "starts in a minute"),
        ("stored_bytes", "stored_bytes", "stored bytes"),
        ("tokens_per_day", "tokens_today", "tokens in a day"),
        ("cost_per_day", "cost_today", "cost in a day"),
    ];
    let tenants = match list(server, ABOUT, "/tenants").await {
        Ok(tenants) => tenants,
        Err(finding) => return vec![finding],
    };
    let mut faults = Vec::new();
    for tenant in &tenants {
        for (limit, used, what) in LIMITS {
            let (Some(limit), Some(used)) = (tenant["quota"][limit].as_f64(), tenant["uses"][used].as_f64())
            else {
                continue;
            };
            if used >= limit * NEARLY {
                let state = if used >= limit { State::Fault } else { State::Warning };
                let name = raw(&tenant["name"]);
                let text = format!(
                    "the tenant {name} uses {used} of {limit} {what}. Raise it: steadflow tenants set-quota {name}, or wait"
                );
                faults.push((ABOUT, state, text));
            }
        }
    }
    or_ok(ABOUT, faults, || "no tenant is near to what it may use".to_owned())
}

async fn alerts(server: &Server) -> Vec<Finding> {
    const ABOUT: &str = "alerts";
    let alerts = match list(server, ABOUT, "/alerts").await {
        Ok(alerts) => alerts,
        Err(finding) => return vec![finding],
    };
    let failing = alerts.iter().filter_map(|alert| {
        let last = &alert["messages"][0];
        let is_failing = alert["enabled"] == true && !last["error"].is_null() && last["state"] != "sent";
        is_failing.then(|| {
            let text = format!(
                "the last message of {} was not sent: {}. Try it again in the studio, under Alerts",
                raw(&alert["name"]),
                raw(&last["error"])
            );
            (ABOUT, State::Warning, text)
        })
    });
    or_ok(ABOUT, failing.collect(), || {
        format!("{}, none with a message that was not sent", output::count(alerts.len(), "alert"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_of_http_are_read() {
        assert_eq!(seconds_of("Thu, 01 Jan 1970 00:01:00 GMT"), Some(60));
        assert_eq!(seconds_of("Tue, 01 Dec 2026 04:33:14 GMT"), Some(1_796_099_594));
        for wrong in ["", "Tue, 01 Dec 2026 04:33:14", "Tue, 01 Dez 2026 04:33:14 GMT", "a b Dec d e GMT"] {
            assert_eq!(seconds_of(wrong), None, "{wrong}");
        }
    }
}
