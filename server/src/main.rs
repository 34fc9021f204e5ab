//! The process: hands arguments, environment and streams to the library, and its answer to the system.

use std::process::ExitCode;

use cuadrilla_server::{Shell, run};

/// The index copies its nodes at each write: a third of the time of a rebuild went into the system's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let env = |name: &str| std::env::var(name).ok();
    let mut out = std::io::stdout();
    let mut err = std::io::stderr();
    ExitCode::from(run(std::env::args_os(), &mut Shell { out: &mut out, err: &mut err, env: &env }))
}
