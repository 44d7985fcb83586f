//! What a state reads and what it leaves behind: payloads, results, variables.

use std::rc::Rc;

use serde_json::{Value, json};

use super::Walk;
use super::path::Scope;
use super::walk::{Known, State};
use crate::data::{Data, Step};
use crate::read::{list, pointer_part};
use crate::text::template;

impl Walk<'_> {
    /// Returns what can be read behind a state, or in it.
    pub(super) fn scope(&self, state: &State<'_>, known: &Known) -> Scope {
        Scope {
            data: Rc::clone(&known.data),
            variables: Rc::clone(&known.variables),
            result: None,
            error: None,
            state: state.about.name.clone(),
            in_map: self.maps > 0,
        }
    }

    /// Returns JSON with paths (`"x.$": "$.y"`) or JSONata in it.
    pub(super) fn payload(
        &mut self,
        state: &State<'_>,
        below: &str,
        value: &Value,
        scope: &Scope,
    ) -> Rc<Data> {
        match value {
            Value::Object(object) => {
                let mut made = Vec::new();
                for (key, value) in object {
                    let below = format!("{below}/{}", pointer_part(key));
                    match (key.strip_suffix(".$"), value.as_str()) {
                        (Some(key), Some(path)) if !state.is_jsonata => {
                            let data = scope.path(path).and_then(|data| {
                                data.read(&[])
                                    .map(|_| Rc::clone(&data))
                                    .or_else(|why| data.to_value().map(|_| data).map_err(|_| why))
                            });
                            let data = data.unwrap_or_else(|why| self.lost(state, &below, path, &why));
                            made.push((key.to_owned(), data));
                        }
                        _ => made.push((key.clone(), self.payload(state, &below, value, scope))),
                    }
                }
                Rc::new(Data::Object { base: None, fields: made })
            }
            Value::Array(items) => {
                let items = items
                    .iter()
                    .enumerate()
                    .map(|(at, item)| self.payload(state, &format!("{below}/{at}"), item, scope));
                Rc::new(Data::List(items.collect()))
            }
            Value::String(text) if state.is_jsonata => match scope.jsonata(text) {
                Ok(Some(data)) => data,
                Ok(None) => Rc::new(Data::Constant(value.clone())),
                Err(why) => self.lost(state, below, text, &why),
            },
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                Rc::new(Data::Constant(value.clone()))
            }
        }
    }

    /// Returns the value of a setting: JSONata, or a path if it is the one of a `…Path`.
    pub(super) fn setting(
        &mut self,
        state: &State<'_>,
        key: &str,
        is_path: bool,
        scope: &Scope,
    ) -> Option<Value> {
        let value = state.value.get(key)?;
        let below = format!("/{key}");
        let data = match value.as_str() {
            Some(path) if is_path => {
                scope.path(path).unwrap_or_else(|why| self.lost(state, &below, path, &why))
            }
            Some(_) | None => self.payload(state, &below, value, scope),
        };
        Some(self.value(state, &below, &data))
    }

    /// Returns a value for a document. One that is not known as a whole is listed, and fails by name.
    pub(super) fn value(&mut self, state: &State<'_>, below: &str, data: &Rc<Data>) -> Value {
        data.to_value()
            .unwrap_or_else(|why| json!(template(&read(&self.lost(state, below, "the whole value", &why)))))
    }

    /// Lists what has no equivalent, and returns data that fails by name.
    pub(super) fn lost(&mut self, state: &State<'_>, below: &str, source: &str, why: &str) -> Rc<Data> {
        let what = format!("`{}`: {why}", crate::text::cut(source, 120));
        self.report.listed(
            &state.about,
            below,
            "expression",
            &what,
            "Write it as an expression of Steadflow.",
        );
        Data::expression(crate::text::failing(source))
    }

    /// Returns what is known behind a state that has done its work: `result` is what it returned.
    pub(super) fn behind(&mut self, state: &State<'_>, known: &Known, result: Rc<Data>) -> Known {
        let mut scope = self.scope(state, known);
        scope.result = Some(Rc::clone(&result));
        let assigned = self.assigned(state, state.value, "", known, &scope, &result);
        if state.is_jsonata {
            let data = match state.value.get("Output") {
                Some(output) => self.payload(state, "/Output", output, &scope),
                None => result,
            };
            return Known { data, variables: assigned };
        }
        let selected = match state.value.get("ResultSelector") {
            Some(selector) => {
                let scope = Scope { data: result, ..scope };
                self.payload(state, "/ResultSelector", selector, &scope)
            }
            None => result,
        };
        let data = self.put(state, "/ResultPath", state.value.get("ResultPath"), &known.data, selected);
        let data = match state.value.get("OutputPath") {
            Some(Value::Null) => Data::object(Vec::new()),
            Some(path) => self.followed(state, "/OutputPath", path, &data, known),
            None => data,
        };
        Known { data, variables: assigned }
    }

    /// Puts a result into data, where `ResultPath` says.
    pub(super) fn put(
        &mut self,
        state: &State<'_>,
        below: &str,
        path: Option<&Value>,
        data: &Rc<Data>,
        result: Rc<Data>,
    ) -> Rc<Data> {
        let Some(path) = path else { return result };
        let Some(path) = path.as_str() else { return Rc::clone(data) };
        let steps: Option<Vec<Step>> = path.strip_prefix('$').and_then(|rest| match rest {
            "" => Some(Vec::new()),
            rest => rest
                .strip_prefix('.')
                .map(|rest| rest.split('.').map(|part| Step::Field(part.to_owned())).collect()),
        });
        match steps
            .ok_or_else(|| "it is no simple path".to_owned())
            .and_then(|steps| data.with(&steps, result))
        {
            Ok(data) => data,
            Err(why) => self.lost(state, below, path, &why),
        }
    }

    pub(super) fn followed(
        &mut self,
        state: &State<'_>,
        below: &str,
        path: &Value,
        data: &Rc<Data>,
        known: &Known,
    ) -> Rc<Data> {
        let scope = Scope { data: Rc::clone(data), ..self.scope(state, known) };
        let path = path.as_str().unwrap_or("$");
        scope.path(path).unwrap_or_else(|why| self.lost(state, below, path, &why))
    }

    /// Returns the variables behind `holder`: a state, a rule or a catcher.
    pub(super) fn assigned(
        &mut self,
        state: &State<'_>,
        holder: &Value,
        below: &str,
        known: &Known,
        scope: &Scope,
        result: &Rc<Data>,
    ) -> Rc<Data> {
        let Some(assign) = holder.get("Assign") else { return Rc::clone(&known.variables) };
        let scope =
            if state.is_jsonata { scope.clone() } else { Scope { data: Rc::clone(result), ..scope.clone() } };
        let made = self.payload(state, &format!("{below}/Assign"), assign, &scope);
        let mut variables = Rc::clone(&known.variables);
        if let Data::Object { fields, .. } = &*made {
            for (name, data) in fields {
                variables =
                    variables.with(&[Step::Field(name.clone())], Rc::clone(data)).unwrap_or(variables);
            }
        }
        variables
    }

    /// Returns what is known behind each catcher of a state.
    pub(super) fn caught(&mut self, state: &State<'_>, known: &Known) -> Vec<Known> {
        let id = &state.id;
        let error = Data::object(vec![
            (
                "Error",
                Data::unknown(format!("the names of errors differ; the class is `nodes.{id}.error.class`")),
            ),
            ("Cause", Data::expression(format!("nodes.{id}.error.message"))),
        ]);
        let mut all = Vec::new();
        for (at, catcher) in list(state.value, "Catch").iter().enumerate() {
            let below = format!("/Catch/{at}");
            let mut scope = self.scope(state, known);
            scope.error = Some(Rc::clone(&error));
            let variables = self.assigned(state, catcher, &below, known, &scope, &error);
            let data = match catcher.get("Output") {
                Some(output) if state.is_jsonata => {
                    self.payload(state, &format!("{below}/Output"), output, &scope)
                }
                _ if state.is_jsonata => Rc::clone(&error),
                _ => self.put(
                    state,
                    &format!("{below}/ResultPath"),
                    catcher.get("ResultPath"),
                    &known.data,
                    Rc::clone(&error),
                ),
            };
            all.push(Known { data, variables });
        }
        all
    }
}

fn read(data: &Rc<Data>) -> String {
    data.read(&[]).unwrap_or_else(|why| crate::text::failing(&why))
}
