//! The process: hands arguments, environment and streams to the library, and its answer to the system.

use std::process::ExitCode;

use cuadrilla_server::{Shell, run};

fn main() -> ExitCode {
    let env = |name: &str| std::env::var(name).ok();
    let mut out = std::io::stdout();
    let mut err = std::io::stderr();
    ExitCode::from(run(std::env::args_os(), &mut Shell { out: &mut out, err: &mut err, env: &env }))
}
