//! How many steps evaluations take, exactly: for what is read, compared, made and written, and for what was read before.

use serde_json::json;

use steadflow_core::expression::{Expression, Meter};
use steadflow_core::ids::NodeId;
use steadflow_core::limits::Limits;
use steadflow_core::payload::Payload;
use steadflow_core::scope::{NodeScope, Scope};

use super::costs::steps;
use super::scope;

/// More steps than any expression here takes.
const ENOUGH: u64 = 1 << 18;
/// An expression that takes more steps than any before it, and reads nothing.
const LARGE: &str = "('a' * 200000) | upper is none";

#[test]
fn an_expression_takes_more_steps_for_64_more_of_everything() {
    let rows = [
        // 4 steps for each value that is compared or written, and one for each 64 bytes of a string.
        ("x.list == x.same", 256),
        ("x.list == x.longer", 0),
        ("x.list is ne(x.longer)", 0),
        ("x.texts == x.texts", 384),
        ("x.text == x.text", 0),
        // A step for each 64 bytes that a filter is given, and for each 16 that `fromjson` reads.
        ("x.json | fromjson", 320),
        // A step for each entry, the work on it, and a step for each 64 bytes that are made.
        ("x.list | join(x.line)", 1601),
        ("x.list | sort", 608),
        ("x.texts | unique", 960),
        ("x.rows | pluck('a', 'b')", 224),
        // A step for each place, and two for each 64 bytes that are put there.
        ("x.short | regex_replace('a', x.line)", 1345),
    ];

    let found = rows.map(|(text, _)| (text, fuel(text, 128) - fuel(text, 64)));

    assert_eq!(found, rows);
}

#[test]
fn a_node_pays_for_each_evaluation_and_little_for_what_was_read_before() {
    let numbers = format!("[{}]", vec!["1"; 1_000].join(","));
    let lists = format!(r#"{{"one":{numbers},"two":{numbers}}}"#);
    let key = "k".repeat(100);
    let rows: [(String, &[&str], &[u64]); 10] = [
        // Of less than 1 KiB, each lookup walks over all; a larger value gets a table, with 4 steps for each field.
        (padded(639), &["x.a", "x.a", "x.a"], &[10, 10, 10]),
        (padded(1_023), &["x.a", "x.a", "x.a"], &[16, 16, 16]),
        (padded(1_024), &["x.a", "x.a", "x.a"], &[17, 25, 4]),
        // A step for each 16 bytes that are written.
        (format!(r#"{{"a":"{}"}}"#, "y".repeat(158)), &["x.a"], &[13]),
        // A step for each 32 bytes of a string, and for each value, a list's bytes once more.
        (r#"{"a":1,"b":1}"#.to_owned(), &["x.a + 0", "x.a + x.b"], &[8, 13]),
        (format!(r#"{{"a":"{}"}}"#, "y".repeat(318)), &["x.a is none"], &[20]),
        (format!(r#"{{"a":[{}]}}"#, vec!["1"; 320].join(",")), &["x.a is none"], &[337]),
        (format!(r#"{{"a":{numbers},"b":[1]}}"#), &["x.a is none or x.b is none"], &[1_089]),
        (format!(r#"{{"a":{{"{key}":1}}}}"#), &["x.a is none"], &[11]),
        // What was read is kept for the next expression.
        (
            lists,
            &["x.one | length", "x.two | length", "x.one | length", "x.two | length"],
            &[1_074, 1_082, 7, 7],
        ),
    ];

    let found = rows.each_ref().map(|(data, texts, _)| {
        let spent: Vec<u64> = (0..=texts.len()).map(|count| spent(data, &texts[..count])).collect();
        spent.windows(2).map(|pair| pair[1] - pair[0]).collect::<Vec<_>>()
    });

    assert_eq!(found, rows.map(|(_, _, expected)| expected));
}

#[test]
fn nothing_is_evaluated_without_a_step_left() {
    let evaluate =
        |steps| compiled("1", &Limits::DEFAULT).evaluate(&Scope { meter: Meter::new(steps), ..scope() });

    assert!(evaluate(0).unwrap_err().to_string().contains("more than 0 steps in all"));
    assert!(evaluate(1).is_ok());
}

#[test]
fn a_value_is_not_taken_for_another_that_was_in_its_place_in_memory() {
    let texts = ["trigger_data.k", "trigger_data.k", "trigger_data.l | sum"];
    let mut meter = Meter::default();
    for round in 0..20 {
        let number = 100 + round;
        let data = format!(
            r#"{{"before":"{}","k":{number},"after":"{}","l":[{number}{}]}}"#,
            "x".repeat(round),
            "x".repeat(30 - round),
            ",0".repeat(1_000)
        );
        let trigger_data = Payload::parse(data).expect("it is JSON");
        let scope = Scope { trigger_data, meter, ..scope() };

        for text in texts {
            let value = compiled(text, &Limits::DEFAULT).evaluate(&scope).expect(text);
            assert_eq!(value.as_str(), number.to_string(), "{text}");
        }
        meter = scope.meter;
    }
}

#[test]
fn a_node_as_a_whole_is_not_taken_for_another_whose_text_was_in_its_place() {
    let node = |number: u32| {
        let output = json!({ "k": number, "rest": vec![0; 1_000] });
        NodeScope {
            id: NodeId::new(format!("n{number}")),
            output: Some(Payload::from_value(&output)),
            error: None,
        }
    };
    let scope = Scope { nodes: (0..9).map(node).collect(), ..scope() };

    for number in (0..9).cycle().take(90) {
        let text = format!("(nodes.n{number}).output.k + 0");
        let value = compiled(&text, &Limits::DEFAULT).evaluate(&scope).expect(&text);
        assert_eq!(value.as_str(), number.to_string());
    }
}

#[test]
fn a_result_has_as_many_bytes_and_levels_as_it_may() {
    let limits = Limits { input_bytes_max: 10, json_depth_max: 200, ..Limits::DEFAULT };
    let limits_of_depth = Limits { json_depth_max: 200, ..Limits::DEFAULT };
    let nested = |open: &str, close: &str, levels: usize| {
        let data = format!(r#"{{"x":{}1{}}}"#, open.repeat(levels), close.repeat(levels));
        let scope = Scope { trigger_data: Payload::parse(data).expect("it is JSON"), ..scope() };
        error("trigger_data.x or 0", &limits_of_depth, &scope)
    };

    assert_eq!(error("'12345678'", &limits, &scope()), "");
    assert!(error("'123456789'", &limits, &scope()).contains("larger than 10 bytes"));
    for (open, close) in [("[", "]"), (r#"{"k":"#, "}")] {
        assert_eq!(nested(open, close, 128), "");
        assert!(nested(open, close, 129).contains("nested more than 128 deep"), "{open}");
    }
}

#[test]
fn a_replacement_makes_a_mebibyte_at_most() {
    let length = |chars: usize| {
        let text = format!("('a' * 1024) | regex_replace('a', 'x' * {chars}) | length");
        let limits = Limits { expression_fuel: ENOUGH, ..Limits::DEFAULT };
        let value = compiled(&text, &limits).evaluate(&scope());
        value.map(|length| length.as_str().to_owned()).map_err(|error| error.to_string())
    };

    assert_eq!(length(1_024).as_deref(), Ok("1048576"));
    assert!(length(1_025).unwrap_err().contains("larger than 1048576 bytes"));
}

/// Returns an object of `bytes` bytes, with two fields.
fn padded(bytes: usize) -> String {
    format!(r#"{{"a":1,"b":"{}"}}"#, "y".repeat(bytes - 14))
}

/// Returns the steps of an expression over lists of `count` entries and texts in proportion.
fn fuel(text: &str, count: usize) -> u64 {
    let list = vec![7; count];
    let data = json!({
        "list": list, "same": list, "longer": vec![7; count + 1], "texts": vec!["t".repeat(160); count],
        "text": "a".repeat(64 * count), "short": "a".repeat(count), "line": "l".repeat(640),
        "json": format!("[1{}]", " ".repeat(64 * count)), "rows": vec![json!({ "a": 1, "b": 2 }); count],
    });
    steps(&named(text), &data)
}

/// Returns the steps that a node needs to evaluate `texts`, and something large after them.
fn spent(data: &str, texts: &[&str]) -> u64 {
    let expressions: Vec<Expression> =
        texts.iter().chain(&[LARGE, "1"]).map(|text| compiled(&named(text), &Limits::DEFAULT)).collect();
    let trigger_data = Payload::parse(data.to_owned()).expect("it is JSON");
    // What was read before can be read again only where that many steps are left; the last needs one.
    let is_enough = |steps| {
        let scope = Scope { trigger_data: trigger_data.clone(), meter: Meter::new(steps), ..scope() };
        expressions.iter().all(|expression| expression.evaluate(&scope).is_ok())
    };
    least(is_enough)
}

/// Returns the least number that is enough.
fn least(is_enough: impl Fn(u64) -> bool) -> u64 {
    assert!(is_enough(ENOUGH));
    let (mut too_few, mut enough) = (0, ENOUGH);
    if is_enough(0) {
        return 0;
    }
    while enough - too_few > 1 {
        let middle = too_few.midpoint(enough);
        if is_enough(middle) { enough = middle } else { too_few = middle }
    }
    enough
}

fn named(text: &str) -> String {
    text.replace("x.", "trigger_data.")
}

fn compiled(text: &str, limits: &Limits) -> Expression {
    Expression::compile(text, limits).unwrap_or_else(|error| panic!("{error}"))
}

/// Returns why an expression has no value, or nothing.
fn error(text: &str, limits: &Limits, scope: &Scope) -> String {
    compiled(text, limits).evaluate(scope).map_or_else(|error| error.to_string(), |_| String::new())
}
