//! The process in which code runs: hostile programs fail by name, and what it must not do, it cannot.

use std::borrow::Cow;
use std::io::Write as _;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, Command, Output, Stdio};

use serde_json::value::RawValue;
use steadflow_sandbox::{COMMAND, ENVIRONMENT, FORBIDDEN, Failure, Reply, Request, Run, Why};

const SIGSYS: i32 = 31;
const SIGXCPU: i32 = 24;

fn start(act: Option<&str>) -> Child {
    Command::new(env!("CARGO_BIN_EXE_steadflow"))
        .args([COMMAND, &std::process::id().to_string()])
        .args(act)
        .env_clear()
        .envs(ENVIRONMENT)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it starts")
}

fn answered(request: &Request<'_>) -> Output {
    let mut child = start(None);
    let text = serde_json::to_vec(request).expect("it is written");
    // The end of its input begins the work.
    child.stdin.take().expect("a pipe").write_all(&text).expect("it reads");
    child.wait_with_output().expect("it ends")
}

/// Runs a source that may take 300 ms of CPU time and return 64 KiB.
fn run(source: &str, input: &str) -> Output {
    let input: &RawValue = serde_json::from_str(input).expect("JSON");
    let run = Run { source: Cow::Borrowed(source), input, cpu_ms: 300, output_bytes_max: 64 * 1024 };
    answered(&Request::Run(run))
}

fn reply(source: &str, input: &str) -> Reply {
    let output = run(source, input);
    assert!(output.status.success(), "{source}: {}", output.status);
    serde_json::from_slice(&output.stdout).expect("a reply")
}

fn output(source: &str, input: &str) -> String {
    let reply = reply(source, input);
    let Reply::Output(output) = reply else { panic!("{source}: {reply:?}") };
    output.get().to_owned()
}

fn failure(source: &str, input: &str) -> Failure {
    let reply = reply(source, input);
    let Reply::Failure(failure) = reply else { panic!("{source}: {reply:?}") };
    failure
}

#[test]
fn what_the_sandbox_denies_kills_it() {
    for act in FORBIDDEN {
        let output = start(Some(act)).wait_with_output().expect("it ends");

        assert_eq!(
            output.status.signal(),
            Some(SIGSYS),
            "{act}: {}",
            String::from_utf8_lossy(&output.stdout)
        );
    }
    let nothing = start(Some("nothing")).wait_with_output().expect("it ends");
    assert!(nothing.status.success(), "{}", nothing.status);
}

#[test]
fn a_sandbox_whose_server_has_ended_reads_nothing() {
    let child = Command::new(env!("CARGO_BIN_EXE_steadflow"))
        .args([COMMAND, "1"])
        .stdin(Stdio::null())
        .output()
        .expect("it ends");

    assert!(String::from_utf8_lossy(&child.stdout).starts_with(r#"{"unavailable":"#), "{child:?}");
}

#[test]
fn values_pass_exactly() {
    let exact = r#"{"__proto__":{"x":1},"constructor":null,"big":-12345678901234567890,"price":0.1,"small":5e-324,"text":"é😀\u0000 ","list":[[],{},true,false]}"#;
    assert_eq!(output("return input", exact), exact);
    assert_eq!(
        output("return [typeof input, input + 1n]", "9007199254740993"),
        r#"["bigint",9007199254740994]"#
    );
    assert_eq!(output("return input + 1", "9007199254740991"), "9007199254740992");
    assert_eq!(output("return input", "1.10"), "1.1");
    assert_eq!(output("return typeof {}.x", r#"{"__proto__":{"x":1}}"#), r#""undefined""#);
}

#[test]
fn numbers_that_javascript_cannot_keep_fail_by_their_place() {
    for number in ["0.1234567890123456789", "1e400", "3.0000000000000000001"] {
        let failure = failure("return 1", &format!(r#"{{"a":[{number}]}}"#));

        assert_eq!(failure.why, Why::Input);
        assert!(
            failure.message.starts_with(&format!("The input at `/a/0` is the number {number}")),
            "{failure:?}"
        );
    }
}

/// Returns each program with why it fails, and how its message begins.
const HOSTILE: &[(&str, Why, &str)] = &[
    // Time.
    ("while (true) {}", Why::CpuTime, "The code took more than 300 ms"),
    ("outer: for (;;) { for (;;) continue outer }", Why::CpuTime, "The code took"),
    ("try { for (;;) {} } catch { return 1 } finally { return 2 }", Why::CpuTime, "The code took"),
    ("return /^(a+)+$/.test('a'.repeat(60) + 'b')", Why::CpuTime, "The code took"),
    ("return { get a() { for (;;) {} } }", Why::CpuTime, "The code took"),
    ("return { toJSON() { for (;;) {} } }", Why::CpuTime, "The code took"),
    ("const f = async () => { for (;;) await 1 }; await f()", Why::CpuTime, "The code took"),
    ("throw { toString() { for (;;) {} } }", Why::CpuTime, "The code took"),
    ("await { then() {} }", Why::Waits, "The code waits for a promise"),
    ("return Promise.race([])", Why::Waits, "The code waits for a promise"),
    // Memory and the stack.
    ("const all = []; for (;;) all.push(new Array(1000).fill(all.length))", Why::Threw, ""),
    ("let s = 'x'; for (;;) s += s + s.length", Why::Threw, ""),
    ("return new Uint8Array(1e9)", Why::Threw, ""),
    ("return new ArrayBuffer(1e10)", Why::Threw, ""),
    ("return 'x'.repeat(2 ** 29)", Why::Threw, ""),
    ("const f = () => f(); f()", Why::Threw, "RangeError: Maximum call stack size exceeded"),
    ("function* g() { yield* g() } return [...g()]", Why::Threw, "RangeError: Maximum call stack"),
    ("[2, 1].sort(function f() { return [2, 1].sort(f) })", Why::Threw, "RangeError: Maximum call stack"),
    (
        "'a'.replace(/a/, function f() { return 'a'.replace(/a/, f) })",
        Why::Threw,
        "RangeError: Maximum call stack",
    ),
    ("return JSON.parse('['.repeat(1e5) + ']'.repeat(1e5))", Why::Threw, ""),
    ("return new RegExp('('.repeat(1e5) + ')'.repeat(1e5))", Why::Threw, ""),
    ("let p = {}; for (let i = 0; i < 1e5; i++) p = new Proxy(p, {}); return p.x", Why::Threw, ""),
    // What is no JSON.
    ("return", Why::NotJson, "The code returned nothing."),
    ("return { a: [NaN] }", Why::NotJson, "What the code returned at `/a/0` is NaN"),
    ("return -1 / 0", Why::NotJson, "What the code returned is Infinity"),
    ("return [1, , 2]", Why::NotJson, "What the code returned at `/1` is undefined"),
    ("return { 'a/b': Symbol() }", Why::NotJson, "What the code returned at `/a~1b` is a symbol"),
    ("return () => 1", Why::NotJson, "What the code returned is a function"),
    ("return [Promise.resolve(1)]", Why::NotJson, "What the code returned at `/0` is a promise"),
    ("return new Map([[1, 2]])", Why::NotJson, "What the code returned is an instance of `Map`"),
    ("return [new Error('x')]", Why::NotJson, "What the code returned at `/0` is an instance of `Error`"),
    (
        "return Object.setPrototypeOf(new Map([[1, 2]]), Object.prototype)",
        Why::NotJson,
        "What the code returned is an object whose content has no keys",
    ),
    (
        "return [Object.setPrototypeOf(new Set([1]), null)]",
        Why::NotJson,
        "What the code returned at `/0` is an object whose content has no keys",
    ),
    (
        "const m = new Map([[1, 2]]); m.a = 1; return m",
        Why::NotJson,
        "What the code returned is an instance of `Map`",
    ),
    (
        "class M extends Map {}; const m = new M(); m.a = 1; return m",
        Why::NotJson,
        "What the code returned is an instance of `M`",
    ),
    (
        "const s = new Set([1]); s.a = 1; return { s }",
        Why::NotJson,
        "What the code returned at `/s` is an instance of `Set`",
    ),
    (
        "const e = new TypeError('x'); e.code = 1; return e",
        Why::NotJson,
        "What the code returned is an instance of `TypeError`",
    ),
    ("return new Uint8Array(3)", Why::NotJson, "What the code returned is an instance of `Uint8Array`"),
    (
        "return new Uint8Array(3).buffer",
        Why::NotJson,
        "What the code returned is an instance of `ArrayBuffer`",
    ),
    ("return new String('abc')", Why::NotJson, "What the code returned is an instance of `String`"),
    (
        "const n = new Number(1); n.a = 1; return n",
        Why::NotJson,
        "What the code returned is an instance of `Number`",
    ),
    (
        "const b = Object(true); b.a = 1; return b",
        Why::NotJson,
        "What the code returned is an instance of `Boolean`",
    ),
    (
        "const b = Object(1n); b.a = 1; return b",
        Why::NotJson,
        "What the code returned is an instance of `BigInt`",
    ),
    ("const r = /a/; r.a = 1; return r", Why::NotJson, "What the code returned is an instance of `RegExp`"),
    (
        "const d = new Date(0); d.toJSON = 1; return d",
        Why::NotJson,
        "What the code returned is an instance of `Date`",
    ),
    (
        "Map.prototype.constructor = Object; Object.defineProperty(Map.prototype, 'size', { value: 0 }); \
         const m = new Map([[1, 2]]); m.a = 1; return m",
        Why::NotJson,
        "What the code returned is an instance of `Object`",
    ),
    ("return 'x'.repeat(2 ** 25)", Why::TooLarge, "The output has more than 65536 bytes"),
    ("return 'x'.repeat(5e7)", Why::TooLarge, "The output has more than 65536 bytes"),
    ("return { ['x'.repeat(2 ** 25)]: 1 }", Why::TooLarge, "The output has more than 65536 bytes"),
    ("return '\\ud800'", Why::NotJson, "What the code returned is a text with half of a character"),
    ("return { '\\udfff': 1 }", Why::NotJson, "What the code returned is a text with half of a character"),
    (
        "const a = []; a.push(a); return a",
        Why::NotJson,
        "What the code returned is nested more than 127 levels",
    ),
    (
        "let d = 1; for (let i = 0; i < 1e4; i++) d = [d]; return d",
        Why::NotJson,
        "What the code returned is nested",
    ),
    (
        "return { toJSON() { return this } }",
        Why::NotJson,
        "What the code returned at `/toJSON` is a function",
    ),
    ("return 'x'.repeat(65535)", Why::TooLarge, "The output has more than 65536 bytes"),
    (
        "const a = Array(100).fill('x'.repeat(1000)); return Array(1000).fill(a)",
        Why::TooLarge,
        "The output has",
    ),
    ("return { length: 1e9, get a() { throw 5 } }", Why::Threw, "5"),
    (
        "return new Proxy([], { get: (t, k) => k === 'length' ? Infinity : k === 'toJSON' ? undefined : 1 })",
        Why::NotJson,
        "What the code returned is a proxy",
    ),
    (
        "return { a: new Proxy({}, { ownKeys() { throw new TypeError('keys') } }) }",
        Why::NotJson,
        "What the code returned at `/a` is a proxy",
    ),
    ("return new Proxy({}, { get() { throw new TypeError('key') } })", Why::Threw, "TypeError: key"),
    // What is not there.
    ("return Date.now()", Why::Threw, "TypeError: The current time cannot be used: code has no clock"),
    ("return new Date()", Why::Threw, "TypeError: The current time cannot be used"),
    ("return new (new Date(0).constructor)()", Why::Threw, "TypeError: The current time cannot be used"),
    ("return Date()", Why::Threw, "TypeError: The current time cannot be used"),
    ("return Math.random()", Why::Threw, "TypeError: Math.random cannot be used"),
    ("return eval('1')", Why::Threw, "TypeError: eval cannot be used"),
    ("return (0, eval)('1')", Why::Threw, "TypeError: eval cannot be used"),
    ("return new Function('return 1')()", Why::Threw, "TypeError: Function cannot be used"),
    ("return [].constructor.constructor('return this')()", Why::Threw, "TypeError: Function cannot be used"),
    (
        "return (async function* () {}).constructor('yield 1')",
        Why::Threw,
        "TypeError: Function cannot be used",
    ),
    ("return import('fs')", Why::Threw, ""),
    ("return require('fs')", Why::Threw, "ReferenceError: require is not defined"),
    ("return fetch('http://127.0.0.1')", Why::Threw, "ReferenceError: fetch is not defined"),
    ("return Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)", Why::Threw, "ReferenceError: "),
    (
        "return new WebAssembly.Memory({ initial: 1 })",
        Why::Threw,
        "ReferenceError: WebAssembly is not defined",
    ),
    ("return setTimeout(() => 1, 1)", Why::Threw, "ReferenceError: setTimeout is not defined"),
    ("return new WeakRef({}).deref()", Why::Threw, "ReferenceError: WeakRef is not defined"),
    ("undeclared = 1; return 1", Why::Threw, "ReferenceError: undeclared is not defined"),
    // What is no JavaScript, or not only a body.
    ("return 1 +", Why::Syntax, "SyntaxError: "),
    ("}); (function () { return 1", Why::Syntax, "SyntaxError: there is a `}` too many"),
    ("return 1 })(); (async function (input) {", Why::Syntax, "SyntaxError: there is a `}` too many"),
    ("/*", Why::Syntax, "SyntaxError: "),
];

#[test]
fn hostile_programs_fail_by_name() {
    let mut wrong = Vec::new();
    for (source, why, message) in HOSTILE {
        let output = run(source, "{}");
        // The kernel ends what does not look at its time.
        let may_run_out = *why == Why::CpuTime || message.is_empty();
        if may_run_out && output.status.signal() == Some(SIGXCPU) {
            continue;
        }
        let is_right = match serde_json::from_slice(&output.stdout) {
            Ok(Reply::Failure(failure)) => {
                let is_out_of_time = may_run_out && failure.why == Why::CpuTime;
                is_out_of_time || failure.why == *why && failure.message.starts_with(message)
            }
            _ => false,
        };
        let said = String::from_utf8_lossy(&output.stdout);
        wrong.extend((!is_right).then(|| format!("{source}: {} {said:.300}", output.status)));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_a_program_changes_of_its_realm_changes_nothing_of_the_answer() {
    for (source, expected) in [
        (
            "Object.prototype.toJSON = () => 'fake'; Object.defineProperty(Object.prototype, 'b', { get: () => 1, enumerable: true }); return [1]",
            "\"fake\"",
        ),
        ("JSON.stringify = () => '{'; Array.prototype.join = () => '}'; return [input.a]", "[1]"),
        ("Object.prototype.a = 2; return [input.a, {}]", "[1,{}]"),
        ("return Object.assign(Object.create(null), { a: undefined, b: 1 })", r#"{"b":1}"#),
        ("return new Date(Date.UTC(2026, 0, 31))", r#""2026-01-31T00:00:00.000Z""#),
        ("return new Date(2026, 6, 1).getTimezoneOffset()", "0"),
        ("return [new Date(0) instanceof Date, (() => 1) instanceof Function]", "[true,true]"),
        ("return await Promise.all([1, Promise.resolve(2)])", "[1,2]"),
        ("const first = input => input.a; return first(input) // the last line", "1"),
    ] {
        assert_eq!(output(source, r#"{"a":1}"#), expected, "{source}");
    }
}

#[test]
fn an_error_names_its_line_and_column() {
    for (source, place) in [
        ("return input.a.b", (Some(1), Some(8))),
        ("\n  const f = () => missing;\n  return f()", (Some(2), Some(19))),
        ("const a = 1;\nconst b = ;", (Some(2), Some(11))),
        ("return null.x", (Some(1), None)),
    ] {
        let failure = failure(source, "{}");

        assert_eq!((failure.line, failure.column), place, "{source}: {failure:?}");
    }
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let source = "const seen = {}; for (const word of input) seen[word] = (seen[word] ?? 0) + 0.1;
        return [seen, Object.keys(seen).sort(), [3, 1, 2].sort(() => 0), [...new Set(input)], 'ä'.localeCompare('z')]";
    let input = r#"["b","a","b","c","a","10","9"]"#;

    let outputs: Vec<String> = (0..5).map(|_| output(source, input)).collect();

    assert!(outputs.iter().all(|output| *output == outputs[0]), "{outputs:?}");
}

#[test]
fn all_sources_of_a_flow_are_checked_at_once() {
    let sources = ["return 1", "return 1 +", "for (;;) {}", "}); (() => {"].map(Cow::Borrowed).to_vec();

    let output = answered(&Request::Check(sources));

    let Ok(Reply::Checked(found)) = serde_json::from_slice(&output.stdout) else { panic!("{output:?}") };
    let lines: Vec<bool> = found.iter().map(Option::is_some).collect();
    assert_eq!(lines, [false, true, false, true], "{found:?}");
}
