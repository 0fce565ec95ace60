//! That a command is at work: on a terminal, of anything that takes longer than a second, what it does and for how long already.

use std::io::IsTerminal as _;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A line on stderr that goes when this does.
#[derive(Debug)]
pub struct Progress {
    line: ProgressBar,
}

/// From when on it is worth saying.
const SOON: Duration = Duration::from_secs(1);

impl Progress {
    /// Begins; nothing is shown where nobody looks.
    pub fn begin() -> Progress {
        let line = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden()).with_message("read");
        let line = line
            .with_style(ProgressStyle::with_template("{spinner} {elapsed}  {msg}").unwrap_or_else(|_| ProgressStyle::default_spinner()));
        if std::io::stderr().is_terminal() {
            let of_line = line.downgrade();
            std::thread::spawn(move || {
                std::thread::sleep(SOON);
                if let Some(line) = of_line.upgrade().filter(|line| !line.is_finished()) {
                    line.set_draw_target(ProgressDrawTarget::stderr());
                    line.enable_steady_tick(Duration::from_millis(100));
                }
            });
        }
        Progress { line }
    }

    /// What is done now.
    pub fn part(&self, what: &'static str) {
        self.line.set_message(what);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.line.finish_and_clear();
    }
}
