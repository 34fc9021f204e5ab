//! Tests of the check, with certificates of every kind that town halls end up with.

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};

use super::*;
use crate::clock::now_ms;
use words::Lang;

const NAME: &str = "cuadrilla.example";

type Authority = CertifiedIssuer<'static, KeyPair>;

fn params(common: &str, years: [i32; 2]) -> CertificateParams {
    let mut params = CertificateParams::new(vec![NAME.to_owned()]).unwrap();
    params.distinguished_name.push(DnType::CommonName, common);
    params.not_before = date_time_ymd(years[0], 1, 1);
    params.not_after = date_time_ymd(years[1], 1, 1);
    params
}

fn authority_params(common: &str, years: [i32; 2]) -> CertificateParams {
    let mut params = params(common, years);
    params.subject_alt_names.clear();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
}

fn root() -> Authority {
    let key = KeyPair::generate().unwrap();
    CertifiedIssuer::self_signed(authority_params("Autoridad de Mezquitic", [2020, 2090]), key).unwrap()
}

fn between(root: &Authority, years: [i32; 2]) -> Authority {
    let key = KeyPair::generate().unwrap();
    CertifiedIssuer::signed_by(authority_params("Intermedia", years), key, root).unwrap()
}

fn leaf(params: &CertificateParams, issuer: &Authority) -> CertificateDer<'static> {
    params.signed_by(&KeyPair::generate().unwrap(), issuer).unwrap().der().clone()
}

fn own(authority: &Authority) -> RootCertStore {
    let mut store = RootCertStore::empty();
    store.add(authority.der().clone()).unwrap();
    store
}

fn check(sent: &[CertificateDer<'static>], own: &RootCertStore) -> Found {
    examine(sent, &ServerName::try_from(NAME).unwrap(), own, now_ms()).unwrap()
}

/// The words of what is wrong.
fn faults(sent: &[CertificateDer<'static>], own: &RootCertStore) -> Vec<&'static str> {
    let found = check(sent, own);
    assert_eq!(
        found.voucher.is_none(),
        found
            .faults
            .iter()
            .any(|fault| { !matches!(fault, Fault::Expired(_) | Fault::Early(_) | Fault::Name) })
    );
    found.faults.iter().map(Fault::word).collect()
}

const GOOD: [i32; 2] = [2026, 2028];

#[test]
fn the_municipalitys_own_authority_vouches_where_it_is_installed() {
    let (root, nobody) = (root(), RootCertStore::empty());
    let middle = between(&root, [2020, 2090]);
    let one = leaf(&params("servidor", [2020, 2090]), &root);
    let two = leaf(&params("servidor", [2020, 2090]), &middle);
    for sent in [
        vec![one.clone()],
        vec![two.clone(), middle.der().clone()],
        vec![two.clone(), middle.der().clone(), root.der().clone()],
    ] {
        let found = check(&sent, &own(&root));
        assert_eq!((found.voucher, found.faults), (Some(Voucher::Own), Vec::new()));
        assert!(!faults(&sent, &nobody).is_empty());
    }
    // What is sent ends at the authority itself, or one step before.
    assert_eq!(faults(&[two.clone(), middle.der().clone(), root.der().clone()], &nobody), ["authority"]);
    assert_eq!(faults(&[two, middle.der().clone()], &nobody), ["incomplete"]);
    assert_eq!(faults(&[one], &nobody), ["incomplete"]);
}

#[test]
fn a_chain_with_a_gap_is_told_from_one_of_another_authority() {
    let root = root();
    let middle = between(&root, [2020, 2090]);
    let end = leaf(&params("servidor", GOOD), &middle);
    let found = check(std::slice::from_ref(&end), &own(&root));
    assert_eq!(found.faults.len(), 1);
    assert!(matches!(&found.faults[0], Fault::Incomplete(issuer) if issuer.contains("Intermedia")));
    // Another authority under the same name: it did not sign this.
    let other = self::root();
    let sent = [end, middle.der().clone(), root.der().clone()];
    assert_eq!(faults(&sent, &own(&other)), ["authority"]);
}

#[test]
fn a_certificate_that_vouches_for_itself_is_refused_whatever_is_installed() {
    let key = KeyPair::generate().unwrap();
    let by_itself = params("servidor", GOOD).self_signed(&key).unwrap();
    let mut trusting = RootCertStore::empty();
    trusting.add(by_itself.der().clone()).unwrap();
    assert_eq!(faults(&[by_itself.der().clone()], &trusting), ["self_signed"]);
    let mut authority = params("servidor", GOOD);
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = authority.self_signed(&key).unwrap();
    assert_eq!(faults(&[authority.der().clone()], &RootCertStore::empty()), ["is_authority"]);
}

#[test]
fn all_that_is_wrong_is_said_at_once() {
    let root = root();
    let installed = own(&root);
    for (years, word) in [([2020, 2021], "expired"), ([2080, 2090], "early")] {
        assert_eq!(faults(&[leaf(&params("servidor", years), &root)], &installed), [word]);
    }
    let mut other = params("servidor", [2020, 2021]);
    other.subject_alt_names =
        CertificateParams::new(vec!["otra.example".to_owned()]).unwrap().subject_alt_names;
    let sent = [leaf(&other, &root)];
    assert_eq!(faults(&sent, &installed), ["expired", "name"]);
    assert_eq!(faults(&sent, &RootCertStore::empty()), ["expired", "name", "incomplete"]);
    let found = check(&sent, &installed);
    let said: Vec<String> = found
        .faults
        .iter()
        .map(|fault| fault.message(NAME, &found.chain[0].names.join(", ")).of(Lang::En))
        .collect();
    assert!(said[0].contains("2021-01-01") && said[0].contains("servidor"), "{said:?}");
    assert!(said[1].contains(NAME) && said[1].contains("otra.example"), "{said:?}");
    let mut nameless = params("servidor", GOOD);
    nameless.subject_alt_names.clear();
    let found = check(&[leaf(&nameless, &root)], &installed);
    assert!(found.faults[0].message(NAME, "").of(Lang::En).contains("no name at all"));
    // One that stands between has ended.
    let middle = between(&root, [2020, 2021]);
    let sent = [leaf(&params("servidor", GOOD), &middle), middle.der().clone()];
    let found = check(&sent, &installed);
    assert!(
        matches!(&found.faults[..], [Fault::Expired(about)] if about.subject.contains("Intermedia")),
        "{found:?}"
    );
}

#[test]
fn what_ends_soon_and_what_apple_refuses_is_mentioned() {
    let root = root();
    let end = |about: &About, days: i64| about.until_ms - days * DAY_MS;
    let about = About::read(&leaf(&params("servidor", GOOD), &root)).unwrap();
    assert_eq!(cautions(&about, end(&about, 20)), [Caution::Soon(20)]);
    assert_eq!(cautions(&about, end(&about, 21)), []);
    assert_eq!(cautions(&about, end(&about, -1)), [], "it has ended: that is no caution");
    assert_eq!(about.days_left(end(&about, -1)), -1);
    let about = About::read(&leaf(&params("servidor", [2020, 2090]), &root)).unwrap();
    assert!(matches!(cautions(&about, end(&about, 100))[..], [Caution::Long(25_568)]));
}

#[test]
fn addresses_are_names_too() {
    let root = root();
    let mut params = params("servidor", GOOD);
    params.subject_alt_names = CertificateParams::new(vec!["192.168.1.10".to_owned(), "fd00::1".to_owned()])
        .unwrap()
        .subject_alt_names;
    let sent = [leaf(&params, &root)];
    let at = |name: &str| {
        examine(&sent, &ServerName::try_from(name.to_owned()).unwrap(), &own(&root), now_ms()).unwrap().faults
    };
    assert_eq!((at("192.168.1.10"), at("fd00::1"), at("192.168.1.11")), (vec![], vec![], vec![Fault::Name]));
    assert_eq!(About::read(&sent[0]).unwrap().names, ["192.168.1.10", "fd00::1"]);
    assert!(examine(&[], &ServerName::try_from(NAME).unwrap(), &own(&root), 0).is_err());
    let garbage = [CertificateDer::from(vec![0x30, 0x82])];
    assert!(examine(&garbage, &ServerName::try_from(NAME).unwrap(), &own(&root), 0).is_err());
}
