//! News: tells listening devices that there is something new, never what. One broadcast of scope sets for all.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sync_core::scope::Scope;
use tokio::sync::{Notify, broadcast};

/// News gathered this long go out together: a device asks once, not once for each entry of a burst.
const GATHER: Duration = Duration::from_millis(50);
/// Sets a slow listener may be behind; beyond it, it is told that there is news, whatever it is.
const BEHIND_MAX: usize = 64;

/// What has news, for listeners to compare with their scopes.
pub type Scopes = Arc<BTreeSet<Scope>>;

/// Where the writer drops news and listeners hear of it.
pub struct News {
    sender: broadcast::Sender<Scopes>,
    gathered: Mutex<BTreeSet<Scope>>,
    wake: Notify,
}

impl Default for News {
    fn default() -> Self {
        Self { sender: broadcast::Sender::new(BEHIND_MAX), gathered: Mutex::default(), wake: Notify::new() }
    }
}

impl News {
    /// Something is new in these scopes. Never waits.
    pub fn tell(&self, scopes: impl IntoIterator<Item = Scope>) {
        let mut gathered = self.gathered.lock().unwrap_or_else(PoisonError::into_inner);
        gathered.extend(scopes);
        if !gathered.is_empty() {
            self.wake.notify_one();
        }
    }

    /// Hears of everything told from now on.
    pub fn listen(&self) -> broadcast::Receiver<Scopes> {
        self.sender.subscribe()
    }

    /// Sends out what gathers, for ever.
    pub async fn run(&self) {
        loop {
            self.wake.notified().await;
            tokio::time::sleep(GATHER).await;
            let scopes = std::mem::take(&mut *self.gathered.lock().unwrap_or_else(PoisonError::into_inner));
            // Nobody listening is fine.
            let _ = self.sender.send(Arc::new(scopes));
        }
    }
}

/// Whether a device of these scopes is concerned.
pub fn concerns(scopes: &[Scope], news: &BTreeSet<Scope>) -> bool {
    scopes.iter().any(|scope| news.contains(scope))
}
