//! DecodedBody: whether a role may make an act.

use crate::log::act::{Act, Role};
use crate::log::verdict::Reason;
use crate::state::authority::DeviceRow;

/// Whether the role may make this act at all.
pub fn judge_act(author: &DeviceRow, act: &Act) -> Result<(), Reason> {
    if author.revoked.is_some() {
        return Err(Reason::Revoked);
    }
    // Nobody becomes the office, and what only the office does it writes itself and never sends.
    if let Act::Invite { role, .. } | Act::Assign { role, .. } = act
        && !Role::INVITABLE.contains(role)
    {
        return Err(Reason::Role { what: act.action().into() });
    }
    let allowed: &[Role] = match act {
        Act::Genesis { .. } | Act::Epoch { .. } | Act::Rule { .. } | Act::Clock { .. } => &[],
        Act::Invite { .. } | Act::Revoke { .. } | Act::Assign { .. } => &[Role::Admin],
        Act::Release { .. } | Act::Dismiss { .. } => &[Role::Supervisor, Role::Admin],
        // Whoever carries may say so; whoever writes again says what, and the content is judged on its own.
        Act::Carry { .. } | Act::Again { .. } => return Ok(()),
        Act::Enrol { .. } => &[],
    };
    if allowed.contains(&author.role) { Ok(()) } else { Err(Reason::Role { what: act.action().into() }) }
}
