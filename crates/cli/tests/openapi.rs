//! `steadflow openapi`.

use crate::support::Folder;

#[test]
fn description_is_the_one_in_the_repository() {
    let run = Folder::new().run(&["openapi"]).expect(0);

    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../openapi.json");
    assert_eq!(run.stdout, std::fs::read_to_string(path).unwrap(), "run `make gen` and commit openapi.json");
    assert_eq!(run.json()["openapi"], "3.1.0");
    assert_eq!(run.stderr, "");
}
