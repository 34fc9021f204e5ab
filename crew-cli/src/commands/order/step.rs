//! `crew order start|pause|finish|cancel|reopen|approve FOLIO`: the state machine of the kind of work.

use std::io::{self, BufRead as _, IsTerminal as _, Read as _};

use clap::Args;
use serde_json::json;

use crate::context::Context;
use crate::error::CliError;
use crate::output::Report;
use words::say;

/// Most that is read of an answer, in bytes.
const ANSWER_BYTES_MAX: u64 = 4_096;

/// Arguments of a step.
#[derive(Debug, Args)]
pub struct StepArgs {
    /// The order's folio
    pub folio: String,
    /// Why
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
}

/// Arguments of a step by its name.
#[derive(Debug, Args)]
pub struct NamedStepArgs {
    /// What to make the step on.
    #[command(flatten)]
    pub on: StepArgs,
    /// The step
    pub step: String,
}

/// Makes the step.
///
/// # Errors
/// Usage, if an order is cancelled without a reason, and there is no terminal to ask for one; rule, if the state, the role or something missing does not allow it.
pub fn run(cx: &Context, step: &str, args: &StepArgs) -> Result<Report, CliError> {
    let said = args.reason.clone().filter(|reason| !reason.trim().is_empty());
    let reason = match said {
        None if step == "cancel" => Some(ask_why(cx)?),
        said => said,
    };
    let (status, label) = cx.write(|replica| {
        let status = replica.step(&args.folio, step, reason.as_deref())?;
        let label = cx.state_label(replica.rules(), &status);
        Ok((status, label))
    })?;
    let text = format!("{}: {label}\n{}\n", args.folio, cx.saved());
    Report::new(&json!({ "folio": args.folio, "status": status }), text)
}

/// Asks the person at the terminal why an order is cancelled.
fn ask_why(cx: &Context) -> Result<String, CliError> {
    let refused = || CliError::usage(say!("cancel-no-reason"), say!("cancel-no-reason-hint"));
    if cx.screen.json || !cx.screen.is_terminal() || !io::stdin().is_terminal() {
        return Err(refused());
    }
    cx.screen.out(&format!("{} ", say!("cancel-ask").of(cx.screen.lang)))?;
    let mut answer = String::new();
    io::stdin().lock().take(ANSWER_BYTES_MAX).read_line(&mut answer).map_err(|_| refused())?;
    let answer = answer.trim();
    if answer.is_empty() { Err(refused()) } else { Ok(answer.to_owned()) }
}
