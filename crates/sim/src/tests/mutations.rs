//! Every deliberately broken engine is caught.

use crate::{Mutation, Options, run};

/// Within so many seeds.
const SEEDS: u64 = 200;

#[test]
fn every_mutation_is_caught() {
    let caught = |mutation| {
        let options = Options { mutation: Some(mutation), ..Options::default() };
        (0..SEEDS).find_map(|seed| run(seed, options).err())
    };

    let found: Vec<_> = Mutation::ALL.iter().map(|&mutation| (mutation, caught(mutation))).collect();

    for (mutation, violation) in &found {
        let said = violation.as_ref().map_or_else(|| "NOT CAUGHT".to_owned(), ToString::to_string);
        println!("{mutation:?}: {said}");
    }
    let missed: Vec<_> = found.iter().filter(|(_, violation)| violation.is_none()).collect();
    assert!(missed.is_empty(), "not caught within {SEEDS} seeds: {missed:?}");
}
