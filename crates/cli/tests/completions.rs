//! `steadflow completions`.

use std::process::Command;

use crate::support::Folder;

#[test]
fn completions_are_scripts_that_know_the_commands() {
    let folder = Folder::new();
    for shell in ["bash", "zsh", "fish", "powershell"] {
        let script = folder.run(&["completions", shell]).expect(0).stdout;
        assert!(script.contains("approvals") && script.contains("dry-run"), "{shell}");
        folder.write(shell, script);
    }

    let parsed =
        Command::new("bash").arg("-n").arg(folder.path().join("bash")).output().expect("bash starts");
    let completed = "source ./bash; COMP_WORDS=(steadflow flows p); COMP_CWORD=2; _steadflow steadflow p flows; echo ${COMPREPLY[@]}";
    let completed = Command::new("bash").args(["-c", completed]).current_dir(folder.path()).output();

    assert!(parsed.status.success(), "{}", String::from_utf8_lossy(&parsed.stderr));
    assert_eq!(String::from_utf8_lossy(&completed.expect("bash starts").stdout), "pause\n");
    folder.run(&["completions", "tcsh"]).expect(2);
}
