//! The review loop of the examples: a model that writes, and one that judges what it wrote.

use serde_json::{Value, json};

use super::model::{self, Answer};

/// What the writer has written each time: the judge finds fault with the first two.
const DRAFTS: [&str; 3] = [
    "We are very sorry that your order is late. It will arrive soon.",
    "We are sorry that order 4711 is late. A storm closed the port of Hamburg.",
    "We are sorry that order 4711 is late: a storm closed the port of Hamburg for two days. It arrives on Thursday, and \
     you do not pay for the delivery.",
];

/// What the writer says next: it asks the judge about each draft until the judge has no objection.
pub(super) fn write(messages: &[Value]) -> Answer {
    let round = model::answered(messages);
    let asked = 390 + 120 * u32::try_from(round).unwrap_or(0);
    let draft = DRAFTS[round.min(DRAFTS.len() - 1)];
    let accepted = model::last_result(messages).contains("\"accepted\":true");
    if round > 0 && (accepted || round >= DRAFTS.len()) {
        let text = DRAFTS[round.min(DRAFTS.len()) - 1];
        return Answer {
            message: model::done(&json!({ "text": text, "drafts": round })),
            tokens: [asked, 61],
        };
    }
    let thinks = if round == 0 {
        "I write a first draft and have it judged."
    } else {
        "The judge is right. I correct that."
    };
    Answer {
        message: model::calling("", thinks, &[("judge", json!({ "text": draft }))]),
        tokens: [asked, 48],
    }
}

/// What the judge says about a text.
pub(super) fn judge(messages: &[Value]) -> Answer {
    let input = model::input(messages);
    let text = input["text"].as_str().unwrap_or_default();
    let objections = [
        (!text.contains("4711"), "It does not say which order is late."),
        (!text.contains("storm"), "It gives no reason."),
        (!text.contains("Thursday"), "It does not say when the order arrives."),
    ];
    let objections: Vec<&str> =
        objections.into_iter().filter_map(|(applies, objection)| applies.then_some(objection)).collect();
    let verdict = json!({ "accepted": objections.is_empty(), "objections": objections });
    Answer { message: model::done(&verdict), tokens: [210, 34] }
}
