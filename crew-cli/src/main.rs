//! The command `crew`. Everything is in the library, so that tests can reach it.

use std::process::ExitCode;

fn main() -> ExitCode {
    crew_cli::main_with(&std::env::args_os().collect::<Vec<_>>())
}
