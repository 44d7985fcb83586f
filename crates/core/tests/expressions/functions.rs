//! What filters give that are ours, or stricter than MiniJinja's, in tables.

use serde_json::{Value, json};

use steadflow_core::expression::Expression;
use steadflow_core::flow::Flow;
use steadflow_core::limits::Limits;
use steadflow_core::payload::Payload;
use steadflow_core::scope::Scope;

use super::scope;

/// Expressions and the JSON text of their values.
const VALUES: &str = r#"
data.price => 19.90
[data.price, data.big, 'x'] | select('number') => [19.90,123456789012345678901234567890123456789012]
[data.price, data.big] | select('integer') => [123456789012345678901234567890123456789012]
[data.price, data.big] | select('float') => [19.90]
[data.long, data.longer] | select('eq', data.long) => [0.1000000000000000055]
[data.long, data.longer] | select('==', data.long) => [0.1000000000000000055]
[data.long, data.longer] | select('ne', data.long) => [0.1000000000000000056]
[data.long, data.longer] | select('in', [data.longer]) => [0.1000000000000000056]
[data.price, data.big, data.exp] => [19.90,123456789012345678901234567890123456789012,1.0E+2]
{'p': data.price}['p'] => 19.90
data.rows | map(attribute='price') => [10.10,20.20,5]
data.rows | map(attribute='price') | first => 10.10
data.missing | default(data.price) => 19.90
data.price if data.price > 19 else 0 => 19.90
data.price * 2 => 39.8
-data.price => -19.9
data.price == 19.9 => true
[data.price] == [19.9] => true
data.price in [1, 19.9] => true
'v' in {'v': (data.price)[0]} => true
[data.big] == [data.big] => true
data.big > 1 => true
data.long == data.longer => false
data.long < data.longer => true
data.zero and 1 => 0.00
data.price is number and data.price is float and data.big is integer => true
data.price is eq(19.9) and data.long is ne(data.longer) and not data.long is eq(data.longer) => true
[data.price] is eq([19.9]) and not true is eq('true') => true
data.price is ne(19.9) => false
data.price != 19.9 => false
data.even == 9007199254740993 => false
data.even < 9007199254740993 => true
true == 2.5 or true == 1.5 => false
data.missing is in([1]) or 1 is in(data.missing) => false
7 is float or 'x' is float => false
data.price is in([1, 19.9]) and not data.long is in([data.longer]) => true
[data.longer, data.long] | min == data.long => true
data.rows[2] | upper => "{\"NAME\":\"C\",\"PRICE\":5}"
[[1, 2], [3]] | map('length') => [2,1]
[none, data.price] | map('lower') => ["null","19.90"]
true is number and not 'x' is number => true
{'a': data.longer, 'b': data.long} | dictsort(by='value') | first | first => "b"
{'a': data.exp, 'b': data.price} | dictsort(by='value') => [["b",19.90],["a",1.0E+2]]
{'a': 2.5, 'b': data.half} | dictsort(by='value') => [["b",1.5],["a",2.5]]
{2: 'x', data.price: 1} => {"2":"x","19.90":1}
'a\tb\r\n"\\' => "a\tb\r\n\"\\"
[[1, 2], [3, 4]] | map(attribute='1') => [2,4]
[{'1': 'x'}] | map(attribute='1') => ["x"]
['a', 'B', 'A'] | unique => ["a","B"]
[[1, 2], [12], [1, [2]], [1, 2]] | unique => [[1,2],[12],[1,[2]]]
[[[1], 2], [[1, 2]]] | unique => [[[1],2],[[1,2]]]
data.swapped | unique | length => 1
[[{'a': 1}, {'b': 2}], [{'a': 1, 'b': 2}]] | unique | length => 2
['a', 'B', 'A'] | unique(case_sensitive=true) => ["a","B","A"]
-1.5 | date => "1969-12-31T23:59:58.5Z"
data.rows | sum(attribute='price') => 35.3
data.rows | sort(attribute='price') | map(attribute='name') | join => "cab"
data.rows | max(attribute='price') => {"name":"b","price":20.20}
data.rows | min(attribute='price') | tojson => "{\"name\":\"c\",\"price\":5}"
[data.price, 3, data.small] | sort => [1e-7,3,19.90]
data.rows | pluck('name') => ["a","b","c"]
data.rows | pluck('name', 'price') | first => {"name":"a","price":10.10}
data.rows | pluck(id='name') => [{"id":"a"},{"id":"b"},{"id":"c"}]
'v=' ~ null => "v=null"
'v=' ~ true ~ data.rows[2] => "v=true{\"name\":\"c\",\"price\":5}"
[true, none, {'a': 1}, data.price] | join(',') => "true,null,{\"a\":1},19.90"
none | string => "null"
[1, 'x'] | string => "[1,\"x\"]"
true | upper => "TRUE"
[none, true] | map('string') | join('/') => "null/true"
null => null
null is none => true
data.nothing == null => true
[null, true, false] => [null,true,false]
'false' | bool => false
' True ' | bool => true
0 | bool => false
' 7 ' | int => 7
'-7.9' | int => -7
'1e3' | int => 1000
'123456789012345678901234567890123456789012' | int => 123456789012345678901234567890123456789012
data.price | int => 19
'x' | int(default=3) => 3
'0x1f' | int(base=16) => 31
' 2.50 ' | float => 2.5
'n/a' | float(0.5) => 0.5
data.price | round => 20.0
'{"a":[1,19.90,null]}' | fromjson => {"a":[1,19.90,null]}
('[{"a":1}]' | fromjson)[0].a => 1
{'a': data.price} | tojson => "{\"a\":19.90}"
'a b/ü?&=+~' | urlencode => "a%20b%2F%C3%BC%3F%26%3D%2B~"
{'a': 'x y', 'b': [1, none]} | urlencode => "a=x%20y&b=1&b=null"
'user:päss' | b64encode => "dXNlcjpww6Rzcw=="
'dXNlcjpww6Rzcw' | b64decode => "user:päss"
'-_8' | b64encode | b64decode => "-_8"
'abc' | sha256 => "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
'what do ya want for nothing?' | hmac('Jefe') => "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
'order-1234' | regex_match('^order-\\d+$') => true
'order-1234' | regex_find('\\d+') => "1234"
'a=1' | regex_find('(\\w)=(\\d)') => ["a","1"]
'id 7' | regex_find('id (\\d)') => "7"
'none' | regex_find('\\d') => null
'order-1234' | regex_match(data.pattern) => true
'a1b2' | regex_replace('[' ~ '0-9' ~ ']', '-') => "a-b-"
'2026-03-01' | regex_replace('(\\d+)-(\\d+)-(\\d+)', '$3.$2.$1') => "01.03.2026"
'2026-03-01T10:00:00+01:00' | date => "2026-03-01T10:00:00+01:00"
'2026-03-01T09:00:00.5Z' | date => "2026-03-01T09:00:00.5Z"
'2026-03-01' | date => "2026-03-01T00:00:00Z"
'2026-03-01 09:30' | date(tz='Europe/Paris') => "2026-03-01T09:30:00+01:00"
'Sun, 01 Mar 2026 09:30:00 +0100' | date => "2026-03-01T09:30:00+01:00"
'01.03.2026' | date(format='%d.%m.%Y') => "2026-03-01T00:00:00Z"
1767225600 | date => "2026-01-01T00:00:00Z"
1.5 | date => "1970-01-01T00:00:01.5Z"
'2026-03-01T10:00:00+01:00' | date > '2026-03-01T08:30:00Z' | date => true
('2026-03-01T10:00:00+01:00' | date) == ('2026-03-01T09:00:00Z' | date) => true
'2026-01-31' | date | date_add(months=1, days=-1) => "2026-02-27T00:00:00Z"
'2026-03-29T00:30:00Z' | date(tz='Europe/Berlin') | date_add(hours=1) => "2026-03-29T03:30:00+02:00"
'2026-03-01T09:30:00Z' | date_format('%d %b %Y, %H:%M', tz='America/New_York') => "01 Mar 2026, 04:30"
now() => "2026-03-02T09:30:00.25Z"
now(tz='Asia/Kolkata') => "2026-03-02T15:00:00.25+05:30"
now() | date_add(days=-30) | date_format('%Y-%m-%d') => "2026-01-31"
now() > '2026-03-02T09:30:00Z' | date => true
now() == now() => true
'at ' ~ now() => "at 2026-03-02T09:30:00.25Z"
uuid() => "28280e14-6886-883c-acfd-6da101f076cc"
uuid() == uuid() => false
uuid() | regex_match('^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$') => true
'at x' | replace('x', now()) => "at 2026-03-02T09:30:00.25Z"
'due ' ~ ('2026-03-01' | date) => "due 2026-03-01T00:00:00Z"
"#;

/// Expressions and what is wrong with them.
const ERRORS: &str = r#"
data.rows | sum(attribute='cost') => entry 0 has no field `cost`; it has `name`, `price`
data.mixed | sum(attribute='price') => entry 1 has no field `price`; it has `name`
data.mixed | join(',', attribute='price') => entry 1 has no field `price`; it has `name`
data.mixed | map(attribute='price') => entry 1 has no field `price`; it has `name`
data.mixed | max(attribute='price') => entry 1 has no field `price`; it has `name`
data.mixed | sort(attribute='price') => entry 1 has no field `price`; it has `name`
data.mixed | pluck('price') => entry 1 has no field `price`; it has `name`
[1, none] | sum => entry 1 is null, which cannot be added
data.missing == 1 => has no field `missing`
1 != data.missing => has no field `missing`
1 in data.missing => has no field `missing`
data.missing in [1] => has no field `missing`
[1, 'a'] | min => the string "a" has no order with the number 1
[1, 'a'] | max => the string "a" has no order with the number 1
[1, 'a'] | sort => the string "a" has no order with the number 1
'7x' | int => the string "7x" cannot be read as an integer
'inf' | int => the string "inf" cannot be read as an integer
'1e38' | int => the string "1e38" cannot be read as an integer
'nan' | float => the string "nan" cannot be read as a number
'yes' | bool => the string "yes" cannot be read as `true` or `false`
data.big + 1 => the number 1234567890123456789012345678901234567890 is too large to calculate with
data.big | abs => the number 1234567890123456789012345678901234567890 is too large to calculate with
'{"a":NaN}' | fromjson => it is not JSON: expected value at line 1 column 6
'{"$serde_json::private::Number":"1"}' | fromjson => is reserved and cannot be used
'@@' | b64decode => it is not Base64
'/w==' | b64decode => the decoded bytes are not text in UTF-8
'x' | regex_match(7) => a pattern is a string, not the number 7
'x' | regex_match(data.rows) => a pattern is a string, not a list
'x' | regex_match('(') => `(` is not a regular expression: unclosed group
'x' | regex_match('(?:\\w{500}){500}') => is too large
'x' | regex_match('\\w{50}') => is too large
'tomorrow' | date => the string "tomorrow" is not a date; one is `2026-03-01T09:30:00Z`
'2026-02-30' | date => is not a date
'2026-03-01' | date(tz='Europe/Atlantis') => there is no time zone `Europe/Atlantis`
'2026-03-01' | date_add(fortnights=1) => `date_add` takes years, months, weeks, days, hours, minutes, seconds
'2026-03-01' | date > '2026-03-01' => the date 2026-03-01T00:00:00Z has no order with the string "2026-03-01"
now('Europe/Paris') => `now` takes only `tz`, as in `now(tz="Europe/Paris")`
now(zone='UTC') => `now` takes only `tz`
now(tz='Mars/Base') => there is no time zone `Mars/Base`
uuid(4) => `uuid` takes no arguments
today() => there is no function `today`; there are `now()` and `uuid()`
trigger_data.now() => there is no function `now`
now => node `now` has no output
5 | fromjson => `fromjson` needs a string, not the number 5
{none: 1} => as a field's name
null.x => node `null` has no output
null.x ~ '' => node `null` has no output
trigger_data['2nd'].x => `trigger_data["2nd"]` is a number, so it has no field `x`
"#;

#[test]
fn values_are_what_the_table_says() {
    for row in VALUES.trim().lines() {
        let (text, wanted) = row.split_once(" => ").expect("a row has an expression and its value");

        assert_eq!(evaluated(text).as_deref(), Ok(wanted), "{text}");
    }
}

#[test]
fn a_flow_with_all_of_them_can_be_saved() {
    let rows = VALUES.trim().lines().filter_map(|row| row.split_once(" => "));
    let input: Vec<String> = rows.map(|(text, _)| format!("${{{}}}", named(text))).collect();
    let node = json!({ "id": "t", "type": "action", "action": "transform", "input": input });

    let flow = Flow::parse(&json!({ "name": "F", "flow_definition": { "nodes": [node] } }), &Limits::DEFAULT);

    assert_eq!(flow.err().unwrap_or_default(), []);
}

#[test]
fn mistakes_are_named() {
    for row in ERRORS.trim().lines() {
        let (text, wanted) = row.split_once(" => ").expect("a row has an expression and its error");

        let error = evaluated(text).expect_err(text);
        assert!(error.contains(wanted), "{text}: {error}");
    }
}

#[test]
fn an_argument_that_a_filter_does_not_have_is_refused() {
    let prices = "data.rows | map(attribute='price')";
    let of_lists = ["sum(", "join(", "min(", "max(", "sort(", "unique("];
    let of_values = ["int(", "float(", "date(", "date | date_format('%Y', "];
    let each = of_lists.map(|filter| (prices, filter)).into_iter();
    for (value, filter) in each.chain(of_values.map(|filter| ("data.half", filter))) {
        let error = evaluated(&format!("{value} | {filter}other=data.zero)")).expect_err(filter);
        assert!(error.contains("'other'"), "{filter}: {error}");
    }
}

#[test]
fn time_grows_with_the_text_and_not_with_the_pattern() {
    let text = format!("('{}!' | regex_match('^(a+)+$')) or true", "a".repeat(900));

    assert_eq!(evaluated(&text).as_deref(), Ok("true"));
}

fn named(text: &str) -> String {
    text.replace("data.", "trigger_data.")
}

fn evaluated(text: &str) -> Result<String, String> {
    let text = named(text);
    let scope = Scope { trigger_data: Payload::parse(data().to_owned()).expect("it is JSON"), ..scope() };
    let expression = Expression::compile(&text, &Limits::DEFAULT).map_err(|error| error.to_string())?;
    expression.evaluate(&scope).map(|payload| payload.as_str().to_owned()).map_err(|error| error.to_string())
}

const fn data() -> &'static str {
    r#"{
        "price": 19.90, "big": 123456789012345678901234567890123456789012, "exp": 1.0E+2, "small": 1e-7, "zero": 0.00,
        "long": 0.1000000000000000055, "longer": 0.1000000000000000056, "nothing": null, "even": 9007199254740992.0, "half": 1.5, "2nd": 2, "pattern": "^order-\\d+$",
        "rows": [{"name":"a","price":10.10},{"name":"b","price":20.20},{"name":"c","price":5}],
        "swapped": [{"a":1,"b":2},{"b":2,"a":1}],
        "mixed": [{"name":"a","price":1},{"name":"b"}]
    }"#
}

#[test]
fn exact_numbers_are_not_changed_by_a_longer_template() {
    let template = json!({ "a": "${trigger_data.price}", "b": "costs ${trigger_data.price}", "c": "${[trigger_data.exp]}" });
    let template = steadflow_core::template::Template::compile(&template, &Limits::DEFAULT).unwrap();
    let scope = Scope { trigger_data: Payload::parse(data().to_owned()).expect("it is JSON"), ..scope() };

    let resolved: Payload = template.resolve(&scope).unwrap();

    assert_eq!(resolved.as_str(), r#"{"a":19.90,"b":"costs 19.90","c":[1.0E+2]}"#);
    assert_ne!(resolved.to_value().unwrap(), Value::Null);
}
