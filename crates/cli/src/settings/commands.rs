//! The local commands that agents may name: `[mcp.NAME]` of `steadflow.toml`, and nowhere else.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::{Context, bail, ensure};
use serde::Deserialize;
use steadflow_core::agent::{SecretText, secret_names};
use steadflow_nodes::{McpCommand, McpCommands};

use super::SettingsFile;

/// This program, also if another one has been put in its place, and the argument that makes it the supervisor of a command.
pub(crate) const SUPERVISOR: [&str; 2] = ["/proc/self/exe", "mcp-supervisor"];

const NAME_CHARS_MAX: usize = 64;

/// A part `[mcp.NAME]` of `steadflow.toml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CommandTable {
    command: Vec<String>,
    #[serde(default)]
    env: BTreeMap<String, String>,
    cwd: Option<PathBuf>,
}

impl SettingsFile {
    /// Returns the local commands.
    ///
    /// # Errors
    /// One of them is not valid.
    pub(crate) fn commands(&self) -> anyhow::Result<McpCommands> {
        let read = |(name, table): (&String, &CommandTable)| {
            let command =
                table.read(name).with_context(|| format!("The setting `mcp.{name}` is not valid"))?;
            Ok((name.clone(), command))
        };
        Ok(McpCommands {
            supervisor: SUPERVISOR.map(OsString::from).into(),
            commands: self.mcp.iter().map(read).collect::<anyhow::Result<_>>()?,
        })
    }
}

impl CommandTable {
    fn read(&self, name: &str) -> anyhow::Result<McpCommand> {
        ensure!(
            cfg!(target_os = "linux"),
            "Local commands are possible on Linux only: elsewhere, nothing would end them with the server."
        );
        let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        ensure!(
            name.len() <= NAME_CHARS_MAX && name.chars().all(is_name),
            "The name of a command has up to {NAME_CHARS_MAX} letters, digits, `_` and `-`."
        );
        let [program, arguments @ ..] = &*self.command else {
            bail!(
                "`command` is empty. It is a program with its arguments, such as [\"/usr/bin/node\", \"server.js\"]."
            );
        };
        let program = PathBuf::from(program);
        ensure!(
            program.is_absolute(),
            "`command` must begin with an absolute path, because no directories are searched for `{}`.",
            program.display()
        );
        if let Some(argument) = self.command.iter().find(|argument| !secret_names(argument).is_empty()) {
            bail!(
                "`{argument}` would show a secret to all users of this machine. Give it to the command in `env`, such as \
                 `env = {{ TOKEN = \"${{secrets.TOKEN}}\" }}`."
            );
        }
        let directory = self.cwd.clone().unwrap_or_else(|| PathBuf::from("/"));
        ensure!(
            directory.is_absolute(),
            "`cwd` must be an absolute path, and `{}` is none.",
            directory.display()
        );
        Ok(McpCommand {
            program,
            arguments: arguments.iter().map(Into::into).collect(),
            env: self.env()?,
            directory,
        })
    }

    fn env(&self) -> anyhow::Result<BTreeMap<String, SecretText>> {
        let variables = self.env.iter().map(|(name, value)| {
            ensure!(
                !name.is_empty() && !name.contains(['=', '\0']),
                "`{name}` in `env` is not the name of a variable."
            );
            Ok((name.clone(), SecretText::new(value.clone())))
        });
        variables.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(file: &str) -> anyhow::Result<McpCommands> {
        SettingsFile::parse(file)?.commands()
    }

    #[test]
    fn a_command_is_exactly_what_the_file_says() {
        let file = "[mcp.files]\ncommand = [\"/usr/bin/node\", \"a b\", \"$HOME\"]\n\
                    env = { TOKEN = \"${secrets.TOKEN}\" }\n[mcp.git]\ncommand = [\"/bin/git\"]\ncwd = \"/srv\"";

        let commands = read(file).unwrap().commands;

        let (files, git) = (&commands["files"], &commands["git"]);
        assert_eq!((&files.program, &files.directory), (&"/usr/bin/node".into(), &"/".into()));
        assert_eq!(files.arguments, ["a b", "$HOME"]);
        assert_eq!(files.env["TOKEN"].template(), "${secrets.TOKEN}");
        assert_eq!((git.arguments.len(), git.env.len(), &git.directory), (0, 0, &"/srv".into()));
        assert!(read("").unwrap().commands.is_empty());
    }

    #[test]
    fn what_cannot_be_meant_is_refused_by_name() {
        for (table, said) in [
            ("[mcp.a]\ncommand = []", "`command` is empty"),
            ("[mcp.a]\ncommand = [\"npx\", \"--yes\", \"x\"]", "must begin with an absolute path"),
            ("[mcp.a]\ncommand = [\"/bin/x\", \"--key=${secrets.KEY}\"]", "would show a secret"),
            ("[mcp.a]\ncommand = [\"/bin/x\"]\ncwd = \"data\"", "must be an absolute path"),
            ("[mcp.a]\ncommand = [\"/bin/x\"]\nenv = { \"A=B\" = \"1\" }", "not the name of a variable"),
            ("[mcp.\"a/b\"]\ncommand = [\"/bin/x\"]", "The name of a command has"),
            ("[mcp.a]\ncommand = \"/bin/x -y\"", "invalid type: string"),
            ("[mcp.a]\ncommand = [\"/bin/x\"]\nshell = true", "unknown field `shell`"),
        ] {
            let error = format!("{:#}", read(table).unwrap_err());

            assert!(error.contains(said), "{error}");
        }
    }
}
