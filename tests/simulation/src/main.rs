//! `sim`: runs seeds, prints what was done and what broke. `cargo xtask sim` builds and calls it.
#![expect(clippy::print_stdout, reason = "the figures are what the command is for")]

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser;
use simulation::broken::{Broken, PROPERTIES};
use simulation::bugs::{BUGS, Bug};
use simulation::plan::{Only, Plan};
use simulation::reduce::reduce;
use simulation::run::{Outcome, run};
use simulation::summary::Tally;

/// Seeds within which a planted bug is to be found.
const SEEDS_PER_BUG: u64 = 400;
/// Bugs are planted in stories of at most so many phones: those take least time.
const PHONES_WITH_BUG: usize = 12;

#[derive(Parser)]
#[command(name = "sim", about = "Simulates municipalities, and looks whether what must hold holds")]
struct Sim {
    /// How many seeds.
    #[arg(long, default_value_t = 200)]
    seeds: u64,
    /// The first seed; of one seed alone, the story is told when it breaks something.
    #[arg(long)]
    seed: Option<u64>,
    /// Runs seeds for so many minutes, however many they are.
    #[arg(long)]
    minutes: Option<f64>,
    /// Only these events of the seed's list, as `3,17,40-44`.
    #[arg(long, requires = "seed")]
    only: Option<String>,
    /// Plants a known bug and runs until it is found.
    #[arg(long)]
    bug: Option<Bug>,
    /// Plants each known bug and prints after how many seeds it was found.
    #[arg(long)]
    bugs: bool,
    /// Lists the bugs that can be planted.
    #[arg(long)]
    list: bool,
    /// The slice for CI: 20 seconds of seeds, then every planted bug.
    #[arg(long)]
    quick: bool,
    /// Runs all seeds, and prints one line for each that breaks something.
    #[arg(long)]
    survey: bool,
    /// Only small stories: what breaks one is easier to read.
    #[arg(long)]
    small: bool,
    /// Tells the story even if nothing breaks.
    #[arg(long)]
    tell: bool,
    /// Seconds that making a story short may take.
    #[arg(long, default_value_t = 60)]
    reduce_seconds: u64,
}

fn main() -> ExitCode {
    let sim = Sim::parse();
    // A panic of a run is a finding of its own, told with its seed.
    std::panic::set_hook(Box::new(|_| {}));
    let is_good = if sim.list {
        BUGS.iter().for_each(|bug| println!("{:<20} {}", bug.name(), bug.about()));
        true
    } else if sim.quick {
        let held = sim.hunt(Some(Duration::from_secs(20)), None);
        held && sim.find_bugs()
    } else if sim.bugs {
        sim.find_bugs()
    } else {
        sim.hunt(sim.minutes.map(|minutes| Duration::from_secs_f64(minutes * 60.0)), sim.bug)
    };
    if is_good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

impl Sim {
    /// A first seed: the one asked for, or one by the clock, which is printed.
    fn first_seed(&self) -> u64 {
        self.seed.unwrap_or_else(|| {
            let now = std::time::UNIX_EPOCH.elapsed().map_or(1, |since| since.as_secs());
            now % 1_000_000 * 1_000
        })
    }

    /// Runs seeds until one breaks something. Whether all held.
    fn hunt(&self, time: Option<Duration>, bug: Option<Bug>) -> bool {
        let first = self.first_seed();
        let begun = Instant::now();
        let mut tally = Tally::default();
        let count = if self.only.is_some() || (self.tell && self.seed.is_some()) { 1 } else { self.seeds };
        println!("seeds from {first}");
        for seed in first.. {
            let is_over = match time {
                Some(time) => begun.elapsed() >= time,
                None => seed - first >= count,
            };
            if is_over {
                break;
            }
            let plan = Plan::of(seed);
            if self.small && (plan.phones > 6 || plan.events.len() > 260) {
                continue;
            }
            let only = match self.only.as_deref().map(Only::read) {
                None => Only::All,
                Some(Ok(only)) => only,
                Some(Err(error)) => {
                    println!("{error}");
                    return false;
                }
            };
            let outcome = run(&plan, &only, bug, self.tell || self.only.is_some());
            if self.tell || self.only.is_some() {
                outcome.story.iter().for_each(|line| println!("{line}"));
            }
            if let Some(broken) = outcome.broken.as_ref().filter(|_| self.survey) {
                println!("seed {seed} ({} phones, {} days): {broken}", plan.phones, plan.days);
                tally.add(&outcome.tally);
                continue;
            }
            if let Some(broken) = &outcome.broken {
                self.explain(&plan, &only, bug, broken);
                return bug.is_some();
            }
            tally.add(&outcome.tally);
        }
        print_summary(&tally, begun.elapsed());
        if let Some(bug) = bug {
            println!("the planted bug {} was NOT found", bug.name());
        }
        bug.is_none()
    }

    /// Says what broke, and the shortest story in which it does.
    fn explain(&self, plan: &Plan, only: &Only, bug: Option<Bug>, broken: &Broken) {
        println!("\nseed {} breaks {broken}", plan.seed);
        let planted = bug.map(|bug| format!(" --bug {}", bug.name())).unwrap_or_default();
        if *only != Only::All {
            return;
        }
        println!("again: cargo xtask sim --seed {} --seeds 1{planted}", plan.seed);
        let these = reduce(plan, bug, broken.property, Duration::from_secs(self.reduce_seconds));
        let words = Only::write(&these);
        let told: Outcome = run(plan, &Only::These(these.clone()), bug, true);
        println!(
            "{} servers, {} phones, {} of {} events are enough:",
            plan.servers,
            plan.phones,
            these.len(),
            plan.events.len()
        );
        told.story.iter().for_each(|line| println!("  {line}"));
        if let Some(broken) = told.broken {
            println!("  => {broken}");
        }
        println!("this story alone: cargo xtask sim --seed {}{planted} --only {words:?}", plan.seed);
    }

    /// Plants every bug, in seeds that hold without it. Whether each was found.
    fn find_bugs(&self) -> bool {
        let first = self.seed.unwrap_or(1);
        let mut sound: BTreeMap<u64, bool> = BTreeMap::new();
        let mut missed = 0;
        println!("\n{:<20} {:>6}  {:<24} {:>8}", "planted bug", "seeds", "seen as", "seconds");
        for bug in BUGS {
            let begun = Instant::now();
            let found = (first..first + SEEDS_PER_BUG).find_map(|seed| {
                let plan = Plan::of(seed);
                if plan.phones > PHONES_WITH_BUG {
                    return None;
                }
                let broken = run(&plan, &Only::All, Some(*bug), false).broken?;
                let holds = || run(&plan, &Only::All, None, false).broken.is_none();
                let is_sound = *sound.entry(seed).or_insert_with(holds);
                is_sound.then_some((seed - first + 1, broken))
            });
            let seconds = begun.elapsed().as_secs_f64();
            let name = bug.name();
            if let Some((seeds, broken)) = found {
                let seen = broken.property.name();
                println!("{name:<20} {seeds:>6}  {seen:<24} {seconds:>8.1}");
            } else {
                missed += 1;
                println!("{name:<20} {SEEDS_PER_BUG:>6}  NOT FOUND {seconds:>23.1}");
            }
        }
        println!("{} of {} planted bugs were found", BUGS.len() - missed, BUGS.len());
        missed == 0
    }
}

fn print_summary(tally: &Tally, elapsed: Duration) {
    println!();
    for (about, count) in tally.lines() {
        println!("{count:>12}  {about}");
    }
    let seconds = elapsed.as_secs_f64().max(0.001);
    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    let rate = tally.device_days as f64 / seconds;
    println!("{:>12}  properties", PROPERTIES.len());
    println!("{rate:>12.0}  simulated device-days a second, on one core, in {seconds:.1} s");
}
