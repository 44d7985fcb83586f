//! What an agent costs that takes many turns: its question grows with each turn, what is stored only by the turn.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};
use serde_json::{Value, json};
use steadflow_blackbox::{Api, Model, Setup, Workplace, flow};

const ENDS_WITHIN: Duration = Duration::from_secs(60);
/// The bytes that the service says to each call of a tool, about.
const SAID: usize = 2_000;

/// What is left of one execution with so many turns.
#[derive(Debug)]
struct Stored {
    turns: usize,
    /// Calls of the model and of its tools.
    calls: usize,
    /// What the model was sent.
    asked: usize,
    /// Decisions, each of which was a commit.
    records: usize,
    /// The records that are in the journal itself.
    journal: usize,
    /// Those that are too long for it.
    long_records: usize,
    /// By how much the file of the database has grown.
    database: usize,
}

impl Stored {
    const fn bytes(&self) -> usize {
        self.journal + self.long_records
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_stored_of_an_agent_grows_with_its_turns_and_not_with_their_square() {
    let of_10 = stored(10).await;
    let of_25 = stored(25).await;
    let of_50 = stored(50).await;

    eprintln!("{of_10:#?}\n{of_25:#?}\n{of_50:#?}");
    assert!(of_50.asked > 15 * of_10.asked, "the questions do not grow, so nothing is measured: {of_50:?}");
    for more in [&of_25, &of_50] {
        // The last turn calls no tools.
        let share =
            |bytes: usize, percent: usize| bytes * (more.turns - 1) * percent / (100 * (of_10.turns - 1));
        assert!(more.bytes() <= share(of_10.bytes(), 105), "{more:?} after {of_10:?}");
        // The file also has pages of the tail, how many depends on when it was emptied.
        assert!(more.database <= share(of_10.database, 150), "{more:?} after {of_10:?}");
        // One for the start and one for each call, as a chain has one for its start and one for each node.
        assert!(more.records <= more.calls + 1, "{more:?}");
    }
}

/// Runs an agent that takes so many turns, with two calls of a tool in each but the last.
async fn stored(turns: usize) -> Stored {
    let workplace = Workplace::new();
    let model = Model::start(turns).await;
    let mut server = Setup::new(&workplace).start().await;
    let flow = create(server.api(), &model).await;
    let file = workplace.path().join("steadflow.db");
    server.stop().await;
    let before = bytes_of(&file);
    server.restart().await;

    let execution = server.api().start(&flow, json!({ "question": "What is it?" })).await;
    let ended = server.api().finished(&execution, ENDS_WITHIN).await;
    server.stop().await;

    assert_eq!(ended["status"], "completed", "{ended}");
    let asked = model.calls().into_iter().filter(|(key, _)| key.contains(":turn:"));
    let asked: Vec<Value> = asked.flat_map(|(_, bodies)| bodies).collect();
    let tools = model.calls().keys().filter(|key| key.contains(":tool:")).count();
    assert_eq!((asked.len(), tools), (turns, 2 * (turns - 1)));
    let database = Connection::open_with_flags(&file, OpenFlags::SQLITE_OPEN_READ_ONLY).expect("it opens");
    let number = |sql: &str| database.query_row(sql, [], |row| row.get::<_, i64>(0)).expect("it is a number");
    let size = |sql: &str| usize::try_from(number(sql)).expect("a number of bytes or rows");
    Stored {
        turns,
        calls: turns + tools,
        asked: asked.iter().map(|body| body.to_string().len()).sum(),
        records: size("SELECT sum(seq) FROM journals"),
        journal: size("SELECT sum(length(CAST(records AS BLOB))) FROM journals"),
        long_records: size("SELECT coalesce(sum(length(CAST(record AS BLOB))), 0) FROM long_records"),
        database: bytes_of(&file) - before,
    }
}

fn bytes_of(file: &Path) -> usize {
    let length = file.metadata().expect("the database is a file").len();
    usize::try_from(length).expect("it is small")
}

async fn create(api: &Api, model: &Model) -> String {
    let body = json!({ "number": "${input.number}", "page": "x".repeat(SAID) });
    let tool = json!({
        "name": "look", "type": "http_request", "description": "Looks it up.",
        "input_schema": { "type": "object", "required": ["turn", "number"] },
        "request": { "method": "POST", "url": model.url("/tools/${input.turn}"), "body": body },
    });
    let agent = json!({
        "name": "Researcher", "agent_type": "llm",
        "config": { "provider": "openai", "base_url": model.url("/v1"), "model": "scripted" },
        "skills": [{ "name": "research", "instructions": "Find it out.", "tools": [tool], "max_turns": 100 }],
    });
    let agent = api.post("agents", &agent).await.expect(201);
    let think = json!({
        "id": "think", "type": "agent", "agent_id": agent["id"], "skill": "research",
        "input": { "question": "${trigger_data.question}" },
    });
    api.create_flow(&flow("Research", &[think], &[])).await
}
