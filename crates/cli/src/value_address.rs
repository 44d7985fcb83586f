//! Which value of an execution, as it is named on the command line.

use std::fmt::{self, Display};
use std::str::FromStr;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, PercentEncode, utf8_percent_encode};

/// All but the unreserved characters of a URL.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Returns a text as a part of an address.
pub(crate) fn segment(text: &str) -> PercentEncode<'_> {
    utf8_percent_encode(text, SEGMENT)
}

/// Which value of an execution: its address below that of the execution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ValueAddress(String);

impl FromStr for ValueAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if matches!(text, "result" | "trigger-data") {
            return Ok(Self(text.to_owned()));
        }
        match text.rsplit_once('/') {
            Some((node, part @ ("input" | "output"))) if !node.is_empty() => {
                Ok(Self(format!("nodes/{}/{part}", segment(node))))
            }
            _ => Err("use result, trigger-data, NODE/input or NODE/output".to_owned()),
        }
    }
}

impl Display for ValueAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_named_as_people_name_them() {
        let address = |text: &str| text.parse().map(|value: ValueAddress| value.to_string());

        assert_eq!(address("result").as_deref(), Ok("result"));
        assert_eq!(address("a b/c/output").as_deref(), Ok("nodes/a%20b%2Fc/output"));
        assert!(address("/input").is_err() && address("a").is_err() && address("a/b").is_err());
    }
}
