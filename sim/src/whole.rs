//! Files that are complete or not there: nothing half-written ever has the name of the whole.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// A file that gets its name when it is complete. Until then it stands beside it with `.part` after its
/// name. What is no plain file, such as `/dev/stdout`, is written as it is.
#[derive(Debug)]
pub struct WholeFile {
    out: BufWriter<File>,
    file: PathBuf,
    part: Option<PathBuf>,
}

impl WholeFile {
    /// Begins a file.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn create(file: &Path) -> io::Result<Self> {
        let special = std::fs::metadata(file).is_ok_and(|data| !data.is_file());
        let part = (!special).then(|| part_of(file));
        let out = File::create(part.as_deref().unwrap_or(file))?;
        Ok(Self { out: BufWriter::new(out), file: file.to_owned(), part })
    }

    /// The file is complete.
    ///
    /// # Errors
    /// What was written last cannot be; then the file does not get its name.
    pub fn complete(mut self) -> io::Result<()> {
        self.out.flush()?;
        match &self.part {
            // What is on the disk is whole before it has the name.
            Some(part) => {
                self.out.get_ref().sync_all()?;
                std::fs::rename(part, &self.file)
            }
            None => Ok(()),
        }
    }
}

impl Write for WholeFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// The name of a file that is not complete yet.
fn part_of(file: &Path) -> PathBuf {
    let mut name = file.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    file.with_file_name(name)
}

/// Writes a file at once, whole or not at all.
///
/// # Errors
/// It cannot be written; what stood there before still does.
pub fn write_whole(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut whole = WholeFile::create(file)?;
    let part = whole.part.clone();
    let written = whole.write_all(bytes).and_then(|()| whole.complete());
    if let (Err(_), Some(part)) = (&written, part) {
        // If it cannot be removed either, it still does not have the name of the whole.
        let _ = std::fs::remove_file(part);
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_its_name_when_it_is_complete_and_not_before() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("a.csv");
        std::fs::write(&file, "old").expect("a file");
        let mut whole = WholeFile::create(&file).expect("a file");
        whole.write_all(b"new").expect("it is written");
        let now = || std::fs::read_to_string(&file).expect("a file");
        assert_eq!(now(), "old");
        whole.complete().expect("it is written");
        assert_eq!(now(), "new");
        assert!(!folder.path().join("a.csv.part").exists());
        // A disk that is full.
        assert!(write_whole(Path::new("/dev/full"), b"new").is_err());
        let missing = folder.path().join("none/a.csv");
        assert!(write_whole(&missing, b"new").is_err());
    }
}
