//! Tests of who has to go, without sockets.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sync_core::id::DeviceId;
use tokio::sync::oneshot::Receiver;
use tokio::sync::oneshot::error::TryRecvError;

use super::{Connections, Place};
use crate::alarm::{Alarm, Alarms};
use crate::config::Config;

fn door(config: &Config) -> (Arc<Connections>, Arc<Alarms>) {
    let alarms = Arc::new(Alarms::default());
    (Connections::new(config, Arc::clone(&alarms)), alarms)
}

fn ip(last: u8) -> IpAddr {
    [127, 0, 0, last].into()
}

fn enter(door: &Arc<Connections>, last: u8) -> (Place, Receiver<()>) {
    door.enter(ip(last)).unwrap()
}

fn is_cut(ended: &mut Receiver<()>) -> bool {
    ended.try_recv() == Err(TryRecvError::Closed)
}

/// Makes every connection one that arrived long ago.
fn age(door: &Connections) {
    let mut open = door.open();
    for entry in open.entries.values_mut() {
        entry.since = Instant::now().checked_sub(Duration::from_secs(60)).unwrap();
    }
}

#[test]
fn the_address_with_the_most_makes_room_and_nobody_new_is_refused() {
    let (door, alarms) = door(&Config { connections_max: 6, ..Config::default() });
    let mut crew = enter(&door, 7);
    let mut attackers: Vec<_> = (0..5).map(|_| enter(&door, 9)).collect();
    for _ in 0..100 {
        attackers.push(enter(&door, 9));
    }
    let mut other_crew = enter(&door, 8);
    assert!(!is_cut(&mut crew.1) && !is_cut(&mut other_crew.1));
    assert_eq!((door.count(), alarms.count(Alarm::Evicted)), (6, 101));
    let open = attackers.iter_mut().filter_map(|(_, ended)| (!is_cut(ended)).then_some(())).count();
    assert_eq!(open, 4, "the attacker's newest are left");
}

#[test]
fn behind_one_address_the_crew_stays_that_has_sent_more_or_has_just_come_or_has_proven_itself() {
    let (door, _) = door(&Config { connections_max: 5, ..Config::default() });
    let mut proven = enter(&door, 9);
    proven.0.handle().proven(DeviceId([1; 16]));
    let mut sending = enter(&door, 9);
    sending.0.handle().received(5_000);
    let silent: Vec<_> = (0..3)
        .map(|_| {
            let silent = enter(&door, 9);
            silent.0.handle().received(2);
            silent
        })
        .collect();
    age(&door);
    let mut new = enter(&door, 9);
    let _next = (enter(&door, 9), enter(&door, 9));
    for ended in [&mut proven.1, &mut sending.1, &mut new.1] {
        assert!(!is_cut(ended));
    }
    assert!(silent.into_iter().all(|(_, mut ended)| is_cut(&mut ended)));
}

#[test]
fn an_address_has_its_share_of_unproven_ones_and_a_proxy_is_not_counted() {
    let (door, _) = door(&Config { peer_connections_max: 2, ..Config::default() });
    let _kept = (enter(&door, 9), enter(&door, 9), enter(&door, 9));
    let crew = enter(&door, 9);
    crew.0.handle().proven(DeviceId([1; 16]));
    let _more = (enter(&door, 9), enter(&door, 8));
    assert_eq!((door.count(), door.count_unproven()), (4, 3));
    let config =
        Config { peer_connections_max: 2, peer_header: "x-forwarded-for".into(), ..Config::default() };
    let door = Connections::new(&config, Arc::default());
    let _all = (enter(&door, 9), enter(&door, 9), enter(&door, 9));
    assert_eq!(door.count(), 3);
}

#[test]
fn a_device_keeps_its_newest_connections_and_streams_and_others_are_not_concerned() {
    let config = Config { device_connections_max: 2, device_streams_max: 1, ..Config::default() };
    let (door, alarms) = door(&config);
    let (one, two) = (DeviceId([1; 16]), DeviceId([2; 16]));
    let mut other = enter(&door, 7);
    other.0.handle().proven(two);
    let mut open: Vec<_> = (0..3).map(|_| enter(&door, 7)).collect();
    for (place, _) in &open {
        place.handle().proven(one);
        place.handle().proven(one);
    }
    let cut: Vec<bool> = open.iter_mut().map(|(_, ended)| is_cut(ended)).collect();
    assert_eq!(cut, [true, false, false]);
    let (mut first, mut second) = (enter(&door, 7), enter(&door, 7));
    first.0.handle().listens(one);
    second.0.handle().listens(one);
    assert!(is_cut(&mut first.1) && !is_cut(&mut second.1) && !is_cut(&mut other.1));
    assert_eq!((alarms.count(Alarm::DeviceConnections), alarms.count(Alarm::Streams)), (1, 1));
}

#[test]
fn where_all_have_proven_themselves_a_new_one_waits_outside() {
    let (door, alarms) = door(&Config { connections_max: 1, ..Config::default() });
    let (place, _ended) = enter(&door, 7);
    place.handle().proven(DeviceId([1; 16]));
    assert!(door.enter(ip(8)).is_none() && !door.make_room());
    assert_eq!(alarms.count(Alarm::ConnectionsFull), 1);
    drop(place);
    assert_eq!(door.count(), 0);
    assert!(door.enter(ip(8)).is_some());
    let open = door.open();
    assert!(
        open.homes.is_empty() && open.by_count.is_empty() && open.devices.is_empty(),
        "nothing is left behind"
    );
}

#[test]
fn crews_behind_one_address_stay_while_attackers_come_from_one_address_each() {
    let (door, _) = door(&Config { connections_max: 20, ..Config::default() });
    let mut crews: Vec<_> = (0..5).map(|_| enter(&door, 1)).collect();
    let mut attackers: Vec<_> = (10..25).map(|last| enter(&door, last)).collect();
    for (crew, _) in &crews {
        crew.handle().waits(true);
    }
    age(&door);
    let mut new = enter(&door, 1);
    attackers.extend((100..115).map(|last| enter(&door, last)));
    assert!(crews.iter_mut().all(|(_, ended)| !is_cut(ended)), "the server lets them wait");
    assert!(!is_cut(&mut new.1) || attackers[..15].iter_mut().all(|(_, ended)| is_cut(ended)));
    assert!(attackers[..14].iter_mut().all(|(_, ended)| is_cut(ended)), "those that sent nothing go");
}
