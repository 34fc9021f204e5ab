//! `crew man DIR`: manual pages, one for each command.

use std::path::PathBuf;

use clap::{Args, Command};
use serde_json::json;

use crate::context::Context;
use crate::error::CliError;
use crate::output::Report;
use crate::{files, help};

/// Arguments of `man`.
#[derive(Debug, Args)]
pub struct ManArgs {
    /// The folder for the pages
    pub dir: PathBuf,
}

/// Writes the pages.
///
/// # Errors
/// As the disk answers.
pub fn run(cx: &Context, args: &ManArgs) -> Result<Report, CliError> {
    std::fs::create_dir_all(&args.dir).map_err(|error| CliError::file(&args.dir, &error))?;
    let mut pages = Vec::new();
    let mut root = help::command(cx.screen.lang);
    root.build();
    collect(&root, "crew", &mut pages);
    for (name, page) in &pages {
        let path = args.dir.join(format!("{name}.1"));
        files::write_whole(&path, page, 0o644).map_err(|error| CliError::file(&path, &error))?;
    }
    let text = pages.iter().map(|(name, _)| format!("{name}.1\n")).collect::<String>();
    let names: Vec<&String> = pages.iter().map(|(name, _)| name).collect();
    Report::new(&json!({ "pages": names }), text)
}

fn collect(command: &Command, name: &str, pages: &mut Vec<(String, Vec<u8>)>) {
    let mut page = Vec::new();
    // Writing into memory does not fail.
    let _ = clap_mangen::Man::new(command.clone()).render(&mut page);
    pages.push((name.to_owned(), page));
    for sub in command.get_subcommands() {
        collect(sub, &format!("{name}-{}", sub.get_name()), pages);
    }
}
