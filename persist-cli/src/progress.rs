//! A bar for work that takes longer than a second, on a terminal.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Shorter work needs no bar.
const PATIENCE: Duration = Duration::from_secs(1);

/// How far some work is. Taken away when it is dropped.
pub(crate) struct Progress {
    bar: ProgressBar,
    started: Instant,
    is_shown: bool,
}

impl Progress {
    /// Work on so many bytes.
    pub(crate) fn of_bytes(total: u64, what: &'static str) -> Self {
        let style = ProgressStyle::with_template(
            "{msg} [{bar:30}] {binary_bytes} of {binary_total_bytes}, {binary_bytes_per_sec}, {eta} left",
        );
        let style = style.expect("a template that was tested").progress_chars("=> ");
        let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::hidden());
        Self {
            bar: bar.with_style(style).with_message(what),
            started: Instant::now(),
            is_shown: false,
        }
    }

    /// So much of it is done. Cheap, but not for every element.
    pub(crate) fn set(&mut self, done: u64) {
        self.bar.set_position(done);
        if !self.is_shown && self.started.elapsed() > PATIENCE {
            // Draws nothing where standard error is no terminal.
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
            self.is_shown = true;
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
