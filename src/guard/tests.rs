//! Who gets in, who does not, with which words.

use std::sync::atomic::{AtomicI64, Ordering};

use axum::body::to_bytes;
use axum::response::sse::{Event, Sse};
use axum::routing::get;
use qoe_store::keys::{NewKey, Rates, issue};
use tower::ServiceExt;

use super::*;

fn key(kind: Kind, project: &str) -> (AccessKey, String) {
    let wanted = NewKey { kind, projects: vec![project.to_owned()], origins: Vec::new(), rates: Rates::DEFAULT, note: String::new() };
    let issued = issue(wanted, Millis(0)).unwrap();
    (issued.key, issued.text)
}

struct House {
    app: Router,
    keys: CurrentKeys,
    ledger: Arc<Ledger>,
}

fn house(pages: Pages, keys: Vec<AccessKey>, clock: fn() -> Millis) -> House {
    let (keys, ledger) = (CurrentKeys::new(Keyring::new(keys)), Arc::new(Ledger::default()));
    let forever = || async { Sse::new(futures::stream::repeat_with(|| Ok::<_, std::convert::Infallible>(Event::default().data("x")))) };
    let app = Router::new()
        .route("/board", get(|| async { "board" }))
        .route("/board/events", get(forever))
        .route("/metrics", get(|| async { "metrics" }))
        .route("/healthz", get(|| async { "ok" }))
        .route("/sdk/qoe.js", get(|| async { "sdk" }))
        .route("/v1/telemetry", post(|| async { "taken" }));
    let guard = Guard::new(pages, keys.clone(), Arc::clone(&ledger), "shop", clock);
    House { app: guard.protect(app), keys, ledger }
}

impl House {
    async fn get(&self, path: &str, headers: &[(&str, &str)]) -> Response {
        let mut request = Request::get(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.app.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
    }

    async fn status(&self, path: &str, headers: &[(&str, &str)]) -> u16 {
        self.get(path, headers).await.status().as_u16()
    }

    async fn login(&self, key: &str, next: &str) -> Response {
        let request = Request::post("/login").header("accept", "text/html").header("content-type", "application/x-www-form-urlencoded");
        self.app.clone().oneshot(request.body(Body::from(format!("key={key}&next={next}"))).unwrap()).await.unwrap()
    }

    fn noted(&self) -> Vec<(&'static str, u64)> {
        self.ledger.totals().into_iter().filter(|(_, times)| *times > 0).map(|(reason, times)| (reason.as_str(), times)).collect()
    }
}

async fn text(response: Response) -> String {
    String::from_utf8(to_bytes(response.into_body(), 1 << 20).await.unwrap().to_vec()).unwrap()
}

const START: fn() -> Millis = || Millis(0);

#[tokio::test]
async fn on_loopback_the_machine_itself_may_look_under_its_own_names_only() {
    let house = house(Pages::OpenOnLoopback, Vec::new(), START);
    for host in ["127.0.0.1:8480", "localhost:8480", "[::1]:8480"] {
        assert_eq!(house.status("/board", &[("host", host)]).await, 200, "{host}");
    }
    for path in ["/board", "/board/events", "/metrics", "/nowhere"] {
        let refused = house.get(path, &[("host", "rebound.example:8480")]).await;
        assert_eq!(refused.status(), StatusCode::MISDIRECTED_REQUEST, "{path}");
        assert!(text(refused).await.contains("http://127.0.0.1"), "{path}");
    }
    for path in ["/healthz", "/sdk/qoe.js"] {
        assert_eq!(house.status(path, &[("host", "rebound.example:8480")]).await, 200, "{path}");
    }
}

#[tokio::test]
async fn elsewhere_all_but_what_is_open_needs_a_read_key() {
    let (key, secret) = key(Kind::Read, "shop");
    let house = house(Pages::BehindReadKey, vec![key], START);
    let bearer = format!("Bearer {secret}");
    for path in ["/board", "/metrics", "/board?project=shop"] {
        assert_eq!(house.status(path, &[]).await, 401, "{path}");
        assert_eq!(house.status(path, &[("authorization", &bearer)]).await, 200, "{path}");
    }
    assert_eq!(house.status("/nowhere", &[]).await, 401, "whether a page exists is not told either");
    assert_eq!(house.status("/healthz", &[]).await, 200);
    assert_eq!(house.status("/sdk/qoe.js", &[]).await, 200);
    for wrong in ["Bearer", "Bearer ", "Bearer rk_x", "Basic cms6eA==", secret.as_str()] {
        assert_eq!(house.status("/board", &[("authorization", wrong)]).await, 401, "{wrong}");
    }
}

#[tokio::test]
async fn a_key_opens_its_own_projects_whatever_the_link_says() {
    let (key, secret) = key(Kind::Read, "shop");
    let house = house(Pages::BehindReadKey, vec![key], START);
    let bearer = format!("Bearer {secret}");
    for link in ["?project=bank", "?project=shop&project=bank", "?project=bank&project=shop", "?project=%62ank", "?project=&project=bank"] {
        let refused = house.get(&format!("/board{link}"), &[("authorization", &bearer)]).await;
        assert_eq!(refused.status(), StatusCode::FORBIDDEN, "{link}");
        assert!(text(refused).await.contains("shop"), "{link}");
    }
    assert_eq!(house.status("/board?project=", &[("authorization", &bearer)]).await, 200, "an empty one is none");
    assert_eq!(house.noted(), [("wrong_project", 5)]);
}

#[tokio::test]
async fn a_page_that_names_no_project_leads_to_one_that_the_key_opens() {
    let (key, secret) = key(Kind::Read, "böck & co");
    let house = house(Pages::BehindReadKey, vec![key], START);
    let bearer = format!("Bearer {secret}");
    let led = house.get("/board?lang=zh", &[("authorization", &bearer), ("accept", "text/html")]).await;
    assert_eq!(led.headers()[LOCATION], "/board?lang=zh&project=b%C3%B6ck%20%26%20co");
    let next = led.headers()[LOCATION].to_str().unwrap().to_owned();
    assert_eq!(house.status(&next, &[("authorization", &bearer)]).await, 200);
    assert_eq!(house.status("/board", &[("authorization", &bearer)]).await, 403, "a program is told");
}

#[tokio::test]
async fn a_write_key_opens_no_page_and_is_told_what_does() {
    let (key, public) = key(Kind::Write, "shop");
    let house = house(Pages::BehindReadKey, vec![key], START);
    let refused = house.get("/board", &[("authorization", &format!("Bearer {public}"))]).await;
    assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
    let said = text(refused).await;
    assert!(said.contains("read key") && !said.contains(&public), "{said}");
    assert_eq!(house.login(&public, "/board").await.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(house.noted(), [("wrong_kind", 2)]);
}

#[tokio::test]
async fn a_browser_shows_its_key_once_and_gets_a_session_that_is_not_the_key() {
    let (key, secret) = key(Kind::Read, "shop");
    let house = house(Pages::BehindReadKey, vec![key.clone()], START);
    let opened = house.login(&secret, "%2Fboard%3Flang%3Dzh").await;
    assert_eq!((opened.status(), &opened.headers()[LOCATION]), (StatusCode::SEE_OTHER, &"/board?lang=zh".parse().unwrap()));
    let set = opened.headers()[SET_COOKIE].to_str().unwrap().to_owned();
    assert!(set.contains("; HttpOnly") && set.contains("; SameSite=Strict") && set.contains("; Path=/") && !set.contains(&secret), "{set}");
    let cookie = set.split(';').next().unwrap();
    assert_eq!(house.status("/board", &[("cookie", &format!("theme=dark; {cookie}"))]).await, 200);
    assert_eq!(house.status("/board", &[("cookie", &format!("{COOKIE_NAME}=forged"))]).await, 401);
    house.keys.replace(Keyring::new(vec![AccessKey { revoked_at: Some(Millis(1)), ..key }]));
    assert_eq!(house.status("/board", &[("cookie", cookie)]).await, 401, "the session ends with its key");
    assert_eq!(house.login(&secret, "/board").await.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_login_leads_nowhere_else() {
    let (key, secret) = key(Kind::Read, "shop");
    let house = house(Pages::BehindReadKey, vec![key], START);
    for next in ["https%3A%2F%2Fevil.example", "%2F%2Fevil.example", "%2F%5Cevil.example", "", "%2F%0D%0ASet-Cookie%3Ax"] {
        assert_eq!(house.login(&secret, next).await.headers()[LOCATION], "/", "{next}");
    }
}

#[tokio::test]
async fn a_session_is_over_after_its_time() {
    static NOW: AtomicI64 = AtomicI64::new(0);
    let (key, secret) = key(Kind::Read, "shop");
    let house = house(Pages::BehindReadKey, vec![key], || Millis(NOW.load(Ordering::Relaxed)));
    let opened = house.login(&secret, "/").await;
    let cookie = opened.headers()[SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned();
    assert_eq!(house.status("/board", &[("cookie", &cookie)]).await, 200);
    NOW.store(LIFETIME_S * 1000, Ordering::Relaxed);
    assert_eq!(house.status("/board", &[("cookie", &cookie)]).await, 401);
}

#[tokio::test]
async fn an_open_event_stream_ends_when_its_key_is_revoked() {
    let (key, secret) = key(Kind::Read, "shop");
    let house = house(Pages::BehindReadKey, vec![key.clone()], START);
    let stream = house.get("/board/events", &[("authorization", &format!("Bearer {secret}"))]).await;
    let mut frames = stream.into_body().into_data_stream();
    assert!(frames.next().await.is_some() && frames.next().await.is_some());
    house.keys.replace(Keyring::new(vec![AccessKey { revoked_at: Some(Millis(1)), ..key }]));
    assert!(frames.next().await.is_none());
}
