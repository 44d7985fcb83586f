//! Evaluates what is more than a path, in MiniJinja.
//!
//! Fuel bounds the work that an expression does, not the size of what it is given: printing, comparing or joining a
//! large value is charged after the fact. So what an expression may read is bounded too (`READ_UNITS_MAX`), counted for
//! each mention, and nothing in the allowed filters can repeat a value that was read once.
//!
//! An expression owns what it needs to run, from the first time that it does: of most flows in memory, little runs. That is
//! light: MiniJinja shares its tables of filters and tests among all environments, and instructions are kept without the
//! 12 KB of spare room that MiniJinja gives them.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use minijinja::machinery::{self, CodeGenerator, Instruction, Instructions};
use minijinja::value::Object;
use minijinja::{AutoEscape, Environment, Error, ErrorKind, State, UndefinedBehavior, Value};

use crate::limits::Limits;
use crate::scope::Scope;

use super::error::Problem;
use super::functions;
use super::meter::Meter;
use super::parse;
use super::rewrite::{self, Rewritten};
use super::site::Site;
use super::slots::Slots;
use super::values::Budget;

/// What one expression may read: a unit for each byte of a string, 32 for each value.
const READ_UNITS_MAX: usize = 8 * 1024 * 1024;

/// What instructions take that one token becomes, at most.
const BYTES_PER_TOKEN: usize = 200;
/// What a usual regular expression takes.
const BYTES_PER_PATTERN: usize = 32 * 1024;
/// How the names of the filters begin that take a regular expression.
pub(crate) const PATTERN_FILTERS: &str = "regex_";

/// An expression that MiniJinja evaluates. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Computed {
    program: Arc<Program>,
}

/// The values of the paths that lead somewhere, in the order of their names.
#[derive(Debug)]
struct Variables(Vec<(&'static str, Value)>);

#[derive(Debug)]
struct Program {
    text: Arc<str>,
    code: OnceLock<Code>,
    slots: Slots,
    is_url_encoded: bool,
    faults: Box<[Problem]>,
    limits: Limits,
}

/// What MiniJinja runs.
#[derive(Debug)]
struct Code {
    instructions: Box<[Instruction<'static>]>,
    environment: Environment<'static>,
}

/// Makes an expression of `rewritten`, which is what `text` says.
pub(super) fn prepare(text: &str, rewritten: Rewritten, limits: &Limits) -> Computed {
    let program = Program {
        text: text.into(),
        code: OnceLock::new(),
        slots: rewritten.slots,
        is_url_encoded: rewritten.is_url_encoded,
        faults: rewritten.faults.into(),
        limits: *limits,
    };
    Computed { program: Arc::new(program) }
}

/// Compiles an expression that was rewritten before. Its variables are the same wherever it is.
#[cold]
fn compile(text: &str, limits: &Limits) -> Code {
    let tree = parse::parse(text, limits).expect("it was parsed when it was read");
    let rewritten = rewrite::rewrite(&tree, Site::default()).expect("it was rewritten when it was read");
    let mut generator = CodeGenerator::new("", "");
    generator.compile_expr(&rewritten.tree);
    let (instructions, _) = generator.finish();
    Code {
        instructions: (0..).map_while(|at| instructions.get(at).cloned()).collect(),
        environment: environment(&rewritten, limits),
    }
}

fn environment(rewritten: &Rewritten, limits: &Limits) -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(limits.expression_fuel));
    // So that errors say which variable was undefined.
    environment.set_debug(true);
    if rewritten.names_tests {
        functions::add_strict_tests(&mut environment);
    }
    environment
}

impl Computed {
    pub(super) fn slots(&self) -> &Slots {
        &self.program.slots
    }

    pub(super) fn is_url_encoded(&self) -> bool {
        self.program.is_url_encoded
    }

    pub(super) fn faults(&self) -> &[Problem] {
        &self.program.faults
    }

    /// Returns about how many bytes it takes once it has run.
    pub(super) fn bytes(&self) -> usize {
        let Program { text, slots, .. } = &*self.program;
        // A token takes a byte or more, and is a few instructions.
        let tokens = text.len().min(parse::TOKENS_MAX);
        let patterns = text.matches(PATTERN_FILTERS).count();
        1_000
            + text.len()
            + tokens * BYTES_PER_TOKEN
            + slots.iter().count() * 150
            + patterns * BYTES_PER_PATTERN
    }

    /// Evaluates with what `scope` has at each path. A path that leads nowhere is undefined: an error only if it is used.
    pub(super) fn evaluate(&self, scope: &Scope) -> Result<Value, Problem> {
        let variables = self.program.variables(scope)?;
        let value =
            self.program.run(variables, &scope.meter).map_err(|error| self.program.explain(&error, scope))?;
        if value.is_undefined() {
            return Err(self.program.missing(scope).unwrap_or_else(|| Problem::new("it gives no value")));
        }
        Ok(value)
    }
}

impl Object for Variables {
    fn get_value(self: &Arc<Self>, name: &Value) -> Option<Value> {
        let at = self.0.binary_search_by_key(&name.as_str()?, |(variable, _)| variable).ok()?;
        Some(self.0[at].1.clone())
    }
}

impl Program {
    fn variables(&self, scope: &Scope) -> Result<Value, Problem> {
        let units_max = READ_UNITS_MAX.min(scope.meter.units_left());
        let mut budget = Budget::new(units_max, self.limits.json_depth_max);
        let mut variables = Vec::new();
        for slot in self.slots.iter() {
            scope.meter.check()?;
            if let Ok(found) = slot.path.resolve(scope) {
                let value = scope.meter.read(&found, slot.mentions, &mut budget)?;
                variables.push((slot.variable, value));
            }
        }
        Ok(Value::from_object(Variables(variables)))
    }

    fn run(&self, variables: Value, meter: &Meter) -> Result<Value, Error> {
        let code = self.code.get_or_init(|| compile(&self.text, &self.limits));
        let mut instructions = Instructions::new("", "");
        for instruction in &code.instructions {
            instructions.add(instruction.clone());
        }
        let (blocks, mut output) = (BTreeMap::new(), String::new());
        let evaluated = machinery::eval(
            &code.environment,
            &instructions,
            variables,
            &blocks,
            &mut machinery::make_string_output(&mut output),
            AutoEscape::None,
        );
        // What an evaluation that failed has done is not known.
        let consumed = |state: &State<'_, '_>| state.fuel_levels().map(|(consumed, _)| consumed);
        let known = evaluated.as_ref().ok().and_then(|(_, state)| consumed(state));
        meter.charge(known.unwrap_or(self.limits.expression_fuel));
        let (value, _) = evaluated?;
        Ok(value.expect("an expression's instructions end with its value on the stack"))
    }

    fn explain(&self, error: &Error, scope: &Scope) -> Problem {
        let is_undefined = error.kind() == ErrorKind::UndefinedError;
        let named = self.slots.iter().find(|slot| {
            let undefined = format!("`{}` is undefined", slot.variable);
            error.detail().is_some_and(|detail| detail.contains(&undefined))
        });
        match named.and_then(|slot| slot.path.resolve(scope).err()) {
            Some(missing) => missing.into(),
            None if is_undefined => self.missing(scope).unwrap_or_else(|| self.problem(error)),
            None => self.problem(error),
        }
    }

    /// Returns a path that leads nowhere, if there is one, and why.
    fn missing(&self, scope: &Scope) -> Option<Problem> {
        let needed = self.slots.iter().filter(|slot| !slot.is_optional);
        let optional = self.slots.iter().filter(|slot| slot.is_optional);
        needed.chain(optional).find_map(|slot| slot.path.resolve(scope).err()).map(Problem::from)
    }

    /// Returns MiniJinja's error, with paths in the place of their variables.
    fn problem(&self, error: &Error) -> Problem {
        if error.kind() == ErrorKind::OutOfFuel {
            return Problem::new("it takes too many steps or makes too large a value");
        }
        let mut message = error.detail().map_or_else(|| error.kind().to_string(), str::to_owned);
        for slot in self.slots.iter() {
            message = message.replace(slot.variable, &slot.path.text());
        }
        Problem::new(message)
    }
}
