//! The states that are no tasks.

use std::rc::Rc;

use serde_json::{Map, Value, json};

use super::Walk;
use super::path::Scope;
use super::walk::{Known, Out, State, Way, case_name, is_end};
use crate::data::Data;
use crate::error::ImportError;
use crate::graph::{Graph, action, failing, node};
use crate::read::{list, text};
use crate::text::template;

/// How many items of an inline `Map` run at the same time there if it says nothing.
const CONCURRENCY: u64 = 40;

impl Walk<'_> {
    /// Adds the nodes of a state.
    pub(super) fn translate(
        &mut self,
        state: &State<'_>,
        known: &Known,
        ways: &[Way],
        graph: &mut Graph,
    ) -> Result<Out, ImportError> {
        match text(state.value, "Type") {
            Some("Pass") => Ok(self.pass(state, known, graph)),
            Some("Wait") => Ok(self.wait(state, known, graph)),
            Some("Choice") => Ok(self.choice(state, known, ways, graph)),
            Some("Succeed") => Ok(self.succeed(state, known, graph)),
            Some("Fail") => Ok(self.fail(state, known, graph)),
            Some("Task") => Ok(self.task(state, known, graph)),
            Some("Parallel") => self.parallel(state, known, graph),
            Some("Map") => self.map(state, known, graph),
            Some(other) => {
                let message = format!("there is no type `{other}` of states");
                Err(ImportError::shape(format!("{}/Type", state.about.pointer), message))
            }
            None => Err(ImportError::shape(format!("{}/Type", state.about.pointer), "a state has a `Type`")),
        }
    }

    pub(super) fn out(&mut self, state: &State<'_>, known: &Known, behind: Known) -> Out {
        let caught = self.caught(state, known);
        Out {
            entry: state.id.clone(),
            exit: state.id.clone(),
            known: behind,
            caught,
            is_end: is_end(state.value),
        }
    }

    /// Returns the input of a state: what `InputPath` selects.
    pub(super) fn selected(&mut self, state: &State<'_>, known: &Known) -> Known {
        let data = match state.value.get("InputPath") {
            None => Rc::clone(&known.data),
            Some(Value::Null) => Data::object(Vec::new()),
            Some(path) => self.followed(state, "/InputPath", path, &known.data, known),
        };
        Known { data, variables: Rc::clone(&known.variables) }
    }

    fn pass(&mut self, state: &State<'_>, known: &Known, graph: &mut Graph) -> Out {
        let input = self.selected(state, known);
        let scope = self.scope(state, &input);
        let given = state.value.get("Result").map(|result| Rc::new(Data::Constant(result.clone())));
        let made = match (state.is_jsonata, state.value.get("Output"), state.value.get("Parameters")) {
            (true, Some(output), _) => Some(self.payload(state, "/Output", output, &scope)),
            (false, _, Some(parameters)) if given.is_none() => {
                Some(self.payload(state, "/Parameters", parameters, &scope))
            }
            _ => given,
        };
        let Some(made) = made else {
            graph.node(self.titled(state, node(&state.id, &state.about.name, "merge")));
            let behind = self.behind(state, known, input.data);
            return self.out(state, known, behind);
        };
        let value = self.value(state, "", &made);
        graph.node(self.titled(state, action(&state.id, &state.about.name, "transform", value)));
        let result = Data::of_node(&state.id);
        let behind = match state.is_jsonata {
            true => {
                Known { data: result, variables: self.assigned(state, state.value, "", known, &scope, &made) }
            }
            false => self.behind(state, known, result),
        };
        self.out(state, known, behind)
    }

    fn wait(&mut self, state: &State<'_>, known: &Known, graph: &mut Graph) -> Out {
        let scope = self.scope(state, &self.selected_quietly(state, known));
        let mut made = node(&state.id, &state.about.name, "delay");
        let keys = [
            ("Seconds", "delay_seconds", false),
            ("SecondsPath", "delay_seconds", true),
            ("Timestamp", "until", false),
            ("TimestampPath", "until", true),
        ];
        for (theirs, ours, is_path) in keys {
            if let Some(value) = self.setting(state, theirs, is_path, &scope) {
                made.insert(ours.to_owned(), value);
            }
        }
        graph.node(self.titled(state, made));
        let data = Rc::clone(&known.data);
        let behind = self.behind(state, known, data);
        self.out(state, known, behind)
    }

    fn selected_quietly(&self, state: &State<'_>, known: &Known) -> Known {
        let path = state.value.get("InputPath").and_then(Value::as_str);
        let data = path.and_then(|path| self.scope(state, known).path(path).ok());
        Known { data: data.unwrap_or_else(|| Rc::clone(&known.data)), variables: Rc::clone(&known.variables) }
    }

    fn choice(&mut self, state: &State<'_>, known: &Known, ways: &[Way], graph: &mut Graph) -> Out {
        let scope = self.scope(state, &self.selected_quietly(state, known));
        let choices = list(state.value, "Choices");
        let mut cases = Vec::new();
        for (at, choice) in choices.iter().enumerate() {
            let condition = self.condition(&state.about, &format!("/Choices/{at}"), choice, &scope);
            cases.push(json!({ "name": case_name(at), "condition": condition }));
            if choice.get("Assign").is_some() || choice.get("Output").is_some() {
                let by_hand = "Calculate it in a `transform` behind the switch.";
                self.report.listed(
                    &state.about,
                    &format!("/Choices/{at}"),
                    "rule",
                    "it sets variables or the output by the rule that holds",
                    by_hand,
                );
            }
        }
        let mut made = match cases.as_slice() {
            [only] => {
                let mut made = node(&state.id, &state.about.name, "condition");
                made.insert("condition".to_owned(), only["condition"].clone());
                made
            }
            _ => {
                let mut made = node(&state.id, &state.about.name, "switch");
                made.insert("cases".to_owned(), json!(cases));
                made
            }
        };
        if let Some(comment) = text(state.value, "Comment") {
            made.insert("note".to_owned(), json!(comment));
        }
        graph.node(made);
        if state.value.get("Default").is_none() {
            let id = self.ids.next(&format!("{} no choice", state.about.name));
            let message = json!({ "message": format!("States.NoChoiceMatched: no rule of `{}` holds", crate::text::plain(&state.about.name)) });
            graph.node(action(&id, "No choice matched", "fail", message));
            graph.case(&state.id, &id, if ways.len() == 1 { json!(false) } else { json!("default") });
        }
        let data = Rc::clone(&known.data);
        let behind = self.behind(state, known, data);
        self.out(state, known, behind)
    }

    fn succeed(&mut self, state: &State<'_>, known: &Known, graph: &mut Graph) -> Out {
        let input = self.selected(state, known);
        graph.node(self.titled(state, node(&state.id, &state.about.name, "merge")));
        let behind = self.behind(state, known, input.data);
        self.out(state, known, behind)
    }

    fn fail(&mut self, state: &State<'_>, known: &Known, graph: &mut Graph) -> Out {
        let scope = self.scope(state, known);
        let mut parts = Vec::new();
        for (key, path_key) in [("Error", "ErrorPath"), ("Cause", "CausePath")] {
            let part = match state.value.get(path_key) {
                Some(_) => self.setting(state, path_key, true, &scope),
                None => self.setting(state, key, false, &scope),
            };
            parts.extend(part.as_ref().and_then(Value::as_str).map(str::to_owned));
        }
        let message = if parts.is_empty() { "Failed".to_owned() } else { parts.join(": ") };
        graph.node(
            self.titled(state, action(&state.id, &state.about.name, "fail", json!({ "message": message }))),
        );
        let mut out = self.out(state, known, known.clone());
        out.is_end = false;
        out
    }

    fn parallel(&mut self, state: &State<'_>, known: &Known, graph: &mut Graph) -> Result<Out, ImportError> {
        let handles = state.value.get("Catch").is_some() || state.value.get("Retry").is_some();
        let input = self.selected(state, known);
        let scope = self.scope(state, &input);
        let given = match state.value.get(if state.is_jsonata { "Arguments" } else { "Parameters" }) {
            Some(payload) => Known {
                data: self.payload(state, "/Parameters", payload, &scope),
                variables: input.variables,
            },
            None => input,
        };
        if !handles {
            let fork = self.ids.next(&format!("{} fork", state.about.name));
            graph.node(node(&fork, &state.about.name, "parallel"));
            self.branches(state, &given, Some(&fork), graph)?;
            let behind = self.behind(state, known, Data::of_node(&state.id));
            let mut out = self.out(state, known, behind);
            out.entry = fork;
            return Ok(out);
        }
        // What fails in a branch fails the whole state, so all of it is one node: a map of one item.
        let mut inner = Graph::default();
        let join = self.ids.next(&format!("{} branches", state.about.name));
        self.branches(
            &State { id: join, about: state.about.clone(), value: state.value, is_jsonata: state.is_jsonata },
            &given.in_body(),
            None,
            &mut inner,
        )?;
        let mut made = node(&state.id, &state.about.name, "map");
        made.insert("items".to_owned(), json!("${[0]}"));
        made.insert("body".to_owned(), inner.into_value());
        self.limits(state, &mut made);
        graph.node(made);
        let result = Data::expression(format!("{}[0]", state.id));
        let behind = self.behind(state, known, result);
        Ok(self.out(state, known, behind))
    }

    /// Adds the branches of a `Parallel` state, and a node that has their results.
    fn branches(
        &mut self,
        state: &State<'_>,
        given: &Known,
        fork: Option<&str>,
        graph: &mut Graph,
    ) -> Result<(), ImportError> {
        let (mut results, mut last) = (Vec::new(), Vec::new());
        for (at, branch) in list(state.value, "Branches").iter().enumerate() {
            let pointer = format!("{}/Branches/{at}", state.about.pointer);
            let ends = self.machine(branch, &pointer, given, fork.map(|fork| (fork, None)), graph)?;
            match self.result(&ends, &format!("{} branch {at}", state.about.name), &state.about, graph) {
                Some(id) => {
                    results.push(json!(template(&id)));
                    last.push(id);
                }
                None => results.push(Value::Null),
            }
        }
        graph.node(action(&state.id, &state.about.name, "transform", json!(results)));
        for id in last {
            graph.edge(&id, &state.id);
        }
        Ok(())
    }

    fn map(&mut self, state: &State<'_>, known: &Known, graph: &mut Graph) -> Result<Out, ImportError> {
        let input = self.selected(state, known);
        let scope = self.scope(state, &input);
        let processor = ["ItemProcessor", "Iterator"].into_iter().find(|key| state.value.get(*key).is_some());
        let Some(key) = processor else {
            return Err(ImportError::shape(&state.about.pointer, "a `Map` has an `ItemProcessor`"));
        };
        let machine = &state.value[key];
        let mut made = node(&state.id, &state.about.name, "map");
        let items = self.items(state, &scope);
        made.insert("items".to_owned(), items);
        self.maps += 1;
        let body = self.body(state, machine, key, known);
        self.maps -= 1;
        made.insert("body".to_owned(), body?.into_value());
        let concurrency = match state.value.get("MaxConcurrency") {
            Some(Value::Number(number)) => {
                number.as_u64().filter(|number| *number > 0).map_or(CONCURRENCY, |number| number.min(1_000))
            }
            Some(_) | None => CONCURRENCY,
        };
        made.insert("max_concurrency".to_owned(), json!(concurrency));
        for (key, by_hand) in [
            ("ItemReader", "Read the items in a node before, and give them to `items`."),
            ("ItemBatcher", "Put the items into groups in a `code` node before."),
            ("ResultWriter", "Write the results in a node behind."),
            (
                "ToleratedFailurePercentage",
                "Set `on_item_failure` to `collect`, and count what failed in a node behind.",
            ),
            (
                "ToleratedFailureCount",
                "Set `on_item_failure` to `collect`, and count what failed in a node behind.",
            ),
            ("MaxConcurrencyPath", "Set `max_concurrency`."),
        ] {
            if state.value.get(key).is_some() {
                self.report.listed(
                    &state.about,
                    &format!("/{key}"),
                    key,
                    "a map has no such setting",
                    by_hand,
                );
            }
        }
        self.limits(state, &mut made);
        graph.node(made);
        let behind = self.behind(state, known, Data::of_node(&state.id));
        Ok(self.out(state, known, behind))
    }

    fn items(&mut self, state: &State<'_>, scope: &Scope) -> Value {
        if state.value.get("ItemReader").is_some() {
            return json!(template(&crate::text::failing("the items come from an `ItemReader`")));
        }
        let key = if state.is_jsonata { "Items" } else { "ItemsPath" };
        let value = match self.setting(state, key, !state.is_jsonata, scope) {
            Some(value) => value,
            None => self.value(state, "", &scope.data),
        };
        if value.is_string() { value } else { json!(template(&value.to_string())) }
    }

    /// Returns the body of a `Map`, which begins with what its first state is given.
    fn body(
        &mut self,
        state: &State<'_>,
        machine: &Value,
        key: &str,
        known: &Known,
    ) -> Result<Graph, ImportError> {
        let mut graph = Graph::default();
        let outer = known.in_body();
        let mut given = Known { data: Data::expression("item"), variables: Rc::clone(&outer.variables) };
        let selector = ["ItemSelector", "Parameters"].into_iter().find(|key| state.value.get(*key).is_some());
        let mut first = None;
        if let Some(selector) = selector {
            let scope = self.scope(state, &outer);
            let data = self.payload(state, &format!("/{selector}"), &state.value[selector], &scope);
            let value = self.value(state, &format!("/{selector}"), &data);
            let id = self.ids.next(&format!("{} item", state.about.name));
            graph.node(action(&id, "Item", "transform", value));
            given.data = Data::of_node(&id);
            first = Some(id);
        } else if machine.to_string().contains("\"Branches\"") || machine.to_string().contains("\"Map\"") {
            let id = self.ids.next(&format!("{} item", state.about.name));
            graph.node(action(&id, "Item", "transform", json!("${item}")));
            given.data = Data::of_node(&id);
            first = Some(id);
        }
        let pointer = format!("{}/{key}", state.about.pointer);
        let ends =
            self.machine(machine, &pointer, &given, first.as_deref().map(|first| (first, None)), &mut graph)?;
        self.result(&ends, &format!("{} item", state.about.name), &state.about, &mut graph);
        Ok(graph)
    }

    /// Adds the comment of a state as a note.
    pub(super) fn titled(&self, state: &State<'_>, mut made: Map<String, Value>) -> Map<String, Value> {
        if let Some(comment) = text(state.value, "Comment") {
            made.insert("note".to_owned(), json!(comment));
        }
        made
    }

    /// Adds a node that stands for a state and fails by name.
    pub(super) fn not_mapped(
        &mut self,
        state: &State<'_>,
        thing: &str,
        what: &str,
        by_hand: &str,
        graph: &mut Graph,
    ) {
        self.report.listed(&state.about, "", thing, what, by_hand);
        let message = format!(
            "Not imported from Step Functions: `{}` ({thing}): {what}",
            crate::text::cut(&state.about.name, 80)
        );
        let mut made = failing(&state.id, &state.about.name, &message, by_hand);
        self.limits(state, &mut made);
        graph.node(made);
    }
}
