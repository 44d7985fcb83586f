//! What is read of answers: the texts of some elements. Names of objects are ours, and nothing else of an answer is used.

/// Returns what is inside of each element of a name, in their order. Of elements with attributes, nothing.
pub(super) fn texts(xml: &str, name: &str) -> Vec<String> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    let (mut found, mut rest) = (Vec::new(), xml);
    while let Some((_, behind)) = rest.split_once(&open) {
        let Some((inside, behind)) = behind.split_once(&close) else { break };
        found.push(plain(inside));
        rest = behind;
    }
    found
}

fn plain(text: &str) -> String {
    if text.contains('<') {
        return text.to_owned();
    }
    let entities = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&amp;", "&")];
    entities.iter().fold(text.to_owned(), |text, (entity, character)| text.replace(entity, character))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_found_in_their_order() {
        let list = "<List><Key>a/b</Key><CommonPrefixes><Prefix>p/1/</Prefix></CommonPrefixes><Key>c &amp; d</Key><Key>cut";

        assert_eq!(texts(list, "Key"), ["a/b", "c & d"]);
        assert_eq!(texts(&texts(list, "CommonPrefixes")[0], "Prefix"), ["p/1/"]);
        assert!(texts("", "Key").is_empty() && texts(list, "Code").is_empty());
    }
}
