//! From the states of a machine to a graph, in the order in which they run.

use std::collections::BTreeMap;
use std::rc::Rc;

use serde_json::{Value, json};

use super::{Walk, errors};
use crate::data::Data;
use crate::error::ImportError;
use crate::graph::{Graph, Links, action, failing};
use crate::read::{fields, flag, list, pointer_part, text};
use crate::report::About;
use crate::text::template;

/// What is known where a state begins: its data, and variables.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub(super) data: Rc<Data>,
    pub(super) variables: Rc<Data>,
}

impl Known {
    pub(super) fn of(data: Rc<Data>) -> Self {
        Self { data, variables: Data::object(Vec::new()) }
    }

    /// Returns this without what is an item of a list around.
    pub(super) fn in_body(&self) -> Self {
        Self { data: self.data.in_body(), variables: self.variables.in_body() }
    }
}

/// How a state leads to another one.
#[derive(Clone, Debug)]
pub(super) enum How {
    /// It has completed.
    Next,
    /// Its answer is this case.
    Case(Value),
    /// It failed, with the condition on its error, and the number of the catcher.
    Error(Option<String>, usize),
}

/// A way from a state to another one.
#[derive(Clone, Debug)]
pub(super) struct Way {
    pub(super) to: String,
    pub(super) how: How,
}

/// What a state became.
#[derive(Debug)]
pub(super) struct Out {
    /// The node that edges lead to.
    pub(super) entry: String,
    /// The node that edges leave.
    pub(super) exit: String,
    /// What is known behind it.
    pub(super) known: Known,
    /// What is known behind each catcher.
    pub(super) caught: Vec<Known>,
    pub(super) is_end: bool,
}

/// A state while it is translated.
pub(super) struct State<'v> {
    pub(super) value: &'v Value,
    pub(super) about: About,
    pub(super) id: String,
    /// Whether its expressions are JSONata.
    pub(super) is_jsonata: bool,
}

/// Where a machine ends: the node, the condition that it ended there, and the data.
pub(super) struct End {
    pub(super) node: String,
    pub(super) when: String,
    pub(super) data: Rc<Data>,
}

impl Walk<'_> {
    /// Adds the states of a machine to `graph`. `entry` is the node that leads to the first one.
    pub(super) fn machine(
        &mut self,
        machine: &Value,
        pointer: &str,
        known: &Known,
        entry: Option<(&str, Option<Value>)>,
        graph: &mut Graph,
    ) -> Result<Vec<End>, ImportError> {
        let language = text(machine, "QueryLanguage").map(|language| language == "JSONata");
        let outer = self.is_jsonata;
        self.is_jsonata = language.unwrap_or(outer);
        let ends = self.states(machine, pointer, known, entry, graph);
        self.is_jsonata = outer;
        ends
    }

    fn states(
        &mut self,
        machine: &Value,
        pointer: &str,
        known: &Known,
        entry: Option<(&str, Option<Value>)>,
        graph: &mut Graph,
    ) -> Result<Vec<End>, ImportError> {
        let start = text(machine, "StartAt").ok_or_else(|| {
            ImportError::shape(format!("{pointer}/StartAt"), "a state machine has `StartAt`")
        })?;
        let all: Vec<(&String, &Value)> = fields(machine, "States").collect();
        self.count(all.len(), pointer)?;
        let places: BTreeMap<&str, usize> =
            all.iter().enumerate().map(|(at, (name, _))| (name.as_str(), at)).collect();
        let Some(&first) = places.get(start) else {
            return Err(ImportError::shape(
                format!("{pointer}/StartAt"),
                format!("there is no state `{start}`"),
            ));
        };
        let states: Vec<State<'_>> =
            all.iter().map(|(name, value)| self.state(name, value, pointer)).collect();
        let mut ways = Vec::new();
        for state in &states {
            ways.push(self.ways(state, &places)?);
        }
        let links =
            ways.iter().map(|ways| ways.iter().map(|way| places[way.to.as_str()]).collect()).collect();
        let (back, order) = Links(links).circles([first]);
        for (_, state) in states.iter().enumerate().filter(|(at, _)| !order.contains(at)) {
            self.report.note(&state.about, "", "unreachable", "no state leads to it; it was left out");
        }
        let mut outs: BTreeMap<usize, Out> = BTreeMap::new();
        let mut ends = Vec::new();
        for at in order {
            let incoming: Vec<(usize, &Way)> = outs
                .keys()
                .flat_map(|from| ways[*from].iter().map(move |way| (*from, way)))
                .filter(|(from, way)| places[way.to.as_str()] == at && !back.contains(&(*from, at)))
                .collect();
            let here = self.met(&incoming, &outs, if at == first { Some(known) } else { None });
            let out = self.translate(&states[at], &here, &ways[at], graph)?;
            if at == first
                && let Some((from, case)) = &entry
            {
                let edge = graph.edge(from, &out.entry);
                if let Some(case) = case {
                    edge.insert("condition".to_owned(), case.clone());
                }
            }
            for (from, way) in &incoming {
                connect(&outs[from].exit, &out.entry, &way.how, graph);
            }
            if out.is_end {
                ends.push(End {
                    node: out.exit.clone(),
                    when: format!("{} is defined", out.exit),
                    data: Rc::clone(&out.known.data),
                });
            }
            outs.insert(at, out);
        }
        for (from, to) in back {
            self.cut(&states, (from, to), &ways[from], &outs, graph);
        }
        Ok(ends)
    }

    fn state<'v>(&mut self, name: &str, value: &'v Value, pointer: &str) -> State<'v> {
        let about = About::new(format!("{pointer}/States/{}", pointer_part(name)), name);
        let id = self.ids.next(name);
        self.report.node(&about, &id);
        let is_jsonata =
            text(value, "QueryLanguage").map_or(self.is_jsonata, |language| language == "JSONata");
        State { value, about, id, is_jsonata }
    }

    /// Returns where a state leads to.
    fn ways(&mut self, state: &State<'_>, places: &BTreeMap<&str, usize>) -> Result<Vec<Way>, ImportError> {
        let mut ways = Vec::new();
        let mut add = |to: Option<&str>, below: String, how: How| match to {
            Some(to) if places.contains_key(to) => {
                ways.push(Way { to: to.to_owned(), how });
                Ok(())
            }
            Some(to) => Err(ImportError::shape(
                format!("{}{below}", state.about.pointer),
                format!("there is no state `{to}`"),
            )),
            None => {
                Err(ImportError::shape(format!("{}{below}", state.about.pointer), "it names no next state"))
            }
        };
        let kind = text(state.value, "Type").unwrap_or_default();
        if kind == "Choice" {
            let choices = list(state.value, "Choices");
            let is_one = choices.len() == 1;
            for (at, choice) in choices.iter().enumerate() {
                let case = if is_one { json!(true) } else { json!(case_name(at)) };
                add(text(choice, "Next"), format!("/Choices/{at}/Next"), How::Case(case))?;
            }
            if state.value.get("Default").is_some() {
                let case = if is_one { json!(false) } else { json!("default") };
                add(text(state.value, "Default"), "/Default".to_owned(), How::Case(case))?;
            }
            return Ok(ways);
        }
        if state.value.get("Next").is_some() {
            add(text(state.value, "Next"), "/Next".to_owned(), How::Next)?;
        }
        let catchers = list(state.value, "Catch");
        let conditions = errors::conditions(&state.id, catchers);
        for (at, catcher) in catchers.iter().enumerate() {
            let (condition, _) = conditions[at].clone();
            add(text(catcher, "Next"), format!("/Catch/{at}/Next"), How::Error(condition, at))?;
        }
        for (at, (_, unknown)) in conditions.iter().enumerate() {
            for name in unknown {
                let what = format!(
                    "the error `{name}` has no class here; the edge fails by name if this state fails"
                );
                self.report.listed(
                    &state.about,
                    &format!("/Catch/{at}"),
                    "error name",
                    &what,
                    "Write the condition of the edge with the class of the error.",
                );
            }
        }
        Ok(ways)
    }

    /// Returns what is known where several ways meet.
    fn met(&self, incoming: &[(usize, &Way)], outs: &BTreeMap<usize, Out>, first: Option<&Known>) -> Known {
        if let Some(first) = first {
            return first.clone();
        }
        let mut ways: Vec<(String, &Known)> = Vec::new();
        for (from, way) in incoming {
            let out = &outs[from];
            let (when, known) = match &way.how {
                How::Next => (format!("{} is defined", out.exit), &out.known),
                How::Case(Value::Bool(true)) => {
                    (format!("({0} is defined and {0}.condition_result)", out.exit), &out.known)
                }
                How::Case(Value::Bool(false)) => {
                    (format!("({0} is defined and not {0}.condition_result)", out.exit), &out.known)
                }
                How::Case(case) => (format!("({0} is defined and {0}.case == {case})", out.exit), &out.known),
                How::Error(_, at) => (
                    format!("(nodes.{0}.error is defined and nodes.{0}.error is not none)", out.exit),
                    &out.caught[*at],
                ),
            };
            ways.push((when, known));
        }
        match ways.as_slice() {
            [] => Known::of(Data::unknown("nothing leads here")),
            [(_, known)] => (*known).clone(),
            ways => {
                let one_of = |part: fn(&Known) -> &Rc<Data>| {
                    Rc::new(Data::OneOf(
                        ways.iter().map(|(when, known)| (when.clone(), Rc::clone(part(known)))).collect(),
                    ))
                };
                Known { data: one_of(|known| &known.data), variables: one_of(|known| &known.variables) }
            }
        }
    }

    /// Puts a node that fails where a state leads back to an earlier one.
    fn cut(
        &mut self,
        states: &[State<'_>],
        (from, to): (usize, usize),
        ways: &[Way],
        outs: &BTreeMap<usize, Out>,
        graph: &mut Graph,
    ) {
        let (state, target) = (&states[from], &states[to]);
        let what = format!("it leads back to `{}`, and edges form no circle here", target.about.name);
        let by_hand = "Put the states that repeat into a `loop`.";
        self.report.listed(&state.about, "", "circle", &what, by_hand);
        let id = self.ids.next(&format!("back_to_{}", target.id));
        let message = format!("Not imported from Step Functions: `{}`: {what}", state.about.name);
        graph.node(failing(&id, &format!("Back to {}", target.about.name), &message, by_hand));
        for way in ways.iter().filter(|way| way.to == target.about.name) {
            connect(&outs[&from].exit, &id, &way.how, graph);
        }
    }

    /// Joins the ends of a machine in a node that returns what the machine does. Returns its id.
    pub(super) fn result(
        &mut self,
        ends: &[End],
        name: &str,
        about: &About,
        graph: &mut Graph,
    ) -> Option<String> {
        if let [end] = ends
            && matches!(&*end.data, Data::Expression(expression) if *expression == end.node)
        {
            return Some(end.node.clone());
        }
        if ends.is_empty() {
            return None;
        }
        let ways = ends.iter().map(|end| (end.when.clone(), Rc::clone(&end.data))).collect();
        let value = match Data::OneOf(ways).to_value() {
            Ok(value) => value,
            Err(why) => {
                let what = format!("its result as a whole: {why}");
                self.report.listed(
                    about,
                    "",
                    "result",
                    &what,
                    "Say what the result is in the `transform` at the end.",
                );
                json!(template(&crate::text::failing(&what)))
            }
        };
        let id = self.ids.next(&format!("{name} result"));
        graph.node(action(&id, "Result", "transform", value));
        for end in ends {
            graph.edge(&end.node, &id);
        }
        Some(id)
    }
}

/// Returns the name of a case.
pub(super) fn case_name(at: usize) -> String {
    format!("choice {}", at + 1)
}

fn connect(from: &str, to: &str, how: &How, graph: &mut Graph) {
    match how {
        How::Next => {
            graph.edge(from, to);
        }
        How::Case(case) => graph.case(from, to, case.clone()),
        How::Error(condition, _) => {
            let edge = graph.on_error(from, to);
            if let Some(condition) = condition {
                edge.insert("condition".to_owned(), json!(condition));
            }
        }
    }
}

/// Returns whether a state ends its machine.
pub(super) fn is_end(value: &Value) -> bool {
    flag(value, "End") || text(value, "Type") == Some("Succeed")
}
