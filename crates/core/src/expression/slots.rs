//! The values that an expression reads: a path each, and the variable that has its value.

use super::parse::TOKENS_MAX;
use super::path::Path;

/// A path in an expression.
#[derive(Clone, Debug)]
pub(super) struct Slot {
    pub(super) path: Path,
    /// The name of the variable that has its value.
    pub(super) variable: &'static str,
    /// How often the expression names it.
    pub(super) mentions: usize,
    /// Whether it may lead nowhere, because a default or a test follows wherever it is named.
    pub(super) is_optional: bool,
}

/// Each path of an expression once, in the order of first mention.
#[derive(Clone, Debug, Default)]
pub(super) struct Slots(Vec<Slot>);

/// Whether a path may lead nowhere.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Presence {
    Required,
    Optional,
}

impl Slots {
    /// Counts a mention of `path` and returns the name of its variable.
    pub(super) fn mention(&mut self, path: Path, presence: Presence) -> &'static str {
        let is_optional = presence == Presence::Optional;
        if let Some(slot) = self.0.iter_mut().find(|slot| slot.path == path) {
            slot.mentions += 1;
            slot.is_optional &= is_optional;
            return slot.variable;
        }
        let variable = variable(self.0.len());
        self.0.push(Slot { path, variable, mentions: 1, is_optional });
        variable
    }

    /// Frees the room for more paths.
    pub(super) fn shrink_to_fit(&mut self) {
        self.0.shrink_to_fit();
    }

    /// Returns every slot; the names of their variables are in ascending order.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Slot> {
        self.0.iter()
    }
}

/// Returns the name of the variable of slot `number`.
fn variable(number: usize) -> &'static str {
    static NAMES: [[u8; 5]; TOKENS_MAX] = variable_names();
    str::from_utf8(&NAMES[number]).expect("the names are ASCII")
}

/// Names of one length, so that none begins like another. A path takes a token, so there are no more of them.
const fn variable_names() -> [[u8; 5]; TOKENS_MAX] {
    let mut names = [*b"_p000"; TOKENS_MAX];
    let mut number = 0;
    while number < TOKENS_MAX {
        names[number][2] += (number / 100) as u8;
        names[number][3] += (number / 10 % 10) as u8;
        names[number][4] += (number % 10) as u8;
        number += 1;
    }
    names
}

#[cfg(test)]
mod tests {
    use crate::limits::Limits;

    use super::super::parse::parse;
    use super::super::rewrite::rewrite;
    use super::super::site::Site;
    use super::*;

    #[test]
    fn paths_are_counted_and_may_lead_nowhere_only_where_all_mentions_allow_it() {
        let slots =
            slots("a.x + a['x'] * (b.y | default(a.z)) - (b.y is defined) + (c | d(1)) - c + [d[e].f][-1]");

        insta::assert_snapshot!(slots, @"
        _p000 a.x 2 required
        _p001 b.y 2 optional
        _p002 a.z 1 required
        _p003 c 2 required
        _p004 d 1 required
        _p005 e 1 required
        ");
    }

    #[test]
    fn every_path_of_the_longest_expression_has_a_variable() {
        let names: Vec<String> = (0..TOKENS_MAX / 2).map(|number| format!("n{number}")).collect();
        let text = names.join("+");

        let tree = parse(&text, &Limits::DEFAULT).unwrap();

        assert_eq!(rewrite(&tree, Site::default()).unwrap().slots.iter().count(), TOKENS_MAX / 2);
        assert_eq!((variable(0), variable(12), variable(TOKENS_MAX - 1)), ("_p000", "_p012", "_p399"));
    }

    fn slots(text: &str) -> String {
        let tree = parse(text, &Limits::DEFAULT).unwrap();
        let slots = rewrite(&tree, Site::default()).unwrap().slots;
        let line = |slot: &Slot| {
            let presence = if slot.is_optional { "optional" } else { "required" };
            format!("{} {} {} {presence}", slot.variable, slot.path.text(), slot.mentions)
        };
        slots.iter().map(line).collect::<Vec<_>>().join("\n")
    }
}
