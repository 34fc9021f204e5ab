//! Work: the driver's tasks in an open replica. What they write counts once the shell says that it is durable.

use super::{Driver, End, Goal, Invited, Kept, Keying, Sent, Signing, State, Task, Then};
use crate::crypto::{PublicKey, Signature};
use crate::limits::{REFILL_LINES, SWEEP_ROWS};
use crate::replica::preview::Previewed;
use crate::replica::rewrite::Repeated;
use crate::replica::sync::request::OwnEntries;
use crate::replica::{Replica, ReplicaError, Signed, ToSign};

impl Driver {
    /// Does what waits for the replica, after [`super::Step::Append`]. The shell appends what was written, and says
    /// [`super::Event::Kept`] with what this returns once it is durable.
    ///
    /// # Errors
    /// As the replica answers: the reply is not the server's, say. Nothing is to be kept then, and the exchange is over.
    pub fn write(&mut self, replica: &mut Replica<'_>) -> Result<Kept, ReplicaError> {
        let then = match std::mem::replace(&mut self.state, State::Done) {
            State::Ready(task) => self.work(replica, task)?,
            state => {
                self.state = state;
                return Err(ReplicaError::Index("the exchange has nothing to write now".into()));
            }
        };
        self.turn += 1;
        self.state = State::Written { turn: self.turn, then };
        Ok(Kept(self.turn))
    }

    /// As [`Driver::write`], for a shell that holds the key: a request with this device's entries is then made in one
    /// opening of the replica.
    ///
    /// # Errors
    /// As [`Driver::write`].
    pub fn write_signing(
        &mut self,
        replica: &mut Replica<'_>,
        sign: impl FnOnce(&ToSign) -> Signature,
    ) -> Result<Kept, ReplicaError> {
        let kept = self.write(replica)?;
        match std::mem::replace(&mut self.state, State::Done) {
            State::Written { then: Then::Sign(Signing::Own(own)), .. } => {
                let signature = sign(own.to_sign());
                self.state = State::Ready(Task::Compose(own.signed(signature)));
                self.write(replica)
            }
            state => {
                self.state = state;
                Ok(kept)
            }
        }
    }

    fn work(&mut self, replica: &mut Replica<'_>, task: Task) -> Result<Then, ReplicaError> {
        match task {
            Task::Look => self.look(replica),
            Task::Compose(own) => self.compose(replica, Some(own)),
            Task::Succeed(new, key) => Ok(Then::Sign(Signing::Name(replica.succession(&new, &key)?, key))),
            Task::Name(new, key) => {
                replica.succeed_start(new)?;
                enrol(replica, &key)
            }
            Task::Enrol(key) => enrol(replica, &key),
            Task::Skip { last, answer } => match replica.skip_attempts(last)? {
                true => Ok(Then::Look),
                false => Ok(Then::End(End::GaveUp(answer))),
            },
            Task::Hear { sent: Sent::Request(request), frame, bytes } => {
                let mut exchanged = replica.on_reply(&request, &frame)?;
                let is_copy = replica.is_copy()?;
                let mut joined = Repeated::default();
                if !exchanged.more && !is_copy {
                    joined = replica.join_shared()?;
                    exchanged.freed = replica.free_waiting()?;
                }
                let has_more = is_copy || joined != Repeated::default() || !exchanged.freed.is_empty();
                Ok(Then::Heard { exchanged: Box::new(exchanged), is_copy, has_more, bytes })
            }
            Task::Hear { sent: Sent::Preview(question), frame, .. } => {
                let (Goal::Preview(invited) | Goal::Enrol(invited)) = &self.goal else {
                    return Ok(Then::Look);
                };
                self.preview.hear(&question, &frame, invited.office.as_ref())?;
                Ok(Then::Look)
            }
            Task::Hear { sent: Sent::Enrolment { frame: sent, key }, frame, .. } => {
                self.hear_enrolment(replica, &sent, &key, &frame)
            }
        }
    }

    fn look(&mut self, replica: &mut Replica<'_>) -> Result<Then, ReplicaError> {
        self.pace.jitter = u16::from_be_bytes(replica.draw());
        if replica.is_refill_due() {
            replica.refill(REFILL_LINES)?;
            return Ok(Then::Look);
        }
        replica.sweep(SWEEP_ROWS)?;
        let retires = match &self.goal {
            Goal::Preview(Invited { by, .. }) => {
                return Ok(match self.preview.whole.take() {
                    Some(previewed) => Then::End(End::Previewed(Box::new(previewed))),
                    None => Then::Ask(self.preview.ask(by, replica.draw())),
                });
            }
            Goal::Enrol(Invited { url, by, name, .. }) => {
                let Some(Previewed { host, opening, .. }) = &self.preview.whole else {
                    return Ok(Then::Ask(self.preview.ask(by, replica.draw())));
                };
                replica.enrol_start(url, host, *opening, name)?;
                return Ok(Then::Key(replica.enrolling_key()?, Keying::Enrolment));
            }
            Goal::Renew => true,
            Goal::Sync if replica.is_copy()? && self.successions < super::SUCCESSIONS_MAX => false,
            Goal::Sync if self.outcome.round_trips >= self.pace.round_trips_max() => {
                return Ok(Then::End(End::TooLong));
            }
            Goal::Sync => {
                return match replica.own_entries(self.pace.shape())? {
                    Some(own) => Ok(Then::Sign(Signing::Own(own))),
                    None => self.compose(replica, None),
                };
            }
        };
        Ok(match replica.new_name(retires)? {
            Some(new) => Then::Key(new.key().clone(), Keying::Name(new)),
            None => Then::Key(replica.enrolling_key()?, Keying::Enrolment),
        })
    }

    fn compose(
        &self,
        replica: &mut Replica<'_>,
        own: Option<Signed<OwnEntries>>,
    ) -> Result<Then, ReplicaError> {
        let blobs = replica.blob_asks(&self.blobs)?;
        Ok(Then::Sign(Signing::Request(replica.request(
            own,
            self.pace.shape(),
            self.about.clone(),
            blobs,
        )?)))
    }

    fn hear_enrolment(
        &self,
        replica: &mut Replica<'_>,
        sent: &[u8],
        key: &PublicKey,
        reply: &[u8],
    ) -> Result<Then, ReplicaError> {
        match &self.goal {
            Goal::Enrol(_) | Goal::Preview(_) => {
                let identity = replica.enrol_finish(key, sent, reply)?;
                Ok(Then::End(End::Enrolled(Box::new(identity))))
            }
            Goal::Renew => Ok(Then::End(End::Renewed(replica.succeed_finish(key, sent, reply)?))),
            Goal::Sync => Ok(Then::Succeeded(replica.succeed_finish(key, sent, reply)?)),
        }
    }
}

fn enrol(replica: &Replica<'_>, key: &PublicKey) -> Result<Then, ReplicaError> {
    Ok(Then::Sign(Signing::Entry(Box::new(replica.enrolment(key)?), *key)))
}
