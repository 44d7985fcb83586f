//! What every storage for blobs must do; and what each does when it cannot.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use steadflow_blackbox::NodeServer;
use steadflow_blobs::{Credentials, Folder, S3, S3Config};
use steadflow_core::ids::ExecutionId;
use steadflow_store::{Blob, BlobError, BlobStorage};
use uuid::Uuid;

fn id(number: u128) -> ExecutionId {
    ExecutionId::new(Uuid::from_u128(number))
}

/// A record of so many bytes, with characters of more than one.
fn record(bytes: usize) -> Arc<str> {
    format!("{}ü", "x".repeat(bytes - 2)).into()
}

/// What every storage must do; it is empty.
async fn assert_is_a_storage(storage: &dyn BlobStorage) {
    let (small, large) = (record(70_000), record(3_000_000));
    let (first, second) = (Blob::of(small.as_bytes()), Blob::of(large.as_bytes()));
    storage.check().await.expect("it can be used");
    assert_eq!(storage.read(id(1), first).await, Err(BlobError::Missing));
    assert_eq!(storage.length(id(1), first).await, Err(BlobError::Missing));
    assert_eq!(storage.executions(None, 9).await.expect("a list"), []);

    for _ in 0..2 {
        storage.put(id(1), first, Arc::clone(&small)).await.expect("it is put, also again");
    }
    storage.put(id(1), second, Arc::clone(&large)).await.expect("it is put");
    storage.put(id(2), first, Arc::clone(&small)).await.expect("it is put");
    storage.put(id(3), first, Arc::clone(&small)).await.expect("it is put");

    assert_eq!(storage.read(id(1), second).await.expect("it is there"), large.as_bytes());
    assert_eq!(storage.length(id(1), second).await.expect("it is there"), 3_000_000);
    let shorter = Blob { bytes: 10, ..first };
    assert_eq!(
        storage.read(id(1), shorter).await.expect("it is there").len(),
        11,
        "a byte more shows that it is another"
    );
    assert_eq!(storage.executions(None, 2).await.expect("a list"), [id(1), id(2)]);
    assert_eq!(storage.executions(Some(id(2)), 2).await.expect("a list"), [id(3)]);

    storage.delete(id(1), second).await.expect("it is deleted");
    storage.delete(id(1), second).await.expect("it is gone already");
    assert_eq!(storage.read(id(1), second).await, Err(BlobError::Missing));
    assert_eq!(storage.read(id(1), first).await.expect("it stays"), small.as_bytes());
    for number in [1, 1, 2, 3] {
        storage.delete_all(id(number)).await.expect("they are deleted");
    }
    assert_eq!(storage.executions(None, 9).await.expect("a list"), []);
}

#[tokio::test]
async fn a_folder_is_a_storage() {
    let directory = tempfile::tempdir().expect("a folder");
    let path = directory.path().join("made/with the first");

    assert_is_a_storage(&Folder::new(&path)).await;

    assert_eq!(std::fs::read_dir(&path).expect("it is there").count(), 0, "nothing is left");
}

#[tokio::test]
async fn only_the_owner_reads_a_folder_and_what_was_not_finished_is_no_blob() {
    use std::os::unix::fs::PermissionsExt as _;
    let directory = tempfile::tempdir().expect("a folder");
    let folder = Folder::new(directory.path().join("blobs"));
    let (text, mode) =
        (record(70_000), |path: &Path| path.metadata().expect("it is there").permissions().mode() & 0o777);
    let blob = Blob::of(text.as_bytes());
    folder.put(id(1), blob, text).await.expect("it is put");

    let file = folder.file(id(1), blob);
    let of_execution = file.parent().expect("it is in a folder");
    assert_eq!((mode(&file), mode(of_execution), mode(folder.path())), (0o600, 0o700, 0o700));
    std::fs::rename(&file, file.with_extension("1-1.partial")).expect("a crash came before the end");
    assert_eq!(folder.read(id(1), blob).await, Err(BlobError::Missing));
    folder.delete_all(id(1)).await.expect("it goes with the others");
    assert!(!of_execution.exists());
}

#[tokio::test]
async fn a_folder_that_cannot_be_used_says_why() {
    let directory = tempfile::tempdir().expect("a folder");
    let file = directory.path().join("file");
    std::fs::write(&file, "").expect("it is written");

    let answer = Folder::new(file.join("blobs")).check().await;

    assert!(
        matches!(&answer, Err(BlobError::Refused(reason)) if reason.contains("Not a directory")),
        "{answer:?}"
    );
}

/// The bucket `flows` of a server that knows its keys.
fn bucket(endpoint: &str, change: impl FnOnce(&mut S3Config)) -> S3 {
    let mut config = S3Config {
        endpoint: endpoint.parse().expect("a URL"),
        bucket: "flows".into(),
        prefix: "a/b".into(),
        region: "us-east-1".into(),
        is_path_style: true,
        credentials: Credentials {
            access_key_id: "S3RVER".into(),
            secret_access_key: "S3RVER".to_owned().into(),
            session_token: None,
        },
    };
    change(&mut config);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let tls = tls.expect("it has versions").with_root_certificates(rustls::RootCertStore::empty());
    let client = reqwest::Client::builder().tls_backend_preconfigured(tls.with_no_client_auth()).no_proxy();
    S3::new(config, client).expect("it can be meant")
}

#[tokio::test]
async fn a_bucket_is_a_storage_and_says_what_is_wrong() {
    let Some(program) = NodeServer::installed("s3rver/bin/s3rver.js") else { return };
    let directory = tempfile::tempdir().expect("a folder");
    let path = directory.path().to_str().expect("it is UTF-8");
    let server = NodeServer::start(&program, &["-d", path, "--configure-bucket", "flows"]);
    let endpoint = server.url("");

    assert_is_a_storage(&bucket(&endpoint, |_| ())).await;
    assert_is_a_storage(&bucket(&endpoint, |config| config.prefix.clear())).await;

    let stranger = bucket(&endpoint, |config| config.credentials.access_key_id = "other".into());
    let unknown = bucket(&endpoint, |config| config.bucket = "elsewhere".into());
    let text = record(70_000);
    let blob = Blob::of(text.as_bytes());
    for (storage, said) in [(stranger, "InvalidAccessKeyId"), (unknown, "NoSuchBucket")] {
        let answers = [
            storage.check().await,
            storage.put(id(1), blob, Arc::clone(&text)).await,
            storage.read(id(1), blob).await.map(drop),
        ];
        for answer in answers {
            assert!(
                matches!(&answer, Err(BlobError::Refused(reason)) if reason.contains(said)),
                "{answer:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_bucket_that_does_not_answer_fails_in_a_moment() {
    let closed: SocketAddr = {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("loopback has free ports");
        listener.local_addr().expect("it has an address")
    };
    let asked = Instant::now();

    let answer = bucket(&format!("http://{closed}"), |_| ()).check().await;

    assert!(matches!(&answer, Err(BlobError::Failed(reason)) if reason.contains("refused")), "{answer:?}");
    assert!(asked.elapsed() < Duration::from_secs(5));
}
