//! `init`: the store, the log key, the first lines of the ledger, and the first administrator's code.

use std::path::Path;

use serde_json::json;
use store::StoreError;
use store_disk::Ledger;
use sync_core::crypto::SecretKey;
use sync_core::hub::{Foundation, Hub, Quotas, fold_line, folio_prefix, found};
use sync_core::invitation::Secrets;
use sync_core::link::{InvitationLink, LINK_BYTES_MAX, LinkError};
use sync_core::rows::{MemoryRows, Overlay};
use sync_core::rules::Rules;
use sync_core::rules::publish::{RuleTexts, choose};
use sync_core::rules::usage::Usage;
use sync_core::time::UtcOffset;

use super::Report;
use crate::cli::Init;
use crate::clock::now_ms;
use crate::failure::Failure;
use crate::rule_check::refused;
use crate::{key, rule_files, start};
use words::{Lang, say};

/// Longest name of a municipality, in characters.
const NAME_CHARS_MAX: usize = 100;

pub(super) fn run(args: &Init, lang: Lang) -> Result<Report, Failure> {
    let data = &args.data.data;
    check_name(&args.name)?;
    let prefix = args.folio_prefix.clone().unwrap_or_else(|| folio_prefix(&args.name));
    check_prefix(&prefix)?;
    let utc_offset = args.utc_offset.unwrap_or_else(|| UtcOffset::usual(args.municipality));
    let folder = rule_files::find_folder(&args.schemas, data)?;
    let is_begun = check_free(data)?;
    let (mut store, _) = store_disk::open(data, &start::options(true))?;
    let seed = if is_begun && key::path(data).exists() {
        key::read(data)?
    } else {
        let seed = key::random()?;
        key::create(data, &seed)?;
        seed
    };
    let foundation = Foundation {
        municipality: args.municipality,
        name: &args.name,
        folio_prefix: &prefix,
        utc_offset,
        seed: &seed,
        entropy: &key::random()?,
        has_code: true,
        now_ms: now_ms(),
    };
    let founded = found(&foundation);
    let loaded = rule_files::load(folder.as_deref());
    let chosen = choose(&RuleTexts::new(), &loaded.texts, &Usage::default());
    let bad = refused(&loaded, &chosen);
    let files: Vec<(String, String)> = chosen.files.into_iter().collect();
    let lines = with_rules(founded.lines, &seed, &files)?;
    store.append(&lines)?;
    start::catch_up(&mut store)?;
    store.close()?;
    let link = args.url.as_deref().map(|url| link(url, &founded.admin, &seed)).transpose()?;
    let admin_code = founded.admin.code.unwrap_or_default();
    let json = json!({
        "admin_link": link,
        "municipality": args.municipality,
        "name": args.name,
        "folio_prefix": prefix,
        "utc_offset": utc_offset.to_string(),
        "log_verifier": founded.log_verifier,
        "admin_code": admin_code,
        "rules": files.len(),
        "bad_rules": bad.iter().map(|one| one.to_json(Lang::En)).collect::<Vec<_>>(),
    });
    let mut rows = vec![
        (say!("server-municipality"), format!("{} {}", args.municipality, args.name)),
        (say!("server-folios"), format!("{prefix}-…")),
        (say!("server-offset"), format!("UTC{utc_offset}")),
        (say!("server-rules"), files.len().to_string()),
        (say!("server-log-key"), founded.log_verifier),
        (say!("server-admin-code"), admin_code),
    ];
    rows.extend(link.map(|link| (say!("server-link"), link)));
    rows.extend(bad.iter().map(|one| (say!("server-bad-rule"), one.line(lang))));
    Ok(Report::table(json, &rows))
}

/// The invitation as one line that names this server's key.
pub(super) fn link(url: &str, secrets: &Secrets, seed: &[u8; 32]) -> Result<String, Failure> {
    let office = SecretKey::from_seed(seed).public().device();
    let link = InvitationLink { url: url.trim_end_matches('/').into(), secret: secrets.secret, office };
    link.to_text().map_err(|error| {
        let what = match error {
            LinkError::TooLong => say!("server-link-long", url, max = LINK_BYTES_MAX),
            LinkError::Form | LinkError::Plain => say!("server-link-plain", url),
        };
        Failure::usage("url", what, say!("server-link-hint"))
    })
}

/// The founding lines and those that publish the rules: one append makes all of them durable.
fn with_rules(
    mut lines: Vec<Vec<u8>>,
    seed: &[u8; 32],
    files: &[(String, String)],
) -> Result<Vec<Vec<u8>>, Failure> {
    let nothing = MemoryRows::default();
    let mut overlay = Overlay::new(&nothing);
    let mut rules = Rules::default();
    for (number, line) in (1..).zip(&lines) {
        fold_line(&mut rules, &mut overlay, number, line).map_err(|error| Failure::rows(&error))?;
    }
    let mut hub =
        Hub::open(&overlay, seed, Quotas::default()).map_err(|error| start::office_failure(&error))?;
    let next = lines.len() as u64 + 1;
    let published = hub.publish_rules(&mut overlay, next, now_ms(), files);
    lines.extend(published.map_err(|error| start::office_failure(&error))?);
    Ok(lines)
}

/// Whether an earlier `init` was cut off here; refuses where there is a ledger, or a key of something else.
fn check_free(data: &Path) -> Result<bool, Failure> {
    let taken = || {
        Failure::usage(
            "store_exists",
            say!("server-store-exists", path = data),
            say!("server-store-exists-hint"),
        )
    };
    if !data.join("FORMAT").exists() {
        return if key::path(data).exists() { Err(taken()) } else { Ok(false) };
    }
    match Ledger::open_read_only(data) {
        Ok(ledger) if ledger.reader.end() == 1 => Ok(true),
        Err(StoreError::Missing { .. }) => Ok(true),
        _ => Err(taken()),
    }
}

fn check_name(name: &str) -> Result<(), Failure> {
    let count = name.trim().chars().count();
    if (1..=NAME_CHARS_MAX).contains(&count) && !name.chars().any(char::is_control) {
        return Ok(());
    }
    Err(Failure::usage("name", say!("server-name", name), say!("server-name-hint")))
}

fn check_prefix(prefix: &str) -> Result<(), Failure> {
    if (2..=4).contains(&prefix.len()) && prefix.bytes().all(|byte| byte.is_ascii_uppercase()) {
        return Ok(());
    }
    Err(Failure::usage("folio_prefix", say!("server-prefix", prefix), say!("server-prefix-hint")))
}
