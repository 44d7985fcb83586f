//! Documents that are refused, and every fault of them.

use std::time::Duration;

use serde_json::{Value, json};

use crate::flow::{EdgeCondition, Flow, Join, OnExhausted, OnInterrupt};
use crate::limits::Limits;
use crate::node::Kind;
use crate::payload::Payload;
use crate::retry::ErrorMatch;

#[test]
fn a_document_with_every_key_is_read() {
    let document = json!({
        "name": "Vendor review", "description": "", "category": "tprm", "tags": ["a"], "is_template": false,
        "retry_on_failure": true, "retry_count": 3, "timeout_seconds": 600, "max_concurrent_executions": 10,
        "context_id_template": "vendor-${trigger_data.vendor_id}", "context_type_default": null,
        "flow_definition": {
            "nodes": [
                { "id": "score", "name": "Score vendor", "type": "agent",
                  "agent_id": "018f3a5e-0000-7000-8000-000000000001", "skill": "tprm",
                  "input": { "vendor_id": "${trigger_data.vendor_id}" },
                  "retry": { "enabled": true, "count": 5, "retry_on": ["timeout", 409] }, "timeout_seconds": 0.5,
                  "position": { "x": 0, "y": 0 } },
                { "id": "check", "type": "condition", "condition": "score.risk > 70", "join": "any",
                  "on_interrupt": "ask", "on_exhausted": "ask" },
                { "id": "note", "type": "action", "action": "aggregate_results", "input": "${score}" },
            ],
            "edges": [
                { "from": "score", "to": "check", "condition": null },
                { "from": "check", "to": "note", "condition": true, "color": "red" },
                { "from": "score", "to": "note", "on": "error" },
            ],
            "viewport": { "zoom": 2 },
        },
    });

    let flow = Flow::parse(&document, &Limits::DEFAULT).unwrap();

    assert_eq!(flow.settings.retry_count, 3);
    assert_eq!(flow.definition.to_value().unwrap(), document["flow_definition"]);
    let [score, check, note] = flow.graph.nodes.as_slice() else { panic!("three nodes") };
    assert_eq!((score.retry.count, score.attempt_timeout), (5, Some(Duration::from_millis(500))));
    assert_eq!(score.retry.retry_on[1], ErrorMatch::Status(409));
    assert_eq!(
        (check.join, check.on_interrupt, check.on_exhausted),
        (Join::Any, OnInterrupt::Ask, OnExhausted::Ask)
    );
    assert_eq!((check.retry.count, &*check.name), (3, "check"));
    assert!(matches!(note.kind, Kind::Transform(_)));
    assert!(matches!(flow.graph.edges[1].condition, Some(EdgeCondition::Is(true))));
    assert_eq!(flow.graph.starts.len(), 1);
}

#[test]
fn settings_out_of_range_are_refused_and_never_changed() {
    let document = json!({
        "name": " ", "description": 1, "tags": ["a", 2], "is_template": "no", "retry_on_failure": "yes",
        "retry_count": 11, "timeout_seconds": 0, "max_concurrent_executions": 0, "retry_cuont": 1, "status": "active",
        "context_id_template": "${score.id}", "flow_definition": { "nodes": [{ "id": "a", "type": "merge" }] },
    });

    insta::assert_snapshot!(faults(&document), @r#"
    /name `name` must not be empty
    /description `description` must be a string of at most 10000 characters, not 1
    /tags/1 an entry must be a string of at most 200 characters, not 2
    /is_template `is_template` must be true or false, not "no"
    /retry_on_failure `retry_on_failure` must be true or false, not "yes"
    /retry_count `retry_count` must be a whole number from 0 to 10, not 11
    /timeout_seconds `timeout_seconds` must be a number of seconds, more than 0 and at most 316224000, not 0
    /max_concurrent_executions `max_concurrent_executions` must be a whole number 1 or more, not 0
    /context_id_template `context_id_template` can use `trigger_data` only: it is filled in before any node runs
    /retry_cuont there is no key `retry_cuont` here; did you mean `retry_count`?
    /status there is no key `status` here; there are `name`, `description`, `category`, `tags`, `is_template`, `retry_on_failure`, `retry_count`, `timeout_seconds`, `max_concurrent_executions`, `concurrency_key`, `max_concurrent_per_key`, `priority`, `debounce_seconds`, `max_delay_seconds`, `budget`, `context_id_template`, `context_type_default`, `sensitive`, `flow_definition`
    "#);
}

#[test]
fn every_key_of_a_node_is_checked() {
    let document = flow(json!([
        { "id": "a", "type": "agent", "agent_id": "7", "input": { "x": "${b +}" } },
        { "id": "b", "type": "aciton", "join": "some", "on_interrupt": "fail", "on_exhausted": 1, "timeout_seconds": -1 },
        { "id": "c", "type": "delay" },
        { "id": "d", "type": "delay", "delay_seconds": 1e300 },
        { "id": "e", "type": "delay", "until": "tomorrow" },
        { "id": "f", "type": "delay", "delay_seconds": 1, "until": "2027-01-31T09:00:00Z" },
        { "id": "g", "type": "condition", "condition": { "type": "equal", "field": "a.x", "value": 1 } },
        { "id": "h", "type": "condition" },
        { "id": "i", "type": "approval" },
        { "id": "j", "type": "action", "action": "send_email" },
        { "id": "k", "type": "action", "action": "http" },
        { "id": "l", "type": "trigger", "schedule": { "cron": "* * * * *" }, "webhook": null },
        { "type": "merge" },
        { "id": "m" },
        7,
        { "id": " n", "type": "merge" },
        { "id": "o", "type": "delay", "delay_seconds": 316224001 },
    ]));

    insta::assert_snapshot!(faults(&document), @r#"
    /flow_definition/nodes/0/agent_id `agent_id` must be a UUID, not "7"
    /flow_definition/nodes/0/skill Choose a skill
    /flow_definition/nodes/0/input/x `${b +}`: unexpected end of input, expected expression
    /flow_definition/nodes/1/type `type` must be one of `trigger`, `agent`, `condition`, `switch`, `approval`, `delay`, `wait_event`, `parallel`, `merge`, `map`, `loop`, `subflow`, `action`, `code`, not "aciton"; did you mean `action`?
    /flow_definition/nodes/1/join `join` must be one of `all`, `any`, not "some"
    /flow_definition/nodes/1/timeout_seconds `timeout_seconds` must be a number of seconds, more than 0 and at most 316224000, not -1
    /flow_definition/nodes/1/on_interrupt `on_interrupt` must be one of `retry`, `ask`, not "fail"
    /flow_definition/nodes/1/on_exhausted `on_exhausted` must be one of `fail`, `ask`, not 1
    /flow_definition/nodes/2/delay_seconds a delay needs `delay_seconds` or `until`
    /flow_definition/nodes/3/delay_seconds `delay_seconds` must be a number of seconds, more than 0 and at most 316224000, not 1e+300
    /flow_definition/nodes/4/until `until` must be a moment such as "2027-01-31T09:00:00Z" (RFC 3339), not "tomorrow"
    /flow_definition/nodes/5/until a delay has `delay_seconds` or `until`, not both
    /flow_definition/nodes/6/condition/type a condition's `type` is one of `equals`, `not_equals`, `greater_than`, `greater_or_equal`, `less_than`, `less_or_equal`, `contains`, `exists`
    /flow_definition/nodes/7/condition a condition node needs `condition`: a condition such as `"score.risk > 70"`
    /flow_definition/nodes/9/input/to Enter an address
    /flow_definition/nodes/9/input/subject Write a subject
    /flow_definition/nodes/9/input/text Write the mail
    /flow_definition/nodes/10/action `action` must be one of `http_request`, `send_email`, `slack_message`, `send_webhook`, `mcp_tool`, `transform`, `aggregate_results`, `echo`, `fail`, not "http"
    /flow_definition/nodes/12/id a node needs `id`: a string of at most 200 characters
    /flow_definition/nodes/13/type a node needs `type`: one of `trigger`, `agent`, `condition`, `switch`, `approval`, `delay`, `wait_event`, `parallel`, `merge`, `map`, `loop`, `subflow`, `action`, `code`
    /flow_definition/nodes/14 an object is needed here, not 7
    /flow_definition/nodes/15/id `id` must not begin or end with a space
    /flow_definition/nodes/16/delay_seconds `delay_seconds` must be a number of seconds, more than 0 and at most 316224000, not 316224001
    "#);
}

#[test]
fn every_key_of_retry_is_checked() {
    let document = flow(json!([
        { "id": "a", "type": "merge", "retry": {
            "enabled": 1, "count": -1, "initial_interval_seconds": 0, "backoff_coefficient": 0.5,
            "max_interval_seconds": "10", "jitter": 1.5, "retry_on": ["timeuot", 99, 429, "rejected"],
            "do_not_retry_on": 404, "interval": 1 } },
        { "id": "b", "type": "merge", "retry": { "initial_interval_seconds": 900 } },
        { "id": "c", "type": "merge", "retry": true },
        { "id": "d", "type": "merge", "retry": { "initial_interval_seconds": 600 } },
    ]));

    insta::assert_snapshot!(faults(&document), @r#"
    /flow_definition/nodes/0/retry/enabled `enabled` must be true or false, not 1
    /flow_definition/nodes/0/retry/count `count` must be a whole number from 0 to 10, not -1
    /flow_definition/nodes/0/retry/initial_interval_seconds `initial_interval_seconds` must be a number of seconds, more than 0 and at most 316224000, not 0
    /flow_definition/nodes/0/retry/backoff_coefficient `backoff_coefficient` must be a number 1 or more, not 0.5
    /flow_definition/nodes/0/retry/max_interval_seconds `max_interval_seconds` must be a number of seconds, more than 0 and at most 316224000, not "10"
    /flow_definition/nodes/0/retry/jitter `jitter` must be a number from 0 to 1, not 1.5
    /flow_definition/nodes/0/retry/retry_on/0 "timeuot" is neither an HTTP status from 100 to 599 nor an error class; did you mean `timeout`?
    /flow_definition/nodes/0/retry/retry_on/1 99 is neither an HTTP status from 100 to 599 nor an error class; there are `timeout`, `connection`, `rate_limited`, `unavailable`, `rejected`, `tool`, `model_output`, `guardrail`, `validation`, `expression`, `script`, `configuration`, `budget`, `cancelled`, `replaced`, `output_too_large`, `internal`, `interrupted`
    /flow_definition/nodes/0/retry/do_not_retry_on `do_not_retry_on` must be a list, not 404
    /flow_definition/nodes/0/retry/interval there is no key `interval` here; there are `enabled`, `count`, `initial_interval_seconds`, `backoff_coefficient`, `max_interval_seconds`, `jitter`, `retry_on`, `do_not_retry_on`
    /flow_definition/nodes/1/retry/initial_interval_seconds the first wait of 900 s is longer than `max_interval_seconds`, which is 600
    /flow_definition/nodes/2/retry an object is needed here, not true
    "#);
}

#[test]
fn inputs_of_actions_are_checked() {
    let document = flow(json!([
        { "id": "a", "type": "action", "action": "http_request", "input": {
            "method": "TRACE", "url": "ftp://x", "headers": { "a": "1\n2", "b": ["x"], "Host": "x", "x y": 1 },
            "query": { "a": [1, "x", null], "b": {} }, "expect_status": [200, "300-399", "299-200", 99], "timeout": 5 } },
        { "id": "b", "type": "action", "action": "http_request" },
        { "id": "c", "type": "action", "action": "http_request", "input": {
            "url": "${c.url}", "headers": { "Idempotency-Key": "${trigger_data.key}" }, "expect_status": [] } },
        { "id": "d", "type": "action", "action": "fail", "input": { "msg": "x", "class": "timeuot" } },
        { "id": "e", "type": "action", "action": "http_request", "input": "https://x" },
        { "id": "f", "type": "action", "action": "http_request", "input": { "url": "ftp://${trigger_data.host}", "method": "a b" } },
    ]));

    insta::assert_snapshot!(faults(&document), @r#"
    /flow_definition/nodes/0/input/method `method` must be a method that can be sent, such as `GET`, not "TRACE"
    /flow_definition/nodes/0/input/url `url` must be a URL that begins with `https://` or `http://`, not "ftp://x"
    /flow_definition/nodes/0/input/headers/a the value of a header must not hold line breaks or other control characters
    /flow_definition/nodes/0/input/headers/b `b` must be a string, a number or a boolean, not a list
    /flow_definition/nodes/0/input/headers/Host the header `Host` cannot be set: Steadflow sets it
    /flow_definition/nodes/0/input/headers/x y `x y` is not a header name
    /flow_definition/nodes/0/input/query/a/2 an entry must be a string, a number or a boolean, not null
    /flow_definition/nodes/0/input/query/b `b` must be a string, a number or a boolean, not an object
    /flow_definition/nodes/0/input/expect_status/2 an entry must be a status from 100 to 599, `"2xx"`, or a range such as `"200-299"`, not "299-200"
    /flow_definition/nodes/0/input/expect_status/3 an entry must be a status from 100 to 599, `"2xx"`, or a range such as `"200-299"`, not 99
    /flow_definition/nodes/0/input/timeout there is no key `timeout` here; there are `method`, `url`, `headers`, `query`, `auth`, `body`, `expect_status`
    /flow_definition/nodes/1/input/url Enter a URL
    /flow_definition/nodes/2/input/headers/Idempotency-Key the header `Idempotency-Key` cannot be set: Steadflow sets it
    /flow_definition/nodes/2/input/expect_status `expect_status` must have at least one entry
    /flow_definition/nodes/3/input/message Enter a message
    /flow_definition/nodes/3/input/class `class` must be one of `timeout`, `connection`, `rate_limited`, `unavailable`, `rejected`, `tool`, `model_output`, `guardrail`, `validation`, `expression`, `script`, `configuration`, `budget`, `cancelled`, `replaced`, `output_too_large`, `internal`, `interrupted`, not "timeuot"; did you mean `timeout`?
    /flow_definition/nodes/3/input/msg there is no key `msg` here; there are `message`, `class`
    /flow_definition/nodes/4/input an object is needed here, not a string
    /flow_definition/nodes/5/input/method `method` must be a method that can be sent, such as `GET`, not "a b"
    /flow_definition/nodes/5/input/url `url` must be a URL that begins with `https://` or `http://`, not "ftp://${trigger_data.host}"
    /flow_definition/nodes/2/input/url `${c.url}`: a node cannot read its own output
    "#);
}

#[test]
fn constant_arguments_that_no_value_makes_right_are_found() {
    let document = json!({ "name": "x", "context_id_template": "${trigger_data.id | regex_find('[')}", "flow_definition": {
        "nodes": [
            { "id": "a", "type": "action", "action": "transform", "input": {
                "ok": "${trigger_data.a | regex_match('^a+$')}", "given": "${trigger_data.a | regex_match(trigger_data.b)}",
                "open": "${trigger_data.a | regex_match('(')}",
                "nested": ["x", "id ${trigger_data.a | default('x') | regex_replace('a{2,1}', '') | upper}"],
                "ahead": "${'x' if trigger_data.a | regex_find('(?=a)') else 'y'}", "number": "${'a' | regex_match(7)}" } },
            { "id": "b", "type": "condition", "condition": "a.ok and trigger_data.t | date(tz='Europe/Pariss') > now()" },
            { "id": "c", "type": "switch", "cases": [{ "name": "one", "condition": "trigger_data.t | date_format('100 %') == 'x'" }] },
            { "id": "d", "type": "delay", "until": "${trigger_data.rows | map('uper') | first}" },
        ],
        "edges": [
            { "from": "a", "to": "b", "condition": "a.nested | join | regex_match('**')" },
            { "from": "b", "to": "c", "condition": true }, { "from": "c", "to": "d", "condition": "one" },
        ],
    } });

    insta::assert_snapshot!(faults(&document), @r#"
    /context_id_template `${trigger_data.id | regex_find('[')}`: `[` is not a regular expression: unclosed character class
    /flow_definition/nodes/0/input/open `${trigger_data.a | regex_match('(')}`: `(` is not a regular expression: unclosed group
    /flow_definition/nodes/0/input/nested/1 `${trigger_data.a | default('x') | regex_replace('a{2,1}', '') | upper}`: `a{2,1}` is not a regular expression: invalid repetition count range, the start must be <= the end
    /flow_definition/nodes/0/input/ahead `${'x' if trigger_data.a | regex_find('(?=a)') else 'y'}`: `(?=a)` is not a regular expression: look-around, including look-ahead and look-behind, is not supported
    /flow_definition/nodes/0/input/number `${'a' | regex_match(7)}`: a pattern is a string, not the number 7
    /flow_definition/nodes/1/condition `${a.ok and trigger_data.t | date(tz='Europe/Pariss') > now()}`: there is no time zone `Europe/Pariss`; one is `Europe/Paris`
    /flow_definition/nodes/2/cases/0/condition `${trigger_data.t | date_format('100 %') == 'x'}`: `100 %` is not a form of dates: strftime formatting failed: invalid format string, expected byte after `%`, but found end of format string
    /flow_definition/nodes/3/until `${trigger_data.rows | map('uper') | first}`: `map` takes `attribute="…"` or the name of one of these: abs, b64decode, b64encode, bool, capitalize, count, date, first, float, fromjson, int, last, length, lower, max, min, round, sha256, string, sum, title, trim, upper, urlencode
    /flow_definition/edges/0/condition `${a.nested | join | regex_match('**')}`: `**` is not a regular expression: repetition operator missing expression
    "#);
    let restored = Flow::restore(&Payload::from_value(&document), &Limits::DEFAULT).unwrap();
    assert_eq!(restored.flow.graph.nodes.len(), 4, "what was saved before still runs");
}

#[test]
fn credentials_in_a_url_are_found_when_it_is_saved() {
    for (url, is_refused) in [
        ("https://user:pass@x.example/", true),
        (" HTTP://user@x.example", true),
        ("https://${trigger_data.user}:${trigger_data.password}@x.example/a", true),
        ("${trigger_data.scheme}://a@x.example/", true),
        ("https://x.example/@user?to=a@b.example#@", false),
        ("https://x.example?to=a@b.example", false),
        ("https://${trigger_data.host | default('a@b')}/", false),
        ("${trigger_data.base}/a@b", false),
        ("${trigger_data.url}", false),
    ] {
        let node = json!({ "id": "a", "type": "action", "action": "http_request", "input": { "url": url } });
        let result = Flow::parse(&flow(json!([node])), &Limits::DEFAULT);

        let said: Vec<String> = result.err().into_iter().flatten().map(|fault| fault.message).collect();
        assert_eq!(said.len(), usize::from(is_refused), "{url}: {said:?}");
        assert!(said.iter().all(|fault| fault.contains("use `auth` instead")), "{said:?}");
    }
}

#[test]
fn secrets_that_would_decide_where_a_call_goes_are_found_when_it_is_saved() {
    let input = json!({ "url": "https://${secrets.HOST}/a/${secrets.PART}-b", "method": "${secrets.METHOD}",
        "headers": { "Authorization": "Bearer ${secrets.TOKEN}" }, "query": { "key": "${secrets.KEY}" },
        "expect_status": "${secrets.STATUS}", "body": ["${secrets.IN_BODY}"] });
    let node = json!({ "id": "a", "type": "action", "action": "http_request", "input": input });
    let document = flow(json!([node]));

    let faults = Flow::parse(&document, &Limits::DEFAULT).unwrap_err();

    let found: Vec<String> = faults
        .iter()
        .map(|fault| format!("{} {}", fault.pointer, fault.message.split(": secrets can").next().unwrap()))
        .collect();
    insta::assert_snapshot!(found.join("\n"), @r#"
    /flow_definition/nodes/0/input/url `${secrets.HOST}`: a secret cannot be in the host or the port of the URL
    /flow_definition/nodes/0/input/url `${secrets.PART}`: a secret cannot be in the host or the port of the URL
    /flow_definition/nodes/0/input/method `${secrets.METHOD}`: a secret cannot be here
    /flow_definition/nodes/0/input/expect_status `${secrets.STATUS}`: a secret cannot be here
    "#);
    let restored = Flow::restore(&Payload::from_value(&document), &Limits::DEFAULT).unwrap();
    assert_eq!(restored.flow.graph.nodes.len(), 1, "what was saved before can still be read");
}

#[test]
fn what_a_call_can_be_made_of_is_accepted() {
    let inputs = [
        json!({ "method": "get", "url": " HTTPS://x ", "headers": { "a": null, "b": 1, "User-Agent": true } }),
        json!({ "url": "http://x", "query": { "a": null, "b": [1, "x", true], "c": [] }, "body": null }),
        json!({ "url": "https://x", "expect_status": "2xx" }),
        json!({ "url": "https://x", "expect_status": [404, "404", "2xx", "300-399", "200–299"] }),
        json!({ "url": "${trigger_data.url}", "method": "${trigger_data.method}", "headers": "${trigger_data.headers}",
                "query": { "a": "${trigger_data.a}" }, "expect_status": "${trigger_data.expected}" }),
        json!({ "url": "https://x/${trigger_data.id}?q=$${x}", "method": "PROPFIND", "body": ["${trigger_data}"] }),
        json!("${trigger_data.request}"),
    ];
    let node = |(at, input): (usize, &Value)| json!({ "id": format!("n{at}"), "type": "action", "action": "http_request", "input": input });
    let document = flow(inputs.iter().enumerate().map(node).collect());

    Flow::parse(&document, &Limits::DEFAULT).unwrap_or_else(|faults| panic!("{faults:?}"));
}

#[test]
fn a_text_without_expressions_is_checked_as_what_it_says() {
    let faults = |method: &str| {
        let input = json!({ "url": "https://x", "method": method });
        let node = json!({ "id": "a", "type": "action", "action": "http_request", "input": input });
        Flow::parse(&flow(json!([node])), &Limits::DEFAULT).err().map(|faults| faults.len())
    };

    assert_eq!(faults("${trigger_data.method}"), None);
    assert_eq!(faults("$${trigger_data.method}"), Some(1));
}

#[test]
fn what_an_execution_is_about_is_known_before_any_node_runs() {
    let faults = |template: &str| {
        let mut document = flow(json!([{ "id": "a", "type": "merge" }]));
        document["context_id_template"] = template.into();
        Flow::parse(&document, &Limits::DEFAULT).err().map(|faults| faults.len())
    };

    assert_eq!(faults("${trigger_data.id}-${trigger_data.k}"), None);
    for template in
        ["${a}", "${trigger_data.id}-${attempt}", "${attempt}-${trigger_data.id}", "${secrets.KEY}"]
    {
        assert_eq!(faults(template), Some(1), "{template}");
    }
}

#[test]
fn a_stored_flow_is_read_whatever_todays_rules_say_of_its_inputs() {
    let document = flow(json!([{ "id": "a", "type": "action", "action": "http_request", "input": {
        "url": "https://x", "headers": { "Host": "y" } } }]));

    assert!(Flow::parse(&document, &Limits::DEFAULT).is_err());
    let restored = Flow::restore(&Payload::from_value(&document), &Limits::DEFAULT).unwrap();
    assert_eq!(restored.flow.graph.nodes.len(), 1);
}

#[test]
fn a_nodes_retry_is_laid_key_by_key_over_the_settings() {
    let mut document = flow(json!([
        { "id": "inherits", "type": "merge" },
        { "id": "off", "type": "merge", "retry": { "enabled": false } },
        { "id": "count", "type": "merge", "retry": { "count": 7 } },
        { "id": "slow", "type": "merge", "retry": { "initial_interval_seconds": 2.5, "jitter": 0.1 } },
    ]));
    document["retry_on_failure"] = json!(true);
    document["retry_count"] = json!(2);

    let flow = Flow::parse(&document, &Limits::DEFAULT).unwrap();

    let counts: Vec<u32> = flow.graph.nodes.iter().map(|node| node.retry.count).collect();
    assert_eq!(counts, [2, 0, 7, 2]);
    assert_eq!(flow.graph.nodes[3].retry.initial_interval, Duration::from_millis(2_500));
}

#[test]
fn a_user_name_with_a_colon_is_refused() {
    let auth = json!({ "type": "basic", "username": "a:b", "password": "c" });
    let input = json!({ "method": "GET", "url": "https://x.example", "auth": auth });
    let document = flow(json!([{ "id": "a", "type": "action", "action": "http_request", "input": input }]));

    insta::assert_snapshot!(faults(&document), @"/flow_definition/nodes/0/input/auth/username a user name must not hold a colon, because that ends it");
}

#[test]
fn what_is_written_loosely_is_read() {
    let mut document = flow(json!([
        { "id": "check", "name": "", "type": "condition", "condition": "trigger_data.a > 1" },
        { "id": "call", "type": "action", "action": "http_request",
          "input": { "method": "GET", "url": "https://x.example", "expect_status": " 2xx " } },
    ]));
    document["description"] = json!("two\nlines");
    document["flow_definition"]["edges"] = json!([{ "from": "check", "to": "call", "condition": " True " }]);

    let flow = Flow::parse(&document, &Limits::DEFAULT).unwrap();

    assert_eq!(&*flow.graph.nodes[0].name, "check");
    assert!(matches!(flow.graph.edges[0].condition, Some(EdgeCondition::Is(true))));
}

#[test]
fn a_field_of_a_condition_may_begin_with_any_id_of_the_flow() {
    let document = |read: &str| {
        let condition = json!({ "type": "exists", "field": format!("{read}.n") });
        let mut document = flow(json!([
            { "id": "get data", "type": "merge" },
            { "id": "get data.v2", "type": "merge" },
            { "id": "check", "type": "condition", "condition": condition },
        ]));
        document["flow_definition"]["edges"] = json!([{ "from": "get data.v2", "to": "check" }]);
        document
    };

    // The longest id counts, and it must have run before.
    assert_eq!(Flow::parse(&document("get data.v2"), &Limits::DEFAULT).err(), None);
    assert!(faults(&document("get data")).contains("`get data` cannot have run before `check`"));
}

#[test]
fn documents_that_are_no_flows_are_refused() {
    let deep = (0..200).fold(json!(1), |inner, _| json!([inner]));
    let deep_keys = (0..200).fold(json!(1), |inner, _| json!({ "k": inner }));
    let documents = [
        json!([]),
        json!({}),
        json!({ "name": "x", "flow_definition": [] }),
        json!({ "name": "x", "flow_definition": {} }),
        json!({ "name": "x", "flow_definition": { "nodes": {}, "edges": 1 } }),
        json!({ "name": "x", "flow_definition": { "nodes": [], "edges": [] } }),
        json!({ "name": "x", "flow_definition": deep }),
        json!({ "name": "x", "flow_definition": deep_keys }),
        json!({ "name": "x".repeat(201), "flow_definition": { "nodes": [{ "id": "a", "type": "merge" }] } }),
    ];

    let all: Vec<String> = documents.iter().map(faults).collect();

    insta::assert_snapshot!(all.join("\n--\n"), @"
     an object is needed here, not a list
    --
    /name a flow needs `name`: a string of at most 200 characters
    /flow_definition a flow needs `flow_definition`: an object with `nodes` and `edges`
    --
    /flow_definition an object is needed here, not a list
    --
    /flow_definition/nodes a flow needs `nodes`: a list of nodes
    --
    /flow_definition/nodes `nodes` must be a list, not an object
    /flow_definition/edges `edges` must be a list, not 1
    --
    /flow_definition/nodes `nodes` must have at least one entry
    --
     the document is nested more than 128 deep
    --
     the document is nested more than 128 deep
    --
    /name `name` has 201 characters; at most 200 are allowed
    ");
}

#[test]
fn one_node_too_many_is_refused_without_a_look_at_the_rest() {
    let nodes: Vec<Value> = (0..1_001).map(|_| json!(null)).collect();

    insta::assert_snapshot!(faults(&flow(json!(nodes))), @"/flow_definition/nodes `nodes` has 1001 entries; at most 1000 are allowed");
}

fn flow(nodes: Value) -> Value {
    json!({ "name": "x", "flow_definition": { "nodes": nodes, "edges": [] } })
}

fn faults(document: &Value) -> String {
    let faults = Flow::parse(document, &Limits::DEFAULT).expect_err("the document has faults");
    faults.iter().map(|fault| format!("{} {}", fault.pointer, fault.message)).collect::<Vec<_>>().join("\n")
}
