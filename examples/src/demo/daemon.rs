//! The life line of daemons that belong to another process.

use rustix::process::{Signal, getppid, set_parent_process_death_signal};

/// Makes this daemon end when the process that started it ends: for `--die-with-parent`. Its
/// services live on, as after every death of a daemon.
///
/// # Errors
/// When the system refuses, or the parent has ended already.
pub fn die_with_parent() -> std::io::Result<()> {
    set_parent_process_death_signal(Some(Signal::TERM))?;
    // The parent may have ended before; then nobody would tell, and init is the parent.
    match getppid() {
        Some(parent) if parent.is_init() => {
            Err(std::io::Error::other("the process that started this daemon has ended"))
        }
        _ => Ok(()),
    }
}
