//! Finding, building and running the binary.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;
use std::time::SystemTime;

static BINARY: OnceLock<PathBuf> = OnceLock::new();

/// Returns the binary under test: `STEADFLOW_BIN`, else the one of this build, rebuilt if the sources have changed.
///
/// # Panics
/// If it cannot be built.
pub fn steadflow() -> &'static Path {
    BINARY.get_or_init(|| match std::env::var_os("STEADFLOW_BIN") {
        Some(path) => PathBuf::from(path),
        None => built(),
    })
}

/// What came of a finished command.
#[derive(Debug)]
pub struct Run {
    /// The exit code; `None` if a signal ended it.
    pub code: Option<i32>,
    /// What it wrote to standard output.
    pub stdout: String,
    /// What it wrote to standard error.
    pub stderr: String,
}

impl From<Output> for Run {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

/// Runs the binary to its end, in `directory`.
///
/// # Panics
/// If it cannot be started.
pub fn run(directory: &Path, arguments: &[&str]) -> Run {
    let output = Command::new(steadflow())
        .args(arguments)
        .current_dir(directory)
        .env("NO_COLOR", "1")
        .output()
        .expect("the binary starts");
    output.into()
}

/// Makes the API key of an admin in a database, before a server uses it.
///
/// # Panics
/// If there is none.
pub fn admin_key(directory: &Path, database: &str) -> String {
    let made = run(directory, &["keys", "create", "--role", "admin", "--database", database]);
    assert_eq!(made.code, Some(0), "{}", made.stderr);
    made.stdout.trim_end().to_owned()
}

fn built() -> PathBuf {
    let profile = profile_directory();
    let binary = profile.join("steadflow");
    if !is_fresh(&binary) {
        build(profile.ends_with("release"));
    }
    assert!(binary.exists(), "there is no {} although it was built", binary.display());
    binary
}

/// Returns `target/debug` or `target/release`: this test lies in `deps` below it.
pub(crate) fn profile_directory() -> PathBuf {
    let test = std::env::current_exe().expect("a test knows its own path");
    let parent = test.ancestors().nth(2).expect("a test lies in a folder of the target directory");
    parent.to_owned()
}

/// Asking cargo each time would take its lock for half a second a test; its list of sources says as much.
fn is_fresh(binary: &Path) -> bool {
    let modified = |path: &Path| path.metadata().and_then(|file| file.modified()).ok();
    let Some(built_at) = modified(binary) else { return false };
    let Ok(sources) = std::fs::read_to_string(binary.with_extension("d")) else { return false };
    let Some((_, sources)) = sources.split_once(": ") else { return false };
    let is_older = |path: &str| modified(Path::new(path)).is_some_and(|at: SystemTime| at <= built_at);
    sources.trim_end().replace("\\ ", "\0").split(' ').all(|path| is_older(&path.replace('\0', " ")))
}

fn build(release: bool) {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["build", "--quiet", "--package", "steadflow-cli", "--bin", "steadflow"]);
    if release {
        command.arg("--release");
    }
    let output = command.current_dir(env!("CARGO_MANIFEST_DIR")).output().expect("cargo starts");
    assert!(output.status.success(), "cargo build failed:\n{}", String::from_utf8_lossy(&output.stderr));
}
