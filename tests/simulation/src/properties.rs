//! Properties: what must hold when everything is quiet. What must hold all along is checked where it happens.

mod deeds;
mod ledgers;
mod phones;
mod photos;
mod views;

pub use phones::how_differs;

use crate::broken::Broken;
use crate::bugs::Bug;
use crate::world::World;

/// Looks at everything. The first property that does not hold ends the run.
pub fn check(world: &mut World) -> Result<(), Broken> {
    for server in 0..world.servers.len() {
        deeds::check(&world.servers[server])?;
        ledgers::check(&world.servers[server])?;
        deeds::joined_whole(world, server)?;
    }
    phones::check(world)?;
    photos::check(world)?;
    for server in 0..world.servers.len() {
        views::check(world, server)?;
    }
    if world.bug.is_some_and(Bug::is_of_rows) {
        return Ok(());
    }
    for server in 0..world.servers.len() {
        ledgers::check_index(&world.servers[server])?;
    }
    phones::check_indexes(world)
}
