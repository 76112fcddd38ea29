//! The folder of a sweep: `sweep.json`, and one file of runs for each shard.

use super::spec::Spec;
use crate::output::{self, Failure};
use fieldrun_sim::sweep::{Row, Shard, Table};
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// The longest line that is read, in bytes: a hundred metrics with a hundred thousand samples.
const MAX_LINE: u64 = 256 << 20;

/// The file of a shard, open to be added to.
pub(super) struct Store {
    path: PathBuf,
    file: File,
}

impl Store {
    /// Opens the file of a shard, in a folder that holds this sweep or nothing.
    pub(super) fn open(
        folder: &Path,
        spec: &Spec,
        shard: Shard,
        fresh: bool,
    ) -> Result<Self, Failure> {
        std::fs::create_dir_all(folder).map_err(|error| {
            let folder = folder.display();
            Failure::usage(format!(
                "cannot make the folder {folder}: {error}; choose another with --out"
            ))
        })?;
        spec.claim(folder, fresh)?;
        let path = folder.join(format!("runs-{}.jsonl", shard.label()));
        if fresh {
            for old in files_of(folder)? {
                std::fs::remove_file(&old).map_err(|error| broken(&old, "remove", &error))?;
            }
        }
        let open =
            OpenOptions::new().create(true).truncate(false).read(true).write(true).open(&path);
        let mut file = open.map_err(|error| broken(&path, "write", &error))?;
        file.try_lock().map_err(|_| {
            Failure::usage(format!("{} is in use: is this sweep running already?", path.display()))
        })?;
        cut_half_line(&mut file).map_err(|error| broken(&path, "mend", &error))?;
        Ok(Self { path, file })
    }

    /// Takes what the file holds into a table.
    pub(super) fn read(&self, table: &mut Table<'_>) -> Result<(), Failure> {
        read_file(&self.path, table)
    }

    /// Adds a run. It is on the disk, or the sweep ends with an error.
    pub(super) fn add(&self, row: &Row) -> Result<(), Failure> {
        let line = row.line() + "\n";
        (&self.file).write_all(line.as_bytes()).map_err(|error| broken(&self.path, "write", &error))
    }
}

/// A run that was being written when the power went is run again.
fn cut_half_line(file: &mut File) -> std::io::Result<()> {
    const BLOCK: u64 = 1 << 16;
    let mut end = file.seek(SeekFrom::End(0))?;
    let mut block = Vec::new();
    while end > 0 {
        let start = end.saturating_sub(BLOCK);
        file.seek(SeekFrom::Start(start))?;
        block.clear();
        Read::by_ref(file).take(end - start).read_to_end(&mut block)?;
        if let Some(last) = block.iter().rposition(|byte| *byte == b'\n') {
            end = start + last as u64 + 1;
            break;
        }
        end = start;
    }
    file.set_len(end)?;
    file.seek(SeekFrom::End(0)).map(drop)
}

/// Takes all files of runs of a folder into a table.
pub(super) fn read_folder(folder: &Path, table: &mut Table<'_>) -> Result<(), Failure> {
    files_of(folder)?.iter().try_for_each(|file| read_file(file, table))
}

/// The files of runs of a folder, by name.
fn files_of(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let entries = std::fs::read_dir(folder).map_err(|error| broken(folder, "read", &error))?;
    let mut files: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    let name = |path: &PathBuf| Some(path.file_name()?.to_str()?.to_owned());
    let runs = |name: String| name.starts_with("runs-") && name.ends_with(".jsonl");
    files.retain(|path| name(path).is_some_and(runs));
    files.sort();
    Ok(files)
}

fn read_file(path: &Path, table: &mut Table<'_>) -> Result<(), Failure> {
    let file = File::open(path).map_err(|error| broken(path, "read", &error))?;
    let mut reader = BufReader::new(file);
    let mut line = String::new();
    for number in 1.. {
        line.clear();
        let read = reader.by_ref().take(MAX_LINE).read_line(&mut line);
        if read.map_err(|error| broken(path, "read", &error))? == 0 {
            return Ok(());
        }
        // A last line without its end is still being written.
        let Some(whole) = line.strip_suffix('\n') else { return Ok(()) };
        let row = table.read(whole).map_err(|cause| {
            Failure::usage(format!(
                "{}, line {number}: {cause}; remove the line, and its run is done again",
                path.display()
            ))
        })?;
        table.add(row);
    }
    Ok(())
}

/// Writes a file whole, or leaves the old one.
pub(in crate::commands) fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let folder = path.parent().filter(|folder| *folder != Path::new(""));
    let folder = folder.unwrap_or_else(|| Path::new("."));
    let mut builder = tempfile::Builder::new();
    // As any new file, less what the user's mask takes away.
    let permissions = std::os::unix::fs::PermissionsExt::from_mode(0o666);
    let written = builder.permissions(permissions).tempfile_in(folder).and_then(|mut file| {
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        Ok(file)
    });
    let kept = written.and_then(|file| file.persist(path).map_err(|error| error.error));
    kept.map(drop).map_err(|error| broken(path, "write", &error))
}

fn broken(path: &Path, action: &str, error: &std::io::Error) -> Failure {
    output::say("");
    Failure::failed(format!(
        "cannot {action} {}: {error}; what is there already is kept, run the same command to go on",
        path.display()
    ))
}
