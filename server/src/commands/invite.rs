//! `invite`: an administration code made at the server itself, for when no administrator's device is left.

use engine::committer::{Committer, Judged, Space};
use serde_json::json;
use sync_core::hub::Quotas;
use sync_core::invitation::Secrets;
use sync_core::state::authority::enrol::code_expiry;
use sync_core::time::rfc3339;

use super::Report;
use crate::cli::Invite;
use crate::clock::now_ms;
use crate::failure::Failure;
use crate::{key, start};
use words::say;

pub(super) fn run(args: &Invite) -> Result<Report, Failure> {
    let data = &args.data.data;
    start::require(data)?;
    let seed = key::read(data)?;
    let (mut store, _) = store_disk::open(data, &start::options(false))?;
    start::catch_up(&mut store)?;
    let mut committer =
        Committer::open(store, seed, Quotas::default()).map_err(|error| start::office_failure(&error))?;
    let secrets = Secrets::from_random(Some(key::random()?), key::random()?);
    let now = now_ms();
    let judged: Judged<()> =
        committer.invite_admin(&secrets, now).map_err(|error| start::office_failure(&error))?;
    committer.append(judged, Space::default()).map_err(|failed| failed.error)?;
    committer.apply()?;
    committer.close()?;
    let expires_at = rfc3339(code_expiry(now, None));
    let link = args.url.as_deref().map(|url| super::init::link(url, &secrets, &seed)).transpose()?;
    let code = secrets.code.unwrap_or_default();
    let json = json!({"code": code, "role": args.role, "expires_at": expires_at, "link": link});
    let mut table = vec![(say!("server-code"), code), (say!("server-expires"), expires_at)];
    table.extend(link.map(|link| (say!("server-link"), link)));
    Ok(Report::table(json, &table))
}
