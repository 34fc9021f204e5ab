//! `crew completions SHELL`: what a shell needs to complete our commands.

use clap::Args;
use clap_complete::Shell;
use serde_json::json;

use crate::context::Context;
use crate::error::CliError;
use crate::help;
use crate::output::Report;

/// Arguments of `completions`.
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// The shell: bash, zsh, fish
    #[arg(value_parser = ["bash", "zsh", "fish"])]
    pub shell: String,
}

/// Writes the script to standard output.
///
/// # Errors
/// None in practice; the shells are checked before.
pub fn run(cx: &Context, args: &CompletionsArgs) -> Result<Report, CliError> {
    let shell = match args.shell.as_str() {
        "zsh" => Shell::Zsh,
        "fish" => Shell::Fish,
        _ => Shell::Bash,
    };
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut help::command(cx.screen.lang), "crew", &mut script);
    let script = String::from_utf8_lossy(&script).into_owned();
    Report::new(&json!({ "shell": args.shell, "script": script }), script)
}
