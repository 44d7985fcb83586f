//! That a deleted tenant leaves no row is tested over the schema, so that a new table cannot be forgotten.

use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};
use uuid::Uuid;

use super::*;
use crate::migrate::migrate;

const OURS: TenantId = TenantId::new(Uuid::from_u128(1));
const THEIRS: TenantId = TenantId::new(Uuid::from_u128(2));

/// Deleted with the executions, before the rest.
const WITH_EXECUTIONS: [&str; 1] = ["executions"];

/// Returns the tables that have a tenant, with their columns and types.
fn tables(db: &Connection) -> BTreeMap<String, Vec<(String, String)>> {
    let sql = "SELECT tables.name, columns.name, columns.type FROM sqlite_schema AS tables
        JOIN pragma_table_info(tables.name) AS columns
        WHERE tables.type = 'table' AND tables.name NOT LIKE 'sqlite_%' ORDER BY tables.name, columns.cid";
    let mut tables = BTreeMap::<String, Vec<(String, String)>>::new();
    let mut statement = db.prepare(sql).unwrap();
    let mut rows = statement.query([]).unwrap();
    while let Some(row) = rows.next().unwrap() {
        tables.entry(row.get(0).unwrap()).or_default().push((row.get(1).unwrap(), row.get(2).unwrap()));
    }
    tables.retain(|_, columns| columns.iter().any(|(name, _)| name == "tenant"));
    tables
}

/// Adds a row to each table for a tenant. What others refer to has the tenant's number as its key.
fn fill(db: &Connection, tables: &BTreeMap<String, Vec<(String, String)>>, tenant: TenantId) {
    let number = i64::try_from(tenant.uuid().as_u128()).unwrap();
    for (table, columns) in tables {
        let values = columns.iter().map(|(name, kind)| match (&**name, &**kind) {
            ("tenant", _) => Value::Blob(blob(tenant.uuid()).to_vec()),
            ("hash", _) => Value::Blob([blob(tenant.uuid()), [0; 16]].concat()),
            ("kind", _) => Value::Text("person".into()),
            (_, "BLOB") => Value::Blob(blob(tenant.uuid()).to_vec()),
            (_, "INTEGER") => Value::Integer(number),
            (_, "REAL") => Value::Real(1.0),
            (name, "TEXT") => Value::Text(format!("{name}{number}")),
            (name, kind) => panic!("{table}.{name} has the type {kind}"),
        });
        let names: Vec<&str> = columns.iter().map(|(name, _)| &**name).collect();
        let marks = vec!["?"; names.len()].join(", ");
        let sql = format!("INSERT INTO {table} ({}) VALUES ({marks})", names.join(", "));
        db.execute(&sql, params_from_iter(values)).unwrap_or_else(|error| panic!("{table}: {error}"));
    }
    for (table, key, above, _) in BELOW {
        let keys: Vec<&str> = key.split(", ").collect();
        let value = if *above == "session" {
            Value::Integer(number)
        } else {
            Value::Blob(blob(tenant.uuid()).to_vec())
        };
        let columns: Vec<(String, String)> = {
            let mut statement = db.prepare("SELECT name, type FROM pragma_table_info(?1)").unwrap();
            let rows = statement.query_map([table], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
            rows.collect::<rusqlite::Result<_>>().unwrap()
        };
        let values = columns.iter().map(|(name, kind)| match &**kind {
            _ if name == above => value.clone(),
            "BLOB" => Value::Blob(blob(tenant.uuid()).to_vec()),
            "INTEGER" => Value::Integer(number),
            _ => Value::Text(String::new()),
        });
        assert!(keys.iter().all(|key| columns.iter().any(|(name, _)| name == key)), "{table}");
        let marks = vec!["?"; columns.len()].join(", ");
        let sql = format!("INSERT INTO {table} VALUES ({marks})");
        db.execute(&sql, params_from_iter(values)).unwrap_or_else(|error| panic!("{table}: {error}"));
    }
}

fn count(db: &Connection, table: &str, which: &str, tenant: TenantId) -> u64 {
    let sql = format!("SELECT count(*) FROM {table} WHERE {which}");
    db.query_row(&sql, [blob(tenant.uuid())], |row| row.get(0)).unwrap()
}

#[test]
fn no_row_of_a_deleted_tenant_is_left_in_any_table() {
    let mut db = Connection::open_in_memory().unwrap();
    migrate(&mut db, Path::new(":memory:")).unwrap();
    let tables = tables(&db);
    for tenant in [OURS, THEIRS] {
        fill(&db, &tables, tenant);
        let record = TenantRecord {
            disabled_at: Some(Timestamp::from_micros(1)),
            deleting_since: (tenant == OURS).then_some(Timestamp::from_micros(1)),
            ..TenantRecord::new(tenant, tenant.to_string().into(), Timestamp::from_micros(1))
        };
        let sql = "INSERT INTO tenants (id, name, created_at, disabled_at, cancelling_since, deleting_since)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
        db.execute(sql, values(&record, &blob(tenant.uuid()))).unwrap();
    }
    assert!(db.execute("DELETE FROM audit WHERE tenant = ?1", [blob(THEIRS.uuid())]).is_err());

    assert_eq!(delete_rest(&db, THEIRS, 9).unwrap(), 0, "it is not being deleted");
    while delete_rest(&db, OURS, 1).unwrap() > 0 {}

    assert!(tables.len() > 20, "{tables:?}");
    for table in tables.keys().filter(|table| !WITH_EXECUTIONS.contains(&&***table)) {
        assert_eq!(
            count(&db, table, "tenant = ?1", OURS),
            0,
            "{table} has a row of the tenant that was deleted"
        );
        assert_eq!(count(&db, table, "tenant = ?1", THEIRS), 1, "{table} has lost a row of another tenant");
    }
    assert_eq!(count(&db, "tenants", "id = ?1", OURS), 0);
    for (table, ..) in BELOW {
        let left: u64 = db.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap();
        assert_eq!(left, 1, "{table}");
    }
}
