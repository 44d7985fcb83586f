//! What functions cost: in proportion to what they do, counted in steps.

use serde_json::{Value, json};
use steadflow_core::expression::{Expression, Meter};
use steadflow_core::limits::Limits;
use steadflow_core::payload::Payload;
use steadflow_core::scope::Scope;

/// Steps of the most expensive evaluation that is counted.
const STEPS_MAX: u64 = 1 << 22;

/// Returns the steps that an expression takes: the fewest with which it ends.
pub(super) fn steps(text: &str, trigger_data: &Value) -> u64 {
    fewest(text, trigger_data, |_| 1)
}

/// The same, at most a sixteenth more than that, after a third of the evaluations.
fn about(text: &str, trigger_data: &Value) -> u64 {
    fewest(text, trigger_data, |enough| enough / 16)
}

fn fewest(text: &str, trigger_data: &Value, tolerance: impl Fn(u64) -> u64) -> u64 {
    let trigger_data = Payload::from_value(trigger_data);
    let ends = |expression_fuel: u64| {
        let (trigger_data, meter) = (trigger_data.clone(), Meter::new(u64::MAX));
        let scope = Scope { trigger_data, meter, ..super::scope() };
        let limits = Limits { expression_fuel, ..Limits::DEFAULT };
        let expression = Expression::compile(text, &limits).expect("it is an expression");
        match expression.evaluate(&scope) {
            Ok(_) => true,
            Err(error) => {
                let message = error.to_string();
                assert!(message.contains("too many steps"), "{text}: {message}");
                false
            }
        }
    };
    // What ends early for lack of steps is quick.
    let (mut too_few, mut enough) = (0, 64);
    while !ends(enough) {
        (too_few, enough) = (enough, enough * 2);
        assert!(enough <= STEPS_MAX, "{text}");
    }
    while too_few + tolerance(enough).max(1) < enough {
        let middle = u64::midpoint(too_few, enough);
        if ends(middle) { enough = middle } else { too_few = middle }
    }
    enough
}

/// A list of `entries` objects and one of strings of `bytes` bytes that begin alike.
fn lists(entries: usize, bytes: usize) -> Value {
    let text = |at: usize| format!("{}{at:06}", "x".repeat(bytes.saturating_sub(6)));
    json!({
        "objects": Value::from_iter((0..entries).map(|at| json!({ "k": at, "t": text(at), "o": { "k": at } }))),
        "texts": Value::from_iter((0..entries).map(text)),
        "text": "ab, ".repeat(entries * bytes.max(4) / 4),
    })
}

/// Expressions that read each entry of a list.
const EACH_ENTRY: &[&str] = &[
    "trigger_data.objects | selectattr('k') | length",
    "trigger_data.objects | selectattr('k', 'gt', 7) | length",
    "trigger_data.objects | selectattr('o.k', 'eq', 7) | length",
    "trigger_data.objects | rejectattr('k', 'gt', 7) | length",
    "trigger_data.texts | select('eq', 'x') | length",
    "trigger_data.texts | select('in', ['x']) | length",
    "trigger_data.texts | reject('startingwith', 'y') | length",
    "trigger_data.objects | map(attribute='k') | length",
    "trigger_data.objects | map(attribute='o.k') | length",
    "trigger_data.texts | map('upper') | length",
    "trigger_data.texts | map('length') | length",
    "trigger_data.texts | map('sha256') | length",
    "trigger_data.texts | map('string') | length",
    "trigger_data.objects | pluck('k') | length",
    "trigger_data.objects | pluck('k', 't') | length",
    "trigger_data.objects | sort(attribute='k') | length",
    "trigger_data.objects | sort(attribute='k, t') | length",
    "trigger_data.texts | sort | length",
    "trigger_data.texts | unique | length",
    "trigger_data.objects | unique(attribute='o.k') | length",
    "trigger_data.texts | min | length",
    "trigger_data.texts | max | length",
    "trigger_data.objects | sum(attribute='k')",
    "trigger_data.texts | join(',') | length",
    "trigger_data.texts | reverse | list | length",
    "trigger_data.texts | list | length",
    "trigger_data.texts | tojson | length",
    "trigger_data.objects | string | length",
    "(trigger_data.texts ~ '') | length",
    "'y' in trigger_data.texts",
    "trigger_data.objects == trigger_data.objects",
    "trigger_data.text | split(',') | length",
    "trigger_data.text | replace('a', 'b') | length",
    "trigger_data.text | regex_replace('a', 'b') | length",
    "trigger_data.text | list | length",
];

#[test]
fn sixteen_times_the_entries_cost_several_times_the_steps() {
    let (few, many) = (lists(64, 16), lists(1_024, 16));

    let too_cheap = EACH_ENTRY.iter().filter_map(|text| {
        let (few, many) = (about(text, &few), about(text, &many));
        (many < few * 4 || many < 1_024 / 4)
            .then(|| format!("{text}: {few} steps for 64 entries, {many} for 1,024"))
    });
    assert_eq!(too_cheap.collect::<Vec<_>>(), [""; 0]);
}

/// Expressions that read every byte of long strings.
const EACH_BYTE: &[&str] = &[
    "trigger_data.texts | sort | length",
    "trigger_data.texts | min | length",
    "trigger_data.texts | max(case_sensitive=true) | length",
    "trigger_data.texts | unique | length",
    "trigger_data.objects | sort(attribute='t') | length",
    "trigger_data.objects | unique(attribute='t') | length",
    "trigger_data.texts | join(',') | length",
    "trigger_data.texts | map('upper') | length",
    "trigger_data.texts | map('sha256') | length",
    "trigger_data.texts | tojson | length",
    "(trigger_data.texts ~ '') | length",
    "trigger_data.texts == trigger_data.texts",
    "'y' in trigger_data.texts",
    "'y' in trigger_data.text",
    "trigger_data.text | int(default=0)",
    "trigger_data.text | float(default=0)",
    "trigger_data.text | upper | length",
    "trigger_data.text | replace('q', 'b') | length",
    "trigger_data.text | regex_match('q')",
    "trigger_data.text | sha256",
    "trigger_data.text | b64encode | length",
    "trigger_data.text | urlencode | length",
    "(trigger_data.text ~ trigger_data.text) | length",
];

#[test]
fn sixteen_times_the_bytes_cost_several_times_the_steps() {
    let (short, long) = (lists(64, 256), lists(64, 4_096));

    let too_cheap = EACH_BYTE.iter().filter_map(|text| {
        let (short, long) = (about(text, &short), about(text, &long));
        (long < short * 4 || long < 256 * 1_024 / 64)
            .then(|| format!("{text}: {short} steps for 16 KiB, {long} for 256 KiB"))
    });
    assert_eq!(too_cheap.collect::<Vec<_>>(), [""; 0]);
}

#[test]
fn what_is_done_for_each_entry_again_is_charged_for_each() {
    let data = lists(512, 16);
    let columns = vec!["k"; 200].join(",");
    let sorted = about("trigger_data.objects | sort(attribute='k') | length", &data);

    let by_many = about(&format!("trigger_data.objects | sort(attribute='{columns}') | length"), &data);
    let of_all = about("trigger_data.objects | pluck('k', 't', 'o', a='k', b='k', c='k') | length", &data);

    let deep = (0..15).fold(json!(1), |inner, _| json!({ "o": inner }));
    let by_deep = format!("trigger_data | unique(attribute='{}') | length", vec!["o"; 15].join("."));
    let by_deep = about(&by_deep, &json!(vec![deep; 512]));
    let texts = about("trigger_data.texts | unique | length", &lists(512, 1_024));

    assert!(by_deep >= 512 * 15, "{by_deep} steps for 15 names");
    assert!(texts >= 512 * 1_024 / 64 * 8, "{texts} steps to compare each text with 8 others");
    assert!(by_many >= sorted * 100, "{by_many} steps by 200 fields, {sorted} by one");
    assert!(of_all >= 512 * 6, "{of_all} steps");
}

#[test]
fn an_expression_reads_so_much_and_no_more() {
    let longest = 8 * 1024 * 1024 - 64;
    let read = |text: &str, trigger_data: &Value| {
        let scope = Scope {
            trigger_data: Payload::from_value(trigger_data),
            meter: Meter::new(u64::MAX),
            ..super::scope()
        };
        let limits = Limits { expression_fuel: u64::MAX >> 1, ..Limits::DEFAULT };
        let expression = Expression::compile(text, &limits).expect("it is an expression");
        expression.evaluate(&scope).map_err(|error| error.to_string())
    };
    let of_text = |length: usize| read("trigger_data.t is none", &json!({ "t": "x".repeat(length) }));
    let of_json = |values: usize| {
        let text = format!("[{}]", vec!["1"; values].join(","));
        read("(trigger_data.t | fromjson) is none", &json!({ "t": text }))
    };

    assert!(of_text(longest).is_ok() && of_json(250_000).is_ok());
    for refused in [of_text(longest + 64), of_json(262_144)] {
        let error = refused.expect_err("it reads too much");
        assert!(error.contains("it reads too large a value; only a bare path"), "{error}");
    }
}
