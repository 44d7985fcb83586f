//! Where a workflow goes on for each entry of a list: *Loop over items* and *Split out*.
//!
//! Both become a `map` if what is repeated can be told from what is not: everything that only they lead to, up to where the items come
//! together again.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::workflow::{Link, Node, Workflow};
use crate::data::{Data, Step};
use crate::read::text;
use crate::text::template;

/// What is repeated.
#[derive(Clone, Debug)]
pub(super) struct Body {
    pub(super) members: BTreeSet<usize>,
    pub(super) starts: Vec<usize>,
    /// The output of the owner that leads into the body, if it is not the only one.
    output: Option<usize>,
}

/// All that is repeated in a graph, by the node that it belongs to.
#[derive(Debug, Default)]
pub(super) struct Bodies(BTreeMap<usize, Body>);

impl Bodies {
    pub(super) fn find(
        workflow: &Workflow<'_>,
        links: &[Link],
        back: &BTreeSet<(usize, usize)>,
        order: &[usize],
    ) -> Self {
        let mut bodies = Self::default();
        for &at in order {
            let node = &workflow.nodes[at];
            if bodies.has_inside(at) || node.is_disabled() {
                continue;
            }
            let body = match node.short() {
                "splitInBatches" => loop_body(workflow, at, links, back),
                "splitOut" => split_body(workflow, at, links, back),
                _ => None,
            };
            if let Some(body) = body {
                bodies.0.insert(at, body);
            }
        }
        bodies
    }

    pub(super) fn of(&self, at: usize) -> Option<&Body> {
        self.0.get(&at)
    }

    pub(super) fn has_inside(&self, at: usize) -> bool {
        self.0.values().any(|body| body.members.contains(&at))
    }

    /// Returns the connections outside of all bodies. One that leaves a body begins at the node that this belongs to.
    pub(super) fn outside(&self, links: &[Link]) -> Vec<Link> {
        let owner =
            |at: usize| self.0.iter().find(|(_, body)| body.members.contains(&at)).map(|(owner, _)| *owner);
        let mut outside = Vec::new();
        for link in links {
            let link = match (owner(link.from), owner(link.to)) {
                (None, None) => *link,
                (Some(from), None) if from != link.to => Link { from, output: 0, ..*link },
                (Some(_), None) | (_, Some(_)) => continue,
            };
            if !outside.contains(&link) {
                outside.push(link);
            }
        }
        outside
    }
}

impl Body {
    /// Returns the template of the list whose entries are gone through.
    pub(super) fn items(&self, node: &Node<'_>, input: &Rc<Data>) -> Result<String, String> {
        if self.output.is_some() {
            // One item that is a list is what n8n has split already.
            let whole = input.read(&[])?;
            if whole.starts_with('{') {
                return Ok(template(&format!("[{whole}]")));
            }
            return Ok(template(&format!("{whole} if {whole} is sequence else [{whole}]")));
        }
        let field = text(node.parameters, "fieldToSplitOut").ok_or("it names no field")?;
        if field.contains(',') || field.starts_with('=') {
            return Err("it splits several fields, or one whose name is calculated".into());
        }
        let path: Vec<Step> = field.trim().split('.').map(|part| Step::Field(part.to_owned())).collect();
        Ok(template(&input.read(&path)?))
    }
}

/// Finds what *Loop over items* repeats: what its output leads to, up to where that comes back.
fn loop_body(
    workflow: &Workflow<'_>,
    at: usize,
    links: &[Link],
    back: &BTreeSet<(usize, usize)>,
) -> Option<Body> {
    let output = usize::from(workflow.nodes[at].version() >= 3.0);
    let starts: Vec<usize> =
        links.iter().filter(|link| link.from == at && link.output == output).map(|link| link.to).collect();
    let members = reached(&starts, at, links);
    let comes_back = links.iter().any(|link| link.to == at && members.contains(&link.from));
    let goes_on = |member: &usize| links.iter().any(|link| link.from == *member);
    let stays = |link: &Link| !members.contains(&link.from) || members.contains(&link.to) || link.to == at;
    let has_circle = has_circle(workflow, &members, back);
    let is_whole = comes_back && !has_circle && members.iter().all(goes_on) && links.iter().all(stays);
    let enters_once = only_from(at, &members, links, Some(output));
    (is_whole && enters_once && !members.contains(&at)).then_some(Body {
        members,
        starts,
        output: Some(output),
    })
}

/// Finds what follows *Split out*, up to where the items come together.
fn split_body(
    workflow: &Workflow<'_>,
    at: usize,
    links: &[Link],
    back: &BTreeSet<(usize, usize)>,
) -> Option<Body> {
    let gathers =
        |at: usize| matches!(workflow.nodes[at].short(), "aggregate" | "splitInBatches" | "summarize");
    let open: Vec<Link> = links.iter().copied().filter(|link| !gathers(link.from)).collect();
    let starts: Vec<usize> =
        links.iter().filter(|link| link.from == at && !gathers(link.to)).map(|link| link.to).collect();
    let mut members = reached(&starts, at, &open);
    members.retain(|member| !gathers(*member));
    let has_circle = has_circle(workflow, &members, back);
    (!members.is_empty() && !has_circle && !members.contains(&at) && only_from(at, &members, links, None))
        .then_some(Body { members, starts, output: None })
}

/// Returns whether a circle is in a body that is not itself a loop over items.
fn has_circle(workflow: &Workflow<'_>, members: &BTreeSet<usize>, back: &BTreeSet<(usize, usize)>) -> bool {
    let is_loop = |at: usize| workflow.nodes[at].short() == "splitInBatches";
    back.iter().any(|(from, to)| members.contains(from) && members.contains(to) && !is_loop(*to))
}

fn reached(starts: &[usize], end: usize, links: &[Link]) -> BTreeSet<usize> {
    let mut reached = BTreeSet::new();
    let mut open: Vec<usize> = starts.to_vec();
    while let Some(at) = open.pop() {
        if at != end && reached.insert(at) {
            open.extend(links.iter().filter(|link| link.from == at).map(|link| link.to));
        }
    }
    reached
}

/// Returns whether nothing but `owner` leads into `members`.
fn only_from(owner: usize, members: &BTreeSet<usize>, links: &[Link], output: Option<usize>) -> bool {
    links.iter().filter(|link| members.contains(&link.to)).all(|link| {
        members.contains(&link.from)
            || (link.from == owner && output.is_none_or(|output| output == link.output))
    })
}
