//! The examples of deployments say what this version knows.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::support::{Folder, Server};

fn deploy() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy")
}

fn read(path: &str) -> String {
    std::fs::read_to_string(deploy().join(path)).expect("it is in the repository")
}

/// All files, by their names.
fn all() -> Vec<(String, String)> {
    let manifests = std::fs::read_dir(deploy().join("kubernetes")).expect("it is in the repository");
    let names = manifests.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned());
    let names = names.map(|name| format!("kubernetes/{name}"));
    let names = names.chain(["compose.yaml".to_owned(), "proxy.conf".to_owned()]);
    names.map(|name| (name.clone(), read(&name))).collect()
}

#[test]
fn only_known_variables_are_set() {
    let help = Folder::new().run(&["serve", "--help"]).expect(0).stdout;
    let mut named = 0;
    for (file, text) in all() {
        let is_part = |c: char| c.is_ascii_uppercase() || c == '_';
        for variable in text.split(|c| !is_part(c)).filter(|word| word.starts_with("STEADFLOW_")) {
            assert!(help.contains(&format!("[env: {variable}=")), "{file}: {variable}");
            named += 1;
        }
    }
    assert!(named >= 3);
}

#[test]
fn what_files_say_of_one_another_is_so() {
    let (compose, manifests) = (read("compose.yaml"), read("kubernetes/kustomization.yaml"));
    for (file, text) in all().iter().filter(|(file, _)| file.ends_with(".yaml")) {
        assert!(!text.contains('\t'), "{file}: YAML has no tabs");
    }
    for volume in compose.lines().filter_map(|line| line.trim().strip_prefix("- ./")) {
        let path = volume.split(':').next().expect("a path");
        // What people put there is not in the repository.
        assert!(path.starts_with("files/") || deploy().join(path).exists(), "{path}");
    }
    for (file, _) in all().iter().filter(|(file, _)| file.starts_with("kubernetes/")) {
        let name = file.trim_start_matches("kubernetes/");
        assert!(name == "kustomization.yaml" || manifests.contains(&format!("  - {name}\n")), "{name}");
    }
}

/// The arguments with which an example starts the server, but those of the machine that it is for.
fn arguments(text: &str, begin: &str) -> Vec<String> {
    let line = text.lines().find_map(|line| line.trim().strip_prefix(begin)).expect("it is there");
    let words =
        line.split(|c: char| c == ',' || c.is_whitespace()).map(|word| word.trim_matches(['[', ']', '"']));
    words.filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

#[test]
fn the_server_starts_with_the_arguments_of_the_examples() {
    let (compose, deployment) = (read("compose.yaml"), read("kubernetes/deployment.yaml"));
    for words in [arguments(&compose, "command: serve"), arguments(&deployment, "args: [serve")] {
        let folder = Folder::new();
        folder.write("master.key", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=");
        let own_only = Permissions::from_mode(0o600);
        std::fs::set_permissions(folder.path().join("master.key"), own_only).expect("it is there");
        assert_eq!(words[..2], ["--listen", "0.0.0.0:8080"], "tests listen elsewhere");
        let words = words[2..].iter().map(|word| word.trim_start_matches("/run/steadflow/"));
        let words: Vec<&str> = ["--public-url", "https://flows.example"].into_iter().chain(words).collect();

        let server = Server::start(&folder, &words);

        let (code, said) = server.stop("TERM");
        assert_eq!(code, Some(0), "{words:?}: {said}");
        assert!(said.contains("admin     https://flows.example/join/"), "{words:?}: {said}");
    }
}

#[test]
fn the_proxy_passes_on_to_where_the_server_listens_and_says_who_the_client_is() {
    let (proxy, compose) = (read("proxy.conf"), read("compose.yaml"));
    let (deployment, service) = (read("kubernetes/deployment.yaml"), read("kubernetes/service.yaml"));
    let image = std::fs::read_to_string(deploy().join("../Dockerfile")).expect("it is in the repository");

    for process in ["one", "two"] {
        assert!(
            proxy.contains(&format!("server {process}:8080;"))
                && compose.contains(&format!("\n  {process}:\n"))
        );
    }
    assert!(compose.contains("--listen 0.0.0.0:8080") && deployment.contains("containerPort: 8080"));
    assert!(compose.contains("--behind-proxy 172.30.9.2 ") && compose.contains("ipv4_address: 172.30.9.2"));
    assert!(proxy.contains("X-Forwarded-For $proxy_add_x_forwarded_for;"));
    assert!(proxy.contains("listen 8443 ssl;") && compose.contains(":8443\"]"));
    assert!(image.contains("--uid 10001") && deployment.contains("runAsUser: 10001"));
    assert!(compose.contains("chown 10001") && deployment.contains("fsGroup: 10001"));
    assert!(service.contains("targetPort: http") && deployment.contains("replicas: 2"));
}
