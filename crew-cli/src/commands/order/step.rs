//! `crew order start|pause|finish|cancel|reopen|approve FOLIO`: the state machine of the kind of work.

use clap::Args;
use serde_json::json;

use crate::context::Context;
use crate::error::CliError;
use crate::output::Report;
use words::say;

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
/// Usage, if an order is cancelled without a reason; rule, if the state, the role or something missing does not allow it.
pub fn run(cx: &Context, step: &str, args: &StepArgs) -> Result<Report, CliError> {
    if step == "cancel" && args.reason.as_deref().is_none_or(|reason| reason.trim().is_empty()) {
        return Err(CliError::usage(say!("cancel-no-reason"), say!("cancel-no-reason-hint")));
    }
    let (status, label) = cx.write(|replica| {
        let status = replica.step(&args.folio, step, args.reason.as_deref())?;
        let label = cx.state_label(replica.rules(), &status);
        Ok((status, label))
    })?;
    let text = format!("{}: {label}\n{}\n", args.folio, cx.saved());
    Report::new(&json!({ "folio": args.folio, "status": status }), text)
}
