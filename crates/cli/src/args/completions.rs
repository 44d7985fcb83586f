//! The arguments of `steadflow completions`.

use clap_complete::Shell;

/// Print completions of commands and options for a shell
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Completions {
    /// Shell to print them for
    #[arg(value_enum)]
    pub(crate) shell: Shell,
}

const EXAMPLES: &str = "\
Examples:
  steadflow completions bash > ~/.local/share/bash-completion/completions/steadflow
  steadflow completions zsh > ~/.zfunc/_steadflow
  steadflow completions fish > ~/.config/fish/completions/steadflow.fish
  steadflow completions powershell >> $PROFILE";
