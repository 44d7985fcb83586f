//! The files that the binary creates, and those that it refuses.

use std::fs::Permissions;
use std::os::unix::fs::{PermissionsExt, symlink};

use crate::support::{Folder, Server};

fn mode(folder: &Folder, file: &str) -> u32 {
    let metadata = std::fs::metadata(folder.path().join(file)).expect("the file exists");
    metadata.permissions().mode() & 0o777
}

#[test]
fn files_of_the_database_are_for_their_owner_alone() {
    let folder = Folder::new();
    let _server = Server::start(&folder, &[]);

    for file in ["steadflow.db", "steadflow.db-wal", "steadflow.db-shm", "steadflow.db.lock"] {
        assert_eq!(mode(&folder, file), 0o600, "{file}");
    }
}

#[test]
fn database_that_others_may_read_is_opened_with_a_warning() {
    let folder = Folder::new();
    folder.write("steadflow.db", "");
    let permit = |mode| {
        let path = folder.path().join("steadflow.db");
        std::fs::set_permissions(path, Permissions::from_mode(mode)).expect("the mode can be changed");
    };

    permit(0o640);
    let wide = folder.run(&["doctor"]).expect(0).stderr;
    permit(0o600);
    let private = folder.run(&["doctor"]).expect(0).stderr;

    let command = "run `chmod 600 steadflow.db steadflow.db-wal steadflow.db-shm`";
    assert!(wide.contains("WARN") && wide.contains(command), "{wide}");
    assert!(!private.contains("chmod"), "{private}");
}

#[test]
fn lock_that_is_a_link_is_refused() {
    let folder = Folder::new();
    symlink("elsewhere", folder.path().join("steadflow.db.lock")).expect("a link can be made");

    let run = folder.run(&["serve", "--listen", "127.0.0.1:0"]).expect(1);

    insta::assert_snapshot!(run.stderr, @"steadflow: Could not open the database sqlite:steadflow.db: steadflow.db.lock is a symbolic link, and a lock file must not be one; remove it, and start again");
    assert!(!folder.path().join("elsewhere").exists());
}

#[test]
fn database_may_be_a_link() {
    let folder = Folder::new();
    symlink("elsewhere.db", folder.path().join("steadflow.db")).expect("a link can be made");

    let _server = Server::start(&folder, &[]);

    assert_eq!(mode(&folder, "elsewhere.db"), 0o600);
}
