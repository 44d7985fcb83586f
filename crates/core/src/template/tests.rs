//! Templates, resolved.

use serde_json::{Value, json};

use crate::expression::tests::scope;
use crate::limits::Limits;

use super::Template;

#[test]
fn a_whole_expression_keeps_its_type_and_a_part_becomes_text() {
    let template = template(json!({
        "line": "risk ${score.risk} of ${trigger_data.vendor.name}: ${score.text} ${score.tags} ${none} ${score.risk / 2}",
        "plain": [1, 2.50, null, "no template", {"a/b~": "${score.level}"}],
        "price": "$${not_me} $5 ${'}'} ~ \"$${\"}",
        "risk": "${score.risk}",
        "text": "${score.text}",
        "vendor": "${trigger_data.vendor}",
    }));

    let resolved = template.resolve(&scope()).unwrap();

    insta::assert_snapshot!(resolved.as_str(), @r#"{"line":"risk 72 of Acme: So \"so\"\n [\"a\", \"b\"] null 36.0","plain":[1,2.5,null,"no template",{"a/b~":"high"}],"price":"${not_me} $5 } ~ \"${\"}","risk":72,"text":"So \"so\"\n","vendor":{"name": "Acme"}}"#);
}

#[test]
fn numbers_pass_through_digit_by_digit() {
    let template =
        template(json!(["${score.big}", "${score.exact}", "${wrapped.output.deep}", "n ${score.big}"]));

    let resolved = template.resolve(&scope()).unwrap();

    insta::assert_snapshot!(resolved.as_str(), @r#"[123456789012345678901234567890,9007199254740993,1.0,"n 123456789012345678901234567890"]"#);
}

#[test]
fn a_template_without_expressions_is_constant() {
    let document = json!({"a": "x", "b": ["$ {y}", "{z}"], "escaped": "$${kept}"});

    let template = template(document);

    assert_eq!(template.constant().unwrap().as_str(), r#"{"a":"x","b":["$ {y}","{z}"],"escaped":"${kept}"}"#);
    assert!(template.references().nodes.is_empty());
}

#[test]
fn secrets_stay_placeholders_and_say_where_they_are() {
    let template = template(json!({
        "headers": {"Authorization": "Basic ${secrets.USER}:${secrets.PASSWORD} for ${trigger_data.vendor.name}"},
        "key": "${secrets.API_KEY}",
        "other": "x",
    }));

    let resolved = template.resolve(&scope()).unwrap();

    insta::assert_snapshot!(resolved.as_str(), @r#"{"headers":{"Authorization":"Basic ${secrets.USER}:${secrets.PASSWORD} for Acme"},"key":"${secrets.API_KEY}","other":"x"}"#);
    let slots: Vec<String> = template
        .secret_slots()
        .iter()
        .map(|slot| format!("{} {}", slot.pointer, slot.names.join(",")))
        .collect();
    insta::assert_snapshot!(slots.join("\n"), @"
    /headers/Authorization USER,PASSWORD
    /key API_KEY
    ");
}

#[test]
fn values_in_a_url_stay_one_segment_or_one_value() {
    let document = json!({
        "body": "${trigger_data.vendor.name} a/b",
        "url": "https://x.example/${score.text}/${score.tags}?n=${score.big}&nothing=${none}&key=${secrets.API_KEY}",
    });

    let template = url_template(&document);

    let url = template.resolve(&scope()).unwrap().to_value()["url"].clone();
    insta::assert_snapshot!(url.as_str().unwrap(), @"https://x.example/So%20%22so%22%0A/%5B%22a%22%2C%20%22b%22%5D?n=123456789012345678901234567890&nothing=null&key=${secrets.API_KEY}");
    assert_eq!(template.secret_slots()[0].pointer, "/url");
    assert_eq!(template.expressions().count(), 6);
    assert!(template.references().nodes.iter().any(|node| node.as_str() == "score"));
}

#[test]
fn a_url_of_one_template_is_taken_as_it_is() {
    let template =
        url_template(&json!({ "url": "${'https://x.example/a/' ~ trigger_data.vendor.name ~ '?b=c/d'}" }));

    assert_eq!(template.resolve(&scope()).unwrap().as_str(), r#"{"url":"https://x.example/a/Acme?b=c/d"}"#);
}

#[test]
fn a_value_that_would_lead_a_call_elsewhere_is_an_error() {
    for (url, said) in [
        ("https://${score.text}/x", "a value in the host of a URL cannot hold ' '"),
        ("https://x.example/${'..'}/x", "`..`"),
    ] {
        let error = url_template(&json!({ "url": url })).resolve(&scope()).unwrap_err();

        assert!(error.to_string().contains(said), "{error}");
    }
}

#[test]
fn every_fault_has_the_pointer_of_its_string() {
    let document = json!({"a": "${", "b": ["ok", "x ${a +} ${b | shout}"], "c/d": "${secrets.X + 1}"});

    let faults = Template::compile(&document, &Limits::DEFAULT).unwrap_err();

    let lines: Vec<String> = faults.iter().map(|(pointer, error)| format!("{pointer} {error}")).collect();
    insta::assert_snapshot!(lines.join("\n"), @"
    /a a `${` is never closed; write `$${` for the characters `${`
    /b/1 `${a +}`: unexpected end of input, expected expression
    /b/1 `${b | shout}`: there is no filter `shout`; there are abs, b64decode, b64encode, bool, capitalize, count, d, date, date_add, date_format, default, dictsort, first, float, fromjson, hmac, int, items, join, last, length, lines, list, lower, map, max, min, pluck, regex_find, regex_match, regex_replace, reject, rejectattr, replace, reverse, round, select, selectattr, sha256, sort, split, string, sum, title, tojson, trim, unique, upper, urlencode
    /c~1d `${secrets.X + 1}`: a secret is used alone, as `${secrets.NAME}`; it cannot be part of a larger expression
    ");
}

#[test]
fn a_result_beyond_the_limit_is_an_error() {
    let limits = Limits { input_bytes_max: 100, ..Limits::DEFAULT };
    let template = Template::compile(&json!(["${score}", "${score}"]), &limits).unwrap();

    let error = template.resolve(&scope()).unwrap_err();

    insta::assert_snapshot!(error.to_string(), @"`${score}`: the result is larger than 100 bytes");
}

fn url_template(document: &Value) -> Template {
    let compiled = Template::compile_with_url(document, &Limits::DEFAULT, Some("/url"));
    compiled.unwrap_or_else(|faults| panic!("{faults:?}"))
}

fn template(document: Value) -> Template {
    Template::compile(&document, &Limits::DEFAULT).unwrap_or_else(|faults| panic!("{faults:?}"))
}
