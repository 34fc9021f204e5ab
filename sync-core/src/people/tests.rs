//! Names reach who lacks them, come back after a loss, and no device fills the book.

use super::{Names, People, PeopleBook, PeopleMark, PersonName};
use crate::id::{DeviceId, NameKey, PersonId};
use crate::limits::{DEVICE_PEOPLE_MAX, PEOPLE_AT_ONCE_MAX};

fn named(name: &str, key: u16) -> PersonName {
    let mut bytes = [0; 32];
    bytes[..2].copy_from_slice(&key.to_be_bytes());
    PersonName { name: name.into(), key: NameKey(bytes) }
}

fn exchange(people: &mut People, book: &mut PeopleBook, device: u8) -> bool {
    let changed = book.take(&DeviceId([device; 16]), &people.offers());
    let news = book.news(&people.mark());
    news.into_iter().for_each(|news| people.take(news));
    changed
}

#[test]
fn names_given_on_one_device_reach_another_and_nothing_is_sent_twice() {
    let (mut ana, mut beto, mut book) = (People::default(), People::default(), PeopleBook::default());
    assert_eq!(ana.add([named("Ana Ruiz", 1), named("José Peña", 2)]), 2);
    assert!(exchange(&mut ana, &mut book, 1));
    assert!(!exchange(&mut beto, &mut book, 2));
    let id = named("Ana Ruiz", 1).id();
    assert_eq!((beto.name_of(&id), book.name_of(&id)), (Some("Ana Ruiz"), Some("Ana Ruiz")));
    assert_eq!(beto.find("jose pena"), [named("José Peña", 2).id()]);
    assert!(ana.offers().is_empty() && book.news(&ana.mark()).is_none(), "both know all");
    assert_eq!(beto.name_of(&PersonId([9; 16])), None);
}

#[test]
fn an_office_that_lost_names_is_told_them_again_and_tells_all_of_its_own() {
    let (mut ana, mut book) = (People::default(), PeopleBook::default());
    ana.add([named("Ana", 1)]);
    exchange(&mut ana, &mut book, 1);
    let older = book.clone();
    ana.add([named("Beto", 2)]);
    exchange(&mut ana, &mut book, 1);
    // The older book comes back, and another device's name takes the lost one's number.
    let mut book = older;
    book.take(&DeviceId([5; 16]), &[named("Celia", 3)]);
    exchange(&mut ana, &mut book, 1);
    exchange(&mut ana, &mut book, 1);
    for name in [named("Ana", 1), named("Beto", 2), named("Celia", 3)] {
        assert_eq!(book.name_of(&name.id()), Some(name.name.as_str()));
        assert_eq!(ana.name_of(&name.id()), Some(name.name.as_str()));
    }
    assert!(ana.offers().is_empty());
}

#[test]
fn a_device_fills_its_share_and_no_more() {
    let mut book = PeopleBook::default();
    let many: Vec<PersonName> =
        (0..=u16::try_from(DEVICE_PEOPLE_MAX).unwrap()).map(|key| named("X", key)).collect();
    assert!(book.take(&DeviceId([1; 16]), &many));
    assert!(!book.take(&DeviceId([1; 16]), &[named("Y", 0)]));
    assert!(
        book.take(&DeviceId([2; 16]), &[named("Y", 0), named("", 1), named(" Z", 1), named("a\u{7}b", 1)])
    );
    assert_eq!(book.name_of(&named(" Z", 1).id()), None, "what is no name is not kept");
    let mut people = People::default();
    let mut replies = 0;
    while let Some(news) = book.news(&people.mark()) {
        assert!(news.names.len() <= PEOPLE_AT_ONCE_MAX);
        people.take(news);
        replies += 1;
    }
    assert_eq!(replies, (DEVICE_PEOPLE_MAX + 1).div_ceil(PEOPLE_AT_ONCE_MAX));
    assert_eq!(people.name_of(&named("Y", 0).id()), Some("Y"));
}

#[test]
fn what_is_kept_reads_back() {
    let (mut people, mut book) = (People::default(), PeopleBook::default());
    people.add([named("Ana", 1), named("Beto", 2)]);
    exchange(&mut people, &mut book, 1);
    people.add([named("Celia", 3)]);
    let json = serde_json::to_string(&people).unwrap();
    assert_eq!(serde_json::from_str::<People>(&json).unwrap(), people);
    let json = serde_json::to_string(&book).unwrap();
    assert_eq!(serde_json::from_str::<PeopleBook>(&json).unwrap(), book);
    assert_ne!(people.mark(), PeopleMark::default());
}
