//! What the language means, in tables.

use serde_json::json;

use steadflow_core::condition::Condition;
use steadflow_core::expression::Expression;
use steadflow_core::ids::NodeId;
use steadflow_core::limits::Limits;
use steadflow_core::payload::Payload;
use steadflow_core::scope::{NodeScope, Scope};
use steadflow_core::template::Template;

use super::{by_minijinja, evaluated, scope};

/// Expressions over [`trigger_data`] and their values.
const OPERATORS: &str = r#"
2 + 3 * 4 => 14
2 * 3 ** 2 => 18
2 ** 3 ** 2 => 64
-2 ** 2 => 4
- - n => 7
10 - 4 - 3 => 3
10 // 3 * 3 + 10 % 3 => 10
1 ~ 2 ~ 3 => "123"
'1' + 2 ~ 3 => "123"
2 * 3 ~ 4 => "64"
not n == 7 or t => true
not t and f => false
t or f and f => true
n < 8 and 8 > n => true
n + 1 < 4 * 2 => false
n + 1 <= 4 * 2 => true
'a' ~ 'b' < 'ac' => true
n if n > 5 else 0 => 7
1 if f else 2 if f else 3 => 3
(1 if t else 2) + 10 => 11
n > 5 if t else n < 5 => true
n in l => false
n not in l => true
n != 7 => false
true == 1 and 1 in [true] and not '1' in [1] => true
not n in l => true
2 in l and not 9 in l => true
n is odd and n is not even => true
not n is odd => false
-n | abs => 7
-n|abs * 2 => 14
2 * l | length => 6
2 * l is none => 0
l | length * 2 => 6
l[0] * l[-1] => 3
-l[0] + l[ 1 ] => 1
(l | first) < (l | last) => true
l | sum < 7 and l | max > 2 => true
l | map('string') | join('<') => "1<2<3"
[1 < 2, 2 * 3, -1 - 1][1] => 6
{'a < b': 1 * 2}['a < b'] => 2
{'k': n < 8, 'l': [n * 2]} => {"k":true,"l":[14]}
s | replace('t', 'T', count=1) ~ s | upper => "TextTEXT"
l | sort(reverse=true) | join(', ') => "3, 2, 1"
o.list | selectattr('v', 'ge', 2 * 1) | map(attribute='k') | join => "bc"
l[1:] + l[:1] => [2,3,1]
s[1:3] ~ s[::-1] => "extxet"
(s)[0] ~ (s)[-1] => "tt"
1e3 + 0x10 + 1_000 => 2016.0
'it' "'s" ' one' => "it's one"
'\u00e9\n' ~ 'é∑🦀' => "é\né∑🦀"
"#;

#[test]
fn operators_bind_as_in_the_language() {
    for row in OPERATORS.trim().lines() {
        let (text, wanted) = row.split_once(" => ").expect("a row has an expression and its value");

        assert_eq!(evaluated(text), Ok(serde_json::from_str(wanted).unwrap()), "{text}");
        assert_eq!(evaluated(text), by_minijinja(text), "{text}");
    }
}

#[test]
fn spelling_does_not_matter() {
    let spellings = [
        "n*2<15 and l|length>2",
        "n * 2 < 15 and l | length > 2",
        "\tn\n*\r\n2 <15\nand\nl|  length>2",
        "(n * 2) < (15) and ((l) | length) > 2",
        "((((((n))))) * 2 < 15) and (l | length) > 2",
    ];

    for text in spellings {
        assert_eq!(evaluated(text), Ok(json!(true)), "{text:?}");
    }
}

#[test]
fn strings_hold_what_elsewhere_has_a_meaning() {
    let texts = [
        "'}'",
        "\"${x}\"",
        "'a < b and c * d | upper'",
        "'{# no comment #}'",
        "'{{ no }} {% template %}'",
        "'it\\'s' ~ \"\\\"\"",
        "'(' ~ '[' ~ '{'",
        "'secrets.KEY'",
        "'nodes.gone.output'",
        "'//' ~ '**' ~ '=='",
        "'\\\\'",
    ];

    for text in texts {
        let whole = Template::compile(&json!(format!("${{ {text} }}")), &Limits::DEFAULT).unwrap();
        assert!(whole.references().nodes.is_empty() && whole.references().secrets.is_empty(), "{text}");

        let resolved = whole.resolve(&scope()).unwrap().to_value().unwrap();

        assert_eq!(Ok(resolved), by_minijinja(text), "{text}");
    }
}

#[test]
fn orders_are_strict_wherever_they_are_asked() {
    let texts = [
        "s < 1",
        "1 >= s",
        "not s < 1",
        "[s > 1]",
        "{'k': l <= l}",
        "l | map('length') if t < 1 else 0",
        "l[n < s]",
        "o.list | selectattr('k', 'gt', 1)",
        "o.list | rejectattr('k', '<', 1) | list",
        "l | select('lessthan', 'x')",
        "l | reject(o.test, 'x')",
        "s is gt 1",
        "s is not le(1)",
        "none < 1",
        "t > f",
        "(1, 2) < (1, 3)",
    ];

    for text in texts {
        let reason = evaluated(text).unwrap_err();
        assert!(reason.contains("has no order with"), "{text}: {reason}");
    }
}

#[test]
fn lists_are_multiplied_nowhere() {
    let texts = [
        "[1] * 2",
        "2 * [1]",
        "l * 2",
        "2 * (l)",
        "2 * l[1:]",
        "2 * (l | list)",
        "(1, 2) * 2",
        "2 * (l if t else 0)",
        "n * -1 * o.list",
        "[n * l]",
        "n + 2 * l",
        "l * 2 ~ ''",
        "o.list * 2 < 1",
        "(l + l) * 2",
        "2 ** 2 * [] ",
    ];

    for text in texts {
        let reason = evaluated(text).unwrap_err();
        assert!(reason.contains("a list cannot be multiplied"), "{text}: {reason}");
    }
}

#[test]
fn what_makes_more_than_it_pays_for_is_refused() {
    let refused = [
        ("('a\\n' * 60000) | lines | length", "it splits into 50000 entries or more"),
        ("('a ' * 60000) | split | length", "it splits into 50000 entries or more"),
        ("('a,' * 60000) | split(',') | length", "it splits into 50000 entries or more"),
        ("l | map(attribute='x', default='y')", "`map` takes"),
        ("l | map('replace', 'a', 'b')", "`map` takes"),
        ("l | map('tojson')", "`map` takes"),
        ("l | map", "`map` takes"),
        ("('x' * 1100000) | tojson", "larger than 1048576 bytes"),
    ];

    for (text, reason) in refused {
        let error = evaluated(text).unwrap_err();
        assert!(error.contains(reason), "{text}: {error}");
    }
}

#[test]
fn a_long_string_costs_steps_wherever_it_is_read() {
    let text = "a".repeat(64 * 1_000);
    let scope = Scope { trigger_data: Payload::from_value(&json!({ "s": text })), ..scope() };
    let evaluate = |text: &str, expression_fuel: u64| {
        let limits = Limits { expression_fuel, ..Limits::DEFAULT };
        Expression::compile(text, &limits).unwrap().evaluate(&scope)
    };

    let texts = [
        "trigger_data.s < 'b'",
        "trigger_data.s is le('b')",
        "trigger_data.s | split(',') is none",
        "trigger_data.s | lines is none",
        "trigger_data.s | tojson is none",
        "trigger_data.s | upper is none",
    ];
    for text in texts {
        assert!(evaluate(text, 100_000).is_ok(), "{text}");
        assert!(evaluate(text, 900).unwrap_err().to_string().contains("too many steps"), "{text}");
    }
}

#[test]
fn a_value_is_read_only_as_deep_as_documents_may_be() {
    let limits = Limits { json_depth_max: 2, ..Limits::DEFAULT };
    let evaluate = |text: &str| Expression::compile(text, &limits).unwrap().evaluate(&scope());

    assert!(evaluate("trigger_data.o.list ~ ''").is_ok());
    let error = evaluate("trigger_data.o ~ ''").unwrap_err();
    assert!(error.to_string().contains("nested more than 2 deep"), "{error}");
}

#[test]
fn a_path_that_is_missing_is_named_before_one_that_may_be() {
    let reason = evaluated("(trigger_data.may | default(1)) < trigger_data.must").unwrap_err();

    assert!(reason.contains("`trigger_data` has no field `must`"), "{reason}");
}

#[test]
fn a_path_that_may_be_missing_is_not_blamed_for_something_else() {
    let reason = |text: &str, expression_fuel| {
        let limits = Limits { expression_fuel, ..Limits::DEFAULT };
        Expression::compile(text, &limits).unwrap().evaluate(&scope()).unwrap_err().to_string()
    };

    let by_zero = reason("(trigger_data.may | default(1)) / 0", 1_000);
    let of_fuel = reason("(trigger_data.may | default(1)) ~ ('a' * 100000)", 100);

    assert!(by_zero.contains("unable to calculate 1 / 0"), "{by_zero}");
    assert!(of_fuel.contains("it takes too many steps"), "{of_fuel}");
}

#[test]
fn a_field_of_a_node_that_is_called_null_is_read_as_it_is() {
    let output = Payload::parse(r#"{"x": {"y" : 1}}"#.to_owned()).unwrap();
    let node = NodeScope { id: NodeId::new("null"), output: Some(output), error: None };
    let scope = Scope { nodes: vec![node], ..scope() };
    let evaluate =
        |text: &str| Expression::compile(text, &Limits::DEFAULT).unwrap().evaluate(&scope).unwrap();

    assert_eq!(evaluate("null.x").as_str(), r#"{"y" : 1}"#);
    assert_eq!(evaluate("null.x.y + 1").as_str(), "2");
}

#[test]
fn chains_with_an_order_are_refused_and_others_are_not() {
    for text in
        ["1 < n < 9", "n == 7 < 9", "n < 9 in l", "n not in l > 9", "n < 9 != f", "[(1 <= n) >= 2 > 1]"]
    {
        assert!(refused(text).contains("comparisons cannot be chained"), "{text}");
    }

    assert_eq!(evaluated("n == 7 == 7.0"), Ok(json!(true)));
    assert_eq!(evaluated("n == 7 != 7"), Ok(json!(false)));
    assert_eq!(evaluated("(1 < n) == (n < 9)"), Ok(json!(true)));
}

#[test]
fn words_of_the_language_are_no_names() {
    for text in
        ["n + not", "n < not -1", "-in", "or", "[and]", "is.x", "n * if", "n ~ not (t, f)", "else | upper"]
    {
        assert!(refused(text).contains("is a word of the language"), "{text}: {}", refused(text));
    }

    assert_eq!(evaluated("o.if ~ o['not']"), Ok(json!("12")));
    assert_eq!(evaluated("nodes.in.output.x + nodes['in'].output['x']"), Ok(json!(2)));
}

#[test]
fn brackets_end_a_path_and_quotes_do_not() {
    assert_eq!(evaluated("trigger_data['s']"), Ok(json!("text")));
    assert_eq!(evaluated("trigger_data['o'].list.0['k']"), Ok(json!("a")));
    assert_eq!(evaluated("trigger_data[\"\\u006f\"]['li' 'st'][0x0].k"), Ok(json!("a")));
    assert_eq!(evaluated("(trigger_data.s)[0]"), Ok(json!("t")));
    assert_eq!(evaluated("(trigger_data.o).if"), Ok(json!(1)));

    for text in ["trigger_data.l[1.0]", "trigger_data.l[true]", "trigger_data.s[1.0]"] {
        assert_eq!(evaluated(text).ok(), by_minijinja(text).ok(), "{text}");
    }
    assert!(evaluated("trigger_data.s[0]").unwrap_err().contains("is a string, so it has no entry 0"));
    for text in
        ["(secrets).KEY", "(nodes).n", "nodes[(n)]", "secrets['KEY']", "secrets.KEY.x", "-secrets.KEY"]
    {
        assert!(Expression::compile(text, &Limits::DEFAULT).is_err(), "{text}");
    }
}

#[test]
fn conditions_and_templates_take_the_whole_language() {
    let holds =
        |text: &str| Condition::compile(&json!(text), &Limits::DEFAULT).unwrap().holds(&scope()).unwrap();
    assert!(holds("${ trigger_data.o.list | selectattr('v', 'gt', 1) | list | length == 2 }"));
    assert!(holds("trigger_data.s == 'text' and '}' not in trigger_data.s"));

    let text = "${ {'}': '${'}['}'] ~ \"}\" } and ${[[[trigger_data.n]]][0][0][0]}${'é'|upper}$${x}";
    let template = Template::compile(&json!(text), &Limits::DEFAULT).unwrap();

    assert_eq!(template.resolve(&scope()).unwrap().to_value().unwrap(), json!("${} and 7É${x}"));
}

#[test]
fn names_are_found_wherever_they_stand() {
    let text = "[a.x, {b.x: c.x}] | join(d.x) ~ (e.x if f.x else g.x) and h.x is eq i.x or -j[k.x][l.x:m.x] in n.x
        or o.x | default(value=p.x) | replace('q.x', r.x) == s.x == t.x or (u.x, v.x) or {'w.x': not x.x}.y.z";

    let expression = Expression::compile(text, &Limits::DEFAULT).unwrap();

    let names: Vec<&str> = expression.references().nodes.iter().map(NodeId::as_str).collect();
    assert_eq!(names.concat(), "abcdefghijklmnoprstuvx");
}

fn refused(text: &str) -> String {
    Expression::compile(text, &Limits::DEFAULT)
        .map_or_else(|error| error.to_string(), |_| format!("{text} compiled"))
}
