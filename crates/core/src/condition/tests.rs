//! Conditions, as documents write them.

use serde_json::{Value, json};

use crate::expression::tests::scope;
use crate::ids::NodeId;
use crate::limits::Limits;
use crate::payload::Payload;
use crate::scope::NodeScope;

use super::Condition;

#[test]
fn every_type_compares_what_it_says() {
    let cases = [
        ("equals", "score.risk", json!(72.0)),
        ("equals", "score.risk", json!("72")),
        ("equals", "score.tags", json!(["a", "b"])),
        ("equals", "trigger_data.vendor", json!({"name": "${trigger_data.vendor.name}"})),
        ("equals", "attempt", json!(true)),
        ("not_equals", "score.level", json!("low")),
        ("greater_than", "score.risk", json!(71.9)),
        ("greater_than", "score.risk", json!(72)),
        ("greater_or_equal", "score.risk", json!(72)),
        ("greater_than", "score.exact", json!(9_007_199_254_740_992_u64)),
        ("less_than", "score.level", json!("low")),
        ("less_or_equal", "score.level", json!("high")),
        ("contains", "score.level", json!("ig")),
        ("contains", "score.tags", json!("b")),
        ("contains", "score.tags", json!("c")),
        ("contains", "trigger_data", json!("vendor")),
        ("greater_than", "score.level", json!(70)),
        ("less_than", "score.tags", json!([])),
        ("contains", "score.risk", json!(7)),
        ("equals", "score.riks", json!(1)),
    ];

    let lines: Vec<String> = cases
        .into_iter()
        .map(|(kind, field, value)| {
            let document = json!({"type": kind, "field": field, "value": value});
            format!("{field} {kind} {value}: {}", verdict(&document))
        })
        .collect();

    insta::assert_snapshot!(lines.join("\n"), @r#"
    score.risk equals 72.0: true
    score.risk equals "72": false
    score.tags equals ["a","b"]: true
    trigger_data.vendor equals {"name":"${trigger_data.vendor.name}"}: true
    attempt equals true: false
    score.level not_equals "low": true
    score.risk greater_than 71.9: true
    score.risk greater_than 72: false
    score.risk greater_or_equal 72: true
    score.exact greater_than 9007199254740992: true
    score.level less_than "low": true
    score.level less_or_equal "high": true
    score.level contains "ig": true
    score.tags contains "b": true
    score.tags contains "c": false
    trigger_data contains "vendor": true
    score.level greater_than 70: `${score.level}`: the string "high" has no order with the number 70; only two numbers, two strings or two dates have
    score.tags less_than []: `${score.tags}`: a list has no order with a list; only two numbers, two strings or two dates have
    score.risk contains 7: `${score.risk}`: the number 72 cannot contain the number 7
    score.riks equals 1: `${score.riks}`: `score` has no field `riks`; it has `risk`, `level`, `text`, `tags`, `big`, `exact`
    "#);
}

#[test]
fn exists_asks_only_whether_the_field_is_there() {
    let verdicts: Vec<String> =
        ["score.risk", "score.riks", "trigger_data.nothing", "skipped", "nodes.broken.error"]
            .iter()
            .map(|field| format!("{field}: {}", verdict(&json!({"type": "exists", "field": field}))))
            .collect();

    insta::assert_snapshot!(verdicts.join("\n"), @"
    score.risk: true
    score.riks: false
    trigger_data.nothing: true
    skipped: false
    nodes.broken.error: true
    ");
}

#[test]
fn an_expression_must_give_a_boolean() {
    let texts = [
        "score.risk > 70 and score.level != 'low'",
        "${ score.risk > 100 }",
        "trigger_data.nothing",
        "none",
        "not score.missing is defined",
        "score.level",
        "score.risk",
        "score.tags",
        "score.risk + 1",
        "score.riks > 1",
    ];

    let lines: Vec<String> = texts.iter().map(|text| format!("{text}: {}", verdict(&json!(text)))).collect();

    insta::assert_snapshot!(lines.join("\n"), @"
    score.risk > 70 and score.level != 'low': true
    ${ score.risk > 100 }: false
    trigger_data.nothing: false
    none: false
    not score.missing is defined: true
    score.level: `${score.level}`: it gives a string where `true` or `false` is needed; compare it with something
    score.risk: `${score.risk}`: it gives a number where `true` or `false` is needed; compare it with something
    score.tags: `${score.tags}`: it gives a list where `true` or `false` is needed; compare it with something
    score.risk + 1: `${score.risk + 1}`: it gives the number 73 where `true` or `false` is needed; compare it with something
    score.riks > 1: `${score.riks > 1}`: `score` has no field `riks`; it has `risk`, `level`, `text`, `tags`, `big`, `exact`
    ");
}

#[test]
fn every_mistake_is_found_at_once() {
    let documents = [
        json!(7),
        json!("score.risk >"),
        json!("${score.risk} > 70"),
        json!({"type": "bigger", "field": "score.risk +", "value": "${x"}),
        json!({"type": "equals", "field": "score.risk + 1"}),
        json!({"type": "equals", "field": "secrets.KEY", "value": "${secrets.KEY}", "extra": 1}),
        json!({"type": "exists", "field": "score.risk", "extra": 1}),
        json!({"type": "equals", "field": "score.risk", "value": 1, "extra": 1}),
        json!("secrets.KEY"),
        json!({}),
    ];

    let lines: Vec<String> = documents
        .iter()
        .flat_map(|document| Condition::compile(document, &Limits::DEFAULT).unwrap_err())
        .map(|(pointer, error)| format!("{pointer} {error}"))
        .collect();

    insta::assert_snapshot!(lines.join("\n"), @"
     a condition is an expression or an object with `type`, `field` and `value`
     `${score.risk >}`: unexpected end of input, expected expression
     `${${score.risk} > 70}`: `$` is not part of the language; inside an expression, write names without `${}`
    /type a condition's `type` is one of `equals`, `not_equals`, `greater_than`, `greater_or_equal`, `less_than`, `less_or_equal`, `contains`, `exists`
    /field `${score.risk +}`: unexpected end of input, expected expression
    /value a `${` is never closed; write `$${` for the characters `${`
    /field `${score.risk + 1}`: a condition's `field` is a path such as `score.risk`
    /value the condition needs a `value` to compare with
    /extra there is no key `extra` here; a condition has only `type`, `field` and `value`
    /field `${secrets.KEY}`: a condition cannot use secrets
    /value `${secrets.KEY}`: a condition cannot use secrets
    /extra there is no key `extra` here; a condition has only `type`, `field` and `value`
    /extra there is no key `extra` here; a condition has only `type`, `field` and `value`
     `${secrets.KEY}`: a condition cannot use secrets
    /type a condition's `type` is one of `equals`, `not_equals`, `greater_than`, `greater_or_equal`, `less_than`, `less_or_equal`, `contains`, `exists`
    /field a condition's `field` is a path such as `score.risk`
    ");
}

fn verdict(document: &Value) -> String {
    let condition =
        Condition::compile(document, &Limits::DEFAULT).unwrap_or_else(|faults| panic!("{faults:?}"));
    condition.holds(&scope()).map_or_else(|error| error.to_string(), |holds| holds.to_string())
}

#[test]
fn a_field_may_begin_with_an_id_that_is_no_word() {
    let ids = ["fetch data.v2", "fetch data", "a-b"].map(NodeId::new);
    let mut scope = scope();
    for (id, output) in [
        ("fetch data.v2", json!({ "n": 1 })),
        ("fetch data", json!({ "v2": 5 })),
        ("a-b", json!([{ "output": 7 }])),
    ] {
        scope.nodes.push(NodeScope {
            id: NodeId::new(id),
            output: Some(Payload::from_value(&output)),
            error: None,
        });
    }
    for (field, value) in [
        ("fetch data.v2.n", 1),
        ("fetch data.v2.output.n", 1),
        ("a-b[0].output", 7),
        ("${a-b.output[0].output}", 7),
        ("score.risk", 72),
    ] {
        let document = json!({ "type": "equals", "field": field, "value": value });
        let condition = Condition::compile_among(&ids, &document, "", &Limits::DEFAULT).unwrap();

        assert_eq!(condition.holds(&scope), Ok(true), "{field}");
    }
    let missing = json!({ "type": "equals", "field": "a-b.x", "value": 1 });
    let missing = Condition::compile_among(&ids, &missing, "", &Limits::DEFAULT).unwrap();
    assert_eq!(
        missing.holds(&scope).unwrap_err().to_string(),
        "`${a-b.x}`: `nodes[\"a-b\"].output` is a list, so it has no field `x`"
    );
}
