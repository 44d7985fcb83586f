//! Runs many seeds, each twice. `SIM_SEEDS=10000` asks for more; `SIM_SEED=42` repeats one and shows what happened.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::{Fault, Options, Summary, Violation, run, seeds};

/// From so many runs on, how often a fault struck is no longer a matter of chance.
const RUNS_THAT_COUNT: u64 = 100;

/// The sum of several runs.
#[derive(Debug, Default)]
struct Total {
    runs: u64,
    executions: u64,
    completed: u64,
    attempts: u64,
    approvals: u64,
    decided: u64,
    counted: BTreeMap<&'static str, u64>,
    failures: Vec<Violation>,
    /// For each kind of fault: in how many runs it was planned, in how many it struck, and how often.
    faults: BTreeMap<Fault, (u64, u64, u64)>,
}

impl Total {
    fn add(&mut self, summary: &Summary) {
        self.runs += 1;
        self.executions += summary.executions;
        self.completed += summary.completed;
        self.attempts += summary.attempts;
        self.approvals += summary.approvals;
        self.decided += summary.decided;
        self.count(&summary.counted);
        for (fault, struck) in &summary.faults {
            let (planned, fired, times) = self.faults.entry(*fault).or_default();
            *planned += 1;
            *fired += u64::from(*struck > 0);
            *times += struck;
        }
    }

    fn count(&mut self, counted: &BTreeMap<&'static str, u64>) {
        counted.iter().for_each(|(name, count)| *self.counted.entry(name).or_default() += count);
    }

    fn merge(mut self, other: Self) -> Self {
        self.runs += other.runs;
        self.executions += other.executions;
        self.completed += other.completed;
        self.attempts += other.attempts;
        self.approvals += other.approvals;
        self.decided += other.decided;
        self.count(&other.counted);
        self.failures.extend(other.failures);
        for (fault, (planned, fired, times)) in other.faults {
            let sum = self.faults.entry(fault).or_default();
            *sum = (sum.0 + planned, sum.1 + fired, sum.2 + times);
        }
        self
    }
}

impl fmt::Display for Total {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { runs, executions, completed, attempts, approvals, decided, .. } = self;
        writeln!(f, "{runs} runs, {executions} executions, {completed} completed, {attempts} attempts")?;
        writeln!(f, "{approvals} calls had to be approved, {decided} were decided on")?;
        for (name, count) in &self.counted {
            writeln!(f, "{name}: {count}")?;
        }
        for (fault, (planned, fired, times)) in &self.faults {
            writeln!(f, "{fault:?}: planned in {planned} runs, struck in {fired}, {times} times")?;
        }
        Ok(())
    }
}

#[test]
fn no_seed_breaks_an_invariant() {
    let seeds = seeds();
    let runs = seeds.end - seeds.start;
    let options = Options { keeps_trace: runs == 1, ..Options::default() };

    let total = run_all(seeds, options);

    assert!(total.failures.is_empty(), "{} seeds fail:\n{}", total.failures.len(), shown(&total.failures));
    println!("{total}");
    if runs >= RUNS_THAT_COUNT {
        assert_not_vacuous(&total);
    }
}

/// Runs all seeds on two threads.
fn run_all(seeds: Range<u64>, options: Options) -> Total {
    let next = AtomicU64::new(seeds.start);
    let work = || {
        let mut total = Total::default();
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds.end {
                return total;
            }
            match run_twice(seed, options) {
                Ok(summary) => total.add(&summary),
                Err(violation) => total.failures.push(*violation),
            }
        }
    };
    std::thread::scope(|scope| {
        let other = scope.spawn(work);
        work().merge(other.join().expect("the other thread does not panic"))
    })
}

/// The same seed must give the same run, to the letter.
fn run_twice(seed: u64, options: Options) -> Result<Summary, Box<Violation>> {
    let first = run(seed, options).inspect_err(|violation| eprintln!("{}", violation.trace))?;
    let second = run(seed, Options { keeps_trace: false, ..options })?;
    assert_eq!(first.trace_hash, second.trace_hash, "seed {seed} gives another run the second time");
    if options.keeps_trace {
        eprintln!("{}", first.trace);
    }
    Ok(first)
}

fn shown(failures: &[Violation]) -> String {
    let some = failures.iter().take(40).map(ToString::to_string);
    some.collect::<Vec<_>>().join("\n")
}

/// A test in which nothing happens proves nothing.
fn assert_not_vacuous(total: &Total) {
    assert!(total.executions >= 5 * total.runs, "too few executions: {total:?}");
    assert!(total.completed * 10 >= total.executions * 3, "too few executions completed: {total:?}");
    assert!(total.decided >= total.runs, "too few approvals: {total:?}");
    for name in ["summaries", "flows of tools", "tasks of servers", "events that did not come"] {
        let count = total.counted.get(name).copied().unwrap_or_default();
        assert!(count * 12 >= total.runs, "too few {name}: {total:?}");
    }
    for fault in Fault::ALL {
        let (planned, fired, _) = total.faults.get(fault).copied().unwrap_or_default();
        assert!(fired * 2 >= planned && fired > 0, "{fault:?} struck in {fired} of {planned} runs");
    }
}
