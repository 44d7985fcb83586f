//! Secrets of an attempt: inserted at their places, and masked.

use std::sync::Arc;

use ::url::Url;
use serde_json::{Value, json};
use steadflow_core::agent::MASK;
use steadflow_core::failure::{ErrorClass, Failure};
use steadflow_core::ids::TenantId;
use steadflow_core::payload::Payload;
use steadflow_core::template::{SecretPlace, SecretSlot};
use steadflow_core::work::Outcome;

use super::*;

#[test]
fn only_places_of_a_slot_are_filled() {
    let input = json!({ "a": "${secrets.ONE} ${secrets.ONE}", "b": "${secrets.ONE}" });
    let slots = [slot("/a", &[(15, "ONE")])];

    let opened = open(&input, &slots).unwrap();

    assert_eq!(opened, json!({ "a": "${secrets.ONE} first \"secret\"", "b": "${secrets.ONE}" }));
}

#[test]
fn a_slot_that_does_not_fit_the_input_is_an_error_without_values() {
    for (slot, said) in [
        (slot("/a", &[(0, "NONE")]), "There is no secret `NONE`. Add it or correct the name."),
        (slot("/a", &[(1, "ONE")]), "`/a` of the input does not hold its secrets where they should be."),
        (slot("/b", &[(0, "ONE")]), "`/b` of the input does not hold its secrets where they should be."),
    ] {
        let failure = open(&json!({ "a": "${secrets.ONE}" }), &[slot]).unwrap_err();

        assert_eq!(failure.message, said);
    }
}

#[test]
fn a_request_has_secrets_in_its_rooms_only() {
    let input = json!({ "method": "${secrets.ONE}", "url": "https://x.example/${secrets.ONE}" });
    let scrubbers = Scrubbers::default();
    let mut keyring = Keyring::new(&Known, &scrubbers, TenantId::DEFAULT);
    let payload = Payload::from_value(&input);

    let refused = keyring.open_request(&payload, &[slot("/method", &[(0, "ONE")])]).err().unwrap();
    let opened = keyring.open_request(&payload, &[slot("/url", &[(18, "ONE")])]).unwrap();

    assert!(
        refused.message.starts_with("The secret `ONE` is in `/method` of the input: "),
        "{}",
        refused.message
    );
    assert_eq!(refused.class, ErrorClass::Validation);
    let marked = Url::parse(opened.value["url"].as_str().unwrap()).unwrap();
    assert!(!marked.as_str().contains("first"), "{marked}");
    assert_eq!(opened.url.fill(marked).unwrap().as_str(), "https://x.example/first%20%22secret%22");
}

#[test]
fn a_bound_secret_goes_to_its_hosts_only() {
    let scrubbers = Scrubbers::default();
    let mut keyring = Keyring::new(&Known, &scrubbers, TenantId::DEFAULT);
    let url = |text: &str| Url::parse(text).unwrap();
    assert_eq!(keyring.check_host(&url("https://evil.example/")), Ok(()));

    keyring
        .open_input(&Payload::from_value(&json!({ "a": "${secrets.BOUND}" })), &[slot("/a", &[(0, "BOUND")])])
        .unwrap();

    assert_eq!(keyring.check_host(&url("https://api.example/x")), Ok(()));
    let refused = keyring.check_host(&url("https://evil.example/")).unwrap_err();
    assert_eq!(
        refused.message,
        "The secret `BOUND` may be sent only to api.example, and not to evil.example. Change the URL, or let an \
         administrator add the host to those of the secret, with `steadflow secrets set` or in `STEADFLOW_SECRET_BOUND_HOSTS`."
    );
}

#[test]
fn a_secret_without_hosts_goes_nowhere() {
    let scrubbers = Scrubbers::default();
    let mut keyring = Keyring::new(&Known, &scrubbers, TenantId::DEFAULT);

    keyring
        .open_input(&Payload::from_value(&json!({ "a": "${secrets.KEPT}" })), &[slot("/a", &[(0, "KEPT")])])
        .unwrap();

    let refused = keyring.check_host(&Url::parse("https://api.example/x").unwrap()).unwrap_err();
    assert!(refused.message.contains("may be sent nowhere, and not to api.example."), "{}", refused.message);
}

#[test]
fn secrets_in_a_form_stay_one_value() {
    let input = json!({ "a": "key=${secrets.ONE}&b=c" });

    let opened = open(&input, &[SecretSlot { is_in_form: true, ..slot("/a", &[(4, "ONE")]) }]).unwrap();

    assert_eq!(opened, json!({ "a": "key=first+%22secret%22&b=c" }));
}

#[test]
fn what_cannot_be_searched_for_secrets_is_not_kept() {
    let unreadable = || Payload::parse(format!("{}12345{}", "[".repeat(200), "]".repeat(200))).unwrap();

    let output = masked(&["12345"], Outcome::completed(unreadable())).result.unwrap_err();
    let body = Failure { body: Some(unreadable()), ..Failure::new(ErrorClass::Timeout, "no") };
    let failed = masked(&["12345"], Outcome::failed(body)).result.unwrap_err();

    assert_eq!(output.class, ErrorClass::Validation);
    assert!(output.message.starts_with("The output cannot be read: "), "{}", output.message);
    assert_eq!((failed.class, failed.body), (ErrorClass::Timeout, None));
}

#[test]
fn keys_strings_and_numbers_are_masked_and_other_values_stay_exact() {
    let text = r#"{"a":"x first \"secret\" y","n":12345,"m":19.90,"big":99999999999999999999.50,
                   "first \"secret\"":[true,1.50,"z"]}"#;

    let outcome =
        masked(&["first \"secret\"", "12345"], Outcome::completed(Payload::parse(text.to_owned()).unwrap()));

    assert_eq!(
        outcome.result.unwrap().as_str(),
        r#"{"a":"x •••• y","n":"••••","m":19.90,"big":99999999999999999999.50,"••••":[true,1.50,"z"]}"#
    );
}

#[test]
fn whatever_mixes_encodings_is_masked() {
    for text in [
        "sk-A/b+c=9",
        "SK-a/B+C=9",
        "sk-A%2Fb%2Bc%3d9",
        "sk-A%252Fb%252Bc%253D9",
        r"sk-A\/b+c=9",
        r"\u0073k-A\u002fb+c=9",
        "&#115;k-A&#x2F;b&#43;c=9",
        "%73%6b-A/b+c=9",
        "c2stQS9iK2M9OQ",
        "c2stQS9iK2M9OQ==",
        "AHNrLUEvYitjPTk=",
        "AABzay1BL2IrYz05",
        "736b2d412f622b633d39",
        "736B2D412F622B633D39",
        "9=c+b/A-ks",
        "sk-A/b\n+c=9",
        "c2stQS9i\nK2M9OQ==",
        "c2stQS9i%0AK2M9OQ%3D%3D",
        "AHNrLUEvYitjPTk%3D",
    ] {
        let scrubber = scrubber(&["sk-A/b+c=9"]);

        let found = scrubber.text(text).into_owned();

        assert!(found.contains(MASK), "{text}");
        assert!(!found.contains("A/b") && found.chars().count() < 12, "{text}: {found}");
        assert_eq!(scrubber.text(&format!("<{text}>")).chars().next(), Some('<'));
    }
    assert_eq!(scrubber(&["two words"]).text("a=two+words&b=1"), format!("a={MASK}&b=1"));
    assert_eq!(scrubber(&["Bearer tok-1234"]).text("got tok-1234"), format!("got {MASK}"));
    assert_eq!(scrubber(&["abcdef", "defghi"]).text("abcdefghi!"), format!("{MASK}!"));
    assert_eq!(scrubber(&["two words"]).text("two+words"), MASK);
    assert_eq!(scrubber(&["abcd1234"]).text("abcd 1234"), MASK);
    assert_eq!(scrubber(&["abc1234"]).text("abc 1234"), "abc 1234", "too short to be grouped");
    assert_eq!(scrubber(&["abcdef"]).text("abcdef, abcdef"), format!("{MASK}, {MASK}"));
    assert_eq!(scrubber(&["abcdef"]).text("abcdefabcdef"), MASK);
    assert_eq!(scrubber(&["ab12"]).text("not a key: ab 12"), "not a key: ab 12");
    assert_eq!(scrubber(&["abc"]).text("abc"), "abc");
}

#[test]
fn a_secret_that_begins_at_the_end_of_a_beginning_is_masked() {
    let scrubber = scrubber(&["canary-4711"]);

    assert_eq!(scrubber.beginning("x canary-4711 y"), format!("x {MASK} y"));
    assert_eq!(scrubber.beginning("x cana…"), format!("x {MASK}…"));
    assert_eq!(scrubber.beginning("x canary%2D471"), format!("x {MASK}"));
    assert_eq!(scrubber.beginning("cana…"), format!("{MASK}…"));
    assert_eq!(scrubber.beginning("x can"), "x can");
}

#[test]
fn messages_of_failures_are_masked() {
    let failure = Failure::new(ErrorClass::Rejected, "The key canary-4711 is not known.");

    let masked = masked(&["canary-4711"], Outcome::failed(failure)).result.unwrap_err();

    assert_eq!(masked.message, format!("The key {MASK} is not known."));
}

#[test]
fn a_scrubber_is_made_once_for_a_set_of_secrets() {
    let scrubbers = Scrubbers::default();

    let first = scrubbers.of(vec!["one-secret".to_owned(), "two-secret".to_owned()]);
    let second =
        scrubbers.of(vec!["two-secret".to_owned(), "one-secret".to_owned(), "one-secret".to_owned()]);

    assert!(Arc::ptr_eq(&first, &second));
    assert!(!format!("{first:?} {scrubbers:?}").contains("secret\""));
}

fn scrubber(values: &[&str]) -> Arc<Scrubber> {
    Scrubbers::default().of(values.iter().map(|&value| value.to_owned()).collect())
}

fn masked(values: &[&str], outcome: Outcome) -> Outcome {
    scrubber(values).outcome(outcome)
}

fn open(input: &Value, slots: &[SecretSlot]) -> Result<Value, Failure> {
    let scrubbers = Scrubbers::default();
    Keyring::new(&Known, &scrubbers, TenantId::DEFAULT).open_input(&Payload::from_value(input), slots)
}

fn slot(pointer: &str, places: &[(usize, &str)]) -> SecretSlot {
    let places = places.iter().map(|&(at, name)| SecretPlace { at, name: Arc::from(name) });
    SecretSlot { pointer: pointer.to_owned(), places: places.collect(), is_in_form: false }
}

struct Known;

impl Secrets for Known {
    fn secret(&self, _tenant: TenantId, name: &str) -> Option<Secret> {
        match name {
            "ONE" => Some(Secret::new("first \"secret\"".to_owned())),
            "BOUND" => Some(Secret {
                value: "bound-secret".to_owned(),
                hosts: Some(SecretHosts::parse("api.example").unwrap()),
                is_token: false,
            }),
            "KEPT" => Some(Secret {
                value: "kept-secret".to_owned(),
                hosts: Some(SecretHosts::none()),
                is_token: false,
            }),
            _ => None,
        }
    }
}
