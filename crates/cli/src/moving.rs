//! `steadflow move`: moves a database to another one.

use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, bail};
use steadflow_store::parts::{self, Copied, Parts};
use steadflow_store_postgres::PostgresParts;
use steadflow_store_sqlite::SqliteParts;

use crate::args::Move;
use crate::output;
use crate::settings::Database;

/// Moves a database.
pub(crate) async fn moved(args: Move) -> anyhow::Result<ExitCode> {
    let from = Database::parse(&args.from)?;
    if args.reopen {
        return reopen(&from).await;
    }
    let Some(to) = args.to.as_deref().map(Database::parse).transpose()? else {
        bail!("Say where to move {from} to.");
    };
    let source = source(&from).await.with_context(|| format!("Could not read {from}"))?;
    let began = Instant::now();
    let mut shown = Shown::default();
    if args.dry_run {
        look_at_target(&to).await.with_context(|| format!("Could not write to {to}"))?;
        let read = parts::read_all(&*source, |copied| shown.show(copied)).await;
        read.with_context(|| format!("Could not read {from}"))?;
        output::note(format_args!("{from}: {}. Nothing was changed.", shown.sum(began)));
        return Ok(ExitCode::SUCCESS);
    }
    let target = target(&to).await.with_context(|| format!("Could not write to {to}"))?;
    let copied = copy(&*source, &*target, (&from, &to), &mut shown).await;
    copied.with_context(|| format!("Could not move {from} to {to}"))?;
    output::note(format_args!(
        "{from}: {}. All of it was read again, and is the same. Serve {to} from now on; {from} is marked as moved, and can be \
         deleted once you do not need it.",
        shown.sum(began)
    ));
    Ok(ExitCode::SUCCESS)
}

async fn copy(
    source: &dyn Parts,
    target: &dyn Parts,
    (from, to): (&Database, &Database),
    shown: &mut Shown,
) -> anyhow::Result<()> {
    parts::copy(source, target, |copied| shown.show(copied)).await?;
    target.complete(source.counters().await?).await?;
    // In this order there is no moment at which both could be used.
    source.leave(to.to_string()).await.with_context(|| format!("Could not mark {from} as moved"))?;
    Ok(target.arrive().await?)
}

async fn source(database: &Database) -> anyhow::Result<Box<dyn Parts>> {
    Ok(match database {
        Database::Sqlite(path) if !path.exists() => bail!("There is no database at {}.", path.display()),
        Database::Sqlite(path) => Box::new(SqliteParts::source(path)?),
        Database::Postgres(options) => Box::new(PostgresParts::source(options).await?),
    })
}

async fn target(database: &Database) -> anyhow::Result<Box<dyn Parts>> {
    Ok(match database {
        Database::Sqlite(path) => Box::new(SqliteParts::target(path)?),
        Database::Postgres(options) => Box::new(PostgresParts::target(options).await?),
    })
}

async fn look_at_target(database: &Database) -> anyhow::Result<()> {
    match database {
        Database::Sqlite(path) => SqliteParts::look_at_target(path)?,
        Database::Postgres(options) => PostgresParts::look_at_target(options).await?,
    }
    Ok(())
}

async fn reopen(database: &Database) -> anyhow::Result<ExitCode> {
    match database {
        Database::Sqlite(path) => SqliteParts::reopen(path)?,
        Database::Postgres(options) => PostgresParts::reopen(options).await?,
    }
    output::note(format_args!(
        "{database} can be used again, as it was when it was moved. Never serve it beside the one that it was moved to: both \
         would do the same work."
    ));
    Ok(ExitCode::SUCCESS)
}

/// What was shown of parts.
#[derive(Default)]
struct Shown {
    has_begun: bool,
    rows: u64,
    bytes: u64,
}

impl Shown {
    /// Prints what became of a part.
    fn show(&mut self, Copied { part, digest, took }: Copied) {
        if !std::mem::replace(&mut self.has_begun, true) {
            output::line(format_args!(
                "{:<18} {:>12} {:>15} {:>9}  hash",
                "part", "rows", "bytes", "seconds"
            ));
        }
        self.rows += digest.rows;
        self.bytes += digest.bytes;
        let seconds = took.as_secs_f64();
        output::line(format_args!(
            "{part:<18} {:>12} {:>15} {seconds:>9.1}  {digest}",
            digest.rows, digest.bytes
        ));
    }

    fn sum(&self, began: Instant) -> String {
        format!("{} rows with {} bytes in {}", self.rows, self.bytes, output::span(began.elapsed()))
    }
}
