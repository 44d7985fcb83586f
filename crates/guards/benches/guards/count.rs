//! Counts the instructions of this program under valgrind.

use std::process::Command;

/// The command that does the work of a guard: its name and the number of units follow.
pub(crate) const RUN: &str = "run";

/// Returns how many instructions it takes to prepare the guard and to do so many units of its work.
pub(crate) fn instructions(guard: &str, units: u32) -> u64 {
    let program = std::env::current_exe().expect("the program has a path");
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(program)
        .args([RUN, guard, &units.to_string()])
        .output()
        .expect("valgrind starts");
    let report = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{guard} does not run under valgrind:\n{report}");
    // `==123== Collected : 20041291`
    let collected = report.lines().find_map(|line| line.split_once("Collected : "));
    let (_, count) = collected.unwrap_or_else(|| panic!("valgrind reports no count:\n{report}"));
    count.trim().parse().unwrap_or_else(|_| panic!("valgrind reports a count that is no number:\n{report}"))
}
