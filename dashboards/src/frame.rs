//! What every page has around it: head, title, display settings. All of them are links, so that a view is its address.

use chrono_tz::Tz;

use crate::Settings;
use crate::assets;
use crate::view::{Lang, Theme, View};
use crate::words::Words;

/// Zones offered beside the one in use and the browser's own.
const ZONES: [Tz; 6] =
    [Tz::UTC, Tz::Asia__Shanghai, Tz::Asia__Singapore, Tz::Europe__Berlin, Tz::America__New_York, Tz::America__Los_Angeles];

/// A link that may be the one in use.
pub(crate) struct Choice {
    pub label: String,
    pub href: String,
    pub current: bool,
}

/// The frame of a page.
pub(crate) struct Frame {
    pub words: &'static Words,
    pub assets: &'static str,
    pub version: String,
    pub title: String,
    pub project: String,
    /// Explicit theme, empty for the system's.
    pub theme: &'static str,
    pub zone: &'static str,
    pub zones: Vec<Choice>,
    pub themes: Vec<Choice>,
    /// The page in the other language.
    pub language_href: String,
    pub language_tag: &'static str,
    pub board_href: String,
    pub satisfaction_href: String,
    pub poc_href: String,
    pub poc_title: &'static str,
    /// The page's address without its parameters, by which the links between pages show where one is.
    pub here: String,
    /// The same answer as JSON.
    pub api_href: String,
    /// The script of the page, empty for none.
    pub script: &'static str,
    /// Seconds after which the page asks for itself again, without a script; 0 for never.
    pub again_s: u32,
}

impl Frame {
    /// The frame of the page at `path` in this view.
    pub fn of(view: &View, path: &str, title: String, settings: &Settings) -> Frame {
        let zone = view.zone();
        let mut zones: Vec<Tz> = ZONES.to_vec();
        if !zones.contains(&zone.0) {
            zones.push(zone.0);
        }
        let in_zone =
            |tz: Tz| Choice { label: tz.name().to_owned(), href: View { tz: Some(tz), ..view.clone() }.href(path), current: tz == zone.0 };
        let words = view.words();
        let in_theme = |theme: Option<Theme>, label: &str| Choice {
            label: label.to_owned(),
            href: View { theme, ..view.clone() }.href(path),
            current: theme == view.theme,
        };
        let other: Lang = view.language().other();
        Frame {
            words,
            assets: &assets::BASE,
            version: settings.version.clone(),
            title,
            project: view.project.clone(),
            theme: view.theme.map_or("", Theme::name),
            zone: zone.name(),
            zones: zones.into_iter().map(in_zone).collect(),
            themes: vec![
                in_theme(None, words.page.theme_system),
                in_theme(Some(Theme::Light), words.page.theme_light),
                in_theme(Some(Theme::Dark), words.page.theme_dark),
            ],
            language_href: View { lang: Some(other), ..view.clone() }.href(path),
            language_tag: other.tag(),
            board_href: view.bare().href("/board"),
            satisfaction_href: view.bare().href("/satisfaction"),
            poc_href: view.bare().href("/poc"),
            poc_title: crate::poc::title(view.language()),
            here: path.to_owned(),
            api_href: view.href(&format!("/api{path}")),
            script: "",
            again_s: 0,
        }
    }
}
