//! JavaScript: an interpreter with one realm, which runs one source.

use std::cell::Cell;
use std::rc::Rc;

use rquickjs::context::{EvalOptions, intrinsic};
use rquickjs::{
    CatchResultExt, CaughtError, Coerced, Context, Ctx, Error, FromJs, Function, Object, Promise, Runtime,
    Value,
};
use rustix::time::{ClockId, clock_gettime};
use serde_json::value::RawValue;

use crate::natives::Natives;
use crate::read::{Maker, Unmade};
use crate::write::{Unwritten, Writer};
use crate::{Failure, MEMORY_MAX, Run, Why};

/// Bytes of the stack that code may take.
const STACK_MAX: usize = 512 * 1024;
/// What is around the source. It is on the first line of it, so that lines keep their numbers.
const BEFORE: &str = "(async function (input) {";
const AFTER: &str = "\n})";
/// What stacks call the source.
const FILE: &str = "code";
/// How a place of the source begins in a stack.
const PLACE: &str = "code:";
/// Characters of a message and of a stack that are kept.
const CHARS_MAX: usize = 2_000;

/// What is said of `null` as an error.
const NULL: &str = "null was thrown, or memory ran out: code may use 64 MiB";

const PRELUDE: &str = include_str!("prelude.js");

type Intrinsics = (
    intrinsic::Date,
    intrinsic::Eval,
    intrinsic::RegExpCompiler,
    intrinsic::RegExp,
    intrinsic::Json,
    intrinsic::Proxy,
    intrinsic::MapSet,
    intrinsic::TypedArrays,
    intrinsic::Promise,
);

/// An interpreter that has run nothing of a person.
pub(crate) struct Interpreter {
    context: Context,
    /// The CPU time at which it stops, in nanoseconds.
    stop_at: Rc<Cell<i64>>,
    was_stopped: Rc<Cell<bool>>,
}

impl Interpreter {
    pub(crate) fn new() -> Result<Self, Error> {
        let runtime = Runtime::new()?;
        runtime.set_memory_limit(MEMORY_MAX);
        runtime.set_max_stack_size(STACK_MAX);
        let (stop_at, was_stopped) = (Rc::new(Cell::new(i64::MAX)), Rc::new(Cell::new(false)));
        let (limit, stopped) = (Rc::clone(&stop_at), Rc::clone(&was_stopped));
        runtime.set_interrupt_handler(Some(Box::new(move || {
            let is_over = cpu_time() >= limit.get();
            stopped.set(stopped.get() || is_over);
            is_over
        })));
        let context = Context::custom::<Intrinsics>(&runtime)?;
        context.with(|ctx| ctx.eval_with_options::<Coerced<f64>, _>(PRELUDE, options("prelude")))?;
        Ok(Self { context, stop_at, was_stopped })
    }

    /// Stops what runs after so much more CPU time.
    pub(crate) fn stop_after(&self, cpu_ms: u64) {
        let cpu_ms = i64::try_from(cpu_ms).unwrap_or(i64::MAX);
        self.stop_at.set(cpu_time().saturating_add(cpu_ms.saturating_mul(1_000_000)));
    }

    /// Looks whether a source is JavaScript.
    pub(crate) fn check(&self, source: &str) -> Result<(), Failure> {
        self.context.with(|ctx| compile(&ctx, source).map(drop))
    }

    /// Runs a source.
    pub(crate) fn run(&self, run: &Run<'_>) -> Result<Box<RawValue>, Failure> {
        let output = self.context.with(|ctx| call(&ctx, run));
        match output {
            _ if self.was_stopped.get() => Err(out_of_time(run.cpu_ms)),
            Ok(text) => RawValue::from_string(text)
                .map_err(|error| Failure::new(Why::NotJson, format!("The output is not JSON: {error}."))),
            Err(failure) => Err(failure),
        }
    }
}

fn out_of_time(cpu_ms: u64) -> Failure {
    let message = format!(
        "The code took more than {cpu_ms} ms of CPU time. Make it do less, or give it more with `cpu_ms`."
    );
    Failure::new(Why::CpuTime, message)
}

/// Returns the CPU time that this process has taken, in nanoseconds.
fn cpu_time() -> i64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec * 1_000_000_000 + time.tv_nsec
}

fn call(ctx: &Ctx<'_>, run: &Run<'_>) -> Result<String, Failure> {
    let globals = ctx.globals();
    let known = globals.get("BigInt").and_then(|big: Function<'_>| {
        let object: Object<'_> = globals.get("Object")?;
        Ok((big, object.get::<_, Object<'_>>("prototype")?, Natives::new(ctx)?))
    });
    let (big, plain, natives) = known.catch(ctx).map_err(|error| failure_of(error, Why::Threw))?;
    let function = compile(ctx, &run.source)?;
    let maker = Maker { ctx: ctx.clone(), big };
    let input = maker.make(run.input.get()).map_err(|unmade| match unmade {
        Unmade::Number(failure) => failure,
        Unmade::Failed(error) => failure_of(CaughtError::from_error(ctx, error), Why::Input),
    })?;
    let returned = function.call::<_, Promise<'_>>((input,)).and_then(|promise| promise.finish());
    if matches!(returned, Err(Error::WouldBlock)) {
        let message =
            "The code waits for a promise that nothing resolves: it has no clock, no network and no files.";
        return Err(Failure::new(Why::Waits, message));
    }
    let returned: Value<'_> = returned.catch(ctx).map_err(|error| failure_of(error, Why::Threw))?;
    Writer::new(plain, natives, run.output_bytes_max).write(returned).map_err(|unwritten| match unwritten {
        Unwritten::Refused(failure) => failure,
        Unwritten::Threw(error) => failure_of(CaughtError::from_error(ctx, error), Why::Threw),
    })
}

fn options(file: &str) -> EvalOptions {
    let mut options = EvalOptions::default();
    options.filename = Some(file.to_owned());
    options.strict = true;
    options
}

/// Makes the source a function.
fn compile<'js>(ctx: &Ctx<'js>, source: &str) -> Result<Function<'js>, Failure> {
    let text = format!("{BEFORE}{source}{AFTER}");
    let function: Function<'js> = ctx
        .eval_with_options(text.as_str(), options(FILE))
        .catch(ctx)
        .map_err(|error| failure_of(error, Why::Syntax))?;
    // A source that closes the function around it has another text.
    let Coerced(made) = Coerced::<String>::from_js(ctx, function.clone().into_value())
        .catch(ctx)
        .map_err(|error| failure_of(error, Why::Syntax))?;
    if text.get(1..text.len() - 1) == Some(&*made) {
        Ok(function)
    } else {
        Err(Failure::new(Why::Syntax, "SyntaxError: there is a `}` too many"))
    }
}

/// Describes an error that code threw. Reading it can run code of a person, which can throw as well.
fn failure_of(error: CaughtError<'_>, why: Why) -> Failure {
    let (message, stack) = match error {
        CaughtError::Exception(exception) => {
            let stack = exception.stack().unwrap_or_default();
            let ctx = exception.ctx().clone();
            let said = Coerced::<String>::from_js(&ctx, exception.into_value());
            (said.map_or_else(|_| "an error that cannot be read".to_owned(), |Coerced(text)| text), stack)
        }
        // Without memory there is none for an error either.
        CaughtError::Value(value) if value.is_null() => (NULL.to_owned(), String::new()),
        CaughtError::Value(value) => {
            let ctx = value.ctx().clone();
            let said = Coerced::<String>::from_js(&ctx, value);
            let said = said.map_or_else(|_| "a value that cannot be read".to_owned(), |Coerced(text)| text);
            (said, String::new())
        }
        CaughtError::Error(error) => (error.to_string(), String::new()),
    };
    let (stack, place) = in_source(&stack);
    let kept = |text: &str| text.chars().take(CHARS_MAX).collect::<String>();
    let stack = Some(kept(&stack)).filter(|stack| !stack.is_empty());
    Failure {
        why,
        message: kept(&with_limits(message)),
        line: place.map(|(line, _)| line),
        column: place.and_then(|(_, column)| column),
        stack,
    }
}

/// Says which limit was passed, where only the interpreter noticed.
fn with_limits(message: String) -> String {
    if message.ends_with("out of memory") {
        format!("{message}: code may use {} MiB", MEMORY_MAX / 1024 / 1024)
    } else {
        message
    }
}

/// Returns a stack with columns of the source alone, and its first place in it: `at f (code:3:12)`. Before the source is what
/// was put around it, of which nothing can be said.
fn in_source(stack: &str) -> (String, Option<(u32, Option<u32>)>) {
    let (mut text, mut first) = (String::new(), None);
    let mut parts = stack.trim_end().split(PLACE);
    text.extend(parts.next());
    for part in parts {
        let digits = part.find(|char: char| !char.is_ascii_digit() && char != ':').unwrap_or(part.len());
        let (place, rest) = part.split_at(digits);
        let numbers =
            place.split_once(':').and_then(|(line, column)| Some((line.parse().ok()?, column.parse().ok()?)));
        let Some((line, column)) = numbers else {
            text.extend([PLACE, part]);
            continue;
        };
        let before = if line == 1 { BEFORE.len() as u32 } else { 0 };
        let column: Option<u32> = u32::checked_sub(column, before).filter(|column| *column > 0);
        first = first.or(Some((line, column)));
        let column = column.map(|column| format!(":{column}")).unwrap_or_default();
        text.push_str(&format!("{PLACE}{line}{column}{rest}"));
    }
    (text, first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_in_a_stack_are_those_of_the_source() {
        let first = 4 + BEFORE.len();
        let stack = format!(
            "    at g (native)\n    at f (code:1:{first})\n    at <anonymous> (code:3:12)\n    at code:x\n"
        );

        let (text, place) = in_source(&stack);

        assert_eq!(
            text,
            "    at g (native)\n    at f (code:1:4)\n    at <anonymous> (code:3:12)\n    at code:x"
        );
        assert_eq!(place, Some((1, Some(4))));
        assert_eq!(in_source("    at <anonymous> (code:1:1)").1, Some((1, None)));
    }
}
