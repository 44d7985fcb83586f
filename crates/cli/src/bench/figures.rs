//! Results, as a table and as JSON.

use comfy_table::{CellAlignment, Table};
use serde_json::{Value, json};

use super::disk::Yardstick;
use crate::output;

/// The values of a repeated measurement.
#[derive(Debug, Default)]
pub(super) struct Spread(Vec<f64>);

impl Spread {
    pub(super) fn push(&mut self, value: f64) {
        self.0.push(value);
        self.0.sort_by(f64::total_cmp);
    }

    /// Multiplies every value by `factor`.
    pub(super) fn times(self, factor: f64) -> Self {
        self.0.into_iter().map(|value| value * factor).collect()
    }

    /// Returns the median.
    pub(super) fn median(&self) -> f64 {
        percentile(&self.0, 0.5)
    }

    fn min(&self) -> f64 {
        percentile(&self.0, 0.0)
    }

    fn max(&self) -> f64 {
        percentile(&self.0, 1.0)
    }
}

impl FromIterator<f64> for Spread {
    fn from_iter<I: IntoIterator<Item = f64>>(values: I) -> Self {
        let mut spread = Self::default();
        values.into_iter().for_each(|value| spread.push(value));
        spread
    }
}

/// Returns the percentile `share`, from 0 to 1, of `sorted`; 0 if it is empty.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "an index"
)]
pub(super) fn percentile(sorted: &[f64], share: f64) -> f64 {
    let at = (sorted.len().saturating_sub(1) as f64 * share).round() as usize;
    sorted.get(at).copied().unwrap_or(0.0)
}

/// All results.
#[derive(Debug, Default)]
pub(super) struct Figures {
    rows: Vec<Figure>,
    yardstick: Option<Yardstick>,
}

/// One result, and the speed of the machine just before.
#[derive(Debug)]
struct Figure {
    name: String,
    unit: &'static str,
    spread: Spread,
    yardstick: Option<Yardstick>,
}

impl Figures {
    /// Shows `yardstick` next to all results that follow.
    pub(super) const fn compare_with(&mut self, yardstick: Yardstick) {
        self.yardstick = Some(yardstick);
    }

    pub(super) fn add(&mut self, name: &str, unit: &'static str, spread: Spread) {
        self.rows.push(Figure { name: name.to_owned(), unit, spread, yardstick: self.yardstick });
    }

    /// Adds a result that was measured once.
    pub(super) fn add_one(&mut self, name: &str, unit: &'static str, value: f64) {
        self.add(name, unit, Spread::from_iter([value]));
    }

    pub(super) fn table(&self) -> Table {
        let mut table =
            output::table(["measurement", "median", "min", "max", "unit", "fdatasync/s", "SQLite rows/s"]);
        for Figure { name, unit, spread, yardstick } in &self.rows {
            let [median, min, max] = [spread.median(), spread.min(), spread.max()].map(readable);
            let [syncs, rows] =
                yardstick.map_or([0.0; 2], |yardstick| [yardstick.syncs, yardstick.rows]).map(readable);
            table.add_row([name.clone(), median, min, max, (*unit).to_owned(), syncs, rows]);
        }
        for (at, column) in table.column_iter_mut().enumerate() {
            if at != 0 && at != 4 {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        table
    }

    pub(super) fn json(&self) -> Value {
        let figure = |figure: &Figure| {
            json!({
                "measure": figure.name,
                "unit": figure.unit,
                "median": figure.spread.median(),
                "runs": figure.spread.0,
                "fdatasync_per_second": figure.yardstick.map(|yardstick| yardstick.syncs),
                "sqlite_rows_per_second": figure.yardstick.map(|yardstick| yardstick.rows),
            })
        };
        json!({
            "version": env!("CARGO_PKG_VERSION"),
            "cores": std::thread::available_parallelism().map_or(0, usize::from),
            "figures": self.rows.iter().map(figure).collect::<Vec<_>>(),
        })
    }
}

fn readable(value: f64) -> String {
    if value >= 1_000.0 { format!("{value:.0}") } else { format!("{value:.3}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn median_does_not_depend_on_the_order() {
        let spread: Spread = [3.0, 1.0, 2.0].into_iter().collect();

        assert_eq!((spread.min(), spread.median(), spread.max()), (1.0, 2.0, 3.0));
        assert_eq!(percentile(&[], 0.99), 0.0);
    }
}
