//! Watch: ends the run, naming the state, when a check hangs.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long one state may take.
const STATE_MS_MAX: Duration = Duration::from_secs(60);

/// The state under check, and since when.
#[derive(Debug, Clone, Default)]
pub struct Watch {
    now: Arc<Mutex<Option<(String, Instant)>>>,
}

impl Watch {
    /// Watches from another thread.
    pub fn start() -> Self {
        let watch = Self::default();
        let now = Arc::clone(&watch.now);
        std::thread::spawn(move || {
            loop {
                std::thread::sleep(Duration::from_secs(1));
                let now = now.lock().unwrap_or_else(PoisonError::into_inner);
                if let Some((name, since)) = &*now
                    && since.elapsed() > STATE_MS_MAX
                {
                    eprintln!("a state hangs: {name}");
                    std::process::exit(2);
                }
            }
        });
        watch
    }

    /// Sets the name of the check that begins.
    pub fn begin(&self, name: &str) {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner) = Some((name.to_owned(), Instant::now()));
    }

    /// Sets that the check is done.
    pub fn end(&self) {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}
