//! `check-rules`: a folder of rule files, checked before it is published. With `--data` also against the rules in force
//! and what orders hold; it reads the ledger only, so it works while serving.

use serde_json::json;
use store_disk::Ledger;
use sync_core::hub::usage::{rule_texts, usage_of};
use sync_core::rules::publish::{Chosen, RuleTexts, changed, choose};
use sync_core::rules::usage::Usage;
use words::{Lang, Text, say};

use super::{Report, show};
use crate::cli::CheckRules;
use crate::failure::{EXIT_RULE, Failure};
use crate::rule_check::refused;
use crate::{rule_files, start};

pub(super) fn run(args: &CheckRules, lang: Lang) -> Result<Report, Failure> {
    let folder = rule_files::find_folder(&args.rules.display().to_string(), &args.rules)?;
    let loaded = rule_files::load(folder.as_deref());
    let chosen = match &args.compare {
        None => choose(&RuleTexts::new(), &loaded.texts, &Usage::default()),
        Some(data) => compare(data, &loaded.texts)?,
    };
    let bad = refused(&loaded, &chosen);
    let publishes: Vec<&String> = chosen.files.keys().collect();
    let json = json!({
        "publishes": publishes,
        "refused": bad.iter().map(|one| one.to_json(lang)).collect::<Vec<_>>(),
    });
    let text = |lang: Lang| {
        let lines = bad.iter().map(|one| format!("{}\n", one.line(lang)));
        let good = say!("rules-good", count = publishes.len()).of(lang);
        lines.chain([format!("{good}\n")]).collect::<String>()
    };
    let report = Report::new(json, Text::both(text(Lang::Es), text(Lang::En)));
    if bad.is_empty() {
        return Ok(report);
    }
    let failure = Failure {
        code: "rules",
        message: say!("rules-bad", count = bad.len()),
        hint: say!("rules-bad-hint"),
        exit: EXIT_RULE,
    };
    Ok(Report { failure: Some(failure), ..report })
}

/// Chooses among the files over what a ledger has in force and its orders hold.
fn compare(data: &std::path::Path, texts: &RuleTexts) -> Result<Chosen, Failure> {
    start::require(data)?;
    let reader = Ledger::open_read_only(data)?.reader;
    let (rows, _) = show::fold(&reader)?;
    let read = || {
        let in_force = rule_texts(&rows)?;
        let usage = usage_of(&rows, &reader, &changed(&in_force, texts))?;
        Ok(choose(&in_force, texts, &usage))
    };
    read().map_err(|error| Failure::rows(&error))
}
