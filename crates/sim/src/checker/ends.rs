//! What must hold when everything has ended: D1, R1, R4, and the analytics.

use std::time::Duration;

use steadflow_core::ids::TenantId;
use steadflow_runtime::row_of;
use steadflow_store::{ExecutionFilter, MemoryStore, Page, RollupQuery};

use super::{Checker, Verdict};

impl Checker {
    /// Compares the whole store with what was committed to it.
    pub(crate) fn at_the_end(&self, store: &MemoryStore) -> Verdict {
        if let Some(lost) = self.accepted.iter().find(|id| !self.stories.contains_key(id)) {
            return Err(format!("D1: {lost} was accepted and is lost"));
        }
        if let Some(item) = self.lost_input() {
            return Err(format!("D1: input {} was stored and is lost", item.0));
        }
        let page = Page { before: None, limit: usize::MAX };
        let rows =
            store.executions_now(&ExecutionFilter::default(), page).map_err(|error| error.to_string())?;
        if rows.len() != self.stories.len() {
            return Err(format!(
                "R4: {} executions are recorded, {} are listed",
                self.stories.len(),
                rows.len()
            ));
        }
        for row in &rows {
            let id = row.id;
            if *row != row_of(&self.fold(id)?) {
                return Err(format!("R4: the row of {id} is not what its journal says: {row:?}"));
            }
            let stored = store.execution_now(TenantId::DEFAULT, id).map_err(|error| error.to_string())?;
            let is_whole = stored
                .is_some_and(|stored| stored.is_snapshot && stored.records == self.stories[&id].records());
            if !is_whole {
                return Err(format!("R1: the stored journal of {id} is not the one that was committed"));
            }
        }
        self.families_are_whole()?;
        self.are_counted(store)?;
        self.turns_are_whole(store)?;
        let findings = store.doctor_now().map_err(|error| error.to_string())?;
        findings.into_iter().next().map_or(Ok(()), Err)
    }

    fn are_counted(&self, store: &MemoryStore) -> Verdict {
        let query = RollupQuery {
            tenant: TenantId::DEFAULT,
            flow: None,
            from: None,
            to: None,
            width: Duration::from_secs(3_600),
            buckets_max: 0,
            rows_max: 0,
        };
        let sums = store.rollup_sums_now(&query).map_err(|error| error.to_string())?;
        let counted = sums.totals.executions;
        let wholes = self.stories.values().filter(|story| story.accepted.body().is_none());
        let ended = wholes.count();
        if counted != ended as u64 {
            return Err(format!("R4: {ended} executions of flows ended, the analytics count {counted}"));
        }
        Ok(())
    }
}
