//! How many instructions the hot paths take: steady on any x86-64 machine, however busy.
//!
//! `make guards` runs this program under valgrind, twice for each guard: with its work, and with what has to be prepared
//! for it alone. The difference is what the work takes, all threads together.
//!
//! The number of a guard is what was counted when its line was last changed. A count that is more than a tenth above it is
//! an error; a commit with a good reason to take more changes the number.

mod access;
mod chain;
mod core;
mod count;
mod store;

use std::process::ExitCode;

/// The allocator of the binary, so that its instructions are counted.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

struct Guard {
    name: &'static str,
    /// What each unit of the work took when this was last changed.
    counted: u64,
    /// How many units of work a run does.
    units: u32,
    /// Prepares all units, and does so many of them.
    run: fn(u32),
}

const GUARDS: [Guard; 6] =
    [core::DECIDE, core::REPLAY, core::PARSE, core::EVALUATE, store::COMMIT, access::CHECK];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match &arguments[..] {
        [command, name, units] if command == count::RUN => {
            let guard = GUARDS.iter().find(|guard| guard.name == name).expect("the guard exists");
            (guard.run)(units.parse().expect("a number of units"));
            ExitCode::SUCCESS
        }
        _ => check(),
    }
}

#[expect(clippy::print_stdout, clippy::print_stderr, reason = "the counts are for people")]
fn check() -> ExitCode {
    let mut code = ExitCode::SUCCESS;
    for Guard { name, counted, units, .. } in GUARDS {
        let instructions =
            (count::instructions(name, units) - count::instructions(name, 0)) / u64::from(units);
        println!("{name:<26} {instructions:>9} instructions, {counted} when last changed");
        if instructions > counted + counted / 10 {
            eprintln!("{name} takes more than a tenth more instructions than {counted}: find out why.");
            code = ExitCode::FAILURE;
        }
    }
    code
}
