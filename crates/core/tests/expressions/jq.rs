//! Numbers are ordered and kept as in jq, version 1.7 or later. `jq/table.py` says how the table was made.
//!
//! There are two differences, both on purpose: jq writes a number with an exponent, and a very small one, in a form of its own
//! (`1e2` as `1E+2`, `0.0000001` as `1E-7`), where here it keeps its text; and jq turns one beyond a 64-bit float into the largest float, where here it is refused
//! when it comes in.

use serde_json::Value;
use steadflow_core::condition::Condition;
use steadflow_core::expression::Expression;
use steadflow_core::json;
use steadflow_core::limits::Limits;
use steadflow_core::payload::Payload;
use steadflow_core::scope::Scope;

use super::scope;

struct Table {
    numbers: Vec<String>,
    /// How jq writes them.
    written: Vec<String>,
    /// How jq orders them, as it writes them.
    sorted: Vec<String>,
    unique: u64,
    /// For each number, how it compares with all of them: `<`, `=` or `>`.
    signs: Vec<String>,
}

fn table() -> Table {
    let table: Value = serde_json::from_str(include_str!("jq/table.json")).expect("it is JSON");
    let texts = |key: &str| -> Vec<String> {
        let list = table[key].as_array().expect("it is a list");
        list.iter().map(|text| text.as_str().expect("it is a text").to_owned()).collect()
    };
    Table {
        numbers: texts("numbers"),
        written: texts("written"),
        sorted: texts("sorted"),
        unique: table["unique"].as_u64().expect("it is a number"),
        signs: texts("signs"),
    }
}

#[test]
fn numbers_compare_as_in_jq() {
    let Table { numbers, signs, .. } = table();
    let scope = scope_of(&numbers);

    for (left, row) in signs.iter().enumerate() {
        for (right, sign) in row.chars().enumerate() {
            let found = evaluated(
                &format!("[l[{left}] == l[{right}], l[{left}] < l[{right}], l[{left}] > l[{right}]]")
                    .replace('l', "trigger_data.l"),
                &scope,
            );

            let expected = serde_json::json!([sign == '=', sign == '<', sign == '>']).to_string();
            assert_eq!(found, expected, "{} {}", numbers[left], numbers[right]);
        }
    }
}

#[test]
fn conditions_of_documents_compare_as_in_jq() {
    let Table { numbers, signs, .. } = table();
    for (left, row) in numbers.iter().zip(&signs) {
        let scope = scope_of(std::slice::from_ref(left));
        for (right, sign) in numbers.iter().zip(row.chars()) {
            for (kind, holds) in
                [("equals", sign == '='), ("less_than", sign == '<'), ("greater_or_equal", sign != '<')]
            {
                let document = format!(r#"{{"type":"{kind}","field":"trigger_data.l[0]","value":{right}}}"#);
                let document: Value = serde_json::from_str(&document).expect("it is JSON");
                let condition = Condition::compile(&document, &Limits::DEFAULT).expect("it compiles");

                assert_eq!(condition.holds(&scope), Ok(holds), "{left} {kind} {right}");
            }
        }
    }
}

#[test]
fn lists_are_sorted_as_in_jq() {
    let Table { numbers, written, sorted, unique, .. } = table();
    let scope = scope_of(&numbers);
    let in_order: Vec<Box<serde_json::value::RawValue>> =
        serde_json::from_str(&evaluated("trigger_data.l | sort", &scope)).expect("it is a list");

    let as_jq_writes = |text: &str| {
        let at = numbers.iter().position(|number| number == text).expect("it is one of them");
        written[at].clone()
    };
    let found: Vec<String> = in_order.iter().map(|number| as_jq_writes(number.get())).collect();
    assert_eq!(found, sorted);
    assert_eq!(evaluated("trigger_data.l | unique | length", &scope), unique.to_string());
    assert_eq!(as_jq_writes(&evaluated("trigger_data.l | min", &scope)), sorted[0]);
    assert_eq!(Some(&as_jq_writes(&evaluated("trigger_data.l | max", &scope))), sorted.last());
}

#[test]
fn numbers_keep_their_text_which_jq_does_unless_it_prefers_an_exponent() {
    let Table { numbers, written, .. } = table();
    let scope = scope_of(&numbers);

    for (at, (number, in_jq)) in numbers.iter().zip(&written).enumerate() {
        let here = evaluated(&format!("trigger_data.l[{at}]"), &scope);
        let in_text = evaluated(&format!("trigger_data.l[{at}] | tojson"), &scope);

        assert_eq!((&here, in_text), (number, format!("\"{number}\"")));
        assert!(
            in_jq == &here || in_jq.contains('E') || here.contains(['e', 'E']),
            "{here} is {in_jq} in jq"
        );
    }
}

#[test]
fn what_jq_would_make_the_largest_float_of_is_refused() {
    for text in ["1e309", "-1e400", "[1E999]"] {
        assert!(json::read(text.as_bytes()).is_err(), "{text}");
    }
}

fn scope_of(numbers: &[String]) -> Scope {
    let data = format!(r#"{{"l":[{}]}}"#, numbers.join(","));
    Scope { trigger_data: Payload::parse(data).expect("it is JSON"), ..scope() }
}

fn evaluated(text: &str, scope: &Scope) -> String {
    let expression = Expression::compile(text, &Limits::DEFAULT).expect("it compiles");
    expression.evaluate(scope).expect("it has a value").as_str().to_owned()
}
