//! Catalogue: the two files of messages, each parsed once and only when its language is asked for.

use std::sync::OnceLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use unic_langid::langid;

use crate::{Arg, Lang};

type Bundle = FluentBundle<FluentResource>;

/// Returns the file of messages of a language, as the app gets it.
pub fn source(lang: Lang) -> &'static str {
    match lang {
        Lang::Es => include_str!("../es-MX.ftl"),
        Lang::En => include_str!("../en.ftl"),
    }
}

/// Returns the attribute `name` of the message `id`, or the message itself if `name` is `None`. `None`, if the
/// catalogue has no such text. For texts that are found by the name of a thing, as the help of an argument is.
pub fn attribute(lang: Lang, id: &str, name: Option<&str>) -> Option<String> {
    let message = bundle(lang).get_message(id)?;
    let pattern = match name {
        Some(name) => message.get_attribute(name)?.value(),
        None => message.value()?,
    };
    Some(bundle(lang).format_pattern(pattern, None, &mut Vec::new()).into_owned())
}

/// The message in a language; its id, if the catalogue lacks it, which a test excludes.
pub(crate) fn message(lang: Lang, id: &str, args: &[(&'static str, Arg)]) -> String {
    let Some(pattern) = bundle(lang).get_message(id).and_then(|message| message.value()) else {
        return id.to_owned();
    };
    let mut given = FluentArgs::with_capacity(args.len());
    for (name, arg) in args {
        given.set(*name, value(lang, arg));
    }
    bundle(lang).format_pattern(pattern, Some(&given), &mut Vec::new()).into_owned()
}

fn value(lang: Lang, arg: &Arg) -> FluentValue<'static> {
    match arg {
        Arg::Text(text) => FluentValue::from(text.of(lang)),
        Arg::Count(count) => FluentValue::from(*count),
    }
}

fn bundle(lang: Lang) -> &'static Bundle {
    static ES: OnceLock<Bundle> = OnceLock::new();
    static EN: OnceLock<Bundle> = OnceLock::new();
    match lang {
        Lang::Es => ES.get_or_init(|| load(lang)),
        Lang::En => EN.get_or_init(|| load(lang)),
    }
}

fn load(lang: Lang) -> Bundle {
    let tag = match lang {
        Lang::Es => langid!("es-MX"),
        Lang::En => langid!("en"),
    };
    let mut bundle = Bundle::new_concurrent(vec![tag]);
    // Fluent's isolation marks (U+2068, U+2069) keep texts of two directions apart. Both languages run from left to
    // right and what people typed is cleaned where it is shown; in a terminal the marks would be copied along with a
    // folio, and would break `grep` and widths.
    bundle.set_use_isolating(false);
    // A file with a fault gives what can be read of it; a test holds that there is none.
    let resource = FluentResource::try_new(source(lang).to_owned()).unwrap_or_else(|(read, _)| read);
    bundle.add_resource_overriding(resource);
    bundle
}
