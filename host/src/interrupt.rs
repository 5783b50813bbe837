//! Ctrl-C, for commands that take long and have something to bring to an end.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use crate::output::tell;

/// What the first Ctrl-C sets, saying so; the second one ends the process.
pub(crate) fn flag(said: &'static str) -> anyhow::Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
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
