//! Flows and agents with their versions, read as the server reads them.

use rusqlite::{Connection, Row};
use steadflow_core::flow::Document;
use steadflow_store::{Damaged, VersionId};

use super::Findings;
use crate::catalogue::{agents, flows};
use crate::columns::{listed, listed_version};

/// Says what cannot be read of flows and agents.
pub(super) fn examine(db: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut findings = Findings::default();
    let mut look = |sql, read: Read| look(db, sql, read, &mut findings);
    look(include_str!("../queries/flows.sql"), |row| {
        let damaged = listed(row, flows::read)?.err();
        Ok(damaged.map(|Damaged { id, reason }| format!("Flow {id} cannot be read: {reason}.")))
    })?;
    look(include_str!("../queries/flow_versions.sql"), |row| {
        let read = listed_version(row, flows::read_version)?.map(|version| {
            let error = Document::restore(&version.document).err()?;
            let id = VersionId { of: version.flow.uuid(), version: version.version };
            Some(Damaged { id, reason: error.to_string() })
        });
        Ok(read.unwrap_or_else(Some).map(|damaged| of_version("of flow", &damaged)))
    })?;
    look(include_str!("../queries/agents.sql"), |row| {
        let damaged = listed(row, agents::read)?.err();
        Ok(damaged.map(|Damaged { id, reason }| format!("Agent {id} cannot be read: {reason}.")))
    })?;
    look(include_str!("../queries/agent_versions.sql"), |row| {
        let read = listed_version(row, agents::read_version)?.map(|version| {
            let id = VersionId { of: version.agent.uuid(), version: version.version };
            version.agent().err().map(|error| Damaged::of(id, &error))
        });
        Ok(read.unwrap_or_else(Some).map(|damaged| of_version("of agent", &damaged)))
    })?;
    Ok(findings.into_sentences())
}

/// Returns what is wrong with a row, if anything.
type Read = fn(&Row<'_>) -> rusqlite::Result<Option<String>>;

fn look(db: &Connection, sql: &str, read: Read, findings: &mut Findings) -> rusqlite::Result<()> {
    let mut statement = db.prepare(sql)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        if let Some(finding) = read(row)? {
            findings.add(finding);
        }
    }
    Ok(())
}

fn of_version(what: &str, Damaged { id: VersionId { of, version }, reason }: &Damaged<VersionId>) -> String {
    format!("Version {version} {what} {of} cannot be read: {reason}.")
}
