//! Properties: what must hold when everything is quiet. What must hold all along is checked where it happens.

mod ledgers;
mod phones;
mod views;

pub use phones::how_differs;

use crate::broken::Broken;
use crate::world::World;

/// Looks at everything. The first property that does not hold ends the run.
pub fn check(world: &mut World) -> Result<(), Broken> {
    for server in 0..world.servers.len() {
        ledgers::check(&world.servers[server])?;
    }
    phones::check(world)?;
    for server in 0..world.servers.len() {
        views::check(world, server)?;
    }
    for server in 0..world.servers.len() {
        ledgers::check_index(&world.servers[server])?;
    }
    phones::check_indexes(world)
}
