//! Act: which role may write which act.

use crate::log::act::{Act, Role};
use crate::log::verdict::Reason;
use crate::state::authority::DeviceRow;

/// Checks that the role may write this act at all.
///
/// # Errors
/// The reason to quarantine it.
pub fn judge_act(author: &DeviceRow, act: &Act) -> Result<(), Reason> {
    if author.revoked.is_some() {
        return Err(Reason::Revoked);
    }
    // No device becomes the office. The office writes its acts itself; no device sends them.
    if let Act::Invite { role, .. } | Act::Assign { role, .. } = act
        && !Role::INVITABLE.contains(role)
    {
        return Err(Reason::Role { what: act.action().into() });
    }
    let allowed: &[Role] = match act {
        Act::Genesis { .. } | Act::Epoch { .. } | Act::Rule { .. } | Act::Clock { .. } => &[],
        Act::App { .. } | Act::BlobStored { .. } | Act::BlobMissing { .. } => &[],
        Act::Invite { .. } | Act::Revoke { .. } | Act::Assign { .. } => &[Role::Admin],
        Act::Release { .. } | Act::Dismiss { .. } | Act::BlobErased { .. } => {
            &[Role::Supervisor, Role::Admin]
        }
        // Any device may say what it carried. A device that rewrites says what it repeats; the content is
        // judged by itself.
        Act::Carry { .. } | Act::Again { .. } => return Ok(()),
        // An enrolment has no author yet: `hub::admit` takes it for its code or its predecessor's signature. A device
        // that is enrolled may write no other one.
        Act::Enrol { .. } => &[],
    };
    if allowed.contains(&author.role) { Ok(()) } else { Err(Reason::Role { what: act.action().into() }) }
}
