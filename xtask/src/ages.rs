//! How old the locked crates are. A version that was taken over by an attacker is usually found and removed within days, so none
//! is used before it is a week old.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

const DAYS: i64 = 7;
const INDEX: &str = "https://index.crates.io";
/// What `curl` writes behind each answer.
const END: &str = "--end-of-answer--";

/// A line of the index: one version of a crate.
#[derive(Deserialize)]
struct Published {
    name: String,
    vers: String,
    pubtime: Option<Timestamp>,
}

/// Returns the crates in `Cargo.lock` that are younger than a week, or whose age the index does not say. Asks the index on the
/// network.
pub(crate) fn findings(root: &Path) -> Result<Vec<String>> {
    let lock: toml::Table = toml::from_str(&std::fs::read_to_string(root.join("Cargo.lock"))?)?;
    let locked = registry_crates(&lock);
    let answers = ask(locked.keys().map(String::as_str))?;
    young(&locked, &answers, Timestamp::now())
}

/// Returns the crates of the registry with their versions.
fn registry_crates(lock: &toml::Table) -> BTreeMap<String, Vec<String>> {
    let packages = lock.get("package").and_then(toml::Value::as_array).into_iter().flatten();
    let mut crates: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for package in packages.filter(|package| package.get("source").is_some()) {
        let text = |key: &str| package.get(key).and_then(toml::Value::as_str).unwrap_or_default().to_owned();
        crates.entry(text("name")).or_default().push(text("version"));
    }
    crates
}

/// Returns the address of a crate in the index.
fn address(name: &str) -> String {
    let name = name.to_lowercase();
    match name.len() {
        1 => format!("{INDEX}/1/{name}"),
        2 => format!("{INDEX}/2/{name}"),
        3 => format!("{INDEX}/3/{}/{name}", &name[..1]),
        _ => format!("{INDEX}/{}/{}/{name}", &name[..2], &name[2..4]),
    }
}

/// Asks the index for all crates, with one process.
fn ask<'a>(names: impl Iterator<Item = &'a str>) -> Result<String> {
    let mut config =
        format!("silent\nshow-error\nfail\ncompressed\nretry = 3\nwrite-out = \"\\n{END}\\n\"\n");
    for name in names {
        writeln!(config, "url = \"{}\"", address(name))?;
    }
    let mut curl = Command::new("curl")
        .args(["--config", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("curl cannot be run")?;
    let mut input = curl.stdin.take().context("curl has an input")?;
    let writer = std::thread::spawn(move || std::io::Write::write_all(&mut input, config.as_bytes()));
    let output = curl.wait_with_output()?;
    writer.join().expect("it does not panic").context("curl did not take its list")?;
    ensure!(output.status.success(), "the index of crates did not answer: {}", output.status);
    String::from_utf8(output.stdout).context("an answer of the index is not text")
}

fn young(locked: &BTreeMap<String, Vec<String>>, answers: &str, now: Timestamp) -> Result<Vec<String>> {
    let mut published = BTreeMap::new();
    for line in answers.lines().filter(|line| line.starts_with('{')) {
        let Published { name, vers, pubtime } = serde_json::from_str(line).context("a line of the index")?;
        published.insert((name, vers), pubtime);
    }
    if published.is_empty() {
        bail!("the index of crates has answered nothing");
    }
    let least = now - SignedDuration::from_hours(24 * DAYS);
    let all = locked.iter().flat_map(|(name, versions)| versions.iter().map(move |version| (name, version)));
    let finding = |(name, version): (&String, &String)| match published.get(&(name.clone(), version.clone()))
    {
        Some(Some(at)) if *at <= least => None,
        Some(Some(at)) => Some(format!(
            "{name} {version} was published at {at}, less than {DAYS} days ago. Use an older version, or wait"
        )),
        Some(None) | None => Some(format!("{name} {version}: the index does not say when it was published")),
    };
    Ok(all.filter_map(finding).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_younger_than_a_week_or_of_unknown_age_is_found() {
        let lock = "[[package]]\nname = \"ours\"\nversion = \"0.1.0\"\n".to_owned()
            + &["old", "new", "unknown", "missing"]
                .map(|name| {
                    format!("[[package]]\nname = \"{name}\"\nversion = \"1.0.0\"\nsource = \"registry\"\n")
                })
                .concat();
        let answers = r#"{"name":"old","vers":"1.0.0","pubtime":"2026-01-01T00:00:00Z"}
--end-of-answer--
{"name":"new","vers":"0.9.0","pubtime":"2026-01-01T00:00:00Z"}
{"name":"new","vers":"1.0.0","pubtime":"2026-01-02T00:00:01Z"}
--end-of-answer--
{"name":"unknown","vers":"1.0.0"}"#;
        let locked = registry_crates(&toml::from_str(&lock).unwrap());

        let found = young(&locked, answers, "2026-01-09T00:00:00Z".parse().unwrap()).unwrap();

        assert_eq!(
            found,
            [
                "missing 1.0.0: the index does not say when it was published",
                "new 1.0.0 was published at 2026-01-02T00:00:01Z, less than 7 days ago. Use an older version, or wait",
                "unknown 1.0.0: the index does not say when it was published",
            ]
        );
        assert!(young(&locked, "", Timestamp::now()).is_err(), "no answer is not a good one");
    }

    #[test]
    fn the_index_has_an_address_for_each_length_of_a_name() {
        let of = |name| address(name).replace(INDEX, "");
        assert_eq!(["a", "ab", "abc", "Abcd"].map(of), ["/1/a", "/2/ab", "/3/a/abc", "/ab/cd/abcd"]);
    }
}
