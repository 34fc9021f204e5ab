//! Browser: the headers that bound what a page of this server may do, in the browsers of people.

use axum::http::header::{
    CONTENT_SECURITY_POLICY, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue};

/// The app runs its own files and nothing else. Scripts are made from strings by two policies only: the app's own, for
/// its workers, and that of the library which makes its pages.
pub const APP_POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; \
    manifest-src 'self'; connect-src 'self'; img-src 'self' blob:; style-src 'self'; base-uri 'none'; \
    form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; \
    trusted-types cuadrilla svelte-trusted-html";
/// Answers for programs are no pages: opened as one, they may do nothing.
pub const BARE_POLICY: &str = "default-src 'none'; frame-ancestors 'none'";
/// What the app asks the device for, and what no page here ever needs.
pub const PERMISSIONS: &str = "camera=(self), geolocation=(self), accelerometer=(), display-capture=(), gyroscope=(), \
    magnetometer=(), microphone=(), midi=(), payment=(), usb=()";
/// A browser that has come by https comes by nothing else for a year.
pub const HTTPS_ONLY: &str = "max-age=31536000";

/// Sets all headers of an answer to a browser; `is_secure` if it travels by TLS.
pub fn guard(headers: &mut HeaderMap, is_secure: bool) {
    let all = [
        (CONTENT_SECURITY_POLICY, APP_POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (HeaderName::from_static("permissions-policy"), PERMISSIONS),
    ];
    for (name, value) in all {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if is_secure {
        headers.insert(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static(HTTPS_ONLY));
    }
}

/// Sets what every other answer has, and leaves what is there. Few bytes: these travel with each message of a device.
pub fn guard_bare(headers: &mut HeaderMap) {
    for (name, value) in [(CONTENT_SECURITY_POLICY, BARE_POLICY), (X_CONTENT_TYPE_OPTIONS, "nosniff")] {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
}
