//! The output of a service: appended to a file by the service itself, so that it goes on without
//! the daemon, and kept short by the daemon (fault 9).

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::time::Duration;

/// How often the size is looked at.
const QUIET: Duration = Duration::from_millis(100);
/// How often while the file grows fast.
const BUSY: Duration = Duration::from_millis(10);

/// Keeps the file short for as long as the task lives. Between two looks a service may write more
/// than the limit; that much is lost, and the disk carries it for that long.
pub(crate) async fn keep_short(path: std::path::PathBuf, limit: u64) {
    let mut pause = QUIET;
    let mut warned = false;
    loop {
        tokio::time::sleep(pause).await;
        let target = path.clone();
        let size = fs::metadata(&path).map_or(0, |metadata| metadata.len());
        pause = if size > limit { BUSY } else { QUIET };
        if size <= limit {
            continue;
        }
        // A panic of the copying thread is not possible; its loss would only skip one turn.
        let result = tokio::task::spawn_blocking(move || shorten(&target, limit)).await;
        if let Ok(Err(error)) = result
            && !std::mem::replace(&mut warned, true)
        {
            tracing::warn!(path = %path.display(), %error, "cannot shorten the log of a service");
        }
    }
}

/// Moves the last `limit` bytes to `*.1` and empties the file. It is emptied even when the copy
/// fails, since a full disk is worse than a lost log.
fn shorten(path: &Path, limit: u64) -> io::Result<()> {
    let copied = copy_tail(path, limit);
    // Services append, so that their next line is at the new end.
    OpenOptions::new().write(true).open(path)?.set_len(0)?;
    copied
}

fn copy_tail(path: &Path, limit: u64) -> io::Result<()> {
    let mut log = File::open(path)?;
    let size = log.metadata()?.len();
    log.seek(SeekFrom::Start(size.saturating_sub(limit)))?;
    let mut previous = File::create(path.with_added_extension("1"))?;
    io::copy(&mut log.take(limit), &mut previous)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn the_tail_is_kept_and_writing_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.log");
        let mut writer = OpenOptions::new().create(true).append(true).open(&path).unwrap();
        for n in 0..100 {
            writeln!(writer, "line {n:02}").unwrap();
        }
        shorten(&path, 80).unwrap();
        writeln!(writer, "next").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "next\n");
        let previous = fs::read_to_string(folder.path().join("a.log.1")).unwrap();
        assert_eq!(previous.lines().count(), 10);
        assert!(previous.ends_with("line 99\n"));
    }
}
