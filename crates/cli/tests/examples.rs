//! The flows of `examples/`: each is valid, and ends as its description says.

use std::fs::DirEntry;
use std::path::{Path, PathBuf};
use std::process::Child;

use serde_json::{Value, json};

use crate::support::{Folder, Run, Server};

/// The expected result of an example, run as it is.
struct Story {
    file: &'static str,
    code: i32,
    result: Option<Value>,
    /// Expected messages, in this order.
    notes: &'static [&'static str],
}

fn stories() -> Vec<Story> {
    let story = |file, notes| Story { file, code: 1, result: None, notes };
    let completes = |file, result, notes| Story { code: 0, result: Some(result), ..story(file, notes) };
    vec![
        completes(
            "parallel.json",
            json!({ "decision": "rejected", "vendor": "ACME" }),
            &["Trigger data: the flow's example, ", "reject    completed", "accept    skipped"],
        ),
        completes(
            "retry-recovers.json",
            json!({ "vendor": "ACME", "attempts": 3 }),
            &["; attempt 2 in 1 s", "; attempt 3 in 2 s", "on attempt 3", ", with retries"],
        ),
        completes(
            "error-edge.json",
            json!({ "source": "cache", "reason": "unavailable" }),
            &["; attempt 2 in 500 ms", "live    failed", "fresh   skipped"],
        ),
        Story {
            code: 0,
            result: Some(json!({
                "rated": ["Acme", "Globex", "Initech", "Hooli", "Stark", "Wayne", "Wonka", "Cyberdyne", "Soylent", "Vandelay"],
                "failed": ["unavailable", "unavailable"],
            })),
            ..story("map.json", &["each    completed"])
        },
        support_chat(),
        Story { code: 0, ..story("delay.json", &["wait  waits until", "done  completed"]) },
        Story {
            code: 0,
            result: Some(json!({
                "order": 4711,
                "text": "We are sorry that order 4711 is late: a storm closed the port of Hamburg for two days. \
                    It arrives on Thursday, and you do not pay for the delivery.",
                "drafts": 3,
            })),
            ..story("review-loop.json", &["write   completed"])
        },
        Story {
            code: 0,
            result: Some(json!({ "ticket": 8812, "desk": "billing", "chosen_by": "a model" })),
            ..story("router.json", &["ask        skipped", "technical  skipped", "done       completed"])
        },
        Story {
            code: 0,
            result: Some(json!({ "published": true, "settled": 990, "failed": 10, "why": ["unavailable"] })),
            ..story(
                "nightly-batch.json",
                &["each      completed", "ask       skipped", "publish   completed"],
            )
        },
        story(
            "research-agent.json",
            &["waits for a person's decision", "Use `steadflow serve`.", "cancelled"],
        ),
        story(
            "order-saga.json",
            &[
                "ok       waits for approval",
                "undone before the execution is cancelled",
                "refund   completed",
                "release  completed",
            ],
        ),
        story("refund.json", &["ok      waits for approval", "Use `steadflow serve`.", "cancelled"]),
        story("retries-exhausted.json", &["(submit) failed after 3 attempts:", "Attempt 3: "]),
        story("timeout.json", &["slow  cancelled", "Flow execution timed out after 3 seconds"]),
        story("decision.json", &["pay   waits for a decision", "Use `steadflow serve`.", "cancelled"]),
    ]
}

fn support_chat() -> Story {
    Story {
        file: "support-chat.json",
        code: 0,
        result: Some(json!({
            "text": "I have looked it up. Order 4711 is late because a storm closed the port of Hamburg, and it \
                arrives on Thursday. I am sorry about that.\n\nYou can wait for it, or I can ask a colleague to refund \
                it. What do you prefer?",
        })),
        notes: &["reply  completed"],
    }
}

fn folder_of_examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples")
}

fn files() -> Vec<String> {
    let all = std::fs::read_dir(folder_of_examples()).expect("there is a folder of examples");
    let name = |file: std::io::Result<DirEntry>| file.ok()?.file_name().into_string().ok();
    let names = all.filter_map(name);
    let mut documents: Vec<String> = names.filter(|name| name.ends_with(".json")).collect();
    documents.sort();
    documents
}

#[test]
fn every_example_is_valid_and_has_a_story_here() {
    let paths: Vec<PathBuf> = files().iter().map(|name| folder_of_examples().join(name)).collect();
    let mut arguments = vec!["validate"];
    arguments.extend(paths.iter().map(|path| path.to_str().unwrap()));

    let run = Folder::new().run(&arguments).expect(0);

    assert_eq!(run.stdout.lines().count(), paths.len());
    let mut tested: Vec<&str> = stories().iter().map(|story| story.file).collect();
    tested.sort_unstable();
    assert_eq!(tested, files());
}

/// All at the same time, because they mostly wait.
#[test]
fn every_example_ends_as_described() {
    let folder = Folder::new();
    let start = |story: &Story| -> Child {
        let file = folder_of_examples().join(story.file);
        folder.start(&["run", file.to_str().unwrap()])
    };
    let started: Vec<(Story, Child)> = stories()
        .into_iter()
        .map(|story| {
            let child = start(&story);
            (story, child)
        })
        .collect();

    for (story, process) in started {
        let run = Run::from(process.wait_with_output().unwrap()).expect(story.code);
        let mut rest = run.stderr.as_str();
        for note in story.notes {
            let found = rest.split_once(note);
            let (_, after) = found.unwrap_or_else(|| panic!("{}: no {note} in\n{}", story.file, run.stderr));
            rest = after;
        }
        match story.result {
            Some(result) => assert_eq!(run.json(), result, "{}", story.file),
            None => assert_eq!(run.stdout.is_empty(), story.code != 0, "{}", story.file),
        }
    }
}

#[test]
fn a_ticket_of_which_no_model_is_sure_waits_for_a_person() {
    let ticket = json!({ "ticket": 1, "text": "I was charged, and now the login is broken." }).to_string();
    let file = folder_of_examples().join("router.json");

    let run = Folder::new().run(&["run", file.to_str().unwrap(), "--trigger", &ticket]).expect(1);

    let (_, asked) = run.stderr.split_once("classify   completed").expect("a model answered");
    assert!(asked.contains("ask        waits for approval"), "{}", run.stderr);
}

/// The accounts that failed are settled by a fork from the map, and no other.
#[test]
fn only_the_accounts_that_failed_are_settled_again() {
    let folder = Folder::new();
    let server = Server::start(&folder, &["--demo"]);
    let json =
        |arguments: &[&str]| server.executions(&folder, &[&["--json"], arguments].concat()).expect(0).json();
    let listed = json(&["list"]);
    let batch = listed.as_array().unwrap().iter().find(|row| row["flow_name"] == "Nightly batch").unwrap();
    let id = batch["id"].as_str().unwrap();
    server.executions(&folder, &["watch", id]).expect(0);

    let each = json(&["show", id, "--value", "each/output"]);
    let mut accounts = json(&["show", id, "--value", "accounts/output"]);
    let failed = |(_, result): &(Value, &Value)| result["ok"] == false;
    let all = accounts["body"].as_array().unwrap().clone().into_iter().zip(each.as_array().unwrap());
    accounts["body"] = all.filter(failed).map(|(account, _)| account).collect();
    folder.write("failed.json", &accounts);
    let fork = json(&["fork", id, "--node", "each", "--output", "accounts=@failed.json"]);
    let fork = fork["execution_id"].as_str().unwrap();
    server.executions(&folder, &["watch", fork]).expect(0);

    assert_eq!(accounts["body"].as_array().unwrap().len(), 10);
    assert_eq!(
        json(&["show", fork])["result"],
        json!({ "published": true, "settled": 10, "failed": 0, "why": [] })
    );
    let children = json(&["list", "--parent", fork, "--limit", "100"]);
    assert_eq!(children.as_array().unwrap().len(), 10, "no other account is settled twice");
}
