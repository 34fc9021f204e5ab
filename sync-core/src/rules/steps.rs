//! Steps: the state machine of an order: which role may make which step, from which state.

use serde::{Deserialize, Serialize};

use super::Labels;

/// `schemas/steps.json`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Steps {
    /// Raised with every change of the file.
    #[serde(default)]
    pub version: u32,
    /// The states.
    #[serde(default)]
    pub states: Vec<State>,
    /// States a new order may have.
    #[serde(default)]
    pub initial: Vec<String>,
    /// The steps.
    #[serde(default)]
    pub steps: Vec<Step>,
}

/// One state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// Its key, as records carry it.
    pub key: String,
    /// The label on the screen.
    pub labels: Labels,
}

/// One step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Its key, also its name on the command line.
    pub step: String,
    /// The label on the screen.
    pub labels: Labels,
    /// States it starts from.
    pub from: Vec<String>,
    /// The state it leads to.
    pub to: String,
    /// Roles that may make it.
    pub who: Vec<String>,
}

impl Step {
    /// Returns whether a role may make it.
    pub fn is_for(&self, role: &str) -> bool {
        self.who.iter().any(|who| who == role)
    }

    /// Returns whether it starts from `state`.
    pub fn starts_from(&self, state: &str) -> bool {
        self.from.iter().any(|from| from == state)
    }
}
