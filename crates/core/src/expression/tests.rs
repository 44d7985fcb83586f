//! Expressions, as documents write them, and those that mean harm.

use crate::failure::ErrorClass;
use crate::ids::{ExecutionId, NodeId};
use crate::limits::Limits;
use crate::payload::Payload;
use crate::scope::{NodeError, NodeScope, Scope};
use crate::timestamp::Timestamp;

use super::{Expression, ExpressionError};

#[test]
fn every_name_in_scope_has_its_value() {
    let texts = [
        "trigger_data.vendor.name",
        "trigger_data",
        "context.id",
        "context.type",
        "execution.id",
        "execution.retry_of",
        "execution.started_at",
        "attempt",
        "nodes.score.output.risk",
        "nodes[\"fetch-data\"].output.body.rows[1].id",
        "nodes.broken.error.class",
        "nodes.broken.error.message",
        "nodes.broken.error.status",
        "nodes.broken.error.body.code",
        "nodes.broken",
        "score",
        "score.risk",
        "score.output.risk",
        "wrapped.output",
        "wrapped.output.deep",
        "score.big",
        "score.exact",
    ];

    let values: Vec<String> = texts.iter().map(|text| format!("{text} = {}", shown(text))).collect();

    insta::assert_snapshot!(values.join("\n"), @r#"
    trigger_data.vendor.name = "Acme"
    trigger_data = {"vendor": {"name": "Acme"}, "items": [{"price": 2}, {"price": 3.5}], "key": "level", "nothing": null, "empty": {}}
    context.id = "vendor-7"
    context.type = null
    execution.id = "00000000-0000-0000-0000-000000000007"
    execution.retry_of = null
    execution.started_at = "1970-01-01T00:00:01.000000Z"
    attempt = 2
    nodes.score.output.risk = 72
    nodes["fetch-data"].output.body.rows[1].id = 2
    nodes.broken.error.class = "rejected"
    nodes.broken.error.message = "took \"too\" long"
    nodes.broken.error.status = 409
    nodes.broken.error.body.code = "busy"
    nodes.broken = {"error":{"class":"rejected","message":"took \"too\" long","status":409,"body":{"code": "busy"}}}
    score = {"risk": 72, "level": "high", "text": "So \"so\"\n", "tags": ["a", "b"], "big": 123456789012345678901234567890, "exact": 9007199254740993}
    score.risk = 72
    score.output.risk = 72
    wrapped.output = {"deep": 1.0}
    wrapped.output.deep = 1.0
    score.big = 123456789012345678901234567890
    score.exact = 9007199254740993
    "#);
}

#[test]
fn a_bare_payload_is_shared_and_not_copied() {
    let scope = scope();

    let output = expression("score").evaluate(&scope).unwrap();

    assert!(std::ptr::eq(output.as_str(), scope.nodes[0].output.as_ref().unwrap().as_str()));
}

#[test]
fn calculations_give_json() {
    let texts = [
        "score.risk + 0.5",
        "score.risk * 2",
        "'ab' * 3",
        "score.risk > 70 and score.level == \"high\"",
        "score.text | upper",
        "score.tags | length",
        "score.tags | map('upper') | join('-')",
        "trigger_data.items | map(attribute='price') | sum * 2",
        "trigger_data.items | selectattr('price', 'gt', 2) | list",
        "score.missing | default(0)",
        "score.missing.deeper is defined",
        "'low' if score.risk < 10 else 'not low'",
        "[score.risk, {\"k\": trigger_data.vendor.name}, none, true]",
        "score.tags[-1]",
        "score[trigger_data.key]",
        "nodes[\"fetch-data\"].output.status == 200",
        "score | tojson",
        "score.exact + 1",
        "score.big - 1",
        "(score.tags | first) ~ '/' ~ attempt",
        "'a' in score.tags",
        "score.risk is divisibleby 2",
        "-score.risk",
        "'tags: {}' | replace('{}', 'x')",
        "'a,b' | split(',')",
    ];

    let values: Vec<String> = texts.iter().map(|text| format!("{text} = {}", shown(text))).collect();

    insta::assert_snapshot!(values.join("\n"), @r#"
    score.risk + 0.5 = 72.5
    score.risk * 2 = 144
    'ab' * 3 = "ababab"
    score.risk > 70 and score.level == "high" = true
    score.text | upper = "SO \"SO\"\n"
    score.tags | length = 2
    score.tags | map('upper') | join('-') = "A-B"
    trigger_data.items | map(attribute='price') | sum * 2 = 11.0
    trigger_data.items | selectattr('price', 'gt', 2) | list = [{"price":3.5}]
    score.missing | default(0) = 0
    score.missing.deeper is defined = false
    'low' if score.risk < 10 else 'not low' = "not low"
    [score.risk, {"k": trigger_data.vendor.name}, none, true] = [72,{"k":"Acme"},null,true]
    score.tags[-1] = "b"
    score[trigger_data.key] = "high"
    nodes["fetch-data"].output.status == 200 = true
    score | tojson = "{\"big\":123456789012345678901234567890,\"exact\":9007199254740993,\"level\":\"high\",\"risk\":72,\"tags\":[\"a\",\"b\"],\"text\":\"So \\\"so\\\"\\n\"}"
    score.exact + 1 = 9007199254740994
    score.big - 1 = 123456789012345678901234567889
    (score.tags | first) ~ '/' ~ attempt = "a/2"
    'a' in score.tags = true
    score.risk is divisibleby 2 = true
    -score.risk = -72
    'tags: {}' | replace('{}', 'x') = "tags: x"
    'a,b' | split(',') = ["a","b"]
    "#);
}

#[test]
fn what_is_missing_is_named_with_what_is_there() {
    let texts = [
        "score.riks",
        "score.riks > 70",
        "0 + score.riks",
        "score.missing | default(0) + score.riks",
        "trigger_data.vendor.adress.city",
        "score.risk.value",
        "score.tags.first",
        "score.tags[7]",
        "score[3]",
        "trigger_data.nothing.x",
        "trigger_data.empty.x",
        "skipped.value",
        "skipped",
        "nodes.score.error.class",
        "nodes.broken.output",
        "nodes[\"fetch-data\"].output.body.rows[0].name",
        "score[trigger_data.missing]",
        "score.tags[9 + 0]",
        "[score.riks]",
        "[] | first",
    ];

    let errors: Vec<String> = texts.iter().map(|text| failed(text)).collect();

    insta::assert_snapshot!(errors.join("\n"), @r#"
    `${score.riks}`: `score` has no field `riks`; it has `risk`, `level`, `text`, `tags`, `big`, `exact`
    `${score.riks > 70}`: `score` has no field `riks`; it has `risk`, `level`, `text`, `tags`, `big`, `exact`
    `${0 + score.riks}`: `score` has no field `riks`; it has `risk`, `level`, `text`, `tags`, `big`, `exact`
    `${score.missing | default(0) + score.riks}`: `score` has no field `riks`; it has `risk`, `level`, `text`, `tags`, `big`, `exact`
    `${trigger_data.vendor.adress.city}`: `trigger_data.vendor` has no field `adress`; it has `name`
    `${score.risk.value}`: `score.risk` is a number, so it has no field `value`
    `${score.tags.first}`: `score.tags` is a list, so it has no field `first`
    `${score.tags[7]}`: `score.tags` has no entry 7; it has 2, counted from 0
    `${score[3]}`: `score` is an object, so it has no entry 3
    `${trigger_data.nothing.x}`: `trigger_data.nothing` is null, so it has no field `x`
    `${trigger_data.empty.x}`: `trigger_data.empty` has no field `x`; it is an empty object
    `${skipped.value}`: node `skipped` has no output, because it did not complete
    `${skipped}`: node `skipped` has no output, because it did not complete
    `${nodes.score.error.class}`: node `score` has no error, because it did not fail
    `${nodes.broken.output}`: node `broken` has no output, because it did not complete
    `${nodes["fetch-data"].output.body.rows[0].name}`: `nodes["fetch-data"].output.body.rows[0]` has no field `name`; it has `id`
    `${score[trigger_data.missing]}`: `trigger_data` has no field `missing`; it has `vendor`, `items`, `key`, `nothing`, `empty`
    `${score.tags[9 + 0]}`: it gives no value
    `${[score.riks]}`: a part of the result has no value
    `${[] | first}`: it gives no value
    "#);
}

#[test]
fn mistakes_are_found_when_an_expression_is_compiled() {
    let texts = [
        "",
        "a +",
        "a b",
        "(a",
        "a | shout",
        "a is tasty",
        "range(3)",
        "debug()",
        "a.b.items()",
        "(a).keys()",
        "('a')('b')",
        "a | join(*b)",
        "secrets.KEY ~ 'x'",
        "secrets",
        "secrets['KEY']",
        "nodes",
        "nodes[a]",
        "nodes.score.result",
        "context.tenant",
        "execution.env",
        "attempt.number",
        "item.price",
        "${a}",
        "a # b",
        "'open",
        "nodes.broken.error.stack",
    ];

    let errors: Vec<String> = texts.iter().map(|text| refused(text)).collect();

    insta::assert_snapshot!(errors.join("\n"), @r#"
    `${}`: it is empty
    `${a +}`: unexpected end of input, expected expression
    `${a b}`: unexpected input after expression
    `${(a}`: unexpected end of input, expected `)`
    `${a | shout}`: there is no filter `shout`; there are abs, b64decode, b64encode, bool, capitalize, count, d, date, date_add, date_format, default, dictsort, first, float, fromjson, hmac, int, items, join, last, length, lines, list, lower, map, max, min, pluck, regex_find, regex_match, regex_replace, reject, rejectattr, replace, reverse, round, select, selectattr, sha256, sort, split, string, sum, title, tojson, trim, unique, upper, urlencode
    `${a is tasty}`: there is no test `tasty`; there are boolean, defined, divisibleby, endingwith, eq, equalto, even, false, float, ge, greaterthan, gt, in, integer, iterable, le, lessthan, lower, lt, mapping, ne, none, number, odd, sameas, sequence, startingwith, string, true, undefined, upper
    `${range(3)}`: there is no function `range`; there are `now()` and `uuid()`, and values are changed by filters, as in `name | upper`
    `${debug()}`: there is no function `debug`; there are `now()` and `uuid()`, and values are changed by filters, as in `name | upper`
    `${a.b.items()}`: there is no function `items`; there are `now()` and `uuid()`, and values are changed by filters, as in `name | upper`
    `${(a).keys()}`: there is no function `keys`; there are `now()` and `uuid()`, and values are changed by filters, as in `name | upper`
    `${('a')('b')}`: only filters and tests take arguments; nothing else can be called
    `${a | join(*b)}`: arguments cannot be spread with `*`
    `${secrets.KEY ~ 'x'}`: a secret is used alone, as `${secrets.NAME}`; it cannot be part of a larger expression
    `${secrets}`: a secret is used alone, as `${secrets.NAME}`; it cannot be part of a larger expression
    `${secrets['KEY']}`: a secret is used alone, as `${secrets.NAME}`; it cannot be part of a larger expression
    `${nodes}`: `nodes` needs a node's id: `nodes.score.output` or `nodes["fetch-data"].output`
    `${nodes[a]}`: `nodes` needs a node's id: `nodes.score.output` or `nodes["fetch-data"].output`
    `${nodes.score.result}`: `nodes.score` has only `output` and `error`
    `${context.tenant}`: `context` has only `id`, `type`
    `${execution.env}`: `execution` has only `id`, `retry_of`, `started_at`, `error`
    `${attempt.number}`: `attempt` is a number, so it has no fields
    item.price compiled
    `${${a}}`: `$` is not part of the language; inside an expression, write names without `${}`
    `${a # b}`: unexpected character `#`
    `${'open}`: a string is never closed
    `${nodes.broken.error.stack}`: `nodes.broken.error` has only `class`, `message`, `status`, `body`
    "#);
}

#[test]
fn operators_that_do_not_fit_are_explained() {
    let texts = [
        "score.text + 1",
        "score.risk / 0",
        "[1] * 3",
        "3 * score.tags",
        "2 * (score.tags)",
        "score.text | split('')",
        "score.level > 70",
        "'80' >= score.risk",
        "score.tags is lt 3",
        "trigger_data.items | select('gt', 1)",
    ];

    let errors: Vec<String> = texts.iter().map(|text| failed(text)).collect();

    insta::assert_snapshot!(errors.join("\n"), @r#"
    `${score.text + 1}`: tried to use + operator on unsupported types string and number
    `${score.risk / 0}`: unable to calculate 72 / 0
    `${[1] * 3}`: a list cannot be multiplied
    `${3 * score.tags}`: a list cannot be multiplied
    `${2 * (score.tags)}`: a list cannot be multiplied
    `${score.text | split('')}`: `split` needs a separator that is not empty
    `${score.level > 70}`: the string "high" has no order with the number 70; only two numbers, two strings or two dates have
    `${'80' >= score.risk}`: the string "80" has no order with the number 72; only two numbers, two strings or two dates have
    `${score.tags is lt 3}`: a list has no order with the number 3; only two numbers, two strings or two dates have
    `${trigger_data.items | select('gt', 1)}`: an object has no order with the number 1; only two numbers, two strings or two dates have
    "#);
}

#[test]
fn a_secret_resolves_to_its_own_placeholder() {
    let secret = expression("secrets.API_KEY");

    let value = secret.evaluate(&scope()).unwrap();

    assert_eq!(value.as_str(), "\"${secrets.API_KEY}\"");
    assert_eq!(secret.references().secrets, ["API_KEY".into()]);
}

#[test]
fn references_list_what_is_named_once() {
    let expression =
        expression("score.a + nodes.b.output.score + score.c if attempt > 1 else trigger_data.nodes");

    let references = expression.references();

    assert_eq!(references.nodes, [NodeId::new("score"), NodeId::new("b")]);
    assert!(references.attempt && references.secrets.is_empty());
}

#[test]
fn names_of_filters_tests_and_arguments_are_no_references() {
    let expression = expression("'x' | default(d='lower') is string and {\"list\": 1}.list is not none");

    assert!(expression.references().nodes.is_empty());
}

fn expression(text: &str) -> Expression {
    Expression::compile(text, &Limits::DEFAULT).unwrap_or_else(|error| panic!("{error}"))
}

fn shown(text: &str) -> String {
    match expression(text).evaluate(&scope()) {
        Ok(payload) => payload.as_str().to_owned(),
        Err(error) => format!("error: {error}"),
    }
}

fn failed(text: &str) -> String {
    expression(text)
        .evaluate(&scope())
        .map_or_else(|error| error.to_string(), |value| format!("{text} gave {value:?}"))
}

fn refused(text: &str) -> String {
    Expression::compile(text, &Limits::DEFAULT)
        .map_or_else(|error: ExpressionError| error.to_string(), |_| format!("{text} compiled"))
}

/// A scope with one node of every kind: completed, failed, skipped, and one whose output has a field `output`.
pub(crate) fn scope() -> Scope {
    Scope {
        trigger_data: payload(
            r#"{"vendor": {"name": "Acme"}, "items": [{"price": 2}, {"price": 3.5}], "key": "level", "nothing": null, "empty": {}}"#,
        ),
        context_id: Some("vendor-7".into()),
        context_type: None,
        execution_id: ExecutionId::new(uuid::Uuid::from_u128(7)),
        retry_of: None,
        error: None,
        started_at: Timestamp::from_micros(1_000_000),
        attempt: 2,
        now: Timestamp::from_micros(2_000_000),
        reader: NodeId::new("reader"),
        meter: super::Meter::default(),
        item: None,
        index: None,
        nodes: vec![
            completed(
                "score",
                r#"{"risk": 72, "level": "high", "text": "So \"so\"\n", "tags": ["a", "b"], "big": 123456789012345678901234567890, "exact": 9007199254740993}"#,
            ),
            completed("fetch-data", r#"{"status": 200, "body": {"rows": [{"id": 1}, {"id": 2}]}}"#),
            completed("wrapped", r#"{"output": {"deep": 1.0}, "risk": 5}"#),
            NodeScope {
                id: NodeId::new("broken"),
                output: None,
                error: Some(NodeError {
                    class: ErrorClass::Rejected,
                    message: "took \"too\" long".into(),
                    status: Some(409),
                    body: Some(payload(r#"{"code": "busy"}"#)),
                }),
            },
            NodeScope { id: NodeId::new("skipped"), output: None, error: None },
        ],
    }
}

fn completed(id: &str, output: &str) -> NodeScope {
    NodeScope { id: NodeId::new(id), output: Some(payload(output)), error: None }
}

fn payload(text: &str) -> Payload {
    Payload::parse(text.to_owned()).unwrap()
}
