//! What stands before pages that need a read key: the page that takes one, and problem JSON for programs. Who may pass is decided elsewhere; here
//! it is said why not, and what to do.

use askama::Template;
use axum::extract::Query;
use axum::http::header::{
    ACCEPT, ACCEPT_LANGUAGE, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, WWW_AUTHENTICATE,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri};
use axum::response::{Html, IntoResponse, Response};

use crate::assets;
use crate::pages::POLICY;
use crate::view::{Lang, View};
use crate::wire::Problem;
use crate::words::Words;

/// Why a page stays shut.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shut {
    /// No key was shown, or the browser's session is over.
    NoKey,
    /// What was shown is no key here.
    UnknownKey,
    /// A write key was shown.
    WriteKey,
    /// The key was revoked.
    Revoked,
    /// The key opens other projects.
    OtherProject {
        /// The one asked for.
        project: String,
        /// Those it opens.
        opened: Vec<String>,
    },
    /// The link cannot be read, so that nobody knows which project it asks for.
    BadLink,
    /// A page of another host's name, on a server that only its own machine may read.
    ForeignHost {
        /// The name.
        host: String,
    },
}

impl Shut {
    /// 401 where another key would help, 403 where this one is good but not for that, 421 where the name is wrong.
    pub fn status(&self) -> StatusCode {
        match self {
            Shut::NoKey | Shut::UnknownKey | Shut::WriteKey | Shut::Revoked => StatusCode::UNAUTHORIZED,
            Shut::OtherProject { .. } => StatusCode::FORBIDDEN,
            Shut::BadLink => StatusCode::BAD_REQUEST,
            Shut::ForeignHost { .. } => StatusCode::MISDIRECTED_REQUEST,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Shut::NoKey => "read_key_needed",
            Shut::UnknownKey => "unknown_key",
            Shut::WriteKey => "write_key",
            Shut::Revoked => "revoked_key",
            Shut::OtherProject { .. } => "other_project",
            Shut::BadLink => "bad_link",
            Shut::ForeignHost { .. } => "foreign_host",
        }
    }

    fn words(&self, words: &Words) -> String {
        let gate = &words.gate;
        match self {
            Shut::NoKey => gate.no_key.to_owned(),
            Shut::UnknownKey => gate.unknown_key.to_owned(),
            Shut::WriteKey => gate.write_key.to_owned(),
            Shut::Revoked => gate.revoked.to_owned(),
            Shut::OtherProject { project, opened } => (gate.other_project)(project, opened),
            Shut::BadLink => words.problem.bad_link.to_owned(),
            Shut::ForeignHost { host } => (gate.foreign_host)(host),
        }
    }
}

/// Who asked for a page, and how it is to be answered.
#[derive(Debug, Clone)]
pub struct Asked {
    lang: Lang,
    html: bool,
    /// Where to go once the gate is open: path and query.
    next: String,
}

impl Asked {
    /// By the request's head.
    pub fn of(uri: &Uri, headers: &HeaderMap) -> Asked {
        let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok()).unwrap_or_default();
        let reader_lang = Lang::accepted(text(ACCEPT_LANGUAGE));
        let pairs = Query::<Vec<(String, String)>>::try_from_uri(uri).map(|Query(pairs)| pairs).unwrap_or_default();
        let lang: Vec<(String, String)> = pairs.into_iter().filter(|(name, _)| name == "lang").collect();
        let lang = View::of_project("").read(&lang).ok().and_then(|view| view.lang).unwrap_or(reader_lang);
        let html = text(ACCEPT).contains("text/html") && !uri.path().starts_with("/api/");
        let next = uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
        Asked { lang, html, next }
    }

    /// The same asker on the way to another page.
    pub fn on_the_way_to(self, next: &str) -> Asked {
        Asked { next: next.to_owned(), ..self }
    }

    /// Whether a person looks at the answer.
    pub fn is_page(&self) -> bool {
        self.html
    }
}

/// The answer to who may not pass.
pub fn shut(why: &Shut, asked: &Asked) -> Response {
    let words = View { lang: Some(asked.lang), ..View::of_project("") }.words();
    let body = if asked.html { page(why, asked, words) } else { problem(why, words) };
    let mut response = (why.status(), body).into_response();
    let headers = response.headers_mut();
    if why.status() == StatusCode::UNAUTHORIZED {
        headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"qoe\""));
    }
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    response
}

fn problem(why: &Shut, words: &Words) -> Response {
    let (title, detail) = (words.gate.title, why.words(words));
    let problem = Problem { kind: "about:blank", title, status: why.status().as_u16(), code: why.code(), detail: &detail };
    ([(CONTENT_TYPE, "application/problem+json")], serde_json::to_string(&problem).unwrap_or_default()).into_response()
}

fn page(why: &Shut, asked: &Asked, words: &'static Words) -> Response {
    let takes_key = !matches!(why, Shut::ForeignHost { .. } | Shut::BadLink);
    let page = Page { words, assets: &assets::BASE, why: why.words(words), takes_key, again: *why == Shut::NoKey, next: &asked.next };
    page.render().map(|page| Html(page).into_response()).unwrap_or_else(|_| page.why.into_response())
}

#[derive(Template)]
#[template(path = "gate.html")]
struct Page<'a> {
    words: &'static Words,
    assets: &'static str,
    why: String,
    /// Whether a key would help.
    takes_key: bool,
    /// Whether asking again may help: a link from elsewhere comes without the browser's session.
    again: bool,
    next: &'a str,
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;

    use super::*;

    fn asked(uri: &str, headers: &[(&'static str, &'static str)]) -> Asked {
        let headers = headers.iter().map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value))).collect();
        Asked::of(&uri.parse().unwrap(), &headers)
    }

    async fn answer(why: &Shut, asked: &Asked) -> (StatusCode, String) {
        let response = shut(why, asked);
        assert_eq!(response.headers()["cache-control"], "no-store");
        assert!(response.headers()["content-security-policy"].to_str().unwrap().starts_with("default-src 'self'"));
        assert_eq!(response.headers().contains_key("www-authenticate"), response.status() == StatusCode::UNAUTHORIZED);
        let status = response.status();
        (status, String::from_utf8(to_bytes(response.into_body(), usize::MAX).await.unwrap().to_vec()).unwrap())
    }

    #[tokio::test]
    async fn a_person_gets_a_page_that_takes_the_key_and_leads_on() {
        let person = asked("/board?f.vendor=%22x&lang=zh", &[("accept", "text/html,*/*")]);
        let (status, page) = answer(&Shut::NoKey, &person).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED);
        assert!(page.contains("action=\"/login\"") && page.contains("type=\"password\"") && page.contains("lang=\"zh"), "{page}");
        assert!(
            page.contains("value=\"/board?f.vendor=%22x&#38;lang=zh\"") || page.contains("value=\"/board?f.vendor=%22x&amp;lang=zh\""),
            "{page}"
        );
        let hostile = person.on_the_way_to("/\"><script>alert(1)</script>");
        assert!(!answer(&Shut::UnknownKey, &hostile).await.1.contains("<script>"));
    }

    #[tokio::test]
    async fn a_program_gets_a_problem_with_a_stable_code_and_what_to_do() {
        for (why, status, code, says) in [
            (Shut::NoKey, 401, "read_key_needed", "Authorization: Bearer"),
            (Shut::UnknownKey, 401, "unknown_key", "qoe keys"),
            (Shut::WriteKey, 401, "write_key", "read key"),
            (Shut::Revoked, 401, "revoked_key", "qoe keys create read"),
            (Shut::OtherProject { project: "a".into(), opened: vec!["b".into()] }, 403, "other_project", "project=b"),
            (Shut::ForeignHost { host: "evil.example".into() }, 421, "foreign_host", "evil.example"),
        ] {
            let (got, body) = answer(&why, &asked("/api/board", &[("accept", "text/html")])).await;
            assert_eq!(got.as_u16(), status);
            assert!(body.contains(&format!("\"code\":\"{code}\"")) && body.contains(says), "{body}");
        }
    }
}
