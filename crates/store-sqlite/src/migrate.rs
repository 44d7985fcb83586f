//! Migrations: numbered SQL, run once each, forward only; some with a step that SQL cannot say.

mod batches;
mod long_records;

use std::path::Path;

use rusqlite::{Connection, OptionalExtension, TransactionBehavior};
use sha2::{Digest, Sha256};
use steadflow_core::timestamp::Timestamp;

use crate::OpenError;

struct Migration {
    number: u32,
    name: &'static str,
    sql: &'static str,
    /// What follows on the SQL.
    step: Option<fn(&Connection) -> rusqlite::Result<()>>,
}

/// In order, from 1, without gaps. The text of one that was released never changes.
const MIGRATIONS: &[Migration] = &[
    Migration::new(1, "initial", include_str!("../migrations/0001_initial.sql")),
    Migration::new(2, "standstill", include_str!("../migrations/0002_standstill.sql")),
    Migration::new(
        3,
        "inbox_and_agent_versions",
        include_str!("../migrations/0003_inbox_and_agent_versions.sql"),
    ),
    Migration::new(4, "batches", include_str!("../migrations/0004_batches.sql")).then(batches::rewrite),
    Migration::new(5, "final_journals", include_str!("../migrations/0005_final_journals.sql")),
    Migration::new(6, "unfinished", include_str!("../migrations/0006_unfinished.sql")),
    Migration::new(7, "waiting", include_str!("../migrations/0007_waiting.sql")),
    Migration::new(8, "parents", include_str!("../migrations/0008_parents.sql")),
    Migration::new(9, "long_records", include_str!("../migrations/0009_long_records.sql"))
        .then(long_records::copy),
    Migration::new(10, "costs", include_str!("../migrations/0010_costs.sql")),
    Migration::new(11, "agent_budgets", include_str!("../migrations/0011_agent_budgets.sql")),
    Migration::new(12, "sessions", include_str!("../migrations/0012_sessions.sql")),
    Migration::new(13, "bodies", include_str!("../migrations/0013_bodies.sql")),
    Migration::new(14, "children", include_str!("../migrations/0014_children.sql")),
    Migration::new(15, "roots", include_str!("../migrations/0015_roots.sql")),
    Migration::new(16, "schedules", include_str!("../migrations/0016_schedules.sql")),
    Migration::new(17, "events", include_str!("../migrations/0017_events.sql")),
    Migration::new(18, "webhooks", include_str!("../migrations/0018_webhooks.sql")),
    Migration::new(19, "forks", include_str!("../migrations/0019_forks.sql")),
    Migration::new(20, "alerts", include_str!("../migrations/0020_alerts.sql")),
    Migration::new(21, "queue", include_str!("../migrations/0021_queue.sql")),
    Migration::new(22, "signing_keys", include_str!("../migrations/0022_signing_keys.sql")),
    Migration::new(23, "alert_claims", include_str!("../migrations/0023_alert_claims.sql")),
    Migration::new(24, "flow_ends", include_str!("../migrations/0024_flow_ends.sql")),
    Migration::new(25, "alert_groups_old", include_str!("../migrations/0025_alert_groups_old.sql")),
    Migration::new(26, "contexts", include_str!("../migrations/0026_contexts.sql")),
    Migration::new(27, "session_summaries", include_str!("../migrations/0027_session_summaries.sql")),
    Migration::new(28, "identities", include_str!("../migrations/0028_identities.sql")),
    Migration::new(29, "audit", include_str!("../migrations/0029_audit.sql")),
    Migration::new(30, "secrets", include_str!("../migrations/0030_secrets.sql")),
    Migration::new(31, "oidc_subjects", include_str!("../migrations/0031_oidc_subjects.sql")),
    Migration::new(32, "passkeys", include_str!("../migrations/0032_passkeys.sql")),
    Migration::new(33, "tenants", include_str!("../migrations/0033_tenants.sql")),
    Migration::new(34, "oauth", include_str!("../migrations/0034_oauth.sql")),
    Migration::new(35, "folders", include_str!("../migrations/0035_folders.sql")),
    Migration::new(36, "blobs", include_str!("../migrations/0036_blobs.sql")),
    Migration::new(37, "flow_drafts", include_str!("../migrations/0037_flow_drafts.sql")),
    Migration::new(38, "grants_of_invitations", include_str!("../migrations/0038_grants_of_invitations.sql")),
    Migration::new(39, "notes_of_versions", include_str!("../migrations/0039_notes_of_versions.sql")),
    Migration::new(40, "pauses", include_str!("../migrations/0040_pauses.sql")),
    Migration::new(41, "notes", include_str!("../migrations/0041_notes.sql")),
    Migration::new(42, "presence", include_str!("../migrations/0042_presence.sql")),
];

/// The number of the row that says that the database must not be opened. No version knows so many migrations, so older ones refuse
/// it, too.
const MARK: u32 = 1_000_000;
/// What the row is called of a database that is being moved to.
const UNFINISHED: &str = "unfinished move";
/// Stands before the place that a database was moved to.
const MOVED_TO: &str = "moved to ";
/// Stands before the time at which a backup was made.
const BACKUP_OF: &str = "backup of ";

/// Why a database must not be opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    /// It has only a part of what is moved to it.
    Unfinished,
    /// Its executions go on there.
    Moved(String),
    /// It is a copy that was made at this time.
    Backup(Timestamp),
}

impl Mark {
    fn of(name: &str) -> Self {
        let moved = name.strip_prefix(MOVED_TO).map(|to| Self::Moved(to.to_owned()));
        let backup = || Timestamp::parse(name.strip_prefix(BACKUP_OF)?).ok().map(Self::Backup);
        moved.or_else(backup).unwrap_or(Self::Unfinished)
    }

    fn name(&self) -> String {
        match self {
            Self::Unfinished => UNFINISHED.to_owned(),
            Self::Moved(to) => format!("{MOVED_TO}{to}"),
            Self::Backup(at) => format!("{BACKUP_OF}{at}"),
        }
    }

    fn refusal(self, path: &Path) -> OpenError {
        let path = path.to_owned();
        match self {
            Self::Unfinished => OpenError::Unfinished { path },
            Self::Moved(to) => OpenError::Moved { path, to },
            Self::Backup(taken_at) => OpenError::Backup { path, taken_at },
        }
    }
}

/// Says why the database must not be opened, or that it may be.
pub(crate) fn mark(db: &Connection, mark: Option<&Mark>) -> rusqlite::Result<()> {
    db.execute("DELETE FROM schema_migrations WHERE number = ?1", [MARK])?;
    let Some(mark) = mark else { return Ok(()) };
    note(db, MARK, &mark.name(), &[])
}

/// Looks whether it is a database of ours that may be opened, whatever its schema.
pub(crate) fn check_mark(db: &Connection, path: &Path) -> Result<(), OpenError> {
    read_mark(db, path)?.map_or(Ok(()), |mark| Err(mark.refusal(path)))
}

/// Returns when a backup was made; `None` if the database is none.
pub(crate) fn backup_mark(db: &Connection, path: &Path) -> Result<Option<Timestamp>, OpenError> {
    match read_mark(db, path)? {
        Some(Mark::Backup(taken_at)) => Ok(Some(taken_at)),
        Some(other) => Err(other.refusal(path)),
        None => Ok(None),
    }
}

fn read_mark(db: &Connection, path: &Path) -> Result<Option<Mark>, OpenError> {
    let failed =
        |source: rusqlite::Error| OpenError::Database { path: path.to_owned(), source: source.into() };
    if !is_ours(db).map_err(failed)? || !has_schema(db).map_err(failed)? {
        return Err(OpenError::Foreign { path: path.to_owned() });
    }
    let sql = "SELECT name FROM schema_migrations WHERE number = ?1";
    let name = db.query_row(sql, [MARK], |row| row.get::<_, String>(0)).optional().map_err(failed)?;
    Ok(name.map(|name| Mark::of(&name)))
}

/// Looks whether the schema is that of this version and the database may be opened, and changes nothing.
pub(crate) fn check(db: &Connection, path: &Path) -> Result<(), OpenError> {
    let failed =
        |source: rusqlite::Error| OpenError::Database { path: path.to_owned(), source: source.into() };
    if !is_ours(db).map_err(failed)? {
        return Err(OpenError::Foreign { path: path.to_owned() });
    }
    let found = if has_schema(db).map_err(failed)? { found(MIGRATIONS, db, path)? } else { 0 };
    let known = u32::try_from(MIGRATIONS.len()).unwrap_or(u32::MAX);
    if found < known { Err(OpenError::Older { path: path.to_owned(), found, known }) } else { Ok(()) }
}

fn has_schema(db: &Connection) -> rusqlite::Result<bool> {
    db.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'schema_migrations'")?.exists([])
}

/// Brings the schema up to date.
pub(crate) fn migrate(db: &mut Connection, path: &Path) -> Result<(), OpenError> {
    migrate_to(MIGRATIONS, db, path)
}

fn migrate_to(migrations: &[Migration], db: &mut Connection, path: &Path) -> Result<(), OpenError> {
    let failed =
        |source: rusqlite::Error| OpenError::Database { path: path.to_owned(), source: source.into() };
    // One transaction around all: a crash in between leaves the schema of before.
    let tx = db.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
    if !is_ours(&tx).map_err(failed)? {
        return Err(OpenError::Foreign { path: path.to_owned() });
    }
    tx.execute_batch(include_str!("queries/schema_migrations.sql")).map_err(failed)?;
    let found = found(migrations, &tx, path)?;
    for migration in migrations.iter().filter(|migration| migration.number > found) {
        run(&tx, migration).map_err(failed)?;
    }
    tx.commit().map_err(failed)
}

/// Returns the number of the last migration that was made, if all are those that are known and the database may be opened.
fn found(migrations: &[Migration], db: &Connection, path: &Path) -> Result<u32, OpenError> {
    let failed =
        |source: rusqlite::Error| OpenError::Database { path: path.to_owned(), source: source.into() };
    let sql = "SELECT number, name, checksum FROM schema_migrations ORDER BY number";
    let mut statement = db.prepare(sql).map_err(failed)?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).map_err(failed)?;
    let rows: Vec<(u32, String, Vec<u8>)> = rows.collect::<rusqlite::Result<_>>().map_err(failed)?;
    let Some((found, name, _)) = rows.last() else { return Ok(0) };
    let known = u32::try_from(migrations.len()).unwrap_or(u32::MAX);
    if *found == MARK {
        return Err(Mark::of(name).refusal(path));
    }
    if *found > known {
        return Err(OpenError::Newer { path: path.to_owned(), found: *found, known });
    }
    let differs =
        rows.iter().zip(migrations).find(|((_, _, checksum), migration)| *checksum != migration.checksum());
    match differs {
        Some((_, migration)) => {
            Err(OpenError::Differs { path: path.to_owned(), migration: migration.number })
        }
        None => Ok(*found),
    }
}

/// Returns whether the file is empty or was made by us.
fn is_ours(db: &Connection) -> rusqlite::Result<bool> {
    db.query_row(
        "SELECT count(*) = 0 OR count(*) FILTER (WHERE name = 'schema_migrations') = 1 FROM sqlite_schema",
        [],
        |row| row.get(0),
    )
}

fn run(db: &Connection, migration: &Migration) -> rusqlite::Result<()> {
    db.execute_batch(migration.sql)?;
    if let Some(step) = migration.step {
        step(db)?;
    }
    note(db, migration.number, migration.name, &migration.checksum())
}

fn note(db: &Connection, number: u32, name: &str, checksum: &[u8]) -> rusqlite::Result<()> {
    let sql = "INSERT INTO schema_migrations (number, name, checksum, applied_at)
         VALUES (?1, ?2, ?3, CAST(unixepoch('subsec') * 1000000 AS INTEGER))";
    db.execute(sql, (number, name, checksum)).map(drop)
}

impl Migration {
    const fn new(number: u32, name: &'static str, sql: &'static str) -> Self {
        Self { number, name, sql, step: None }
    }

    const fn then(self, step: fn(&Connection) -> rusqlite::Result<()>) -> Self {
        Self { step: Some(step), ..self }
    }

    fn checksum(&self) -> Vec<u8> {
        Sha256::digest(self.sql).to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOWHERE: &str = "memory";

    fn database(migrations: &[Migration]) -> Connection {
        let mut db = Connection::open_in_memory().unwrap();
        migrate_to(migrations, &mut db, Path::new(NOWHERE)).unwrap();
        db
    }

    fn schema(db: &Connection) -> Vec<String> {
        let mut statement =
            db.prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name").unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().collect::<rusqlite::Result<_>>().unwrap()
    }

    #[test]
    fn database_of_every_earlier_version_is_brought_up_to_date() {
        for version in 1..MIGRATIONS.len() {
            let mut db = database(&MIGRATIONS[..version]);
            db.execute(
                "INSERT INTO executions (id, tenant, flow, flow_version, status, retrying, recovered, triggered_by,
                     created_at, total_nodes, completed_nodes, failed_nodes, attempts)
                 VALUES (x'01', x'02', x'03', 1, 'running', 1, 0, 'api', 7, 1, 0, 0, 1)",
                [],
            )
            .unwrap();

            migrate(&mut db, Path::new(NOWHERE)).unwrap();

            assert_eq!(schema(&db), schema(&database(MIGRATIONS)), "from version {version}");
            let kept: i64 = db.query_row("SELECT created_at FROM executions", [], |row| row.get(0)).unwrap();
            assert_eq!(kept, 7);
        }
    }

    #[test]
    fn database_of_a_later_version_is_refused() {
        let mut db = database(MIGRATIONS);

        let refused = migrate_to(&MIGRATIONS[..1], &mut db, Path::new(NOWHERE));

        let all = u32::try_from(MIGRATIONS.len()).unwrap();
        assert!(
            matches!(refused, Err(OpenError::Newer { found, known: 1, .. }) if found == all),
            "{refused:?}"
        );
    }

    #[test]
    fn migration_whose_text_has_changed_is_refused() {
        let mut db = database(MIGRATIONS);
        db.execute("UPDATE schema_migrations SET checksum = x'00' WHERE number = 1", []).unwrap();

        let refused = migrate(&mut db, Path::new(NOWHERE));

        assert!(matches!(refused, Err(OpenError::Differs { migration: 1, .. })), "{refused:?}");
    }
}
