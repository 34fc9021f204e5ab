//! Prints the tickets of a device's folder, one a line: what for, content address, ticket. For clients of tus that are not
//! this project's.
#![expect(clippy::print_stdout, reason = "it is what the program is for")]

use std::path::Path;

fn main() {
    let home = std::env::args().nth(1).unwrap_or_default();
    for ticket in cuadrilla_tests::bearer::tickets(Path::new(&home), &[]) {
        println!("{:?} {} {}", ticket.r#use, ticket.sha256, ticket.ticket);
    }
}
