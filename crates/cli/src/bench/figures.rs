//! Figures, for people and for machines.

use comfy_table::presets::UTF8_HORIZONTAL_ONLY;
use comfy_table::{CellAlignment, Table};
use serde_json::{Value, json};

/// The same measure, several times.
#[derive(Debug, Default)]
pub(super) struct Spread(Vec<f64>);

impl Spread {
    pub(super) fn push(&mut self, value: f64) {
        self.0.push(value);
        self.0.sort_by(f64::total_cmp);
    }

    fn median(&self) -> f64 {
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

/// Returns the value below which this share of `sorted` lies; 0 where there is none.
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

/// Everything that was measured.
#[derive(Debug, Default)]
pub(super) struct Figures(Vec<(String, &'static str, Spread)>);

impl Figures {
    pub(super) fn add(&mut self, name: &str, unit: &'static str, spread: Spread) {
        self.0.push((name.to_owned(), unit, spread));
    }

    pub(super) fn table(&self) -> Table {
        let mut table = Table::new();
        table.load_style(UTF8_HORIZONTAL_ONLY).set_header(["measure", "median", "min", "max", "unit"]);
        for (name, unit, spread) in &self.0 {
            let figures = [spread.median(), spread.min(), spread.max()].map(readable);
            let [median, min, max] = figures;
            table.add_row([name.clone(), median, min, max, (*unit).to_owned()]);
        }
        for column in table.column_iter_mut().skip(1).take(3) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        table
    }

    pub(super) fn json(&self) -> Value {
        let figure = |(name, unit, spread): &(String, &str, Spread)| json!({ "measure": name, "unit": unit, "median": spread.median(), "runs": spread.0 });
        json!({
            "version": env!("CARGO_PKG_VERSION"),
            "cores": std::thread::available_parallelism().map_or(0, usize::from),
            "figures": self.0.iter().map(figure).collect::<Vec<_>>(),
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
    fn the_median_is_in_the_middle_whatever_the_order() {
        let spread: Spread = [3.0, 1.0, 2.0].into_iter().collect();

        assert_eq!((spread.min(), spread.median(), spread.max()), (1.0, 2.0, 3.0));
        assert_eq!(percentile(&[], 0.99), 0.0);
    }
}
