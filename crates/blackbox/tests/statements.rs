//! What two processes ask of PostgreSQL while flows of all sorts run: what distributed databases that speak it offer as well.

use std::collections::BTreeMap;

use serde_json::json;
use steadflow_blackbox::{Postgres, Setup, UnderWay, Workplace};

/// How statements begin.
const BEGINS: [&str; 9] =
    ["BEGIN", "COMMIT", "ROLLBACK", "SELECT", "(SELECT", "INSERT", "UPDATE", "DELETE", "WITH"];
/// How those begin that make the schema, or follow a move.
const MAKES: [&str; 3] = ["CREATE TABLE", "CREATE INDEX", "CREATE UNIQUE INDEX"];
/// Settings of a transaction.
const SETS: [&str; 3] = [
    "SET LOCAL IDLE_IN_TRANSACTION_SESSION_TIMEOUT",
    "SET LOCAL LOCK_TIMEOUT",
    "SET LOCAL STATEMENT_TIMEOUT",
];
/// What no statement has: it holds on to a session, puts all in one line, or is a program.
const NEVER: [&str; 19] = [
    "SAVEPOINT",
    "TRIGGER",
    "FUNCTION",
    "PROCEDURE",
    "TEMP",
    "TEMPORARY",
    "UNLOGGED",
    "ADVISORY",
    "LISTEN",
    "NOTIFY",
    "NEXTVAL",
    "SETVAL",
    "CURRVAL",
    "PREPARE",
    "DECLARE",
    "CURSOR",
    "TRUNCATE",
    "EXTENSION",
    "SERIALIZABLE",
];

/// Returns what the server was asked, each statement in one line and in capital letters, and how often.
fn statements(log: &str) -> BTreeMap<String, usize> {
    let mut entries: Vec<String> = Vec::new();
    for line in log.lines() {
        match line.strip_prefix("~ LOG:  ") {
            Some(entry) => entries.push(entry.to_owned()),
            // The lines of a statement begin with a tab.
            None if line.starts_with('\t') => {
                if let Some(entry) = entries.last_mut() {
                    entry.push('\n');
                    entry.push_str(line);
                }
            }
            None => {}
        }
    }
    let mut found = BTreeMap::new();
    for entry in entries {
        // The name of one that is prepared is not ours.
        let executed = || entry.strip_prefix("execute ").and_then(|named| named.split_once(": "));
        let text = entry.strip_prefix("statement: ").or_else(|| executed().map(|(_, text)| text));
        let Some(text) = text else { continue };
        for statement in without_comments(text).split(';').map(one_line).filter(|text| !text.is_empty()) {
            *found.entry(statement).or_default() += 1;
        }
    }
    found
}

fn without_comments(text: &str) -> String {
    text.lines().map(|line| line.split("--").next().unwrap_or_default().to_owned() + "\n").collect()
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").to_uppercase()
}

fn begins(statement: &str, with: &[&str]) -> bool {
    with.iter().any(|begin| statement.starts_with(begin))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn processes_ask_only_for_what_others_offer_as_well() {
    let settings = ["log_statement = 'all'", "log_line_prefix = '~ '", "log_parameter_max_length = 0"];
    let database = Postgres::start_with(60, &settings);
    let places = [Workplace::new(), Workplace::new()];
    let keep = ["--lease-seconds", "3", "--keep-completed-days", "0.00001"];
    let started =
        async |place: &Workplace| Setup::new(place).database(database.url()).arguments(keep).start().await;
    let (mut one, mut other) = (started(&places[0]).await, started(&places[1]).await);

    let underway = UnderWay::start(one.api()).await;
    one.kill();
    underway.ends(other.api()).await;
    one.restart().await;
    let again = other.api().start(&underway.flow, json!({})).await;
    one.api().finished(&again, std::time::Duration::from_secs(20)).await;
    let path = format!("flows/{}", underway.flow);
    other.api().call(reqwest::Method::DELETE, &path, &[], None).await.expect("an answer");
    one.stop().await;
    other.stop().await;

    let found = statements(&database.log());
    let strange: Vec<&String> = found
        .keys()
        .filter(|statement| {
            let is_known = begins(statement, &BEGINS) || begins(statement, &SETS) || is_of_schema(statement);
            let words: Vec<&str> = statement.split(|c: char| !c.is_ascii_alphanumeric()).collect();
            !is_known || NEVER.iter().any(|never| words.contains(never))
        })
        .collect();
    assert!(strange.is_empty(), "{strange:#?}");
    let sum = |begin: &str| -> usize {
        found.iter().filter(|(statement, _)| statement.starts_with(begin)).map(|(_, count)| count).sum()
    };
    for begin in BEGINS.iter().chain(&SETS).chain(&MAKES) {
        assert!(sum(begin) > 0 || *begin == "ROLLBACK", "nothing began with {begin}: is the log read?");
    }
    let of_tail = found.iter().filter(|(statement, _)| statement.contains("INSERT INTO TAIL"));
    assert!(of_tail.map(|(_, count)| count).sum::<usize>() > 10, "flows ran");
    assert!(sum("ALTER TABLE JOURNALS ATTACH PARTITION JOURNALS_2") >= 3, "history is kept by day");
    assert!(sum("DELETE FROM ORPHANS") > 0, "and one process took over from the other");
}

/// What keeps history by day, where the database can: see `by_day.sql`.
fn is_of_days(statement: &str) -> bool {
    begins(statement, &["ALTER TABLE JOURNALS", "ALTER TABLE LONG_RECORDS"])
        && (statement.contains(" ATTACH PARTITION ") || statement.contains(" RENAME TO "))
}

/// The schema has foreign keys of what belongs to alerts, and of nothing that is written often.
fn is_of_schema(statement: &str) -> bool {
    let is_of_alerts = statement.starts_with("CREATE TABLE ALERT_");
    let has_foreign_key = statement.contains("REFERENCES");
    (begins(statement, &MAKES) && (is_of_alerts || !has_foreign_key))
        || is_of_days(statement)
        || (statement.starts_with("ALTER TABLE TAIL ALTER COLUMN")
            && statement.ends_with("SET STORAGE EXTERNAL"))
}
