//! `crew invite --role ROLE`: a one-time code for another device. It counts once the server has heard of it.

use clap::Args;
use clap::builder::PossibleValuesParser;
use serde_json::json;
use sync_core::log::act::Role;
use sync_core::replica::NewInvitation;
use sync_core::time::{TimeMs, rfc3339};

use crate::clock;
use crate::context::Context;
use crate::error::CliError;
use crate::exchange;
use crate::labels;
use crate::output::Report;
use crate::qr;
use words::say;

/// Arguments of `invite`.
#[derive(Debug, Args)]
pub struct InviteArgs {
    /// Role: crew, dispatcher, supervisor, auditor, admin
    #[arg(long, ignore_case = true, value_parser = PossibleValuesParser::new(labels::role_values()))]
    pub role: String,
    /// The crew's code, for a crew's device
    #[arg(long)]
    pub crew: Option<String>,
    /// A locality the device works in; may be repeated
    #[arg(long = "locality")]
    pub localities: Vec<String>,
    /// Until which day the code lasts, at most a year; otherwise seven days
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub until: Option<String>,
    /// Do not try to tell the server at once
    #[arg(long)]
    pub no_sync: bool,
    /// Draw the link as a QR even where there is no terminal
    #[arg(long)]
    pub qr: bool,
}

/// Makes the code, then tries one quick exchange so that it counts at once.
///
/// # Errors
/// Rule, if this device may not invite.
pub fn run(cx: &Context, args: &InviteArgs) -> Result<Report, CliError> {
    let role = labels::find_role(&args.role)
        .ok_or_else(|| CliError::usage(say!("role-unknown"), say!("role-unknown-hint-invite")))?;
    needs_place(cx, role, args.crew.as_deref(), &args.localities)?;
    let until_ms = args.until.as_deref().map(|day| end_of(cx, day)).transpose()?;
    let new = NewInvitation {
        role,
        crew: args.crew.as_deref(),
        localities: &args.localities,
        until_ms,
        has_code: true,
    };
    // A crew is named as the catalogue has it: an old catalogue would let a slip make a crew of its own.
    if args.crew.is_some() && !args.no_sync {
        exchange::try_quickly(cx);
    }
    let (invitation, link) = cx.write(|replica| {
        let invitation = replica.invite(&new)?;
        // An address that makes no link: nothing of it is kept.
        let link = invitation.link();
        let link = link.map_err(|_| CliError::usage(say!("invite-no-link"), say!("invite-no-link-hint")))?;
        Ok((invitation, link))
    })?;
    let code = invitation.secrets.code.unwrap_or_default();
    let is_told = !args.no_sync && exchange::try_quickly(cx);
    let expires_at = rfc3339(invitation.expires_at_ms);
    let state = if is_told {
        say!("invite-usable").of(cx.screen.lang)
    } else {
        say!("invite-usable-after-sync").of(cx.screen.lang)
    };
    let until = say!("invite-expires").of(cx.screen.lang);
    let picture =
        if args.qr || cx.screen.is_terminal() { qr::picture(&link, cx.screen.style)? } else { String::new() };
    let text = format!(
        "{}\n{until} {}\n{state}\n{picture}{link}\n",
        cx.screen.style.bold(&code),
        cx.when.both(invitation.expires_at_ms)
    );
    let json = json!({
        "code": code, "expires_at": expires_at, "usable_now": is_told, "link": link,
    });
    Report::new(&json, text)
}

/// Insists on a crew or a locality for a crew's device: without any it would be shown no order.
///
/// # Errors
/// Usage, with the crews there are.
pub(crate) fn needs_place(
    cx: &Context,
    role: Role,
    crew: Option<&str>,
    localities: &[String],
) -> Result<(), CliError> {
    if role != Role::Crew || crew.is_some() || !localities.is_empty() {
        return Ok(());
    }
    let crews = cx.read(|replica| Ok(replica.view().catalog("crew")?))?;
    let crews: Vec<String> = crews.into_iter().map(|crew| crew.key).collect();
    let known = if crews.is_empty() { "—".to_owned() } else { crews.join(", ") };
    Err(CliError::usage(say!("invite-no-crew"), say!("invite-no-crew-hint", known)))
}

/// The end of a day of the municipality's, which must not be over.
fn end_of(cx: &Context, day: &str) -> Result<TimeMs, CliError> {
    let here = cx.read(|replica| Ok(replica.identity()?.utc_offset))?;
    here.day_end(day)
        .filter(|end| *end > clock::now_ms().unwrap_or(TimeMs::MAX))
        .ok_or_else(|| CliError::usage(say!("invite-until", day), say!("invite-until-hint")))
}
