//! Showing a page in the browser of the person, where there is one.

use std::process::{Command, Stdio};

/// Whether a browser was asked to show the page.
pub(super) fn open(url: &str) -> bool {
    let opener = match std::env::consts::OS {
        "macos" => "open",
        // Without a display there is nothing to show it on.
        _ if ["DISPLAY", "WAYLAND_DISPLAY"].iter().all(|name| std::env::var_os(name).is_none()) => {
            return false;
        }
        _ => "xdg-open",
    };
    let mut command = Command::new(opener);
    command.arg(url).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().is_ok()
}
