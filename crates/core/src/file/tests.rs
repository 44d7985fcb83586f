//! Files in inputs and in what tools return.

use super::*;

/// 67 bytes.
const PNG: &str =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGP4DwABAQEAsTj2FAAAAABJRU5ErkJggg==";

fn png() -> Value {
    json!({ "$binary": { "content_type": "image/png", "size": 67, "base64": PNG } })
}

fn of_bytes(bytes: usize) -> Value {
    json!({ "$binary": { "content_type": "application/pdf", "base64": STANDARD.encode(vec![0; bytes]) } })
}

#[test]
fn files_are_taken_out_wherever_they_are_and_named_in_their_place() {
    let report = json!({ "$binary": { "content_type": "Application/PDF; x=y", "base64": "JVBERg==", "filename": "a b.pdf" } });
    let note = json!({ "$binary": { "content_type": "text/csv", "base64": "YTti" } });
    let input = json!({ "ask": "What?", "files": [png(), report, note], "n": 1.50 });

    let named = named(&input).unwrap();

    assert_eq!(
        named.input,
        json!({ "ask": "What?", "n": 1.50, "files":
            ["[file 1: image/png, 67 bytes]", "[file 2: a b.pdf, application/pdf, 4 bytes]", "a;b"] })
    );
    let files: Vec<_> =
        named.files.iter().map(|file| (file.media, file.pointer.as_str(), file.base64.len())).collect();
    assert_eq!(files, [(Media::Png, "/files/0", PNG.len()), (Media::Pdf, "/files/1", 8)]);
    let alone = super::named(&png()).unwrap();
    assert_eq!((alone.input, alone.files[0].pointer.as_str()), (json!("[file 1: image/png, 67 bytes]"), ""));
}

#[test]
fn an_input_without_files_stays_as_it_is() {
    for input in [json!(null), json!("$binary"), json!({ "binary": { "base64": PNG } }), json!([[], {}])] {
        assert_eq!(named(&input), Ok(Named { input: input.clone(), files: Vec::new() }), "{input}");
    }
}

#[test]
fn what_no_model_can_be_given_is_named_with_its_place() {
    let with = |value: Value| json!({ "a/b": [{ "$binary": value }] });
    for (value, what) in [
        (
            json!({ "content_type": "video/mp4", "base64": "AAAA" }),
            "is of type `video/mp4`; models are given images",
        ),
        (json!({ "content_type": "image/tiff", "base64": "AAAA" }), "is of type `image/tiff`"),
        (json!({ "content_type": null, "base64": "AAAA" }), "has no `content_type`"),
        (json!({ "content_type": "image/png" }), "without `base64`"),
        (json!({ "content_type": "image/png", "base64": 5 }), "has a `base64` that is no text"),
        (json!({ "content_type": "image/png", "base64": "AA A" }), "has a `base64` that is not valid"),
        (json!({ "content_type": "image/png", "base64": "AAAA", "detail": "low" }), "with the key `detail`"),
        (
            json!({ "content_type": "image/png", "base64": "AAAA", "filename": "a\u{202e}b" }),
            "200 visible characters",
        ),
        (
            json!({ "content_type": "image/png", "base64": "AAAA", "filename": "x".repeat(201) }),
            "200 visible characters",
        ),
        (
            json!({ "content_type": "text/plain", "base64": "/w==" }),
            "is a text (text/plain) that is not UTF-8",
        ),
        (json!("AAAA"), "has a `$binary` that is no object"),
    ] {
        let misfit = named(&with(value.clone())).unwrap_err();

        assert_eq!(misfit.pointer, "/a~1b/0", "{value}");
        assert!(misfit.what.contains(what), "{}", misfit.what);
    }
    let beside = named(&json!({ "$binary": {}, "x": 1 })).unwrap_err();
    assert_eq!((beside.pointer.as_str(), beside.what.as_str()), ("", "has other keys beside `$binary`"));
}

#[test]
fn files_are_bounded_in_number_and_size() {
    assert_eq!(named(&json!(vec![png(); FILES_MAX])).unwrap().files.len(), FILES_MAX);
    let many = named(&json!(vec![png(); FILES_MAX + 1])).unwrap_err();
    assert_eq!(many.pointer, "/20");
    assert!(many.what.contains("20 files at most"), "{}", many.what);

    assert_eq!(named(&of_bytes(FILE_BYTES_MAX)).unwrap().files[0].bytes, FILE_BYTES_MAX);
    for bytes in [FILE_BYTES_MAX + 1, FILE_BYTES_MAX + 4, 2 * FILE_BYTES_MAX] {
        let large = named(&of_bytes(bytes)).unwrap_err();
        assert!(large.what.contains("has more than 2,097,152 bytes"), "{}", large.what);
    }

    let half = FILES_BYTES_MAX / 2;
    assert!(named(&json!([of_bytes(half), of_bytes(half)])).is_ok());
    let large = named(&json!([of_bytes(half), of_bytes(half), of_bytes(1)])).unwrap_err();
    assert_eq!(large.pointer, "/2");
    assert!(large.what.contains("more than 3,145,728 bytes"), "{}", large.what);
}

#[test]
fn a_conversation_keeps_no_bytes_and_what_cannot_be_given_stays() {
    let input = Payload::from_value(&json!({ "ask": "What?", "picture": png() }));
    let wrong = Payload::from_value(&json!({ "$binary": { "content_type": "video/mp4", "base64": "AAAA" } }));
    let plain = Payload::parse("{\"n\": 1.50}".to_owned()).unwrap();

    let kept = json!({ "ask": "What?", "picture": "[file that was given here: image/png, 67 bytes]" });
    assert_eq!(without_bytes(&input), Payload::from_value(&kept));
    assert_eq!(without_bytes(&wrong), wrong);
    assert_eq!(without_bytes(&plain).as_str(), "{\"n\": 1.50}");
}

#[test]
fn what_a_tool_returns_is_shown_without_bytes() {
    let image = json!({ "type": "image", "data": PNG, "mimeType": "image/png" });
    let video = json!({ "$binary": { "content_type": "video/mp4", "base64": "AAAA" } });
    let other = json!({ "type": "image", "data": "cat.png", "mimeType": "image/png" });
    let output = Payload::from_value(&json!({ "text": "Two.", "content": [image, png(), video, other] }));
    let marks = |first: &str, second: &str| {
        json!({ "text": "Two.", "content":
        [format!("[{first}: image/png, 67 bytes]"), format!("[{second}: image/png, 67 bytes]"), UNSEEN, other] })
    };

    let (given, files) = shown(&output, true);
    let (named, none) = shown(&output, false);

    assert_eq!((given.to_value().unwrap(), files.len()), (marks("file 1", "file 2"), 2));
    let unseen = "file that cannot be shown";
    assert_eq!((named.to_value().unwrap(), none.len()), (marks(unseen, unseen), 0));
    let many = Payload::from_value(&json!(vec![png(); FILES_MAX + 2]));
    let (given, files) = shown(&many, true);
    assert_eq!((files.len(), &given.to_value().unwrap()[FILES_MAX]), (FILES_MAX, &json!(UNSEEN)));
    let plain = Payload::parse("{\"mimeType\": 1.50}".to_owned()).unwrap();
    assert_eq!(shown(&plain, true).0.as_str(), "{\"mimeType\": 1.50}");
}

#[test]
fn a_budget_reserves_for_files_and_not_for_their_bytes() {
    let image = Payload::from_value(&json!({ "picture": png() }));
    let text = r#"{"picture":"[file 1: image/png, 67 bytes]"}"#.len();
    let weight = |input: &Payload| {
        let (text, tokens) = weighed(input);
        (text.len(), tokens)
    };

    assert_eq!(weight(&image), (text, 10_000));
    assert_eq!(weight(&Payload::from_value(&of_bytes(50_000))).1, 50_000);
    assert_eq!(weight(&Payload::from_value(&of_bytes(5))).1, 10_000);
    assert_eq!(weight(&Payload::from_value(&json!({ "a": 1 }))), (7, 0));
}
