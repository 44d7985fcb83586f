//! The partition of a day.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Display};
use std::time::Duration;

use steadflow_core::budget::Day;
use steadflow_core::timestamp::Timestamp;
use tokio_postgres::Client;
use uuid::Uuid;

use crate::columns::get;
use crate::error::Result;
use crate::value::params;

/// How long a change may wait for a lock: what comes after it waits as long.
const LOCK_TIMEOUT: &str = "SET LOCAL lock_timeout = '50ms'";
/// How many days are made ahead, with the one that is.
const AHEAD: usize = 3;
/// How large the rest may be where a day is attached: it is read meanwhile, and who writes to the rest waits.
const REST_BYTES_MAX: i64 = 256 * 1024 * 1024;
/// How many days back are made for what is moved.
const BACK: Duration = Duration::from_secs(1_000 * 86_400);

/// Partitions, with when each was analysed last.
pub(super) type Made = BTreeMap<Partition, Option<Timestamp>>;

/// The journals or long records of a day. Its name is that of the table and the date.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Partition {
    pub(super) table: &'static str,
    pub(super) day: Day,
}

impl Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let date = start(self.day).to_string();
        write!(f, "{}_{}{}{}", self.table, &date[..4], &date[5..7], &date[8..10])
    }
}

impl Partition {
    /// Returns those of `table` that are needed soon.
    pub(super) fn ahead(table: &'static str, now: Timestamp) -> impl Iterator<Item = Self> {
        let days = std::iter::successors(Some(Day::of(now)), |day| Some(Day::of(day.end())));
        days.take(AHEAD).map(move |day| Self { table, day })
    }

    /// Returns those of `table` in which executions are that were made up to `now`, and not long ago.
    pub(super) fn of_past(
        table: &'static str,
        ids: impl Iterator<Item = Uuid>,
        now: Timestamp,
    ) -> BTreeSet<Self> {
        let past = Day::of(now.minus(BACK))..=Day::of(now);
        let days = ids.map(|id| Day::of(time_of(id))).filter(|day| past.contains(day));
        days.map(|day| Self { table, day }).collect()
    }

    fn named(table: &'static str, name: &str) -> Option<Self> {
        let date = name.strip_prefix(table)?.strip_prefix('_')?;
        let (year, month, day) = (date.get(..4)?, date.get(4..6)?, date.get(6..)?);
        let start = Timestamp::parse(&format!("{year}-{month}-{day}T00:00:00Z")).ok()?;
        Some(Self { table, day: Day::of(start) }).filter(|partition| partition.to_string() == name)
    }

    /// Returns the first id of the day, and that after its last.
    pub(super) fn ids(&self) -> (Uuid, Uuid) {
        (first_id(start(self.day)), first_id(self.day.end()))
    }

    /// Makes it, in a transaction that has the schema to itself, unless it is there, or rows of it are in the rest.
    pub(super) async fn make(&self, db: &Client) -> Result<()> {
        let (table, (first, end)) = (self.table, self.ids());
        let sql = format!(
            "SELECT to_regclass($1) IS NULL AND pg_relation_size('{table}_rest') <= $4
                AND NOT EXISTS (SELECT 1 FROM {table}_rest WHERE execution >= $2 AND execution < $3)"
        );
        let name = self.to_string();
        let can_be = db.query_typed_one(&sql, params![name, first, end, REST_BYTES_MAX]).await?;
        if !get(&can_be, 0)? {
            return Ok(());
        }
        // Apart from its table, which is locked only to attach it: those who read and write that do not wait.
        let sql = format!(
            "{LOCK_TIMEOUT};
            CREATE TABLE {self} (LIKE {table} INCLUDING ALL);
            ALTER TABLE {table} ATTACH PARTITION {self} FOR VALUES FROM ('{first}') TO ('{end}')"
        );
        Ok(db.batch_execute(&sql).await?)
    }

    pub(super) async fn is_there(&self, db: &Client) -> Result<bool> {
        let sql = "SELECT to_regclass($1) IS NOT NULL";
        get(&db.query_typed_one(sql, params![self.to_string()]).await?, 0)
    }

    /// Takes away all rows. Nobody else waits: it locks this partition alone.
    pub(super) async fn empty(&self, db: &Client) -> Result<()> {
        Ok(db.batch_execute(&format!("{LOCK_TIMEOUT}; TRUNCATE {self}")).await?)
    }

    /// Takes it away if it is empty. Returns whether it was. Those who read or write its table wait until the transaction ends.
    pub(super) async fn remove(&self, db: &Client) -> Result<bool> {
        let detach = format!("{LOCK_TIMEOUT}; ALTER TABLE {} DETACH PARTITION {self}", self.table);
        db.batch_execute(&detach).await?;
        let row = db.query_typed_one(&format!("SELECT EXISTS (SELECT 1 FROM {self})"), &[]).await?;
        if get(&row, 0)? {
            return Ok(false);
        }
        db.batch_execute(&format!("DROP TABLE {self}")).await?;
        Ok(true)
    }

    /// Counts its values for the planner.
    pub(super) async fn analyze(&self, db: &Client) -> Result<()> {
        Ok(db.batch_execute(&format!("{LOCK_TIMEOUT}; ANALYZE {self}")).await?)
    }
}

/// Returns the partitions of a table.
pub(super) async fn of(db: &Client, table: &'static str) -> Result<Made> {
    let sql = "SELECT relname::text, (
            SELECT (extract(epoch FROM last_analyze) * 1000000)::bigint
            FROM pg_stat_user_tables WHERE relid = pg_class.oid
        )
        FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid WHERE inhparent = to_regclass($1)";
    let mut found = Made::new();
    for row in db.query_typed(sql, params![table]).await? {
        if let Some(partition) = Partition::named(table, get(&row, 0)?) {
            found.insert(partition, get::<Option<i64>>(&row, 1)?.map(Timestamp::from_micros));
        }
    }
    Ok(found)
}

fn start(day: Day) -> Timestamp {
    day.end().minus(Duration::from_secs(86_400))
}

/// Returns the lowest id of those that are made from `moment` on.
fn first_id(moment: Timestamp) -> Uuid {
    let millis = u64::try_from(moment.as_micros() / 1_000).unwrap_or_default();
    Uuid::from_u128(u128::from(millis) << 80)
}

/// Returns when an id was made, if it says so.
fn time_of(id: Uuid) -> Timestamp {
    let millis = i64::try_from(id.as_u128() >> 80).unwrap_or_default();
    Timestamp::from_micros(millis * 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_named_by_its_date_and_has_the_ids_of_its_time() {
        let noon = Timestamp::parse("2026-11-30T12:00:00Z").unwrap();
        let [day, next, last] = Partition::ahead("journals", noon).collect::<Vec<_>>()[..] else { panic!() };

        assert_eq!(day.to_string(), "journals_20261130");
        assert_eq!(
            (next.to_string(), last.to_string()),
            ("journals_20261201".into(), "journals_20261202".into())
        );
        assert_eq!(Partition::named("journals", "journals_20261130"), Some(day));
        for other in
            ["journals_rest", "journals_20261131", "journals_2026113", "journals_202611300", "x_20261130"]
        {
            assert_eq!(Partition::named("journals", other), None, "{other}");
        }
        let at = |moment: &str| first_id(Timestamp::parse(moment).unwrap());
        assert_eq!(day.ids(), (at("2026-11-30T00:00:00Z"), at("2026-12-01T00:00:00Z")));
        assert_eq!(day.ids().1, next.ids().0);
        assert_eq!(
            time_of(at("2026-11-30T23:59:59.999Z")),
            Timestamp::parse("2026-11-30T23:59:59.999Z").unwrap()
        );
    }

    #[test]
    fn only_days_of_the_past_are_made_for_what_is_moved() {
        let now = Timestamp::parse("2026-11-30T12:00:00Z").unwrap();
        let ids = [now, now.minus(BACK), now.plus(BACK), now.minus(2 * BACK), now].map(first_id);

        let found = Partition::of_past("journals", ids.into_iter(), now);

        let names: Vec<String> = found.iter().map(Partition::to_string).collect();
        assert_eq!(names, ["journals_20240305", "journals_20261130"]);
    }
}
