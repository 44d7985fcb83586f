//! The examples of deployments say what this version knows.

use std::path::{Path, PathBuf};

use crate::support::Folder;

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
        assert!(deploy().join(path).exists(), "{path}");
    }
    for (file, _) in all().iter().filter(|(file, _)| file.starts_with("kubernetes/")) {
        let name = file.trim_start_matches("kubernetes/");
        assert!(name == "kustomization.yaml" || manifests.contains(&format!("  - {name}\n")), "{name}");
    }
    let embedded: String = read("kubernetes/proxy.yaml")
        .split_once("default.conf: |\n")
        .expect("the settings of the proxy")
        .1
        .lines()
        .map(|line| line.strip_prefix("    ").unwrap_or(line).to_owned() + "\n")
        .collect();
    assert_eq!(embedded, read("proxy.conf"));
}

#[test]
fn proxies_pass_on_to_where_the_server_listens_and_ask_it_whether_it_is_ready() {
    let (proxy, deployment, service) =
        (read("proxy.conf"), read("kubernetes/deployment.yaml"), read("kubernetes/service.yaml"));
    let help = Folder::new().run(&["serve", "--help"]).expect(0).stdout;
    let openapi = Folder::new().run(&["openapi"]).expect(0).stdout;
    let image = std::fs::read_to_string(deploy().join("../Dockerfile")).expect("it is in the repository");

    assert!(help.contains("[default: 127.0.0.1:8080]"), "{help}");
    let passes =
        proxy.lines().filter_map(|line| line.trim().strip_prefix("proxy_pass http://127.0.0.1:8080"));
    assert_eq!(
        passes.collect::<Vec<_>>(),
        [";", "/hooks/;", "/readyz;"],
        "only what anyone may call has a path"
    );
    assert!(proxy.contains("listen 8081;") && deployment.contains("containerPort: 8081"));
    assert!(read("compose.yaml").matches(":8081\"]").count() == 2, "both processes have a port");
    assert!(openapi.contains("\"/readyz\"") && deployment.contains("path: /readyz"));
    assert!(image.contains("--uid 10001") && deployment.contains("runAsUser: 10001"));
    assert!(service.contains("targetPort: http") && deployment.contains("replicas: 2"));
}
