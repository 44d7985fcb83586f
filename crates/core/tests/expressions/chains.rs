//! Expressions of one operator after the other: each is refused or evaluated on the stack of a thread, whatever recurses.

use std::thread;

use steadflow_core::expression::Expression;
use steadflow_core::limits::Limits;

use super::scope;

/// What threads of the server have.
const STACK_BYTES: usize = 2 * 1024 * 1024;
/// As many words and signs as an expression may have.
const TOKENS: usize = 400;

#[test]
fn chains_of_every_kind_fit_the_stack_of_a_thread() {
    for (repeated, end) in [
        ("-", "1"),
        ("not ", "true"),
        ("- -(", ""),
        ("not (", ""),
        ("-[", ""),
        ("1 if n else ", "1"),
        ("1 if not n else ", "1"),
        ("(1 if n else ", "1"),
        ("1 + ", "1"),
        ("2 ** -", "1"),
        ("1 ~ ", "1"),
        ("true and ", "true"),
        ("not true or ", "true"),
        ("1 == ", "1"),
        ("1 in ", "[1]"),
        ("[", ""),
        ("{'a': ", ""),
        ("f(", ""),
        ("l[", ""),
    ] {
        let close = closing(repeated);
        let most = (TOKENS - tokens(end)) / (tokens(repeated) + close.len());
        // As many as there may be words and signs, and as there may be brackets.
        for times in [most, most.min(32)] {
            let text = format!("{}{end}{}", repeated.repeat(times), close.repeat(times));
            evaluates_or_is_refused(repeated, &text);
        }
    }
    for repeated in [".a", "[0]", " | upper", " is defined", "(1)"] {
        evaluates_or_is_refused(repeated, &format!("o{}", repeated.repeat((TOKENS - 1) / tokens(repeated))));
    }
    // Ten signs before each of 32 brackets.
    let mixed = format!("{}1{}", format!("{}(", "-".repeat(10)).repeat(32), ")".repeat(32));
    evaluates_or_is_refused("mixed", &mixed);
}

#[test]
fn signs_are_counted_inside_one_another_and_not_beside_one_another() {
    let refused =
        |text: &str| Expression::compile(text, &Limits::DEFAULT).err().map(|error| error.to_string());

    assert_eq!(refused(&vec!["-1"; 100].join(" + ")), None);
    assert_eq!(refused(&vec!["not n"; 100].join(" and ")), None);
    assert_eq!(refused(&format!("{}1", "-".repeat(32))), None);
    for nested in
        [format!("{}1", "-".repeat(33)), format!("{0}({0}1)", "-".repeat(17)), "not ".repeat(33) + "n"]
    {
        let said = refused(&nested).unwrap_or_default();
        assert!(said.contains("more than 32 signs"), "{said}");
    }
}

fn evaluates_or_is_refused(name: &str, text: &str) {
    let (name, text) = (name.to_owned(), text.to_owned());
    let evaluating = move || {
        if let Ok(expression) = Expression::compile(&text, &Limits::DEFAULT) {
            let _ = expression.evaluate(&scope());
        }
    };
    let thread = thread::Builder::new().name(name).stack_size(STACK_BYTES).spawn(evaluating);
    thread.expect("a thread starts").join().expect("it does not panic");
}

/// About how many words and signs a text has.
fn tokens(text: &str) -> usize {
    let signs = text.chars().filter(|char| char.is_ascii_punctuation() && *char != '\'').count();
    let words =
        text.split(|char: char| !char.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).count();
    (signs + words).max(1)
}

/// Returns what closes the brackets that `text` opens.
fn closing(text: &str) -> String {
    let close = |char| match char {
        '(' => Some(')'),
        '[' => Some(']'),
        '{' => Some('}'),
        _ => None,
    };
    text.chars().rev().filter_map(close).collect()
}
