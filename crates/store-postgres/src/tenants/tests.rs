//! That a deleted tenant leaves no row is tested over the schema, so that a new table cannot be forgotten.

use std::collections::BTreeMap;

use super::*;
use crate::testing;

const OURS: TenantId = TenantId::new(Uuid::from_u128(1));
const THEIRS: TenantId = TenantId::new(Uuid::from_u128(2));

/// Returns the columns of tables with their types; without partitions, which their tables have.
async fn columns(db: &Client) -> BTreeMap<String, Vec<(String, String)>> {
    let sql = "SELECT table_name::text, column_name::text, udt_name::text FROM information_schema.columns
        WHERE table_schema = current_schema() AND is_identity = 'NO'
        AND to_regclass(table_name) NOT IN (SELECT inhrelid FROM pg_inherits)
        ORDER BY table_name, ordinal_position";
    let mut tables = BTreeMap::<String, Vec<(String, String)>>::new();
    for row in db.query_typed(sql, &[]).await.unwrap() {
        tables.entry(row.get(0)).or_default().push((row.get(1), row.get(2)));
    }
    tables
}

/// Adds a row to a table, with the id of the tenant in all columns that have ids.
async fn add(db: &Client, table: &str, columns: &[(String, String)], tenant: TenantId) {
    let (id, number) = (tenant.uuid(), tenant.uuid().as_u128());
    let values = columns.iter().map(|(name, kind)| match (&**name, &**kind) {
        ("hash" | "credential", _) => format!("decode('{}', 'hex')", format!("{:032x}", number).repeat(2)),
        ("kind", _) => "'person'".to_owned(),
        (_, "uuid") => format!("'{id}'"),
        (_, "int8" | "int2" | "float8") => number.to_string(),
        (_, "bool") => "false".to_owned(),
        (name, "text") => format!("'{name}{number}'"),
        (_, "bytea") => "''".to_owned(),
        (name, kind) => panic!("{table}.{name} has the type {kind}"),
    });
    let names: Vec<&str> = columns.iter().map(|(name, _)| &**name).collect();
    let values: Vec<String> = values.collect();
    let sql = format!("INSERT INTO {table} ({}) VALUES ({})", names.join(", "), values.join(", "));
    db.batch_execute(&sql).await.unwrap_or_else(|error| panic!("{table}: {error}"));
}

async fn count(db: &Client, sql: &str) -> i64 {
    db.query_typed_one(sql, &[]).await.unwrap().get(0)
}

#[tokio::test]
async fn no_row_of_a_deleted_tenant_is_left_in_any_table() {
    let store = testing::store().await;
    let db = session(&store.pool).await.unwrap();
    let all = columns(&db).await;
    let has_tenant = |columns: &[(String, String)]| columns.iter().any(|(name, _)| name == "tenant");
    let tables: Vec<&String> =
        all.iter().filter(|(_, columns)| has_tenant(columns)).map(|(table, _)| table).collect();
    for tenant in [OURS, THEIRS] {
        for table in &tables {
            add(&db, table, &all[*table], tenant).await;
        }
        for (table, ..) in BELOW {
            add(&db, table, &all[*table], tenant).await;
        }
        let at = Timestamp::from_micros(1);
        let record = TenantRecord {
            deleting_since: (tenant == OURS).then_some(at),
            ..TenantRecord::new(tenant, tenant.to_string().into(), at)
        };
        assert!(store.create_tenant(record).await.unwrap());
    }

    assert_eq!(store.delete_rest_of(THEIRS, 9).await.unwrap(), 0, "it is not being deleted");
    while store.delete_rest_of(OURS, 1).await.unwrap() > 0 {}

    assert!(tables.len() > 20, "{tables:?}");
    // Executions are deleted before, with what is stored of them.
    for table in tables.into_iter().filter(|table| **table != "executions") {
        let of = |tenant: TenantId| format!("SELECT count(*) FROM {table} WHERE tenant = '{tenant}'");
        assert_eq!(count(&db, &of(OURS)).await, 0, "{table} has a row of the tenant that was deleted");
        assert_eq!(count(&db, &of(THEIRS)).await, 1, "{table} has lost a row of another tenant");
    }
    for (table, ..) in BELOW {
        assert_eq!(count(&db, &format!("SELECT count(*) FROM {table}")).await, 1, "{table}");
    }
    assert_eq!(count(&db, &format!("SELECT count(*) FROM tenants WHERE id = '{OURS}'")).await, 0);
}
