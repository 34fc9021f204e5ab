//! Home: a page for the person who opens the address in a browser, and the interface for the one who programs.

use axum::http::{HeaderMap, header};
use axum::response::{Html, IntoResponse, Response};

use crate::app_state::AppState;
use words::{Lang, say};

/// The interface, kept by hand; a test compares it with the routes.
pub const OPENAPI: &str = include_str!("openapi.json");

/// The page about this server; it also stands in the place of an app that this program does not hold, and says so. It has
/// no style: its policy allows no inline one.
pub fn page(app: &AppState, headers: &HeaderMap, has_app: bool) -> Response {
    let wants =
        headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let lang = Lang::of_tag(wants);
    let (name, key) = (escape(&app.title.0), escape(&app.title.1));
    let tag = if lang == Lang::En { "en" } else { "es" };
    let title = say!("server-page-title", name).of(lang);
    let (text, log) = (say!("server-page-text").of(lang), say!("server-page-key").of(lang));
    let no_app = if has_app {
        String::new()
    } else {
        let (no_app, how) = (say!("server-page-no-app").of(lang), say!("server-page-no-app-how").of(lang));
        format!("<p>{no_app}</p><p>{how}</p><pre>cargo xtask web</pre>")
    };
    let page = format!(
        "<!doctype html><html lang=\"{tag}\"><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>{title}</title>\
         <h1>{title}</h1>{no_app}\
         <p>{text}</p><pre>crew enrol URL CODE --name NAME</pre><p>{log}</p><pre>{key}</pre>\
         <p><a href=\"/openapi.json\">openapi.json</a> · <a href=\"/readyz\">readyz</a></p></body></html>\n"
    );
    ([(header::CACHE_CONTROL, "no-cache"), (header::VARY, "accept-language")], Html(page)).into_response()
}

/// `GET /openapi.json`.
pub async fn openapi() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], OPENAPI)
}

fn escape(text: &str) -> String {
    text.chars().fold(String::new(), |mut out, c| {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            other => out.push(other),
        }
        out
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_interface_names_exactly_the_routes() {
        let openapi: serde_json::Value = serde_json::from_str(super::OPENAPI).unwrap();
        let mut described = Vec::new();
        for (path, methods) in openapi["paths"].as_object().unwrap() {
            described
                .extend(methods.as_object().unwrap().keys().map(|method| (method.clone(), path.clone())));
        }
        described.sort();
        let mut routes = crate::router::ROUTES.map(|(method, path)| (method.to_owned(), path.to_owned()));
        routes.sort();
        assert_eq!(described, routes);
    }

    #[test]
    fn names_are_text() {
        assert_eq!(super::escape("<b>&\"A\"</b>"), "&lt;b&gt;&amp;&quot;A&quot;&lt;/b&gt;");
    }
}
