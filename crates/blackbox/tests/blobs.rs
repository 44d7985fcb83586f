//! Large data in a blob storage: nothing is lost or changed by kill -9, and it is gone with its execution.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use steadflow_blackbox::{Api, NodeServer, Run, Server, Setup, Workplace, echo, eventually, flow, run, with};
use tokio::net::{TcpListener, TcpStream};

const SOON: Duration = Duration::from_secs(60);
const KILLS: usize = 4;

/// Two nodes that return the text `seed` so many `times`.
fn document() -> Value {
    let first = echo("a", json!({ "text": "${trigger_data.seed * trigger_data.times}" }));
    flow("Wide", &[first, echo("b", json!("${a.text}"))], &[("a", "b")])
}

/// An execution of it.
struct Wide {
    id: String,
    seed: String,
    times: usize,
}

async fn start(api: &Api, flow: &str, number: usize) -> Wide {
    // From 100 KB to 600 KB.
    let (seed, times) = (format!("<{number:06}>"), 12_500 + number * 7_919 % 62_000);
    let id = api.start(flow, json!({ "seed": seed, "times": times })).await;
    Wide { id, seed, times }
}

async fn assert_is_whole(api: &Api, wide: &Wide) {
    let ended = api.finished(&wide.id, SOON).await;
    assert_eq!(ended["status"], "completed", "{}", ended["error_message"]);
    let text = Value::from(wide.seed.repeat(wide.times));
    let a = api.get(&format!("executions/{}/nodes/a/output", wide.id)).await.expect(200);
    let b = api.get(&format!("executions/{}/nodes/b/output", wide.id)).await.expect(200);
    assert!(a["text"] == text && b == text, "the output of {} is not what was written", wide.id);
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let below = |path: PathBuf| if path.is_dir() { files(&path) } else { vec![path] };
    entries.flat_map(|entry| below(entry.expect("an entry").path())).collect()
}

fn storage_of(folder: &Path) -> String {
    format!("file:{}", folder.display())
}

fn doctor(workplace: &Workplace, database: &str, blobs: &Path) -> Run {
    let blobs = storage_of(blobs);
    run(workplace.path(), &["doctor", "--deep", "--database", database, "--blobs", &blobs])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_of_blobs_survives_kills_is_backed_up_and_is_emptied_with_its_executions() {
    let workplace = Workplace::new();
    let (blobs, database) = (workplace.path().join("blobs"), workplace.path().join("steadflow.db"));
    let storage = storage_of(&blobs);
    let mut server = Setup::new(&workplace).arguments(["--blobs", &storage]).start().await;
    let flow = server.api().create_flow(&document()).await;

    let mut all = Vec::new();
    for kill in 0..KILLS {
        for _ in 0..4 {
            all.push(start(server.api(), &flow, all.len()).await);
        }
        // Uneven, so that the kills fall between a blob and its commit, too.
        let until = all.len() - 1 - kill % 4;
        server.api().finished(&all[until].id, SOON).await;
        server.kill();
        server.restart().await;
    }
    for wide in &all {
        assert_is_whole(server.api(), wide).await;
    }
    let secret = encrypted(server.api()).await;
    let in_blobs: Vec<Vec<u8>> =
        files(&blobs).iter().map(|file| std::fs::read(file).expect("it is read")).collect();
    let has =
        |text: &str| in_blobs.iter().any(|blob| blob.windows(text.len()).any(|part| part == text.as_bytes()));
    assert!(has("<000001>") && !has(&secret), "sensitive data is encrypted before it is put there");
    assert!(in_blobs.len() > all.len() && in_blobs.iter().all(|blob| blob.len() >= 65_536));
    let (here, there) =
        (database.metadata().expect("it is there").len(), in_blobs.iter().map(Vec::len).sum::<usize>());
    assert!(2 * here < there as u64, "{here} bytes in the database, {there} in blobs");

    back_up_and_restore(&workplace, &blobs).await;
    server.stop().await;
    let url = format!("sqlite:{}", database.display());
    let examined = doctor(&workplace, &url, &blobs);
    assert_eq!(examined.code, Some(0), "{}{}", examined.stdout, examined.stderr);

    let setup = Setup::new(&workplace).arguments(["--blobs", &storage, "--keep-completed-days", "0.00001"]);
    let server = setup.start().await;
    eventually("the folder is empty", SOON, async || files(&blobs).is_empty().then_some(())).await;
    server.api().get("flows").await.expect(200);
}

/// Runs an execution with large sensitive data, and returns what is sensitive in it.
async fn encrypted(api: &Api) -> String {
    let nodes = [echo("a", json!({ "text": "${trigger_data.seed * 20000}" }))];
    let sensitive = json!({ "sensitive": { "fields": ["trigger_data.seed"] } });
    let id = api.create_flow(&with(flow("Secret", &nodes, &[]), &sensitive)).await;
    let execution = api.start(&id, json!({ "seed": "canary-7" })).await;
    assert_eq!(api.finished(&execution, SOON).await["status"], "completed");
    "canary-7".to_owned()
}

/// Makes a backup while the server runs, and a database of it with a folder of its own.
async fn back_up_and_restore(workplace: &Workplace, blobs: &Path) {
    let (file, other) = (workplace.path().join("backup.db"), workplace.path().join("other"));
    let (database, own) = (format!("sqlite:{}", other.join("restored.db").display()), other.join("blobs"));
    let (file, storage) = (file.display().to_string(), storage_of(blobs));
    std::fs::create_dir(&other).expect("it is made");
    let made = run(workplace.path(), &["backup", &file, "--blobs", &storage]);
    assert_eq!(made.code, Some(0), "{}", made.stderr);
    let without = run(workplace.path(), &["restore", &file, "--database", &database]);
    assert!(without.code == Some(1) && without.stderr.contains("no blob storage is set up"), "{without:?}");
    std::fs::remove_dir_all(&other).expect("it is gone");
    std::fs::create_dir(&other).expect("it is made");

    let restored =
        run(workplace.path(), &["restore", &file, "--database", &database, "--blobs", &storage_of(&own)]);
    assert_eq!(restored.code, Some(0), "{}", restored.stderr);
    let whole = doctor(workplace, &database, &own);
    assert_eq!(whole.code, Some(0), "{}{}", whole.stdout, whole.stderr);
    let lost = files(&own).pop().expect("there are some");
    std::fs::remove_file(&lost).expect("it is removed");
    let found = doctor(workplace, &database, &own);
    let name = lost.file_name().and_then(|name| name.to_str()).expect("it is hexadecimal");
    assert!(found.code == Some(1) && found.stdout.contains(name), "{}", found.stdout);
}

/// A port that leads to a server, or to none.
struct Switch {
    address: SocketAddr,
    port: Arc<AtomicU16>,
}

impl Switch {
    async fn to(server: &NodeServer) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("loopback has free ports");
        let address = listener.local_addr().expect("it has an address");
        let port = Arc::new(AtomicU16::new(port_of(server)));
        let known = Arc::clone(&port);
        tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                let port = known.load(Ordering::Relaxed);
                tokio::spawn(async move {
                    // Without a server, the connection is closed.
                    let Ok(mut server) = TcpStream::connect(("127.0.0.1", port)).await else { return };
                    let _ended = tokio::io::copy_bidirectional(&mut client, &mut server).await;
                });
            }
        });
        Self { address, port }
    }

    fn lead_to(&self, server: Option<&NodeServer>) {
        self.port.store(server.map_or(1, port_of), Ordering::Relaxed);
    }
}

fn port_of(server: &NodeServer) -> u16 {
    let url = server.url("");
    url.rsplit(':').next().and_then(|port| port.parse().ok()).expect("a URL ends with its port")
}

fn variables(key: &str) -> [(String, String); 2] {
    let of = |name: &str, value: &str| (format!("STEADFLOW_BLOBS_{name}"), value.to_owned());
    [of("ACCESS_KEY_ID", key), of("SECRET_ACCESS_KEY", "S3RVER")]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bucket_that_is_away_delays_what_is_large_and_nothing_else() {
    let Some(program) = NodeServer::installed("s3rver/bin/s3rver.js") else { return };
    let workplace = Workplace::new();
    let data = workplace.path().join("s3");
    let bucket = || {
        let data = data.to_str().expect("it is UTF-8");
        NodeServer::start(&program, &["-d", data, "--configure-bucket", "flows"])
    };
    let first = bucket();
    let switch = Switch::to(&first).await;
    let endpoint = format!("http://{}", switch.address);
    let setup = |bucket: &str, key: &str| {
        let setup = Setup::new(&workplace).variables(variables(key));
        setup.arguments(["--blobs", &format!("s3://{bucket}/x"), "--blobs-endpoint", &endpoint])
    };
    let stranger = setup("flows", "other").start_in_vain().await;
    assert!(
        stranger.stderr.contains("cannot be used") && stranger.stderr.contains("InvalidAccessKeyId"),
        "{stranger:?}"
    );
    let nowhere = setup("nowhere", "S3RVER").start_in_vain().await;
    assert!(nowhere.stderr.contains("NoSuchBucket"), "{}", nowhere.stderr);

    let mut server = setup("flows", "S3RVER").start().await;
    let wide = server.api().create_flow(&document()).await;
    let narrow = server.api().create_flow(&flow("Narrow", &[echo("a", json!(1))], &[])).await;
    let before = start(server.api(), &wide, 1).await;
    assert_is_whole(server.api(), &before).await;

    drop(first);
    switch.lead_to(None);
    let waits = start(server.api(), &wide, 2).await;
    assert_goes_on(&server, &narrow).await;
    server.kill();
    server.restart().await;
    assert_goes_on(&server, &narrow).await;
    assert_eq!(server.api().get(&format!("executions/{}", before.id)).await.status, 503);
    assert!(server.log().contains("the blob storage does not answer"), "{}", server.log());
    assert_eq!(server.api().execution(&waits.id).await["status"], "running");

    let second = bucket();
    switch.lead_to(Some(&second));
    for wide in [&before, &waits] {
        eventually("it is read again", SOON, async || {
            (server.api().get(&format!("executions/{}", wide.id)).await.status == 200).then_some(())
        })
        .await;
        assert_is_whole(server.api(), wide).await;
    }
    server.stop().await;
}

async fn assert_goes_on(server: &Server, narrow: &str) {
    let execution = server.api().start(narrow, json!({})).await;
    assert_eq!(server.api().finished(&execution, SOON).await["status"], "completed");
}
