//! Styles and scripts, compiled in. Their address carries a hash of all of them, so that browsers keep them for good and a new
//! build is seen at once; scripts import each other by relative paths under the same address.

use std::sync::LazyLock;

use axum::Router;
use axum::extract::Path;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

struct Asset {
    name: &'static str,
    content_type: &'static str,
    bytes: &'static [u8],
}

macro_rules! assets {
    ($($name:literal $content_type:literal)*) => {
        &[$(Asset { name: $name, content_type: $content_type, bytes: include_bytes!(concat!("../assets/", $name)) }),*]
    };
}

static ASSETS: &[Asset] = assets! {
    "colours.css" "text/css; charset=utf-8"
    "base.css" "text/css; charset=utf-8"
    "board.css" "text/css; charset=utf-8"
    "charts.css" "text/css; charset=utf-8"
    "session.css" "text/css; charset=utf-8"
    "parts.css" "text/css; charset=utf-8"
    "satisfaction.css" "text/css; charset=utf-8"
    "scorecard.css" "text/css; charset=utf-8"
    "board.js" "text/javascript; charset=utf-8"
    "session.js" "text/javascript; charset=utf-8"
    "charts.js" "text/javascript; charset=utf-8"
    "keys.js" "text/javascript; charset=utf-8"
    "morph.js" "text/javascript; charset=utf-8"
    "scorecard.js" "text/javascript; charset=utf-8"
    "numbers.js" "text/javascript; charset=utf-8"
    "stream.js" "text/javascript; charset=utf-8"
    "icon.svg" "image/svg+xml"
    "vendor/uPlot.iife.min.js" "text/javascript; charset=utf-8"
    "vendor/uPlot.min.css" "text/css; charset=utf-8"
    "vendor/uPlot.LICENSE" "text/plain; charset=utf-8"
};

/// Where the pages find their assets, such as `/assets/5f1c...`; without a slash at the end.
pub(crate) static BASE: LazyLock<String> = LazyLock::new(|| format!("/assets/{}", *VERSION));

static VERSION: LazyLock<String> = LazyLock::new(|| {
    let bytes = ASSETS.iter().flat_map(|asset| asset.name.bytes().chain(asset.bytes.iter().copied()));
    format!("{:016x}", fnv1a(bytes))
});

/// FNV-1a, 64 bits: tells builds apart, and is no protection against anybody.
fn fnv1a(bytes: impl Iterator<Item = u8>) -> u64 {
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3))
}

/// Serves the assets.
pub(crate) fn router() -> Router {
    Router::new().route("/assets/{version}/{*name}", get(asset))
}

async fn asset(Path((version, name)): Path<(String, String)>, headers: HeaderMap) -> Response {
    let Some(asset) = ASSETS.iter().find(|asset| asset.name == name) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let etag = format!("\"{}\"", *VERSION);
    // Another build's address gets today's file, which must not be kept under that address.
    let caching = if version == *VERSION { "public, max-age=31536000, immutable" } else { "no-cache" };
    let headers_out = [(ETAG, etag.clone()), (CACHE_CONTROL, caching.to_owned()), (CONTENT_TYPE, asset.content_type.to_owned())];
    let known = headers.get(IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    if known.is_some_and(|tags| tags.split(',').any(|tag| tag.trim().trim_start_matches("W/") == etag)) {
        return (StatusCode::NOT_MODIFIED, headers_out).into_response();
    }
    (headers_out, asset.bytes).into_response()
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::Request;
    use tower::ServiceExt;

    use super::*;

    async fn fetch(path: &str, etag: Option<&str>) -> Response {
        let mut request = Request::get(path);
        if let Some(etag) = etag {
            request = request.header(IF_NONE_MATCH, etag);
        }
        router().oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
    }

    #[tokio::test]
    async fn an_asset_of_this_build_is_kept_for_good_and_not_sent_twice() {
        let first = fetch(&format!("{}/base.css", *BASE), None).await;
        assert_eq!(first.status(), StatusCode::OK);
        assert!(first.headers()[CACHE_CONTROL].to_str().unwrap().contains("immutable"));
        let again = fetch(&format!("{}/base.css", *BASE), first.headers()[ETAG].to_str().ok()).await;
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
    }

    #[tokio::test]
    async fn an_asset_of_another_build_is_asked_for_again() {
        let answer = fetch("/assets/0000/base.css", None).await;
        assert_eq!(answer.headers()[CACHE_CONTROL], "no-cache");
    }

    #[tokio::test]
    async fn only_assets_are_served() {
        for path in ["/assets/0/../Cargo.toml", "/assets/0/%2e%2e/Cargo.toml", "/assets/0/vendor/SOURCE"] {
            assert_eq!(fetch(path, None).await.status(), StatusCode::NOT_FOUND, "{path}");
        }
    }

    #[test]
    fn scripts_import_only_what_is_served() {
        for asset in ASSETS.iter().filter(|asset| asset.name.ends_with(".js") && !asset.name.starts_with("vendor/")) {
            let text = std::str::from_utf8(asset.bytes).unwrap();
            for line in text.lines().filter(|line| line.starts_with("import ")) {
                let name = line.split('"').nth(1).unwrap().trim_start_matches("./");
                assert!(ASSETS.iter().any(|asset| asset.name == name), "{} imports {name}", asset.name);
            }
        }
    }
}
