//! Tests of the files of the app: their forms, their types, and names that lead elsewhere.

use super::*;

/// The app of every test.
pub(super) static EMBEDDED: &[Embedded] = &[
    Embedded { name: INDEX, bytes: b"<!doctype html><title>app</title>", brotli: None, gzip: None },
    Embedded { name: MANIFEST, bytes: b"{}", brotli: None, gzip: None },
    Embedded { name: "sw.js", bytes: b"self", brotli: None, gzip: None },
    Embedded { name: "manifest.webmanifest", bytes: b"{}", brotli: None, gzip: None },
    Embedded { name: "icons/app.png", bytes: b"png", brotli: None, gzip: None },
    Embedded { name: "wasm/core.js", bytes: b"core", brotli: None, gzip: None },
    Embedded { name: "wasm/core_bg.wasm", bytes: &[0; 40_000], brotli: None, gzip: Some(b"gzip") },
    Embedded {
        name: "assets/main-1a2b.js",
        bytes: b"let plain = 1",
        brotli: Some(b"br"),
        gzip: Some(b"gzip"),
    },
];

fn accepting(text: &str) -> HeaderMap {
    HeaderMap::from_iter([(header::ACCEPT_ENCODING, text.parse().unwrap())])
}

#[test]
fn an_asker_gets_the_shortest_form_that_it_reads() {
    let files = by_name(EMBEDDED);
    let script = &files["assets/main-1a2b.js"];
    let form = |accepts: &str| {
        let form = script.form(&accepting(accepts));
        (form.coding, form.bytes, form.tag)
    };
    let (coding, bytes, packed) = form("gzip, deflate, br, zstd");
    assert_eq!((coding, &bytes[..]), (Some("br"), &b"br"[..]));
    assert_eq!(form("gzip;q=0.5, br;q=0").0, Some("gzip"));
    assert_eq!(form("br;q=0.0").0, None);
    let (coding, bytes, plain) = form("");
    assert_eq!((coding, &bytes[..]), (None, &b"let plain = 1"[..]));
    // Two forms of a file are two things to a cache.
    assert_ne!(packed, plain);
    assert!(script.has_forms() && script.is_named_by_content);
    assert!(!files["index.html"].has_forms() && !files["index.html"].is_named_by_content);
}

#[test]
fn a_browser_is_told_what_each_file_is() {
    for (name, kind) in [
        ("wasm/core_bg.wasm", "application/wasm"),
        ("wasm/core.js", "text/javascript; charset=utf-8"),
        ("manifest.webmanifest", "application/manifest+json"),
        ("assets.json", "application/json"),
        ("icons/app.png", "image/png"),
        ("assets/a.css", "text/css; charset=utf-8"),
        ("notes", "application/octet-stream"),
    ] {
        assert_eq!(kind_of(name), kind, "{name}");
    }
}

#[test]
fn no_name_leads_out_of_the_folder() {
    let around = tempfile::tempdir().unwrap();
    let folder = around.path().join("dist");
    std::fs::create_dir_all(folder.join("assets")).unwrap();
    for (name, text) in
        [("dist/index.html", "app"), ("dist/assets/a.js", "a"), ("dist/.env", "s"), ("key", "s")]
    {
        std::fs::write(around.path().join(name), text).unwrap();
    }
    std::os::unix::fs::symlink(around.path().join("key"), folder.join("leak.js")).unwrap();
    let found = |name: &str| read(&folder, name).unwrap().map(|file| file.bytes);
    assert_eq!(found("index.html").unwrap(), "app");
    assert_eq!(found("assets/a.js").unwrap(), "a");
    for name in [
        "",
        "../key",
        "assets/../../key",
        "assets",
        "assets/",
        "/etc/passwd",
        ".env",
        "leak.js",
        "a%2e",
        "x\\y",
    ] {
        assert_eq!(found(name), None, "{name}");
    }
    let long = std::fs::File::create(folder.join("long.js")).unwrap();
    long.set_len(WEB_FILE_BYTES_MAX + 1).unwrap();
    assert!(read(&folder, "long.js").is_err());
}

#[test]
fn a_folder_without_an_app_is_refused_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let web = Web::of_setting(&folder.path().display().to_string());
    assert_eq!(web.check().unwrap_err().exit, 2);
    std::fs::write(folder.path().join(INDEX), "app").unwrap();
    assert!(web.check().is_ok());
    assert_eq!(Web::of_setting(""), Web::Built);
    assert!(Web::Built.check().is_ok());
}
