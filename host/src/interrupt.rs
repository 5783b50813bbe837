//! Long work on a terminal: Ctrl-C lets it end where it can be gone on with, and a bar shows
//! how far it is.

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicBool, Ordering},
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::output::tell;

/// What the first Ctrl-C sets, saying so; the second one ends the process. A process has one
/// flag, whoever asks for it.
pub(crate) fn flag(said: &'static str) -> anyhow::Result<Arc<AtomicBool>> {
    static FLAG: OnceLock<Arc<AtomicBool>> = OnceLock::new();
    if let Some(stop) = FLAG.get() {
        return Ok(stop.clone());
    }
    let stop = FLAG.get_or_init(Arc::default).clone();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let flag = stop.clone();
    std::thread::spawn(move || {
        runtime.block_on(async {
            if tokio::signal::ctrl_c().await.is_ok() {
                flag.store(true, Ordering::Release);
                tell(said);
                if tokio::signal::ctrl_c().await.is_ok() {
                    std::process::exit(130);
                }
            }
        });
    });
    Ok(stop)
}

/// A file that may not become larger is an error like a full disk, and does not end the process.
pub(crate) fn outlive_file_limit() {
    /// SIGXFSZ on the systems that this runs on.
    #[cfg(unix)]
    const TOO_LARGE: i32 = 25;
    #[cfg(unix)]
    if let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_io().build() {
        use tokio::signal::unix::{SignalKind, signal};
        let _within = runtime.enter();
        // Whoever handles the signal, as nothing does here, is told by the failing write.
        drop(signal(SignalKind::from_raw(TOO_LARGE)));
    }
}

/// A bar in this form. Shows something only on a terminal.
pub(crate) fn progress_bar(form: &str) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    match ProgressStyle::with_template(form) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
