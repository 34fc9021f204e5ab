//! The domain and the protocol of Cuadrilla as pure code.
//!
//! | modules | hold |
//! |---|---|
//! | [`log`] | entries, acts, chains, verdicts, lines; the transparency log and its proofs |
//! | [`record`], [`rules`] | what people merge, with each kind's schema; kinds of work, steps, measures |
//! | [`judge`] | whether an entry counts; the same on both sides |
//! | [`state`], [`rows`], [`scope`] | how entries become rows, which both sides share; who subscribes to what |
//! | [`wire`] | messages and packs |
//! | [`hub`] | the server's side: check, admit, fold, reply |
//! | [`replica`] | the device's side: write, mirror, pending work, sync |
//! | [`view`] | what people read |
//! | [`limits`], [`id`], [`time`], [`decimal`], [`crypto`], [`invitation`], [`link`], [`msgpack`] | what all of these use |
//!
//! Absent here: clocks, files, sockets, threads, randomness; async and logging. Time and randomness come in as
//! arguments, effects go out as values. `hub` and `replica` never import each other.

pub mod crypto;
pub mod decimal;
pub mod folio;
pub mod hub;
pub mod id;
pub mod invitation;
pub mod json_schema;
pub mod judge;
pub mod limits;
pub mod link;
pub mod log;
pub mod media;
pub mod msgpack;
pub mod people;
pub mod record;
pub mod replica;
pub mod rows;
pub mod rules;
pub mod scope;
pub mod source;
pub mod state;
pub mod time;
pub mod unseen;
pub mod view;
pub mod wire;
