//! The description of the API that lies in the repository.

#[test]
fn openapi_json_is_fresh() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../openapi.json");
    let written = std::fs::read_to_string(path).unwrap();

    let made = steadflow_api::openapi().to_pretty_json().unwrap();

    assert_eq!(written.trim_end(), made, "run `make gen` and commit openapi.json");
}
