//! Planted: what known mistakes of a shell would do between the sync driver and a phone.

use sync_core::crypto::{Purpose, Signature};
use sync_core::replica::KeyName;
use sync_core::replica::sync::driver::{Answer, End, Step};

use crate::bugs::Bug;

/// What the driver is told of an answer.
pub(super) fn answer(bug: Option<Bug>, answer: Answer) -> Answer {
    match (bug, answer) {
        (Some(Bug::SkipForgotten), Answer::Refused { code, .. }) => {
            Answer::Refused { code, last_attempt: None }
        }
        (Some(Bug::PaceForgotten), Answer::Refused { last_attempt, .. }) => {
            Answer::Refused { code: "forgotten".into(), last_attempt }
        }
        (_, answer) => answer,
    }
}

/// What is done in the place of a step.
pub(super) fn step(bug: Option<Bug>, step: Step) -> Step {
    match (bug, step) {
        (Some(Bug::DoneUnsent), Step::Sign(to_sign)) if to_sign.purpose == Purpose::Segment => {
            Step::Done(End::Finished)
        }
        (Some(Bug::NeverWoke), Step::Wait { is_asked, .. }) => Step::Wait { ms: u64::MAX, is_asked },
        (_, step) => step,
    }
}

/// The key that is signed with.
pub(super) fn key(bug: Option<Bug>, name: KeyName) -> KeyName {
    if bug == Some(Bug::FirstKey) { KeyName { salts: Vec::new(), ..name } } else { name }
}

/// The signature that is handed back.
pub(super) fn signature(
    bug: Option<Bug>,
    before: Option<(Purpose, Signature)>,
    purpose: Purpose,
    now: Signature,
) -> Signature {
    let before = before.filter(|(of, _)| bug == Some(Bug::OldSignature) && *of == purpose);
    before.map_or(now, |(_, signature)| signature)
}
