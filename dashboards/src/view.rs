//! What a link says: project, filter, language, time zone, theme. The URL is the only state of a view.

use chrono_tz::Tz;
use qoe_query::board::{Dimension, Filter};

use crate::clock::Zone;
use crate::words::{EN, Words, ZH};

/// A view as its link states it. What a link leaves out is `None`, so that a shared link follows its reader.
#[derive(Debug, Clone, PartialEq)]
pub struct View {
    /// Whose sessions.
    pub project: String,
    /// Whether the link names the project; otherwise it is the configured one.
    pub project_stated: bool,
    /// Which sessions.
    pub filter: Filter,
    /// The language asked for in the link.
    pub lang: Option<Lang>,
    /// The language of the reader's browser, for links that ask for none.
    pub reader_lang: Lang,
    /// The time zone asked for; UTC otherwise.
    pub tz: Option<Tz>,
    /// The theme asked for; the system's otherwise.
    pub theme: Option<Theme>,
    /// What the page itself was asked, kept in its links to itself.
    pub kept: Vec<(&'static str, String)>,
}

/// A language of the pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Lang {
    /// English.
    #[default]
    En,
    /// Simplified Chinese.
    Zh,
}

/// Light or dark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Theme {
    /// Dark ink on a light ground.
    Light,
    /// Light ink on a dark ground.
    Dark,
}

/// Why a link cannot be understood, in words for whoever wrote it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ViewError {
    /// A filter on something that sessions cannot be filtered by.
    #[error("unknown filter f.{name}: use f.vendor, f.service, f.region, f.network, f.platform or f.app_version")]
    UnknownDimension {
        /// What followed `f.`.
        name: String,
    },
    /// One dimension, two values.
    #[error("f.{name} is given twice: a dimension takes one value")]
    Twice {
        /// The dimension's column.
        name: &'static str,
    },
    /// A parameter that is not read here.
    #[error("unknown parameter {name}: this takes {takes}, and filters such as f.vendor")]
    UnknownParameter {
        /// The parameter.
        name: String,
        /// What is read.
        takes: String,
    },
    /// A value that its parameter cannot have.
    #[error("{name}={value} is not understood: {hint}")]
    BadValue {
        /// The parameter.
        name: &'static str,
        /// What it was given.
        value: String,
        /// What it takes.
        hint: Box<str>,
    },
}

impl Lang {
    /// Its tag in URLs and in `<html lang>`.
    pub fn tag(self) -> &'static str {
        match self {
            Lang::En => "en",
            Lang::Zh => "zh",
        }
    }

    /// The other one.
    pub fn other(self) -> Lang {
        match self {
            Lang::En => Lang::Zh,
            Lang::Zh => Lang::En,
        }
    }

    /// The first language of an `Accept-Language` header that there is, English if none.
    pub fn accepted(header: &str) -> Lang {
        let known = |tag: &str| {
            let tag = tag.trim().to_ascii_lowercase();
            if tag.starts_with("zh") { Some(Lang::Zh) } else { tag.starts_with("en").then_some(Lang::En) }
        };
        header.split(',').find_map(known).unwrap_or_default()
    }
}

impl Theme {
    /// Its name in URLs and in `data-theme`.
    pub fn name(self) -> &'static str {
        match self {
            Theme::Light => "light",
            Theme::Dark => "dark",
        }
    }
}

impl View {
    /// The view of a link that says nothing.
    pub fn of_project(project: &str) -> View {
        View {
            project: project.to_owned(),
            project_stated: false,
            filter: Filter::default(),
            lang: None,
            reader_lang: Lang::default(),
            tz: None,
            theme: None,
            kept: Vec::new(),
        }
    }

    /// Reads the parameters of a link over `self`. Parameters of others are passed over; an empty one counts as not given,
    /// except for a filter, where it asks for sessions that do not state that dimension.
    pub fn read(mut self, pairs: &[(String, String)]) -> Result<View, ViewError> {
        for (name, value) in pairs {
            match name.as_str() {
                "project" | "lang" | "tz" | "theme" if value.is_empty() => {}
                "project" => (self.project, self.project_stated) = (value.clone(), true),
                "lang" => self.lang = Some(parse_lang(value)?),
                "theme" => self.theme = Some(parse_theme(value)?),
                "tz" => self.tz = Some(value.parse().map_err(|_| bad("tz", value, "use an IANA name such as Asia/Shanghai"))?),
                _ => {
                    if let Some(name) = name.strip_prefix("f.") {
                        self.add_filter(name, value)?;
                    }
                }
            }
        }
        Ok(self)
    }

    fn add_filter(&mut self, name: &str, value: &str) -> Result<(), ViewError> {
        let dimension = Dimension::parse(name).ok_or_else(|| ViewError::UnknownDimension { name: name.to_owned() })?;
        if self.value_of(dimension).is_some() {
            return Err(ViewError::Twice { name: dimension.column() });
        }
        self.filter.0.push((dimension, value.to_owned()));
        self.filter.0.sort();
        Ok(())
    }

    /// What the filter asks of a dimension.
    pub fn value_of(&self, dimension: Dimension) -> Option<&str> {
        self.filter.0.iter().find(|(of, _)| *of == dimension).map(|(_, value)| value.as_str())
    }

    /// The language of the page.
    pub fn language(&self) -> Lang {
        self.lang.unwrap_or(self.reader_lang)
    }

    /// The words of the page.
    pub(crate) fn words(&self) -> &'static Words {
        match self.language() {
            Lang::En => &EN,
            Lang::Zh => &ZH,
        }
    }

    /// The zone in which times are shown.
    pub(crate) fn zone(&self) -> Zone {
        Zone(self.tz.unwrap_or(Tz::UTC))
    }

    /// The same view with these pairs added to its filter, each in place of what its dimension had.
    pub fn with_filter(&self, added: &[(Dimension, String)]) -> View {
        let mut view = self.clone();
        for (dimension, value) in added {
            view = view.without_filter(*dimension);
            view.filter.0.push((*dimension, value.clone()));
        }
        view.filter.0.sort();
        view
    }

    /// The same view without a filter on a dimension.
    pub fn without_filter(&self, dimension: Dimension) -> View {
        let mut view = self.clone();
        view.filter.0.retain(|(of, _)| *of != dimension);
        view
    }

    /// The same view of every session.
    pub fn unfiltered(&self) -> View {
        View { filter: Filter::default(), ..self.clone() }
    }

    /// The link of this view on a page, such as `/board`.
    pub fn href(&self, path: &str) -> String {
        let query = self.query();
        if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
    }

    /// The link of a session's page in this view. The filter stays, for the way back.
    pub fn session_href(&self, session_id: &str) -> String {
        self.href(&format!("/session/{}", encode(session_id)))
    }

    /// The same view for another page.
    pub fn bare(&self) -> View {
        View { kept: Vec::new(), ..self.clone() }
    }

    /// The query string; [`View::read`] of it gives this view again, but for what the page itself was asked.
    pub fn query(&self) -> String {
        let pairs: Vec<String> = self.pairs().into_iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
        pairs.join("&")
    }

    /// The parameters of the link.
    pub(crate) fn pairs(&self) -> Vec<(String, &str)> {
        let mut pairs: Vec<(String, &str)> = Vec::new();
        if self.project_stated {
            pairs.push(("project".to_owned(), &self.project));
        }
        for (dimension, value) in &self.filter.0 {
            pairs.push((format!("f.{}", dimension.column()), value));
        }
        if let Some(lang) = self.lang {
            pairs.push(("lang".to_owned(), lang.tag()));
        }
        if let Some(tz) = self.tz {
            pairs.push(("tz".to_owned(), tz.name()));
        }
        if let Some(theme) = self.theme {
            pairs.push(("theme".to_owned(), theme.name()));
        }
        pairs.extend(self.kept.iter().map(|(name, value)| ((*name).to_owned(), value.as_str())));
        pairs
    }
}

fn parse_lang(value: &str) -> Result<Lang, ViewError> {
    match value {
        "en" => Ok(Lang::En),
        "zh" | "zh-CN" => Ok(Lang::Zh),
        _ => Err(bad("lang", value, "use zh or en")),
    }
}

fn parse_theme(value: &str) -> Result<Theme, ViewError> {
    match value {
        "light" => Ok(Theme::Light),
        "dark" => Ok(Theme::Dark),
        _ => Err(bad("theme", value, "use light or dark")),
    }
}

pub(crate) fn bad(name: &'static str, value: &str, hint: &str) -> ViewError {
    ViewError::BadValue { name, value: value.to_owned(), hint: hint.into() }
}

/// Percent-encodes what stands in a path segment or a query value: all but the unreserved characters of RFC 3986.
fn encode(value: &str) -> String {
    let mut encoded = String::with_capacity(value.len());
    for byte in value.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => encoded.push(char::from(byte)),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use axum::extract::Query;
    use axum::http::Uri;

    use super::*;

    fn read(query: &str) -> Result<View, ViewError> {
        let uri: Uri = format!("/board?{query}").parse().unwrap();
        let Query(pairs) = Query::<Vec<(String, String)>>::try_from_uri(&uri).unwrap();
        View::of_project("default").read(&pairs)
    }

    #[test]
    fn a_link_reads_back_as_the_view_that_wrote_it() {
        for query in [
            "",
            "project=shop&f.vendor=borealis&f.region=ap-southeast&lang=zh&tz=Asia%2FShanghai&theme=dark",
            "f.app_version=",
            "f.vendor=a%26b%3D%22%3Cscript%3E+c%2Fd%3Fe%23f%25&f.network=5g",
            "f.vendor=%E4%B8%AD%E6%96%87",
        ] {
            let view = read(query).unwrap();
            assert_eq!(read(&view.query()).unwrap(), view, "{query}");
        }
    }

    #[test]
    fn what_a_link_leaves_out_stays_out() {
        assert_eq!(read("lang=&utm_source=mail").unwrap().query(), "");
        assert_eq!(read("").unwrap().href("/board"), "/board");
    }

    #[test]
    fn wrong_links_say_what_to_mend() {
        let message = |query| read(query).unwrap_err().to_string();
        assert!(message("f.colour=red").contains("f.vendor"));
        assert!(message("f.vendor=a&f.vendor=b").contains("twice"));
        assert!(message("tz=Mars/Base").contains("Asia/Shanghai"));
        assert!(message("lang=fr").contains("zh or en"));
        assert!(message("theme=blue").contains("light or dark"));
    }

    #[test]
    fn a_filter_replaces_what_its_dimension_had() {
        let view = read("f.vendor=a&f.network=5g").unwrap().with_filter(&[(Dimension::Vendor, "b".to_owned())]);
        assert_eq!(view.query(), "f.vendor=b&f.network=5g");
        assert_eq!(view.without_filter(Dimension::Vendor).query(), "f.network=5g");
    }

    #[test]
    fn a_session_id_cannot_leave_its_path_segment() {
        let href = View::of_project("p").session_href("../a b?c#d/<x>");
        assert_eq!(href, "/session/..%2Fa%20b%3Fc%23d%2F%3Cx%3E");
    }

    #[test]
    fn the_browser_language_counts_where_the_link_has_none() {
        assert_eq!(Lang::accepted("zh-CN,zh;q=0.9,en;q=0.8"), Lang::Zh);
        assert_eq!(Lang::accepted("fr-FR, en;q=0.7"), Lang::En);
        assert_eq!(Lang::accepted("fr"), Lang::En);
    }
}
