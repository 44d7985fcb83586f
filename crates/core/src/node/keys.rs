//! Keys that several kinds have: an input, and a condition.

use std::fmt;

use serde_json::{Value, json};

use crate::condition::{self, Condition};
use crate::document::{Description, Fault, Keys, Place, Reader, Reading, Strings, Terms, Unknown, object};
use crate::limits::Limits;
use crate::template::{Encoded, Size, Template};

/// Reads an `input`: JSON whose strings may be templates.
#[derive(Clone, Copy, Debug)]
pub(super) struct Input;

impl Reader for Input {
    type Value = Template;

    fn wanted(&self, _: &Limits) -> String {
        "any JSON".to_owned()
    }

    fn schema(&self, _: &Terms) -> Value {
        json!({})
    }

    fn read(&self, value: &Value, at: &Place<'_>, reading: &mut Reading) -> Option<Template> {
        if !reading.may_compile(Size::of(value), at) {
            return None;
        }
        let template = Template::compile(value, &reading.limits);
        reading.compiled(template, at)
    }
}

/// Reads an `input` that is an object with keys of its own, made by [`input_of`].
pub(crate) struct InputOf<T> {
    read: fn(&mut Keys<'_>) -> Option<T>,
    url: Option<&'static str>,
    form: Option<Form>,
    secrets: Option<SecretCheck>,
}

/// Says why a template at a JSON pointer of the input may not name secrets, as a clause.
type SecretCheck = fn(&str, &str) -> Result<(), String>;

/// Where a form is, and whether the document says that it is one.
struct Form {
    pointer: &'static str,
    is_one: fn(&Value) -> bool,
}

/// Returns a reader of inputs whose keys `read` reads. What is constant in them is checked when the document is read, and
/// the whole by [`resolved`] when the node runs.
pub(super) const fn input_of<T>(read: fn(&mut Keys<'_>) -> Option<T>) -> InputOf<T> {
    InputOf { read, url: None, form: None, secrets: None }
}

impl<T> InputOf<T> {
    /// Takes the string at this JSON pointer for a URL.
    pub(super) const fn with_url(self, pointer: &'static str) -> Self {
        Self { url: Some(pointer), ..self }
    }

    /// Takes the string at this JSON pointer for a form if `is_one` holds for the input as it is written.
    pub(super) const fn with_form(self, pointer: &'static str, is_one: fn(&Value) -> bool) -> Self {
        Self { form: Some(Form { pointer, is_one }), ..self }
    }

    /// Lets only those strings name secrets that `check` accepts.
    pub(super) const fn with_secrets(self, check: SecretCheck) -> Self {
        Self { secrets: Some(check), ..self }
    }

    /// Adds a fault for each secret that may not be where it is.
    fn check_secrets(&self, template: &Template, input: &Value, at: &Place<'_>, reading: &mut Reading) {
        let Some(check) = self.secrets else { return };
        for (pointer, name) in template.secrets() {
            let text = input.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
            if let Err(why) = check(pointer, text) {
                reading.fault_below(at, pointer, format!("`${{secrets.{name}}}`: {why}"));
            }
        }
    }

    fn encoded(&self, input: &Value) -> Encoded<'static> {
        let form = self.form.as_ref().filter(|form| (form.is_one)(input));
        Encoded { url: self.url, form: form.map(|form| form.pointer) }
    }
}

impl<T> fmt::Debug for InputOf<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InputOf")
    }
}

impl<T> Reader for InputOf<T> {
    type Value = Template;

    fn wanted(&self, _: &Limits) -> String {
        "an object".to_owned()
    }

    fn schema(&self, terms: &Terms) -> Value {
        terms.with_templates().schema(&object(self.read))
    }

    fn read(&self, value: &Value, at: &Place<'_>, reading: &mut Reading) -> Option<Template> {
        if !reading.may_compile(Size::of(value), at) {
            return None;
        }
        let template = Template::compile_with(value, &reading.limits, self.encoded(value));
        let template = reading.compiled(template, at);
        if let Some(template) = &template {
            self.check_secrets(template, value, at, reading);
        }
        reading.with_strings(Strings::Templates, |reading| reading.value(&object(self.read), value, at));
        template
    }

    fn inside(&self, terms: &Terms) -> Option<Description> {
        Some(Description::of(&terms.with_templates(), Unknown::Refused, self.read))
    }
}

/// Reads an input whose templates are resolved.
///
/// # Errors
/// Every fault, with pointers into the input.
pub(super) fn resolved<T>(input: &Value, read: fn(&mut Keys<'_>) -> Option<T>) -> Result<T, Vec<Fault>> {
    let mut reading = Reading::new(&Limits::DEFAULT);
    match reading.object(input, &Place::root(""), Unknown::Refused, read) {
        Some(read) if reading.faults.is_empty() => Ok(read),
        _ => Err(reading.into_faults()),
    }
}

/// What a document fixes, or a template that gives it when the node runs.
#[derive(Clone, Debug)]
pub enum Given<T> {
    /// It is fixed.
    Literal(T),
    /// It is calculated.
    Template(Template),
}

impl<T> Given<T> {
    /// Returns the template, if it is one.
    pub(super) const fn template(&self) -> Option<&Template> {
        match self {
            Self::Literal(_) => None,
            Self::Template(template) => Some(template),
        }
    }
}

/// Reads what another reader reads, or a template.
#[derive(Clone, Copy, Debug)]
pub(super) struct OrTemplate<R>(R);

/// Returns a reader of what `reader` reads, or of a template. It may not use secrets: the value is shown.
pub(super) const fn or_template<R: Reader>(reader: R) -> OrTemplate<R> {
    OrTemplate(reader)
}

impl<R: Reader> Reader for OrTemplate<R> {
    type Value = Given<R::Value>;

    fn wanted(&self, limits: &Limits) -> String {
        self.0.wanted(limits)
    }

    fn schema(&self, terms: &Terms) -> Value {
        terms.with_templates().schema(&self.0)
    }

    fn read(&self, value: &Value, at: &Place<'_>, reading: &mut Reading) -> Option<Self::Value> {
        if !value.as_str().is_some_and(|text| text.contains("${")) {
            return self.0.read(value, at, reading).map(Given::Literal);
        }
        if !reading.may_compile(Size::of(value), at) {
            return None;
        }
        let template = Template::compile(value, &reading.limits);
        let template = reading.compiled(template, at)?;
        if let Some(constant) = template.constant() {
            let Ok(constant) = constant.to_value() else {
                reading.fault(at, format!("{} cannot be read", at.subject()));
                return None;
            };
            return self.0.read(&constant, at, reading).map(Given::Literal);
        }
        if !template.references().secrets.is_empty() {
            reading.fault(at, format!("{} cannot use secrets", at.subject()));
            return None;
        }
        Some(Given::Template(template))
    }
}

/// Reads a template that cannot use secrets.
#[derive(Clone, Copy, Debug)]
pub(super) struct WithoutSecrets<R> {
    pub(super) reader: R,
    /// What to say where it does.
    pub(super) why: &'static str,
}

impl<R: Reader<Value = Template>> Reader for WithoutSecrets<R> {
    type Value = Template;

    fn wanted(&self, limits: &Limits) -> String {
        self.reader.wanted(limits)
    }

    fn schema(&self, terms: &Terms) -> Value {
        self.reader.schema(terms)
    }

    fn read(&self, value: &Value, at: &Place<'_>, reading: &mut Reading) -> Option<Template> {
        let template = self.reader.read(value, at, reading)?;
        if !template.references().secrets.is_empty() {
            reading.fault(at, self.why);
        }
        Some(template)
    }
}

/// Takes the graph inside a node. The flow reads what it holds, as it does its own.
#[derive(Clone, Copy, Debug)]
pub(super) struct BodyReader;

impl Reader for BodyReader {
    type Value = ();

    fn wanted(&self, _: &Limits) -> String {
        "an object with `nodes` and `edges`".to_owned()
    }

    fn schema(&self, terms: &Terms) -> Value {
        terms.part("FlowDefinition", |_| {
            json!({
                "type": "object", "required": ["nodes"],
                "properties": {
                    "nodes": { "type": "array", "minItems": 1, "items": { "type": "object" } },
                    "edges": { "type": "array", "items": { "type": "object" } },
                },
            })
        })
    }

    fn read(&self, value: &Value, at: &Place<'_>, reading: &mut Reading) -> Option<()> {
        reading.fitting(self, value.is_object().then_some(()), value, at)
    }
}

/// Reads a condition.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ConditionReader;

impl Reader for ConditionReader {
    type Value = Condition;

    fn wanted(&self, _: &Limits) -> String {
        "a condition such as `\"score.risk > 70\"`".to_owned()
    }

    fn schema(&self, terms: &Terms) -> Value {
        terms.part("Condition", |_| condition::schema())
    }

    fn read(&self, value: &Value, at: &Place<'_>, reading: &mut Reading) -> Option<Condition> {
        if !reading.may_compile(Condition::size_of(value), at) {
            return None;
        }
        let condition = Condition::compile_among(&reading.quoted_ids, value, &at.pointer(), &reading.limits);
        reading.compiled(condition, at)
    }
}
