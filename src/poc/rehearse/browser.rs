//! A Chromium without a window, on one page.

use std::path::Path;
use std::process::Stdio;

use anyhow::Context as _;
use tempfile::TempDir;
use tokio::process::{Child, Command};

/// The camera and the microphone are the browser's own fakes; nobody is asked. Loopback is an interface like others, so that a machine
/// without a network can rehearse too. Pages are at work also where nobody sees them. There is no sandbox, which root and
/// containers cannot have: the only pages are ours.
const FLAGS: [&str; 16] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
    "--autoplay-policy=no-user-gesture-required",
    "--mute-audio",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--allow-loopback-in-peer-connection",
];

/// A running browser; it ends with this.
#[derive(Debug)]
pub struct Browser {
    child: Child,
    /// Its profile, and what it says.
    folder: TempDir,
}

/// How much of what it said last is told when it ends too early, bytes.
const LAST_WORDS: usize = 2_000;

impl Browser {
    /// Opens a page.
    pub fn start(program: &Path, page: &str) -> anyhow::Result<Browser> {
        let folder = tempfile::tempdir().context("make a folder for the browser")?;
        let words = std::fs::File::create(folder.path().join("words")).context("make a folder for the browser")?;
        let mut command = Command::new(program);
        command.args(FLAGS).arg(format!("--user-data-dir={}", folder.path().join("profile").display())).arg(page);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::from(words)).kill_on_drop(true);
        let child = command.spawn().with_context(|| {
            format!(
                "start the browser {}: install chromium (apt-get install chromium), or name one with --chromium or CHROMIUM",
                program.display()
            )
        })?;
        Ok(Browser { child, folder })
    }

    /// Waits for it to end, which it should not.
    pub async fn ended(&mut self) -> anyhow::Error {
        let status = self.child.wait().await.map_or_else(|error| error.to_string(), |status| status.to_string());
        let words = std::fs::read(self.folder.path().join("words")).unwrap_or_default();
        let words = String::from_utf8_lossy(&words[words.len().saturating_sub(LAST_WORDS)..]).into_owned();
        anyhow::anyhow!("the browser ended before the calls did ({status}); it said:\n{words}")
    }

    /// Ends it.
    pub async fn end(mut self) {
        // One that has ended by itself is ended too.
        let _ = self.child.kill().await;
    }
}
