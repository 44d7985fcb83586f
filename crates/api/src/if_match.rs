//! `If-Match` (RFC 9110, 13.1.1): a change names the state that it was made to, so that the second
//! of two editors cannot overwrite the first one's work unseen.

use axum::extract::FromRequestParts;
use axum::http::header;
use axum::http::request::Parts;
use steadflow_runtime::Allowed;
use steadflow_store::Revision;
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::Type;
use utoipa::openapi::{Object, Required};

use crate::app::App;
use crate::problem::{Problem, ProblemKind};

/// What the request's `If-Match` allows it to change.
#[derive(Debug)]
pub(crate) struct IfMatch(pub(crate) Allowed);

impl IntoParams for IfMatch {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let description = "Change it only if one of these entity tags is the current one, as the header `ETag` of its \
                           answers has it; otherwise 412";
        let parameter = ParameterBuilder::new()
            .name("If-Match")
            .parameter_in(ParameterIn::Header)
            .required(Required::False)
            .description(Some(description))
            .schema(Some(Object::with_type(Type::String)))
            .example(Some("\"3-active\"".into()));
        vec![parameter.build()]
    }
}

impl FromRequestParts<App> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Problem> {
        let lines: Option<Vec<&str>> =
            parts.headers.get_all(header::IF_MATCH).iter().map(|line| line.to_str().ok()).collect();
        // Several lines are one list.
        let lines = lines.ok_or_else(malformed)?.join(",");
        if !parts.headers.contains_key(header::IF_MATCH) || lines.trim() == "*" {
            return Ok(Self(Allowed::Any));
        }
        allowed(&lines).map(|revisions| Self(Allowed::OneOf(revisions))).ok_or_else(malformed)
    }
}

fn malformed() -> Problem {
    let detail = "If-Match must be `*`, or a list of entity tags with their quotes, such as \"3-active\": what the header \
                  ETag had when you read it.";
    Problem::new(ProblemKind::InvalidParameter, detail)
}

/// Reads a list of entity tags. Weak ones, and those that are not of this server, can match nothing, so they are left
/// out. `None` if it is no such list.
fn allowed(list: &str) -> Option<Vec<Revision>> {
    let mut revisions = Vec::new();
    let mut rest = list.trim_matches([' ', '\t', ',']);
    loop {
        let (is_weak, quoted) = rest.strip_prefix("W/").map_or((false, rest), |quoted| (true, quoted));
        let (tag, after) = quoted.strip_prefix('"')?.split_once('"')?;
        if tag.bytes().any(|byte| byte <= b' ' || byte == 0x7f) {
            return None;
        }
        revisions.extend(tag.parse::<Revision>().ok().filter(|_| !is_weak));
        let after = after.trim_start_matches([' ', '\t']);
        if after.is_empty() {
            return Some(revisions);
        }
        rest = after.strip_prefix(',')?.trim_start_matches([' ', '\t', ',']);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(list: &str) -> Option<String> {
        let revisions = allowed(list)?;
        Some(revisions.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn lists_of_tags_are_read() {
        assert_eq!(read("\"3-active\"").as_deref(), Some("3-active"));
        assert_eq!(read("\"3\" , \"4-draft\"").as_deref(), Some("3 4-draft"));
        assert_eq!(read(", \"3\",,\t\"4\" ,").as_deref(), Some("3 4"), "empty elements count for nothing");
    }

    #[test]
    fn weak_and_foreign_tags_match_nothing() {
        assert_eq!(read("W/\"3\"").as_deref(), Some(""));
        assert_eq!(read("\"\", \"a,b\", \"03\", W/\"4\", \"5\"").as_deref(), Some("5"));
    }

    #[test]
    fn what_is_no_list_of_tags_is_refused() {
        for list in ["", ",", "3", "\"3", "3\"", "\"3\" \"4\"", "w/\"3\"", "*, \"3\"", "\"3\", *", "\"a b\""]
        {
            assert_eq!(read(list), None, "{list}");
        }
    }
}
