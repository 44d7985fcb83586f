//! Which statuses a node takes for success.

use serde_json::Value;

/// Ranges of statuses, both ends included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Expect(Vec<(u16, u16)>);

impl Expect {
    /// Reads `expect_status`: a status, `"2xx"`, `"200-299"`, or a list of these; 200–299 where there is none.
    pub(super) fn read(value: Option<&Value>) -> Option<Self> {
        match value {
            None | Some(Value::Null) => Some(Self(vec![(200, 299)])),
            Some(Value::Array(items)) if !items.is_empty() => {
                items.iter().map(range).collect::<Option<_>>().map(Self)
            }
            Some(single) => range(single).map(|range| Self(vec![range])),
        }
    }

    pub(super) fn holds(&self, status: u16) -> bool {
        self.0.iter().any(|&(from, to)| (from..=to).contains(&status))
    }

    /// Tells whether a redirect is what is asked for: then it is an answer, and not followed.
    pub(super) fn names_redirects(&self) -> bool {
        [301, 302, 303, 307, 308].into_iter().any(|status| self.holds(status))
    }
}

fn range(value: &Value) -> Option<(u16, u16)> {
    if let Some(number) = value.as_u64() {
        let status = status(number)?;
        return Some((status, status));
    }
    let text = value.as_str()?.trim();
    if let Some(class) = text.strip_suffix("xx") {
        let first = status(class.parse::<u64>().ok()?.checked_mul(100)?)?;
        return Some((first, first + 99));
    }
    let (from, to) = text.split_once(['-', '–']).unwrap_or((text, text));
    let (from, to) = (status(from.trim().parse().ok()?)?, status(to.trim().parse().ok()?)?);
    (from <= to).then_some((from, to))
}

fn status(number: u64) -> Option<u16> {
    u16::try_from(number).ok().filter(|status| (100..=599).contains(status))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn statuses_are_named_in_several_ways() {
        for (value, yes, no) in [
            (json!(null), 299, 300),
            (json!(404), 404, 200),
            (json!("404"), 404, 200),
            (json!("2xx"), 204, 304),
            (json!("200-302"), 302, 303),
            (json!("200–299"), 250, 300),
            (json!([200, "4xx"]), 418, 500),
        ] {
            let expect = Expect::read(Some(&value)).unwrap();

            assert!(expect.holds(yes) && !expect.holds(no), "{value}");
        }
    }

    #[test]
    fn what_is_no_status_is_refused() {
        for value in [
            json!(99),
            json!(600),
            json!("x"),
            json!("9xx"),
            json!("300-200"),
            json!([]),
            json!([[]]),
            json!(true),
        ] {
            assert_eq!(Expect::read(Some(&value)), None, "{value}");
        }
    }
}
