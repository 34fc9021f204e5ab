//! Step: what the driver and its shell say to each other.

use crate::crypto::{PublicKey, Signature};
use crate::id::DeviceId;
use crate::invitation::InvitedBy;
use crate::log::line::Identity;
use crate::replica::preview::Previewed;
use crate::replica::{KeyName, Succeeded, ToSign};

/// What an exchange is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Goal {
    /// Sends and reads until neither side has more.
    Sync,
    /// Asks what an invitation gives, and stops there.
    Preview(Invited),
    /// Enrols a new device.
    Enrol(Invited),
    /// Goes on under a new name with a new key, and ends the old name.
    Renew,
}

/// Where to enrol, with what, and as whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invited {
    /// The server's address.
    pub url: String,
    /// The code or the link's secret.
    pub by: InvitedBy,
    /// What people call the device.
    pub name: String,
    /// The office whose key the server must have, where it is known: from the link, or from a preview.
    pub office: Option<DeviceId>,
}

/// What the shell says has happened.
#[derive(Debug)]
pub enum Event {
    /// The exchange begins.
    Begin,
    /// What [`Driver::write`](super::Driver::write) wrote is durable.
    Kept(Kept),
    /// The public half of the key that was asked for.
    Key(PublicKey),
    /// The signature that was asked for.
    Signed(Signature),
    /// What came of the post.
    Answered(Answer),
    /// The wait is over.
    Woke,
}

/// What the shell does next. It answers with the [`Event`] that each names.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub enum Step {
    /// Opens the replica, calls [`Driver::write`](super::Driver::write) with it, appends what that wrote, and says [`Event::Kept`] once it is
    /// durable.
    Append,
    /// Finds this key, or makes it and keeps it; says [`Event::Key`].
    Key(KeyName),
    /// Signs; says [`Event::Signed`].
    Sign(ToSign),
    /// Sends this to the server; says [`Event::Answered`].
    Post {
        /// Where the server takes it.
        route: Route,
        /// What to send.
        frame: Vec<u8>,
    },
    /// Waits so long; says [`Event::Woke`].
    Wait {
        /// Milliseconds.
        ms: u64,
        /// Whether the server asked for it.
        is_asked: bool,
    },
    /// The exchange has ended.
    Done(End),
}

/// Where a server takes a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Route {
    /// Requests of devices.
    Sync,
    /// Questions about invitations.
    Preview,
    /// Enrolments.
    Enrol,
}

impl Route {
    /// Returns the path of the address.
    pub fn path(self) -> &'static str {
        match self {
            Self::Sync => "/v1/sync",
            Self::Preview => "/v1/preview",
            Self::Enrol => "/v1/enrol",
        }
    }
}

/// What came of a post.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// A reply, perhaps of the server.
    Reply {
        /// Its bytes.
        frame: Vec<u8>,
        /// Bytes sent, as on the wire, for [`Outcome::bytes_up`](super::Outcome::bytes_up).
        bytes_up: u64,
        /// Bytes received, as on the wire, for [`Outcome::bytes_down`](super::Outcome::bytes_down).
        bytes_down: u64,
    },
    /// The server said no.
    Refused {
        /// Its stable word.
        code: String,
        /// The highest attempt number it has of this device, if it said so.
        last_attempt: Option<u64>,
    },
    /// The message, or its reply, is larger than what one may be.
    TooLarge,
    /// The server is busy, and asks to come back.
    Busy {
        /// In so many seconds, if it said so.
        retry_after_s: Option<u64>,
    },
    /// The link was cut, or too slow: whether the server took the message is not known.
    Cut,
    /// There is no way to the server.
    Unreachable,
    /// Something else answered.
    Foreign,
}

/// How an exchange ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// Neither side has more.
    Finished,
    /// This is what the invitation gives.
    Previewed(Box<Previewed>),
    /// The device is enrolled.
    Enrolled(Box<Identity>),
    /// The device has a new name and key.
    Renewed(Succeeded),
    /// There is more, and this exchange is long enough.
    TooLong,
    /// Both sides say that there is more, and nothing moves.
    Stuck,
    /// This answer leaves nothing more to try.
    GaveUp(Answer),
    /// The replica refused to go on: [`Driver::write`](super::Driver::write) said why.
    Failed,
}

/// The word that what a [`Driver::write`](super::Driver::write) wrote is durable, once the shell hands it back.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "say Event::Kept with it once what was written is durable"]
pub struct Kept(pub(super) u64);

/// An event that nobody waits for: a late answer, say. The driver stays where it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the exchange does not wait for this event now")]
pub struct OutOfTurn;
