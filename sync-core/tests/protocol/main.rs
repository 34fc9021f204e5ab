//! Two crews, dispatch and the office in one process, without disk or network.
#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]
mod anew;
mod changed_rules;
mod clocks;
mod conflicts;
mod corrections;
mod driver;
mod evidence;
mod flows;
mod found;
mod harness;
mod hostile;
mod imports;
mod invited;
mod published;
mod quotas;
mod replay;
mod shared;
mod trust;
mod vectors;
