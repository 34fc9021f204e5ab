//! Engine: runs the core over a store. It asks its shell to sign, append and send, and hears when that is done.
