//! Invite: an invitation for another device.

use super::{Replica, ReplicaError};
use crate::id::DeviceId;
use crate::invitation::{Locks, Secrets};
use crate::link::{InvitationLink, LinkError};
use crate::log::act::{Act, Role};
use crate::state::authority::enrol::code_expiry;
use crate::time::TimeMs;

/// Whom to invite.
#[derive(Debug, Clone)]
pub struct NewInvitation<'a> {
    /// The role it gives.
    pub role: Role,
    /// The crew it gives.
    pub crew: Option<&'a str>,
    /// The localities it gives, by key or name.
    pub localities: &'a [String],
    /// When it ends; a week from now if nothing is said.
    pub until_ms: Option<TimeMs>,
    /// Whether it has a code to speak beside its link. Making one takes a moment and 32 MiB.
    pub has_code: bool,
}

impl NewInvitation<'_> {
    /// Returns an invitation for a role by link, and nothing more.
    pub fn of(role: Role) -> Self {
        Self { role, crew: None, localities: &[], until_ms: None, has_code: false }
    }
}

/// An invitation, as the person who invites is told it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    /// What to tell the invited.
    pub secrets: Secrets,
    /// When it ends.
    pub expires_at_ms: TimeMs,
    /// The server's address, as this device knows it.
    url: String,
    office: DeviceId,
}

impl Invitation {
    /// Returns the link as text.
    ///
    /// # Errors
    /// The server's address makes no link: it is too long, or plain http.
    pub fn link(&self) -> Result<String, LinkError> {
        InvitationLink { url: self.url.clone(), secret: self.secrets.secret, office: self.office }.to_text()
    }
}

impl Replica<'_> {
    /// Invites a device. The invitation counts once the server has heard of it.
    pub fn invite(&mut self, new: &NewInvitation<'_>) -> Result<Invitation, ReplicaError> {
        let find = |word: &String| self.view().find_locality(word);
        let localities = new.localities.iter().map(find).collect::<Result<Vec<_>, _>>()?;
        let crew = new.crew.map(|word| self.view().find_crew_to_invite(word)).transpose()?;
        let identity = self.identity()?;
        let (url, office) = (identity.url.clone(), identity.server_key.device());
        let code = new.has_code.then(|| self.draw());
        let secrets = Secrets::from_random(code, self.draw());
        let Locks { code: code_lock, link: link_lock } = secrets.locks(&office);
        let NewInvitation { role, until_ms, .. } = *new;
        let expires_at_ms = code_expiry(self.moment.now_ms, until_ms);
        self.write_act(Act::Invite { code_lock, link_lock, role, crew, localities, until_ms })?;
        Ok(Invitation { secrets, expires_at_ms, url, office })
    }
}
