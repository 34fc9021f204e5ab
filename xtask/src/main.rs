//! `cargo xtask …`: the project's own automation. One file per subcommand; nothing on the way of a record.
#![expect(clippy::print_stderr, reason = "a command-line tool says what it does on standard error")]

mod advisories;
mod attack;
mod bench;
mod ci;
mod demo;
mod dist;
mod fuzz;
mod interop;
mod load;
mod peers;
mod power;
mod run;
mod sbom;
mod sim;
mod test;
mod tidy;
mod vectors;
mod wasm;
mod web;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "The project's own automation")]
struct Xtask {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Plays the main job on the real plan of Mezquitic: the office, five people's devices, a clash and its decision.
    Demo(demo::Demo),
    /// Measures the budgets with the built programs and prints the table.
    Bench(bench::Bench),
    /// Puts load on the built server and compares its ledger with what devices were told; `--soak` for an hour.
    Load(load::Load),
    /// Attacks the built server from all sides while crews sync: none may be turned away.
    Attack(attack::Attack),
    /// Cuts the power, fails the disk (`--faults`): what was confirmed must be there.
    Power(power::Power),
    /// Kills the server and the devices' programs at work: what was saved must be there, once, everywhere.
    Kill(power::Kill),
    /// Measures the reconnect workload against automerge-repo, samod and PouchDB, and prints the table.
    Peers(peers::Peers),
    /// Gives hostile bytes to every parser that outside bytes reach.
    Fuzz(fuzz::Fuzz),
    /// Runs every test: units, the integration binary and the examples in the documentation.
    Test(test::Test),
    /// Runs everything that CI runs (`.ci/run`).
    Ci,
    /// Checks the lock file against the advisories in `advisories/`, or in a checkout of the whole database.
    Advisories(advisories::Advisories),
    /// Gives proof files, honest and forged, to the independent checker of `docs/audit`.
    Interop(interop::Interop),
    /// Writes what the two programs are made of, as CycloneDX JSON.
    Sbom(sbom::Sbom),
    /// Builds the core for a browser, as `wasm32-unknown-unknown`.
    Wasm(wasm::Wasm),
    /// Builds the app for browsers into `web/dist`, which the server then holds; says what is left out, and why.
    Web(web::Web),
    /// Simulates municipalities in one thread, by seed: `--seeds N`, `--seed S`, `--minutes M`, `--bugs`, `--quick`.
    Sim(sim::Sim),
    /// Builds the two programs for a release: without symbols, their symbols apart, sizes and sums.
    Dist,
    /// Writes the golden vectors (`schemas/wire/vectors.json`) again from today's code.
    Vectors,
    /// Checks the shape of the files and the boundaries between the crates only.
    Tidy,
}

fn main() -> anyhow::Result<()> {
    match Xtask::parse().command {
        Command::Demo(demo) => demo.run(),
        Command::Bench(bench) => bench.run(),
        Command::Load(load) => load.run(),
        Command::Attack(attack) => attack.run(),
        Command::Power(power) => power.run(),
        Command::Kill(kill) => kill.run(),
        Command::Peers(peers) => peers.run(),
        Command::Fuzz(fuzz) => fuzz.run(),
        Command::Test(test) => test.run(),
        Command::Ci => ci::run_steps(),
        Command::Advisories(advisories) => advisories.run(),
        Command::Interop(interop) => interop.run(),
        Command::Sbom(sbom) => sbom.run(),
        Command::Wasm(wasm) => wasm.run(),
        Command::Web(web) => web.run(),
        Command::Sim(sim) => sim.run(),
        Command::Dist => dist::build(),
        Command::Vectors => vectors::write(),
        Command::Tidy => tidy::run_checks(),
    }
}
