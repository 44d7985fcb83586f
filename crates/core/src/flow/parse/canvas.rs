//! What the canvas of the editor shows beside nodes: notes, and frames around nodes. It means nothing to what runs.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::document::{
    Description, Keys, Place, Reader, Reading, Terms, Unknown, choice, key, list, number, object, plain_text,
    text,
};
use crate::limits::Limits;

/// Notes on the canvas of one graph.
pub(super) const NOTES_MAX: usize = 200;
/// Frames on the canvas of one graph.
pub(super) const GROUPS_MAX: usize = 100;
/// Characters of a note.
pub(super) const NOTE_CHARS_MAX: usize = 4_000;
/// How far from the origin something is, in pixels.
const PLACE_MAX: f64 = 1_000_000.0;
const SIDE_MIN: f64 = 20.0;
const SIDE_MAX: f64 = 100_000.0;

const TONES: &[(&str, ())] =
    &[("neutral", ()), ("info", ()), ("success", ()), ("warning", ()), ("danger", ()), ("attention", ())];

/// Reads `ui`. Other editors may keep keys of their own in it.
#[derive(Clone, Copy, Debug)]
pub(super) struct CanvasReader;

impl CanvasReader {
    pub(super) fn keys(keys: &mut Keys<'_>) -> Option<()> {
        let notes = list(object(note).named("CanvasNote")).at_most(NOTES_MAX);
        let notes = keys.take(key("notes", "Notes", notes).doc("Texts on the canvas."));
        let groups = list(object(group).named("CanvasGroup")).at_most(GROUPS_MAX);
        let groups = keys.take(key("groups", "Groups", groups).doc("Frames around nodes."));
        let mut known = BTreeSet::new();
        for (list, ids) in [("notes", notes), ("groups", groups)] {
            for id in ids.into_iter().flatten() {
                if !known.insert(id.clone()) {
                    keys.fault(
                        list,
                        format!("the id `{id}` is used twice; ids of notes and groups are unique"),
                    );
                }
            }
        }
        Some(())
    }
}

impl Reader for CanvasReader {
    type Value = ();

    fn wanted(&self, _: &Limits) -> String {
        "an object with `notes` and `groups`".to_owned()
    }

    fn schema(&self, terms: &Terms) -> Value {
        terms.part("Canvas", |terms| Description::of(terms, Unknown::Kept, Self::keys).schema())
    }

    fn read(&self, value: &Value, at: &Place<'_>, reading: &mut Reading) -> Option<()> {
        reading.object(value, at, Unknown::Kept, Self::keys)
    }

    fn inside(&self, terms: &Terms) -> Option<Description> {
        Some(Description::of(terms, Unknown::Kept, Self::keys))
    }
}

/// Reads a note; returns its id.
pub(super) fn note(keys: &mut Keys<'_>) -> Option<String> {
    let id = placed(keys);
    keys.take(key("text", "Text", plain_text().at_most(NOTE_CHARS_MAX)).doc("Plain text."));
    id
}

/// Reads a group; returns its id.
pub(super) fn group(keys: &mut Keys<'_>) -> Option<String> {
    let id = placed(keys);
    let title = plain_text().at_most(keys.limits().name_chars_max).in_one_line();
    keys.take(key("title", "Title", title).doc("What the frame is called."));
    id
}

/// Reads what notes and groups have in common.
fn placed(keys: &mut Keys<'_>) -> Option<String> {
    let id = text().at_most(keys.limits().name_chars_max).in_one_line();
    let id =
        keys.take(key("id", "ID", id).needed("it").doc("Unique among the notes and groups of the graph."));
    for (name, title) in [("x", "Left edge"), ("y", "Upper edge")] {
        keys.take(key(name, title, number(-PLACE_MAX, PLACE_MAX)).needed("it"));
    }
    for (name, title) in [("width", "Width"), ("height", "Height")] {
        keys.take(key(name, title, number(SIDE_MIN, SIDE_MAX)).needed("it"));
    }
    keys.take(key("tone", "Colour", choice(TONES)).default("neutral").doc("A colour of the theme."));
    id
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::flow::{Document, Flow};

    fn document(ui: &Value) -> Value {
        json!({ "name": "F", "flow_definition": { "nodes": [{ "id": "a", "type": "trigger" }], "ui": ui } })
    }

    fn faults(ui: &Value) -> String {
        let faults = Flow::parse(&document(ui), &Limits::DEFAULT).err().unwrap_or_default();
        faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    }

    fn at(id: usize) -> Value {
        json!({ "id": id.to_string(), "x": 0, "y": -10.5, "width": 200, "height": 100 })
    }

    fn with(key: &str, value: Value) -> Value {
        let mut one = at(1);
        one[key] = value;
        one
    }

    #[test]
    fn notes_and_groups_are_kept_as_they_are_written() {
        let note = with("text", json!("Why: ${this} is\nno template"));
        let group = json!({ "id": "g", "title": "Checks", "tone": "info", "x": 1e6, "y": 0, "width": 20, "height": 20 });
        let ui = json!({ "notes": [note], "groups": [group], "zoom": 2 });

        let flow = Flow::parse(&document(&ui), &Limits::DEFAULT).expect("it is valid");

        let stored = Document::restore(&Document::of(&flow).to_payload()).expect("it is stored");
        assert_eq!(stored.to_value().expect("it is JSON")["flow_definition"]["ui"], ui);
    }

    #[test]
    fn what_is_no_note_or_group_is_refused_by_name() {
        let ui = "/flow_definition/ui";
        for (value, fault) in [
            (json!([]), format!("{ui}: an object is needed here, not a list")),
            (
                json!({ "notes": [with("x", json!(null))] }),
                format!("{ui}/notes/0/x: it needs `x`: a number from -1000000 to 1000000"),
            ),
            (
                json!({ "notes": [with("width", json!(19))] }),
                format!("{ui}/notes/0/width: `width` must be a number from 20 to 100000, not 19"),
            ),
            (json!({ "groups": [with("tone", json!("red"))] }), format!("{ui}/groups/0/tone: ")),
            (
                json!({ "groups": [with("text", json!(""))] }),
                format!("{ui}/groups/0/text: there is no key `text` here"),
            ),
            (
                json!({ "notes": [at(1)], "groups": [at(1)] }),
                format!("{ui}/groups: the id `1` is used twice; ids of notes and groups are unique"),
            ),
        ] {
            let found = faults(&value);
            assert!(found.starts_with(&fault), "{found}\ninstead of\n{fault}");
        }
    }

    #[test]
    fn floods_of_notes_and_groups_are_refused() {
        let many = |count: usize| (0..count).map(at).collect::<Vec<_>>();
        let long = |chars: usize| json!({ "notes": [with("text", "x".repeat(chars).into())] });
        let titled = |chars: usize| json!({ "groups": [with("title", "x".repeat(chars).into())] });
        let title_max = Limits::DEFAULT.name_chars_max;

        for fitting in [
            json!({ "notes": many(NOTES_MAX) }),
            json!({ "groups": many(GROUPS_MAX) }),
            long(NOTE_CHARS_MAX),
            titled(title_max),
        ] {
            assert_eq!(faults(&fitting), "");
        }
        for (flood, pointer) in [
            (json!({ "notes": many(NOTES_MAX + 1) }), "/notes"),
            (json!({ "groups": many(GROUPS_MAX + 1) }), "/groups"),
            (long(NOTE_CHARS_MAX + 1), "/notes/0/text"),
            (titled(title_max + 1), "/groups/0/title"),
        ] {
            let found = faults(&flood);
            assert!(found.starts_with(&format!("/flow_definition/ui{pointer}: ")), "{found}");
        }
    }

    #[test]
    fn a_flow_that_is_stored_with_another_canvas_runs() {
        let stored = document(&json!({ "notes": "none" }));
        let stored = crate::payload::Payload::from_value(&stored);

        assert!(Flow::restore(&stored, &Limits::DEFAULT).is_ok());
    }
}
