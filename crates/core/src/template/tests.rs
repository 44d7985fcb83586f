//! Templates, resolved.

use serde_json::{Value, json};

use crate::expression::tests::scope;
use crate::limits::Limits;

use super::{Encoded, SecretPlace, SecretSlot, Template};
use crate::payload::Payload;
use crate::scope::Scope;

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

    let resolved = template.resolve_call(&scope()).unwrap();

    insta::assert_snapshot!(resolved.input.as_str(), @r#"{"headers":{"Authorization":"Basic ${secrets.USER}:${secrets.PASSWORD} for Acme"},"key":"${secrets.API_KEY}","other":"x"}"#);
    insta::assert_snapshot!(shown(&resolved.secrets), @"
    /headers/Authorization 6 USER, 22 PASSWORD
    /key 0 API_KEY
    ");
    let is_all_of = |slot: usize, text: &str| resolved.secrets[slot].is_all_of(text);
    assert!(is_all_of(1, "${secrets.API_KEY}") && !is_all_of(1, "${secrets.API_KEY} "));
    assert!(!is_all_of(0, "${secrets.USER}"));
    let named: Vec<String> = template.secrets().map(|(pointer, name)| format!("{pointer} {name}")).collect();
    assert_eq!(named, ["/headers/Authorization USER", "/headers/Authorization PASSWORD", "/key API_KEY"]);
}

#[test]
fn a_value_that_spells_a_secret_is_text() {
    for (written, places) in [
        ("${secrets.K} ${trigger_data.spelled}", "/x 0 K"),
        ("${trigger_data.spelled}${secrets.K}", "/x 12 K"),
        ("$${secrets.K} ${secrets.K}", "/x 13 K"),
        ("${'${secrets.K}'} ü ${secrets.K}", "/x 16 K"),
        ("${trigger_data.spelled}", ""),
        ("$${secrets.K}", ""),
    ] {
        let template = template(json!({ "x": written }));

        let resolved = template.resolve_call(&spelling_scope()).unwrap();

        assert_eq!(shown(&resolved.secrets), places, "{written}");
        let text = resolved.input.to_value().unwrap()["x"].as_str().unwrap().to_owned();
        for slot in &*resolved.secrets {
            let filled = slot.filled(&text, |_| "value".to_owned()).unwrap();
            assert_eq!(filled.matches("value").count(), 1, "{filled}");
            assert_eq!(filled.matches("${secrets.K}").count(), text.matches("${secrets.K}").count() - 1);
        }
    }
}

#[test]
fn a_slot_that_does_not_fit_its_text_fills_nothing() {
    let slot = SecretSlot {
        pointer: "/x".to_owned(),
        places: vec![SecretPlace { at: 1, name: "K".into() }],
        is_in_form: false,
    };

    for text in ["", "${secrets.K}", "ü${secrets.K}", "x${secrets.KEY}", "x${secrets.k}"] {
        assert_eq!(slot.filled(text, |_| "v".to_owned()), None, "{text}");
    }
    assert_eq!(slot.filled("x${secrets.K}y", |_| "v".to_owned()).as_deref(), Some("xvy"));
}

#[test]
fn values_in_a_url_stay_one_segment_or_one_value() {
    let document = json!({
        "body": "${trigger_data.vendor.name} a/b",
        "url": "https://x.example/${score.text}/${score.tags}?n=${score.big}&nothing=${none}&key=${secrets.API_KEY}",
    });

    let template = url_template(&document);

    let resolved = template.resolve_call(&scope()).unwrap();
    let url = resolved.input.to_value().unwrap()["url"].clone();
    insta::assert_snapshot!(url.as_str().unwrap(), @"https://x.example/So%20%22so%22%0A/%5B%22a%22%2C%20%22b%22%5D?n=123456789012345678901234567890&nothing=null&key=${secrets.API_KEY}");
    assert_eq!(shown(&resolved.secrets), "/url 112 API_KEY");
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

/// A form parser is the reference: what a server reads is the value, and no other field.
#[test]
fn values_in_a_form_stay_one_name_or_one_value() {
    for text in
        ["p&q=r+s %41", "a=b&admin=true", "100 %", "+49 170", "Köln €", "a;b", "", "x\ny", "\"'\\", "日本"]
    {
        let literal = Value::from(text).to_string();
        let body =
            format!("user=ann&${{{literal}}}=1&pw=${{{literal}}}&n=${{score.big}}&t=${{score.tags}}&end=%26");
        let template = form_template(&json!({ "body": body, "other": format!("${{{literal}}}&") }));

        let resolved = template.resolve(&scope()).unwrap().to_value().unwrap();

        let form = resolved["body"].as_str().unwrap();
        let fields: Vec<(String, String)> =
            url::form_urlencoded::parse(form.as_bytes()).into_owned().collect();
        let expected = [
            ("user", "ann"),
            (text, "1"),
            ("pw", text),
            ("n", "123456789012345678901234567890"),
            ("t", "[\"a\", \"b\"]"),
            ("end", "&"),
        ];
        assert_eq!(fields, expected.map(|(name, value)| (name.to_owned(), value.to_owned())), "{form}");
        assert_eq!(resolved["other"], format!("{text}&"));
    }
}

#[test]
fn a_form_of_one_template_and_what_is_encoded_are_taken_as_they_are() {
    for (body, form) in [
        ("${'a=b c&d=' ~ trigger_data.vendor.name}", "a=b c&d=Acme"),
        ("x=1&y=${'a&b' | urlencode}", "x=1&y=a%26b"),
        ("x=1&${{'a': 'b&c', 'd': [1, 2]} | urlencode}", "x=1&a=b%26c&d=1&d=2"),
        ("x=${'a&' ~ 'b&' | urlencode}", "x=a%26b%2526"),
        ("x=${secrets.API_KEY}&y=${'&'}", "x=${secrets.API_KEY}&y=%26"),
        ("x=${secrets.API_KEY}&y=${'a&b' | urlencode}", "x=${secrets.API_KEY}&y=a%26b"),
        ("${secrets.API_KEY}", "${secrets.API_KEY}"),
        ("a=b&c", "a=b&c"),
    ] {
        let resolved = form_template(&json!({ "body": body })).resolve(&scope()).unwrap();

        assert_eq!(resolved.to_value().unwrap()["body"], form, "{body}");
    }
}

#[test]
fn secrets_in_a_form_are_encoded_unless_they_are_the_form() {
    for (body, is_in_form) in [("${secrets.API_KEY}", false), ("key=${secrets.API_KEY}", true)] {
        let template = form_template(&json!({ "body": body, "other": "k ${secrets.API_KEY}" }));

        let slots = template.resolve_call(&scope()).unwrap().secrets;

        assert_eq!(
            slots.iter().map(|slot| slot.is_in_form).collect::<Vec<_>>(),
            [is_in_form, false],
            "{body}"
        );
    }
}

#[test]
fn what_is_encoded_already_is_put_into_a_url_as_it_is() {
    for (url, expected) in [
        ("https://x.example/${'a/b' | urlencode}/c", Some("https://x.example/a%2Fb/c")),
        ("https://x.example/?${{'a': 'b&c'} | urlencode}", Some("https://x.example/?a=b%26c")),
        ("https://x.example/${'..' | urlencode}/c", None),
        ("https://${'a/b' | urlencode}/c", None),
    ] {
        let resolved = url_template(&json!({ "url": url })).resolve(&scope());

        assert_eq!(
            resolved.ok().map(|value| value.to_value().unwrap()["url"].clone()),
            expected.map(Value::from),
            "{url}"
        );
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

#[test]
fn what_is_written_costs_steps() {
    let spent = |bytes: usize| {
        let scope = scope();
        template(json!(["x".repeat(bytes), "${none}"])).resolve(&scope).unwrap();
        scope.meter.spent()
    };

    assert!(spent(100_000) > spent(1_000) + 1_000, "{} and {}", spent(100_000), spent(1_000));
}

/// Returns the slots, one on each line.
fn shown(slots: &[SecretSlot]) -> String {
    let line = |slot: &SecretSlot| {
        let places: Vec<String> =
            slot.places.iter().map(|place| format!("{} {}", place.at, place.name)).collect();
        format!("{} {}", slot.pointer, places.join(", "))
    };
    slots.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// Trigger data whose `spelled` looks like a secret.
fn spelling_scope() -> Scope {
    let trigger_data = Payload::from_value(&json!({ "spelled": "${secrets.K}" }));
    Scope { trigger_data, ..scope() }
}

#[test]
fn a_url_without_expressions_is_constant() {
    assert!(url_template(&json!({ "url": "https://x/a b" })).constant().is_some());
    assert!(url_template(&json!({ "url": "https://x/${trigger_data.id}" })).constant().is_none());
}

fn url_template(document: &Value) -> Template {
    encoding_template(document, Encoded { url: Some("/url"), form: None })
}

fn form_template(document: &Value) -> Template {
    encoding_template(document, Encoded { url: None, form: Some("/body") })
}

fn encoding_template(document: &Value, encoded: Encoded<'_>) -> Template {
    let compiled = Template::compile_with(document, &Limits::DEFAULT, encoded);
    compiled.unwrap_or_else(|faults| panic!("{faults:?}"))
}

fn template(document: Value) -> Template {
    Template::compile(&document, &Limits::DEFAULT).unwrap_or_else(|faults| panic!("{faults:?}"))
}
